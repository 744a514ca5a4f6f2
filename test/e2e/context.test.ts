import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ScriptedRequest } from "../../scripts/scripted-model/request.ts"
import { callTool, giveBlock, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton, endedOf, linesOf } from "./support/baton.ts"
import { alone, makeProject, type Project, type ProjectOptions } from "./support/project.ts"
import { until } from "./support/until.ts"
import { type WarmServer, warmServer } from "./support/warm.ts"

/**
 * Tests on the real OpenCode what workers are sent and what happens to their answers, by reading
 * every message that the model received.
 */

const LONG = 180_000
const RAW = "RAWSURVEY: forty pages about the api"
const REPORT = { decisions: ["Keep the api."], gotchas: ["It has no tests."] }
const RULES = "PROJECTRULE: always write British English."

const CONTEXTS = `
steps:
  - { id: survey, prompt: "contexts: survey" }
  - { id: bare, needs: [survey], prompt: "contexts: bare" }
  - { id: scoped, needs: [survey], context: scoped, files: ["src/api/**"], prompt: "contexts: scoped" }
  - { id: distilled, needs: [survey], context: distilled, prompt: "contexts: distilled" }
  - { id: full, needs: [survey, bare], context: full, prompt: "contexts: full" }
`
const SCHEMA = "{ type: object, required: [tasks], properties: { tasks: { type: array, items: { type: string } } } }"
const DATA = `
inputs: { where: { type: string, default: ../out.md } }
settings: { on_failure: continue }
steps:
  - { id: plan, prompt: "data: plan", schema: ${SCHEMA}, output: "docs/ai/login/plan.json" }
  - { id: read, needs: [plan], prompt: "data: first is \${plan.structured.tasks[0]}" }
  - { id: never, prompt: "data: never", schema: ${SCHEMA} }
  - { id: out, prompt: "data: out", output: "\${inputs.where}" }
`
const TOOLED = `
steps:
  - { id: plan, prompt: "tooled: plan", schema: ${SCHEMA} }
  - { id: read, needs: [plan], prompt: "tooled: first is \${plan.structured.tasks[0]}" }
`
const OWNED = `
steps:
  - { id: write, prompt: "owned: write", files: ["src/**", "docs/{a,b}.md"] }
`
const STRAY = `
settings: { intervene: on-warning }
steps:
  - { id: write, prompt: "stray: write", files: ["src/**"] }
`
const JUDGED = `
settings: { on_failure: continue }
steps:
  - { id: good, prompt: "judged: good", checks: [{ ask: "Is it short?", profile: judge }] }
  - { id: bad, prompt: "judged: bad", checks: [{ ask: "Is it short?", profile: judge }] }
`

let model: ScriptedModel
let server: WarmServer
const projects: Project[] = []

beforeAll(async () => {
  model = await startScriptedModel()
  server = await warmServer()
}, LONG)
afterAll(async () => {
  for (const project of projects) await project.dispose()
  await model?.close()
}, LONG)

function open(options: ProjectOptions): Project {
  const project = makeProject({ model, server, ...options })
  projects.push(project)
  return project
}
/** All messages of a request as one text. */
const wordsOf = ({ messages }: ScriptedRequest) => JSON.stringify(messages)
const asked = (prompt: string) => model.asked(new RegExp(`^${prompt}(\n|$)`))

it(
  "each context strategy sends only what it promises, and the full answer is in a file",
  async () => {
    const files = { "src/api/a.ts": "export const ownfile = 1\n", "src/ui/b.ts": "export const otherfile = 2\n" }
    const project = open({ workflows: { contexts: CONTEXTS }, files, git: true })
    model.script(/^contexts: survey/, giveBlock("handoff", REPORT, `${RAW}\n`))
    model.script(/^contexts: bare/, say("BAREANSWER"))
    const run = await baton(project, "run", "contexts", "--json")
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: "" })
    const ended = endedOf(run.stdout)
    expect(ended.steps.survey?.output).toBe(RAW)
    const sent = Object.fromEntries(
      ["bare", "scoped", "distilled", "full"].map((id) => [
        id,
        wordsOf(asked(`contexts: ${id}`)[0] as ScriptedRequest),
      ]),
    )
    const marks = ["RAWSURVEY", "Keep the api.", "ownfile", "otherfile", "BAREANSWER"]
    const seen = Object.fromEntries(
      Object.entries(sent).map(([id, words]) => [id, marks.filter((mark) => words.includes(mark))]),
    )
    expect(seen).toEqual({
      bare: [],
      scoped: ["ownfile"],
      distilled: ["Keep the api."],
      full: ["RAWSURVEY", "BAREANSWER"],
    })
    const path = /Whole answer: (\S+?)(\\n|")/.exec(sent.distilled ?? "")?.[1] ?? ""
    expect(project.read(path)).toBe(RAW)
  },
  LONG,
)

it(
  "invalid data is requested twice more in the same session, and outputs are never written outside the project",
  async () => {
    const project = open({ workflows: { data: DATA } })
    model.script(/^data: plan/, giveBlock("json", { tasks: [1] }))
    model.script(/\/tasks\/0 must be string/, giveBlock("json", { tasks: ["login"] }, "Here:"))
    model.script(/^data: never/, say("no data at all"))
    model.script(/has no block that is marked/, say("still none"))
    const run = await baton(project, "run", "data", "--json")
    expect(run.code).toBe(1)
    const { steps } = endedOf(run.stdout)
    expect(steps.plan).toMatchObject({ status: "success", attempts: 2 })
    expect(asked("data: first is login")).toHaveLength(1)
    expect(project.read("docs/ai/login/plan.json")).toContain('{"tasks":["login"]}')
    expect(steps.never).toMatchObject({ status: "failed", reason: "schema", attempts: 3 })
    const repairs = model.requests.filter((request) => /data: never/.test(wordsOf(request)))
    expect(repairs.map(({ messages }) => messages.filter(({ role }) => role === "user").length)).toEqual([1, 2, 3])
    expect(steps.out).toMatchObject({ status: "failed", reason: "check-failed" })
    expect(existsSync(project.path("../out.md"))).toBe(false)
    const trace = await baton(project, "trace", "out")
    expect(trace.stdout).toContain("output ../out.md: must not contain `..`")
  },
  LONG,
)

it(
  "in OpenCode only a worker with a schema has the result tool, which checks its data",
  async () => {
    const config = { profiles: { default: {} } }
    const opencode = { permission: "allow", agent: { own: { mode: "primary", permission: { "*": "allow" } } } }
    const project = open({ workflows: { tooled: TOOLED }, config, opencode })
    const client = server.clientFor(project.dir)
    model.script(/^tooled: plan/, (request) => {
      const said = request.toolResults.length
      if (said === 0) return callTool("worker_result", { result: { tasks: [1] } })
      return said === 1 ? callTool("worker_result", { result: '{"tasks":["login"]}' }) : say("All done.")
    })
    const { data: session } = await client.session.create({ title: "main" })
    const id = session?.id as string
    for (const agent of ["build", "plan", "general", "own"]) {
      const text = `tooled: as ${agent}`
      await client.session.promptAsync({ sessionID: id, agent, parts: [{ type: "text", text }] })
      await model.waitFor(text, { timeoutMs: 60_000 })
      await until(async () => !(await client.session.status({})).data?.[id], { what: "an idle session" })
    }
    // The command fails on purpose, because its answer is a message in the session.
    await client.session.command({ sessionID: id, command: "workflow", arguments: "run tooled" })
    await model.waitFor("tooled: first is login", { timeoutMs: 90_000 })
    const ordinary = model.asked("tooled: as").flatMap(({ tools }) => tools.filter((tool) => tool === "worker_result"))
    expect(ordinary).toEqual([])
    const worker = asked("tooled: plan")
    expect(worker).toHaveLength(3)
    expect(worker[0]?.tools).toContain("worker_result")
    expect(worker[1]?.toolResults[0]).toContain("/tasks/0 must be string")
    expect(worker[2]?.toolResults[1]).toContain("Accepted")
    expect(asked("tooled: first is login")[0]?.tools).not.toContain("worker_result")
  },
  LONG,
)

it.each([true, false])(
  "a step can write only the files it owns (git: %s)",
  async (git) => {
    const project = open({ workflows: { owned: OWNED }, git })
    const paths = ["src/deep/new.ts", "docs/a.md", "docs/c.md", "new.ts", "../out.ts"]
    model.script(/^owned: write/, (request) => {
      const path = paths[request.toolResults.length]
      return path === undefined ? say("done") : callTool("write", { filePath: project.path(path), content: "x" })
    })
    const run = await baton(project, "run", "owned", "--json")
    expect(run.code).toBe(0)
    expect(paths.filter((path) => existsSync(project.path(path)))).toEqual(["src/deep/new.ts", "docs/a.md"])
  },
  LONG,
)

it(
  "what a worker's shell writes outside its files, also through a link, pauses the run and can be restored",
  async () => {
    const files = { "private/a.txt": "old a", "private/b.txt": "old b", "src/x.txt": "x" }
    const project = open({ workflows: { stray: STRAY }, files })
    const command = "echo new > private/a.txt; ln -s ../private src/link; echo new > src/link/b.txt; echo y > src/x.txt"
    model.script(/^stray: write/, callTool("bash", { command, description: "works" }), say("done"))
    const run = await baton(project, "run", "stray", "--json")
    expect(run.code).toBe(3)
    const warned = linesOf(run.stdout).find(({ type }) => type === "step.warned")
    const { text } = (warned as unknown as { warning: { text: string } }).warning
    expect(text).toContain("outside its files these changed while it worked: private/a.txt, private/b.txt; the earlier")
    const kept = /is in (\/.+)$/.exec(text)?.[1] ?? ""
    expect(["a", "b"].map((name) => readFileSync(join(kept, "private", `${name}.txt`), "utf8"))).toEqual([
      "old a",
      "old b",
    ])
  },
  LONG,
)

it(
  "an opinion comes from another model with read-only rights, and decides the check",
  async () => {
    const config = { profiles: { judge: { model: "scripted/large" } } }
    const project = open({ workflows: { judged: JUDGED }, config })
    model.script(/^Is it short\?[\s\S]*judged: good/, giveBlock("json", { holds: true, why: "Two words." }))
    model.script(/^Is it short\?[\s\S]*judged: bad/, say("Well, it depends."))
    const run = await baton(project, "run", "judged", "--json")
    const { steps, cost } = endedOf(run.stdout)
    expect(steps).toMatchObject({ good: { status: "success" }, bad: { status: "failed", reason: "check-failed" } })
    const judges = model.asked(/^Is it short\?/)
    expect(judges.map((request) => request.model)).toEqual(["large", "large"])
    for (const { tools } of judges) for (const tool of ["write", "edit", "bash"]) expect(tools).not.toContain(tool)
    expect(cost).toBeGreaterThan(Object.values(steps).reduce((sum, step) => sum + (step.cost ?? 0), 0) - 1e-12)
    const trace = await baton(project, "trace", "bad")
    expect(trace.stdout).toMatch(/opinion of judge: Is it short\?: no verdict/)
  },
  LONG,
)

it(
  "a worker whose session is too long writes a summary, and continues from it in a new session",
  async () => {
    const config = { profiles: { long: { checkpoint: 50_000 } } }
    const workflow = 'steps: [{ id: work, profile: long, prompt: "long: work" }]'
    const project = open({ config, workflows: { long: workflow }, files: { "a.txt": "TOOLOUTPUT" } })
    const read = callTool("read", { filePath: project.path("a.txt") })
    model.script(/^long: work$/, { ...read, pace: { usage: { input: 60_000, output: 10 } } } as typeof read)
    model.script(/this session has become long/, say("STATE: a.txt is read"))
    model.script(/^long: work[\s\S]*STATE: a\.txt is read/, say("the answer"))
    const run = await baton(project, "run", "long", "--json")
    expect(run.code).toBe(0)
    const { steps, tokens } = endedOf(run.stdout)
    expect(steps.work).toMatchObject({ status: "success", attempts: 1, output: "the answer" })
    const asks = model.asked(/./).filter((request) => /long: work/.test(wordsOf(request)))
    const last = asks.pop() as ScriptedRequest
    // The worker may have made one more model call before it was told to stop.
    expect(asks.length).toBeGreaterThanOrEqual(2)
    expect(wordsOf(asks.at(-1) as ScriptedRequest)).toContain("TOOLOUTPUT")
    expect(wordsOf(last)).not.toContain("TOOLOUTPUT")
    asks.push(last)
    expect(tokens.input).toBe(asks.reduce((sum, { usage }) => sum + (usage?.input ?? 0), 0))
    const trace = await baton(project, "trace", "work")
    expect(trace.stdout).toContain("STATE: a.txt is read")
  },
  LONG,
)

describe("the project's rules", () => {
  const kinds = ["subagent", "agent", "server"] as const
  it(
    "are sent to every kind of worker in its first turn and after OpenCode compacts its session",
    async () => {
      const profiles = Object.fromEntries(kinds.map((kind) => [kind, { kind }]))
      const steps = kinds.map((kind) => `  - { id: ${kind}, profile: ${kind}, prompt: "rules: ${kind}" }`)
      const project = open({
        config: { profiles },
        workflows: { rules: `settings: { max_parallel: 1 }\nsteps:\n${steps.join("\n")}\n` },
        files: { "AGENTS.md": RULES, "big.txt": "x" },
        git: true,
      })
      for (const kind of kinds) {
        // This many tokens make OpenCode compact the session before it continues.
        const usage = { input: 195_000, output: 10 }
        model.script(new RegExp(`^rules: ${kind}$`), (request) =>
          request.toolResults.length === 0
            ? { ...callTool("read", { filePath: project.path("big.txt") }), pace: { usage } }
            : say(`${kind} is done`),
        )
      }
      const from = model.requests.length
      const run = await baton(project, "run", "rules", "--json")
      expect(run.code).toBe(0)
      const requests = model.requests.slice(from).filter(({ kind }) => kind === "turn")
      const isWorker = ({ tools }: ScriptedRequest) => tools.length > 0
      for (const kind of kinds) {
        const first = requests.findIndex(({ prompt }) => prompt === `rules: ${kind}`)
        const rest = requests.slice(first).filter(isWorker)
        expect(rest[0]?.system, kind).toContain(RULES)
      }
      const summaries = requests.filter((request) => !isWorker(request))
      expect(summaries.length).toBeGreaterThanOrEqual(kinds.length)
      const after = requests.filter(
        (request, at) => at > 0 && isWorker(request) && !isWorker(requests[at - 1] as ScriptedRequest),
      )
      expect(after.length).toBeGreaterThanOrEqual(kinds.length)
      for (const request of after) expect(request.system).toContain(RULES)
    },
    LONG,
  )
})

describe("a thousand secrets", () => {
  const COUNT = 1_000
  const names = Array.from({ length: COUNT }, (_, at) => `S${at}`)
  const secretOf = (name: string) => `v4lue-${name}-${"k".repeat(12)}`

  it(
    "reach the worker that needs them, and appear in nothing that Baton writes or shows",
    async () => {
      const uses = names.map((name) => `\${secrets.${name}}`).join(" ")
      const declared = names.map((name, at) =>
        at % 2 ? `    ${name}: "{env:${name}}"` : `    ${name}: { file: keys/${name} }`,
      )
      const workflow = `
context:
  secrets:
${declared.join("\n")}
steps:
  - { id: use, prompt: "secrets: ${uses}", output: answer.md, checks: ["cat keys/S0 && echo $S1"] }
  - { id: tell, needs: [use], prompt: "secrets told: \${use.output}" }
`
      const files = Object.fromEntries(
        names.filter((_, at) => at % 2 === 0).map((name) => [`keys/${name}`, `${secretOf(name)}\n`]),
      )
      const made = open({ workflows: { secret: workflow }, files })
      const env = Object.fromEntries(names.filter((_, at) => at % 2).map((name) => [name, secretOf(name)]))
      const project = { ...made, env: { ...made.env, ...env } }
      const all = names.map(secretOf).join("\n")
      model.script(/^secrets: /, (request) =>
        request.toolResults.length === 0
          ? callTool("bash", { command: `echo ${secretOf("S2")}`, description: "x" })
          : say(all),
      )
      // The run has its own server, because the test also searches that server's log.
      const run = await baton(alone(project), "run", "secret", "--json")
      expect(run.code).toBe(0)
      const prompt = asked("secrets: .*")[0]?.prompt ?? ""
      expect(names.filter((name) => !prompt.includes(secretOf(name)))).toEqual([])
      const shown = [run.stdout, run.stderr, project.read("answer.md")]
      for (const args of [["trace", "use"], ["trace", "use", "--json"], ["status"], ["report"], ["list"]]) {
        const { stdout, stderr } = await baton(project, ...args)
        shown.push(stdout, stderr)
      }
      const written = [project.state(), project.path(".opencode")]
        .flatMap((folder) =>
          readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
        )
        .filter((file) => statSync(file).isFile())
        .map((file) => readFileSync(file, "latin1"))
      const batonLog = project
        .log()
        .split("\n")
        .filter((line) => line.includes("baton"))
      const everything = [...shown, ...written, ...batonLog, asked("secrets told: .*")[0]?.prompt ?? ""].join("\n")
      expect(everything).toContain("[secret S999]")
      expect(names.filter((name) => everything.includes(secretOf(name)))).toEqual([])
      const missing = await baton({ ...project, env: made.env }, "run", "secret")
      expect(missing.code).not.toBe(0)
      expect(missing.stderr + missing.stdout).toContain("secret S1: the environment variable S1 is not set")
      expect(asked("secrets: .*")).toHaveLength(2)
    },
    LONG,
  )
})
