import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { createChecker } from "../../src/checks/checker.ts"
import type { RunEvent } from "../../src/core/model/events.ts"
import type { Step, Workflow } from "../../src/core/model/workflow.ts"
import type { Store } from "../../src/core/ports/ports.ts"
import type { EngineDeps } from "../../src/engine/engine.ts"
import { createGit } from "../../src/git/repository.ts"
import { systemClock } from "../../src/host/clock.ts"
import { createVault } from "../../src/project/vault.ts"
import { compileSchema } from "../../src/spec/json-schema.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"
import { render, resultOf } from "../../src/spec/template.ts"
import { createMemoryStore } from "../../src/store/memory/store.ts"
import { until } from "../e2e/support/until.ts"
import { checker } from "../support/checker.ts"
import { memoryFiles } from "../support/context.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, profile, step, workflow } from "../support/runs.ts"

/** What workers are sent, and which reviewers are asked about their answers: the engine over
 *  workers that tests drive by hand. */

const REPORT = '```handoff\n{"decisions":["Use tabs."],"gotchas":["Bun."]}\n```'
const profiles = { worker: profile(), judge: profile("judge") }

function setUp(deps: Partial<EngineDeps> = {}, over: Partial<Workflow> = {}) {
  const driven = handDriven({ render, ...deps })
  const start = (...steps: Step[]) => {
    const { type, at, ...created } = createdEvent("r", { workflow: { ...workflow(steps), ...over }, profiles })
    return driven.engine.start(created)
  }
  const promptOf = async (id: string, n = 0) => (await driven.backend.job(id, n)).task.prompt
  const finish = async (id: string, output: string, n = 0) => (await driven.backend.job(id, n)).finish({ output })
  return { ...driven, start, promptOf, finish }
}
const realChecker = () =>
  createChecker({
    root: "/nowhere",
    ledger: "/nowhere",
    clock: systemClock,
    env: {},
    compile: compileSchema,
    git: createGit("/nowhere", { folder: "/nowhere", env: {} }),
  })
/** The journal up to and including the last event of a type. */
const upTo = (events: readonly RunEvent[], type: RunEvent["type"], id: string) =>
  events.slice(0, events.findLastIndex((event) => event.type === type && "step" in event && event.step === id) + 1)

it("a step that no other reads distilled is sent exactly its prompt, whatever came before", async () => {
  const { start, promptOf, finish } = setUp()
  start(step("a"), step("b", "a"))
  expect(await promptOf("a")).toBe("do a")
  await finish("a", "a long story")
  expect(await promptOf("b")).toBe("do b")
})

it("a step that is read distilled writes a report, which is separated from its answer and handed on alone", async () => {
  const files = memoryFiles()
  const { start, promptOf, finish, engine } = setUp({ files })
  start(step("a"), { ...step("b", "a"), context: "distilled" }, { ...step("c", "b"), prompt: "read ${a.output}" })
  expect(await promptOf("a")).toMatch(/^do a\n\n---\n\n.*```handoff/s)
  await finish("a", `a long story\n\n${REPORT}`)
  const prompt = await promptOf("b")
  expect(prompt).toContain("## a\n\nDecisions:\n- Use tabs.\n\nWatch out:\n- Bun.\n\nWhole answer: outputs/r/a.md")
  expect(prompt).not.toContain("a long story")
  expect(files.kept.get("outputs/r/a.md")).toBe("a long story")
  await finish("b", "done")
  expect(await promptOf("c")).toBe("read a long story")
  await finish("c", "done")
  const { view } = await engine.finished("r")
  expect(view?.steps.map(({ output }) => output)).toEqual(["a long story", "done", "done"])
  engine.remove("r")
  expect(files.kept.size).toBe(0)
})

it("each part that counts of a group that is read distilled writes a report", async () => {
  const { start, promptOf, finish } = setUp()
  const group: Step = { ...step("g"), type: "parallel", group: { type: "parallel", steps: [step("x"), step("y")] } }
  start(group, { ...step("b", "g"), context: "distilled" })
  for (const id of ["g:x", "g:y"]) {
    expect(await promptOf(id)).toContain("```handoff")
    await finish(id, `story of ${id}\n${REPORT.replace("tabs", id)}`)
  }
  const prompt = await promptOf("b")
  expect(prompt).toContain("## g:x\n\nDecisions:\n- Use g:x.")
  expect(prompt).toContain("## g:y\n\nDecisions:\n- Use g:y.")
  expect(prompt).not.toContain("story of")
})

it("a step with full context is sent all its predecessors in the workflow's order, and nothing else", async () => {
  const { start, promptOf, finish } = setUp()
  start(step("a"), step("b", "a"), step("other"), { ...step("c", "b"), context: "full" })
  await finish("a", "story of a")
  await finish("b", "story of b")
  expect(await promptOf("c")).toMatch(/^do c\n\n---\n\n.*## a\n\nstory of a.*## b\n\nstory of b/s)
  expect(await promptOf("c")).not.toContain("other")
})

it("a step warns once of the text that had to be cut from its prompt", async () => {
  const store = createMemoryStore()
  const first = setUp({ store })
  first.start(step("a"), { ...step("b", "a"), context: "distilled" })
  await first.finish("a", "x".repeat(50_000))
  const sent = await first.promptOf("b")
  const told = "its context from a was cut after 4000 of 50000 characters"
  expect(first.engine.view("r")?.steps[1]?.warnings).toEqual([{ kind: "truncated", text: told }])
  const again = createMemoryStore()
  again.append("r", upTo(store.read("r"), "step.warned", "b"))
  const second = setUp({ store: again })
  second.engine.resume("r", "user")
  expect(await second.promptOf("b")).toBe(sent)
  expect(second.engine.view("r")?.steps[1]?.warnings).toHaveLength(1)
})

it("an attempt that was prompted before is sent the same prompt, even if its files have changed", async () => {
  const store = createMemoryStore()
  const scoped: Step = { ...step("a"), context: "scoped", files: ["src/a.ts"] }
  const first = setUp({ store, files: memoryFiles({ "src/a.ts": "before" }) })
  first.start(scoped)
  const sent = await first.promptOf("a")
  expect(sent).toContain("### src/a.ts\n\n```ts\nbefore\n```")
  const again = createMemoryStore()
  again.append("r", upTo(store.read("r"), "step.opened", "a"))
  const second = setUp({ store: again, files: memoryFiles({ "src/a.ts": "after" }) })
  second.engine.resume("r", "user")
  expect(await second.promptOf("a")).toBe(sent)
})

it("a distiller is asked once and read-only, its cost counts, and a crash does not ask it twice", async () => {
  const store = createMemoryStore()
  const { start, promptOf, finish, engine, backend } = setUp({ store }, { distiller: "judge" })
  start(step("a"), { ...step("b", "a"), context: "distilled" }, { ...step("c", "a"), context: "distilled" })
  expect(await promptOf("a")).toBe("do a")
  await finish("a", "a long story")
  const { task } = await backend.job("a", 1)
  expect(task).toMatchObject({ key: "r/a/1/handoff", resumed: true, profile: { name: "judge" } })
  expect(task.profile.permission.at(-1)).toEqual({ permission: "edit", pattern: "*", action: "deny" })
  expect(task.prompt).toContain("a long story")
  ;(await backend.job("a", 1)).finish({ output: REPORT, tokens: { input: 100, output: 10 }, cost: 0.5 })
  for (const id of ["b", "c"]) {
    expect(await promptOf(id)).toContain("- Use tabs.")
    expect(await promptOf(id)).not.toContain("a long story")
    ;(await backend.job(id)).finish({ output: "done", cost: 0 })
  }
  const { view } = await engine.finished("r")
  expect(backend.jobs).toHaveLength(4)
  expect(view?.tokens).toEqual({ input: 100, output: 10 })
  const again = createMemoryStore()
  again.append("r", upTo(store.read("r"), "step.answered", "a"))
  const second = setUp({ store: again })
  second.engine.resume("r", "user")
  expect((await second.backend.job("a")).task).toMatchObject({ key: "r/a/1/handoff", resumed: true })
})

it("a distiller that returns no handoff causes a warning, and the beginning of the answer is handed on", async () => {
  const { start, promptOf, finish, engine } = setUp({}, { distiller: "judge" })
  start(step("a"), { ...step("b", "a"), context: "distilled" })
  await finish("a", "a story")
  await finish("a", "I cannot.", 1)
  expect(await promptOf("b")).toContain("## a (no report; its answer)\n\na story")
  const text = "judge made no handoff of its answer (ok)"
  expect(engine.view("r")?.steps[0]?.warnings).toEqual([{ kind: "reported", text }])
})

it("a step warns of files that it wrote and does not own", async () => {
  const { start, engine, backend } = setUp()
  start({ ...step("a"), files: ["src/**"] }, step("b"))
  const files = ["src/a.ts", "docs/a.md", "/etc/hosts"]
  for (const id of ["a", "b"]) (await backend.job(id)).finish({ files })
  const { view } = await engine.finished("r")
  const text = "it wrote outside its files: docs/a.md, /etc/hosts"
  expect(view?.steps.map(({ warnings }) => warnings)).toEqual([[{ kind: "files", text }], []])
})

it("file patterns are evaluated, also to decide which steps may write at once, and must stay in the project", async () => {
  const { start, engine, backend } = setUp(
    {},
    {
      variables: { area: "api", up: "../x" },
      settings: { maxParallel: 3, timeoutMs: 3_600_000, onFailure: "continue" },
    },
  )
  const owned = (id: string, file: string): Step => ({ ...step(id), files: [file] })
  start(
    owned("a", "src/${context.variables.area}/**"),
    owned("b", "src/api/b.ts"),
    owned("c", "${context.variables.up}/c.ts"),
  )
  expect((await backend.job("a")).task.files).toEqual(["src/api/**"])
  await until(() => engine.view("r")?.steps[2]?.status === "failed", { what: "the third step to fail" })
  expect(engine.view("r")?.steps[2]?.detail).toContain("`../x/c.ts` is not inside the project")
  expect(engine.view("r")?.steps[1]?.status).toBe("pending")
  ;(await backend.job("a")).finish({})
})

describe("the time in the ids of a worker's messages", () => {
  const starts = (store: Store) => store.read("r").flatMap((event) => (event.type === "step.started" ? event.at : []))

  it("is when its attempt began, also when the attempt is resumed later; another attempt has its own", async () => {
    const { store, clock, backend, engine, start } = setUp({})
    start({ ...step("a"), retry: { maxAttempts: 2, backoff: "fixed", delayMs: 1_000 } })
    const idTime = async (job: number) => (await backend.job("a", job)).task.idTime
    expect(await idTime(0)).toBe(starts(store)[0])
    clock.advance(60_000)
    await engine.interrupt("ctrl-c")
    clock.advance(60_000)
    engine.resume("r", "person")
    expect(await idTime(1)).toBe(starts(store)[0])
    ;(await backend.job("a", 1)).finish({ reason: "error" })
    await until(() => engine.view("r")?.steps[0]?.status === "pending", { what: "the failure of the first attempt" })
    clock.advance(60_000)
    expect(await idTime(2)).toBe(starts(store).at(-1))
    expect(new Set(starts(store)).size).toBe(2)
    ;(await backend.job("a", 2)).finish({})
  })
})

it("a worker whose session became too long continues in a new session in the same attempt, even after a crash", async () => {
  const store = createMemoryStore()
  const first = setUp({ store })
  first.start(step("a"))
  const took = { tokens: { input: 50, output: 5 }, cost: 0.5 }
  ;(await first.backend.job("a")).finish({ output: "half of it is done", isCheckpoint: true, ...took })
  const { task } = await first.backend.job("a", 1)
  expect(task).toMatchObject({ key: "r/a/1/part-2", attempt: 1, resumed: false, checkpoints: 1 })
  expect(task.session).toBeUndefined()
  expect(task.prompt).toMatch(/^do a\n\nYou have worked on this before.*half of it is done/s)
  const journals = (["step.checkpointed", "step.opened"] as const).map((type) => upTo(store.read("r"), type, "a"))
  ;(await first.backend.job("a", 1)).finish({ output: "all of it", ...took })
  const { view } = await first.engine.finished("r")
  expect(view?.steps[0]).toMatchObject({
    status: "success",
    attempts: 1,
    output: "all of it",
    session: "ses_r/a/1/part-2",
  })
  expect(view?.tokens).toEqual({ input: 100, output: 10 })
  expect(view?.cost).toBe(1)
  for (const [at, events] of journals.entries()) {
    const again = createMemoryStore()
    again.append("r", events)
    const second = setUp({ store: again })
    second.engine.resume("r", "user")
    const resumed = (await second.backend.job("a")).task
    expect(resumed).toMatchObject({ key: "r/a/1/part-2", resumed: true, prompt: task.prompt })
    expect(resumed.session).toBe(at === 0 ? undefined : "ses_r/a/1/part-2")
  }
})

const opinion = { ask: "Is ${a.output} short?", profile: "judge", severity: "error" } as const
const judged: Step = { ...step("a"), opinions: [opinion] }

it("an opinion is asked after the checks, in a session of its own, and its check is named an opinion", async () => {
  const { start, finish, engine, backend } = setUp()
  start(judged)
  await finish("a", "a story")
  const { task } = await backend.job("a", 1)
  expect(task).toMatchObject({ key: "r/a/1/opinion-1", profile: { name: "judge" } })
  expect(task.prompt).toMatch(
    /^Is a story short\?.*asked of it:\n\n<prompt>\ndo a\n<\/prompt>\n\nIts answer:\n\n<answer>\na story\n</s,
  )
  const took = { tokens: { input: 7, output: 3 }, cost: 0.25 }
  ;(await backend.job("a", 1)).finish({ output: '{"holds":true,"why":"Two words."}', ...took })
  const { view } = await engine.finished("r")
  const check = { name: "opinion of judge: Is a story short?", isOk: true, detail: "Two words." }
  expect(view).toMatchObject({ status: "success", tokens: took.tokens, steps: [{ checks: [check] }] })
})

it.each([
  ['{"holds":false,"why":"Too long."}', "ok", "Too long."],
  ["It is fine.", "ok", "no verdict: the answer (it has no block"],
  ['{"holds":"yes"}', "ok", "no verdict: / must have required property 'why'; /holds must be boolean"],
  ["", "timeout", "no verdict: timeout"],
] as const)("an opinion that says %s (%s) is a failed check", async (output, reason, detail) => {
  const { start, finish, engine, backend } = setUp({ checker: realChecker() })
  start(judged)
  await finish("a", "a story")
  ;(await backend.job("a", 1)).finish({ output, reason })
  const { view } = await engine.finished("r")
  expect(view).toMatchObject({ status: "failed", steps: [{ reason: "check-failed", checks: [{ isOk: false }] }] })
  const said = view?.steps[0]?.checks?.[0]?.detail ?? ""
  expect(said).toContain(detail)
})

it.each([
  [0.25, 0.875],
  [null, null],
])(
  "an opinion that an outage holds is charged for the calls that were made (cost %s), and for no others",
  async (cost, sum) => {
    const { engine, backend } = setUp()
    const big = profile("big", { model: "acme/big", fallback: ["other/mid"] })
    const { type, at, ...created } = createdEvent("r", {
      workflow: workflow([
        { ...judged, opinions: ["mid", "big", "big"].map((name) => ({ ...opinion, profile: name })) },
      ]),
      profiles: { worker: profile(), mid: profile("mid", { model: "other/mid" }), big },
    })
    engine.start(created)
    ;(await backend.job("a")).finish({ output: "a story", tokens: { input: 10, output: 5 }, cost: 0.5 })
    const out = (model: string) => ({ reason: "quota", outage: { cause: "quota", model } }) as const
    ;(await backend.job("a", 1)).finish({ ...out("other/mid"), tokens: { input: 1, output: 1 }, cost: 0.125 })
    ;(await backend.job("a", 2)).finish({ ...out("acme/big"), tokens: { input: 7, output: 3 }, cost })
    const { view } = await engine.finished("r")
    expect(backend.jobs).toHaveLength(3)
    expect(view?.steps[0]?.checks).toHaveLength(3)
    expect(view?.steps[0]).toMatchObject({ reason: "check-failed", tokens: { input: 18, output: 9 }, cost: sum })
  },
)

it("a check that throws fails, and the step keeps its answer and its usage", async () => {
  const broken = { ...checker, structure: () => Promise.reject(new Error("no disk")) }
  const { start, engine, backend, errors } = setUp({ checker: broken })
  start(judged)
  ;(await backend.job("a")).finish({ output: "a story", tokens: { input: 10, output: 5 }, cost: 0.5 })
  const took = { tokens: { input: 7, output: 3 }, cost: 0.25 }
  ;(await backend.job("a", 1)).finish({ output: '{"holds":true,"why":"Two words."}', ...took })
  const { view } = await engine.finished("r")
  const failed = { isOk: false, severity: "error", detail: "could not be judged: Error: no disk" }
  expect(view?.steps[0]).toMatchObject({
    status: "failed",
    reason: "check-failed",
    output: "a story",
    checks: [failed],
  })
  // The opinion was asked before the check threw, so its usage counts.
  expect(view?.steps[0]).toMatchObject({ tokens: { input: 17, output: 8 }, cost: 0.75 })
  expect(view).toMatchObject({ tokens: { input: 17, output: 8 }, cost: 0.75 })
  expect(errors).toEqual(["an answer could not be judged"])
})

const secrets = { TOKEN: { env: "TOKEN" } }
const secret: Step = { ...step("a"), prompt: "use ${secrets.TOKEN}" }
const vault = (value?: string) => createVault("/nowhere", value === undefined ? {} : { TOKEN: value })

it("a secret is in the prompt that names it, and nowhere else", async () => {
  const store = createMemoryStore()
  const hashed: string[] = []
  const hash = (text: string) => {
    hashed.push(text)
    return createHash("sha256").update(text).digest("hex")
  }
  const { start, promptOf, finish, engine, backend } = setUp({ store, vault: vault("s3cr3t-t0ken"), hash }, { secrets })
  start(secret, { ...step("b", "a"), prompt: "then ${a.output}" })
  expect(await promptOf("a")).toBe("use s3cr3t-t0ken")
  const { report } = await backend.job("a")
  const ask = { id: "1", kind: "permission", session: "ses_r/a/1", questions: [], askedAt: 0, expiresAt: null } as const
  report.requested({ ...ask, title: "bash: curl s3cr3t-t0ken", details: ["-H s3cr3t-t0ken"] })
  report.asked({ ...ask, title: "bash: curl s3cr3t-t0ken", details: ["-H s3cr3t-t0ken"] })
  report.replied({ id: "1", answer: "deny", by: "ann", from: "inbox", text: "not with s3cr3t-t0ken" })
  report.warned({ kind: "model", text: "s3cr3t-t0ken" })
  expect(engine.asks()[0]).toMatchObject({ title: "bash: curl [secret TOKEN]", details: ["-H [secret TOKEN]"] })
  engine.steer("a", { type: "message", id: "m", text: "not s3cr3t-t0ken" }, "person")
  await finish("a", `it is s3cr3t-t0ken, in base64 ${btoa("s3cr3t-t0ken")}`)
  expect(await promptOf("b")).toBe("then it is [secret TOKEN], in base64 [secret TOKEN]")
  await finish("b", "done")
  await engine.finished("r")
  for (const text of [JSON.stringify(store.read("r")), JSON.stringify(engine.view("r")), ...hashed]) {
    expect(text).not.toContain("s3cr3t-t0ken")
    expect(text).not.toContain(btoa("s3cr3t-t0ken"))
  }
})

it("after a crash, a prompt with a secret is composed again with the secret's value", async () => {
  const store = createMemoryStore()
  const first = setUp({ store, vault: vault("s3cr3t-t0ken") }, { secrets })
  first.start(secret)
  await first.promptOf("a")
  const again = createMemoryStore()
  again.append("r", upTo(store.read("r"), "step.opened", "a"))
  const without = setUp({ store: again, vault: vault() })
  const why = "secret TOKEN: the environment variable TOKEN is not set"
  expect(without.engine.resume("r", "user")).toEqual({ ok: false, why })
  const second = setUp({ store: again, vault: vault("s3cr3t-t0ken") })
  second.engine.resume("r", "user")
  expect(await second.promptOf("a")).toBe("use s3cr3t-t0ken")
})

it.each([
  [undefined, "secret TOKEN: the environment variable TOKEN is not set"],
  ["short", "secret TOKEN: the environment variable TOKEN has fewer than 8 characters"],
])("a run whose secret is %s does not start", (value, why) => {
  const { start, engine } = setUp({ vault: vault(value) }, { secrets })
  expect(start(secret)).toEqual({ ok: false, why: expect.stringContaining(why) })
  expect(engine.view("r")).toBeUndefined()
})

it("a list that is longer than the `max` of the routed step goes back to the worker that wrote it", async () => {
  const parsed = parseWorkflow(
    `
phases:
  - { name: decompose, model: worker, prompt: Cut it. }
  - { name: execute, type: routed, default: worker, max: 2, prompt: "do \${item.task}" }
`,
    "w.yaml",
  )
  if (!parsed.ok) throw new Error("the workflow is not valid")
  const { start, promptOf, finish, engine } = setUp({ checker: realChecker(), value: resultOf }, parsed.value)
  start()
  expect(await promptOf("decompose")).toContain('"maxItems": 2')
  const tasks = ["a", "b", "c"].map((task) => ({ category: "x", task, files: [] }))
  await finish("decompose", JSON.stringify({ tasks }))
  expect(await promptOf("decompose", 1)).toContain("/tasks must NOT have more than 2 items")
  await finish("decompose", JSON.stringify({ tasks: tasks.slice(1) }), 1)
  expect(await promptOf("execute:1")).toMatch(/^do b\n/)
  engine.abort("r", "user")
})
