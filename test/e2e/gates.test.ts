import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, nothing, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { ownerToken } from "../../src/state/key.ts"
import { baton, endedOf } from "./support/baton.ts"
import { choose, closeDashboard, closeDialog, fillIn, key } from "./support/dialogs.ts"
import { type Server, startServer } from "./support/opencode.ts"
import { attached, makeProject, type Project, ROOT } from "./support/project.ts"
import { openTui, type Tui } from "./support/screen.ts"

/**
 * Tests that a run pauses for a person where its policy says so, and that every interface can
 * continue it.
 */

const LONG = 180_000

let model: ScriptedModel
let project: Project
let tui: Tui

const flow = (name: string, intervene: string) => `
settings: { intervene: ${intervene} }
steps:
  - { id: draft, prompt: "${name} draft" }
  - { id: review, needs: [draft], prompt: "${name} review" }
  - { id: ship, needs: [review], prompt: "${name} ship" }
`
const CHAIN = (name: string) => [`${name} draft`, `${name} review`, `${name} ship`] as const

/** What a worker's shell tries in the place of the person. Each line of said.txt is one answer. */
function attackOf(project: Project, url: string, run: string): string {
  const baton = `node ${join(ROOT, "bin/baton.mjs")}`
  const bare = `PATH=$PATH HOME=$HOME BATON_STATE_DIR=${project.env.BATON_STATE_DIR}`
  const row = JSON.stringify({ type: "decide", step: "approve", action: "continue", by: "person in OpenCode" })
  const journal = JSON.stringify(join(project.state(), "journal.db"))
  writeFileSync(
    project.path("insert.ts"),
    `import { Database } from "bun:sqlite"
const db = new Database(${journal})
db.run("INSERT INTO inbox (run, key, body) VALUES (?, 'k', ?)", ${JSON.stringify([run, row])})
// Baton looks at the queue once a second; the step goes on when it has.
const outcome = () => db.query("SELECT outcome FROM inbox WHERE key = 'k'").get().outcome
for (let tries = 0; tries < 200 && outcome() === null; tries++) await Bun.sleep(50)
console.log("the row is in the queue")
`,
  )
  const tries = [
    `${baton} continue ${run} --attach ${url}`,
    `${baton} raise ${run} --usd 999 --attach ${url}`,
    `${baton} continue ${run} --yes --attach ${url}`,
    `BATON_TOKEN=$1 ${baton} continue ${run} --yes --attach ${url}`,
    `env -i ${bare} BATON_TOKEN=$1 setsid --wait ${baton} continue ${run} --yes --attach ${url}`,
    `script -qec "env -i ${bare} ${baton} continue ${run} --attach ${url}" /dev/null`,
    `(exec env -i ${bare} BATON_TOKEN=$1 setsid --wait ${baton} skip ${run} approve --yes --attach ${url})`,
    `env -i ${bare} ${baton} run inner --attach ${url}`,
  ]
  const typed = tries.map((one) => `${one} </dev/null >>said.txt 2>&1`)
  return [...typed, `${join(ROOT, "node_modules/.bin/bun")} insert.ts >>said.txt 2>&1`].join("\n")
}

beforeAll(async () => {
  model = await startScriptedModel()
  const workflows = {
    mend: flow("mend", "on-error"),
    each: flow("each", "always"),
    never: flow("never", "never"),
    leave: flow("leave", "on-error"),
    headless: flow("headless", "on-error"),
    spoken: flow("spoken", "on-error"),
    redo: flow("redo", "never"),
    approve:
      "steps: [{ id: approve, type: gate, prompt: Ship it to everybody? }, { id: ship, needs: [approve], prompt: 'shipped ${approve.output}' }]",
    attack:
      "steps: [{ id: work, prompt: attack work }, { id: approve, type: gate, prompt: Ship it? }, { id: ship, needs: [approve], prompt: attack ship }]",
    inner: "steps: [{ id: one, prompt: inner one }]",
    dear: "settings: { budget: { tokens: 100 } }\nsteps: [{ id: one, prompt: dear one }, { id: two, needs: [one], prompt: dear two }]",
  }
  project = makeProject({
    model,
    workflows,
    tui: { attention: { enabled: true, sound: false } },
  })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

describe("in the TUI", () => {
  beforeAll(async () => {
    // The terminal can show notifications, and its window is not in front.
    tui = await openTui(project, { env: { TERM: "xterm-ghostty", TERM_PROGRAM: "ghostty" } })
    tui.press("blur")
    await tui.submit("hello")
    await tui.waitFor(/Answer to: hello/)
  }, LONG)
  afterAll(() => tui?.close(), LONG)

  it(
    "a step that fails under on-error pauses the run with a toast, and a retry message reaches its session",
    async () => {
      model.script("mend review", nothing())
      model.script("say more", say("reviewed at last"))
      await tui.submit("/workflow run mend")
      await tui.waitFor(/mend · review waits for you/)
      await tui.waitFor(/\/workflow retry review/)
      await tui.waitFor(/1 needs you \(ctrl\+x i\) · ‖ mend paused at 1\/3 · review failed \(empty\)/)
      await tui.submit("/workflow retry review say more")
      await tui.waitFor(/mend · success/)
      expect(CHAIN("mend").map((prompt) => model.asked(prompt).length)).toEqual([1, 1, 1])
      const [again] = model.asked("say more")
      expect(JSON.stringify(again?.messages)).toContain("mend review")
      // Each toast is also a notification of OpenCode. The first one is of the session with the
      // hello.
      await expect.poll(() => tui.notifications.length).toBeGreaterThan(2)
      expect(tui.notifications.slice(1)).toEqual([
        "mend · review waits for you;review failed (empty): the model finished without writing anything · /workflow retry review · /inbox",
        expect.stringMatching(/^mend · success;3 steps done · /),
      ])
    },
    LONG,
  )

  it(
    "the policy always pauses after each step, and continue resumes the run",
    async () => {
      await tui.submit("/workflow run each")
      for (const [done, step] of ["draft", "review", "ship"].entries()) {
        await tui.waitFor(new RegExp(`each paused at ${done}/3 · ${step} is done`))
        if (step === "draft") {
          await tui.submit("/workflow continue draft use tabs")
          await tui.waitFor(/use retry to tell its worker/)
          tui.press("enter")
          await tui.waitFor((text) => !/return close/.test(text))
        }
        await tui.submit("/workflow continue")
      }
      await tui.waitFor(/each · success/)
    },
    LONG,
  )

  it(
    "the policy never does not pause after a failure",
    async () => {
      model.script("never review", nothing())
      await tui.submit("/workflow run never")
      await tui.waitFor(/never · failed/)
      expect(model.asked("never ship")).toHaveLength(0)
    },
    LONG,
  )

  it(
    "a question to a person is answered from the inbox, and later steps read the answer",
    async () => {
      await tui.submit("/workflow run approve")
      await tui.waitFor(/approve · approve waits for you/)
      key(tui, "i")
      await tui.waitFor(/Continue with an answer… +later steps get it as the output/)
      await choose(tui, "Continue with an answer")
      await fillIn(tui, "only to friends")
      tui.press("enter")
      await model.waitFor("shipped only to friends")
      await tui.waitFor(/approve · success/)
    },
    LONG,
  )

  it(
    "a step is skipped from the inbox, and status and trace show that it waits",
    async () => {
      model.script("leave review", nothing())
      await tui.submit("/workflow run leave")
      await tui.waitFor(/leave paused at 1\/3/)
      await tui.submit("/workflow status")
      await tui.waitFor(/◔ review +needs you[\s\S]*Needs you +review failed \(empty\)/)
      await closeDashboard(tui)
      await tui.submit("/trace review")
      await tui.waitFor(/Waits +review failed \(empty\)/)
      await closeDialog(tui)
      tui.resize(80, 24)
      key(tui, "i")
      await tui.waitFor(/Abort +end the run\n[\s\S]*leave is waiting for you\. Without a decision it is continued in/)
      await choose(tui, "Skip")
      await tui.waitFor(/leave · success/)
      expect(model.asked("leave ship")).toHaveLength(1)
      tui.resize(120, 36)
    },
    LONG,
  )
})

describe("on the command line", () => {
  /** Runs are started on a running server. Each later command starts its own server. */
  let there: Project
  let server: Server
  beforeAll(async () => {
    server = await startServer(project)
    there = attached(project, server)
  }, LONG)
  afterAll(() => server?.stop(), LONG)

  it(
    "a run that waits at a gate exits with 3 and says what to type, and skipping the step finishes it",
    async () => {
      model.script("headless review", nothing())
      const paused = await baton(there, "run", "headless", "--run-id", "gate-1")
      expect(paused.code).toBe(3)
      expect(paused.stdout).toContain("Waits for you: review failed (empty)")
      expect(paused.stdout).toContain("baton skip gate-1 review")
      const status = await baton(project, "status", "gate-1", "--json")
      expect(JSON.parse(status.stdout)).toMatchObject({
        status: "paused",
        hold: { cause: "gate" },
        steps: { review: { status: "waiting", gate: { why: "error", otherwise: "continue" } } },
      })
      const wrong = await baton(project, "skip", "reviw")
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("did you mean `review`?")])
      const skipped = await baton(project, "skip", "gate", "review", "--json")
      expect([skipped.code, endedOf(skipped.stdout)]).toMatchObject([0, { status: "success" }])
      expect(CHAIN("headless").map((prompt) => model.asked(prompt).length)).toEqual([1, 1, 1])
    },
    LONG,
  )

  it(
    "retry with a message continues in the same session, and without a run id takes the newest that waits",
    async () => {
      model.script("spoken review", nothing())
      model.script("speak up", say("spoken"))
      expect((await baton(there, "run", "spoken")).code).toBe(3)
      const retried = await baton(project, "retry", "review", "--message", "speak up", "--json")
      expect([retried.code, endedOf(retried.stdout).status]).toEqual([0, "success"])
      expect(JSON.stringify(model.asked("speak up")[0]?.messages)).toContain("spoken review")
      expect(model.asked("spoken draft")).toHaveLength(1)
    },
    LONG,
  )

  it(
    "continue passes a gate, abort ends the run, and resume repeats a failed step",
    async () => {
      expect((await baton(there, "run", "approve", "--run-id", "yes-1")).code).toBe(3)
      expect((await baton(there, "run", "approve", "--run-id", "no-1")).code).toBe(3)
      const yes = await baton(project, "continue", "yes-1")
      expect([yes.code, yes.stdout]).toEqual([0, expect.stringContaining("approve success")])
      const no = await baton(project, "abort", "no-1", "--json")
      expect([no.code, endedOf(no.stdout)]).toMatchObject([0, { status: "cancelled" }])
      model.script("redo review", nothing(), say("fine now"))
      const failed = await baton(there, "run", "redo", "--run-id", "redo-1")
      expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining("baton resume redo-1")])
      expect((await baton(there, "resume", "redo-1")).code).toBe(0)
      expect(CHAIN("redo").map((prompt) => model.asked(prompt).length)).toEqual([1, 2, 1])
    },
    LONG,
  )

  it(
    "what a worker types in its shell decides nothing and starts no run, however it hides, and its row in the journal does nothing",
    async () => {
      writeFileSync(project.path("attack.sh"), attackOf(project, server.url, "attack-1"))
      const { token } = ownerToken(project.env)
      model.script(
        "attack work",
        callTool("bash", { command: `sh attack.sh ${token}`, description: "works" }),
        say("I am done."),
      )
      const run = await baton(there, "run", "attack", "--run-id", "attack-1", "--json")
      expect([run.code, endedOf(run.stdout).status]).toEqual([3, "paused"])
      const refused =
        /^baton: a worker may not `baton \w+` \(it runs (in a shell of the worker attack-1\/work|below the process in which workers work)\): /
      const said = project.read("said.txt").trim().split("\n")
      expect(said.filter((line) => !refused.test(line))).toEqual(["the row is in the queue"])
      expect(said).toHaveLength(9)
      expect(run.stderr).toContain("a queued command for run attack-1 was not carried out: it is not signed by")
      expect(endedOf(run.stdout).steps).toMatchObject({ approve: { status: "waiting" }, work: { status: "success" } })
      expect([model.asked("inner one"), model.asked("attack ship")]).toEqual([[], []])
    },
    LONG,
  )

  it(
    "a run over its budget exits with 4, and continues only when its budget is raised",
    async () => {
      const over = await baton(there, "run", "dear", "--run-id", "dear-1")
      expect([over.code, over.stdout]).toEqual([4, expect.stringContaining("baton raise dear-1")])
      expect((await baton(project, "continue", "dear-1")).code).toBe(2)
      expect((await baton(project, "raise", "dear-1", "--tokens", "1M")).code).toBe(0)
    },
    LONG,
  )
})
