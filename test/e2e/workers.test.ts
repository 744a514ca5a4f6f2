import { existsSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, fail, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import type { ListDocument } from "../../src/cli/json-types.ts"
import { baton, endedOf, startBaton } from "./support/baton.ts"
import { closeDialog, fillIn, goHome, key, paused } from "./support/dialogs.ts"
import { makeProject, type Project } from "./support/project.ts"
import { openTui, type Tui } from "./support/screen.ts"
import { until } from "./support/until.ts"
import { type WarmServer, warmServer } from "./support/warm.ts"

/**
 * Tests what a person does with workers in the real TUI: see, ask, answer, steer, work with and
 * stop them.
 */

const LONG = 180_000

let model: ScriptedModel
let server: WarmServer
let project: Project
let tui: Tui

beforeAll(async () => {
  model = await startScriptedModel()
  server = await warmServer()
  project = makeProject({
    model,
    server,
    config: {
      tools: true,
      limits: { max_depth: 2 },
      profiles: {
        docs: { mode: "foreground", keep: true, purpose: "knows the documentation" },
        careful: { permission: { bash: "ask" } },
        lead: {},
      },
    },
    workflows: {
      asking:
        "inputs: { prompt: { type: string, default: greet the world } }\nsteps: [{ id: act, profile: careful, prompt: '${inputs.prompt}' }]",
      choosing:
        "inputs: { prompt: { type: string, default: choose a tide } }\nsteps: [{ id: pick, prompt: '${inputs.prompt}' }]",
      slow: "steps: [{ id: think, prompt: think slowly }]",
      seat: "steps: [{ id: refine, profile: docs, prompt: refine the plan }, { id: after, needs: [refine], prompt: 'then ${refine.output}' }]",
      many: "steps: [{ id: one, prompt: many one }, { id: two-with-a-long-name, prompt: many two }, { id: act, profile: careful, prompt: many greet }]",
      dear: "steps: [{ id: spend, prompt: spend money }]",
      nested: "steps: [{ id: head, profile: lead, prompt: lead the way }]",
    },
  })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

/** This TUI serves all tests up to the one that continues a session of an earlier OpenCode. */
beforeAll(async () => {
  tui = await openTui(project)
}, LONG)
afterAll(() => tui?.close(), LONG)

describe("in the main session", () => {
  it(
    "a person works in a kept worker's session, and /handback puts a handoff into the next main turn",
    async () => {
      model.script(/^what is the plan/, say("the plan is in docs/plan.md"))
      model.script(/^Summarize for the main session/, say(`We chose tides. ${"All about tides. ".repeat(400)}`))
      await tui.submit("main question")
      await tui.waitFor(/Answer to: main question/)
      await tui.submit("/workers spawn docs")
      await tui.waitFor(/you work with docs · \/handback/)
      await tui.submit("what is the plan for tides")
      await tui.waitFor(/the plan is in docs\/plan\.md/)
      await tui.submit("/handback")
      await tui.waitFor(/cut after 4000 of \d+ characters; the full text: \/trace docs/)
      expect(model.asked(/^Summarize for the main session/)).toHaveLength(1)
      await tui.submit("and what now")
      const [request] = await model.waitFor(/^and what now/)
      const sent = JSON.stringify(request)
      expect(sent).toContain("main question")
      expect(sent).toContain("Handoff from the worker docs")
      expect(sent).toContain("the full text: /trace docs")
    },
    LONG,
  )

  it(
    "the next question to a kept worker continues its session, and the answer comes into the main one",
    async () => {
      model.script(/^and who wrote it/, say("the harbour master wrote it"))
      await tui.submit("/workers ask docs and who wrote it")
      await tui.waitFor(/Handoff from the worker docs:[\s\S]*the harbour master wrote it/)
      const [request] = model.asked(/^and who wrote it/)
      expect(JSON.stringify(request)).toContain("what is the plan for tides")
      await tui.submit("/workers")
      await tui.waitFor(/Workers[\s\S]*docs +idle/)
      await closeDialog(tui)
    },
    LONG,
  )

  it(
    "pressing escape twice aborts the run of the session on the screen, and once does not",
    async () => {
      const hold = model.hold("think slowly")
      await tui.submit("/workflow run slow")
      const request = await hold.arrived
      await tui.waitFor(/slow 0\/1 · think/)
      key(tui, "k")
      await tui.waitFor(/think +(working|starting)/)
      await closeDialog(tui)
      tui.press("escape")
      await tui.waitFor(/esc again aborts the run slow/)
      expect(request.closedByClientAt).toBeUndefined()
      tui.press("escape")
      await tui.waitFor(/slow · cancelled/)
      await until(() => request.closedByClientAt !== undefined, { what: "the provider connection to be closed" })
      hold.release()
    },
    LONG,
  )
})

describe("with the inbox and messages", () => {
  beforeAll(async () => {
    await goHome(tui)
    await tui.submit("hello")
    await tui.waitFor(/Answer to: hello/)
  }, LONG)

  it(
    "the inbox shows within seconds what a background step needs, and its answer continues the run",
    async () => {
      model.script(/^greet the world/, callTool("bash", { command: "echo hi", description: "greets" }), say("greeted"))
      await tui.submit("/workflow run asking")
      await model.waitFor(/^greet the world/)
      const since = Date.now()
      await tui.waitFor(/1 needs you \(ctrl\+x i\)/)
      // The guarantee is two seconds on an idle machine, and a machine that runs tests is busy.
      expect(Date.now() - since).toBeLessThan(10_000)
      // OpenCode shows the request here as well. Baton's is the dialog.
      key(tui, "i")
      await tui.waitFor(/act · asking asks/)
      tui.press("enter")
      await tui.waitFor(/asking · success/)
      const { stdout } = await baton(project, "trace", "act")
      expect(stdout).toMatch(
        /asks for a permission: bash: echo hi\n[\s\S]*allowed once by person in OpenCode, in the inbox/,
      )
    },
    LONG,
  )

  it(
    "the permission request of a worker's worker is answered from the inbox",
    async () => {
      model.script(
        /^lead the way/,
        callTool("worker_ask", { worker: "careful", prompt: "go first" }),
        say("we are there"),
      )
      model.script(/^go first/, callTool("bash", { command: "ls -la", description: "looks" }), say("I went first"))
      await tui.submit("/workflow run nested")
      await tui.waitFor(/1 needs you/)
      key(tui, "i")
      await tui.waitFor(/careful asks/)
      tui.press("enter")
      await tui.waitFor(/nested · success/)
      const answers = JSON.stringify(model.asked(/^lead the way/).at(-1))
      expect(answers).toContain("I went first")
    },
    LONG,
  )

  it(
    "a question is answered from the inbox in the person's own words",
    async () => {
      const options = ["spring", "neap"].map((label) => ({ label, description: `a ${label} tide` }))
      const questions = [{ question: "Which tide?", header: "Tide", options }]
      model.script(/^choose a tide/, callTool("question", { questions }), say("thank you"))
      await tui.submit("/workflow run choosing")
      await tui.waitFor(/1 needs you/)
      key(tui, "i")
      await tui.waitFor(/pick · choosing asks[\s\S]*spring[\s\S]*Answer in your own words/)
      await fillIn(tui, "own words", (screen) => !/spring {2}a spring tide/.test(screen))
      tui.press("enter")
      await tui.waitFor(/Your answer/)
      await fillIn(tui, "the ebb, please")
      tui.press("enter")
      await tui.waitFor(/choosing · success/)
      expect(
        model
          .asked(/^choose a tide/)
          .at(-1)
          ?.toolResults.join(),
      ).toContain("the ebb, please")
      const { stdout } = await baton(project, "trace", "pick")
      expect(stdout).toMatch(
        /asks: Which tide\?[\s\S]*answered by person in OpenCode, in the inbox[^\n]*\n +the ebb, please/,
      )
    },
    LONG,
  )

  it(
    "what a person types while a worker asks for permission answers nothing, and is back in the prompt later",
    async () => {
      const hold = model.hold("greet the sea")
      model.script("greet the sea", say("greeted"))
      await tui.submit("/workflow run asking prompt='greet the sea'")
      await hold.arrived
      tui.type("/workflow ab")
      await tui.waitFor(/\/workflow ab/)
      hold.release(callTool("bash", { command: "echo hi", description: "greets" }))
      await tui.waitFor(/Permission required/)
      // Letters that choose in OpenCode's box are among these, and the key that confirms.
      tui.type("ort, hello\x7f\r\r")
      await tui.waitFor(/act · asking asks for a permission/, 10_000)
      await paused(tui, /Permission required[\s\S]*1 needs you/)
      // A person who thinks that this is the prompt completes the text, or moves the cursor in it.
      tui.press("tab", "enter")
      await paused(tui, /Permission required[\s\S]*1 needs you/)
      tui.press("right", "enter", "enter")
      await tui.waitFor(/Your text is kept for the prompt/)
      await paused(tui, /Permission required[\s\S]*1 needs you/)
      expect(model.asked("greet the sea")).toHaveLength(1)
      tui.press("right", "left")
      await paused(tui, /Permission required[\s\S]*1 needs you/)
      tui.press("enter")
      await tui.waitFor(/asking · success/)
      await tui.waitFor(/┃ +\/workflow abort, hell\s/)
      expect(model.asked("greet the sea")).toHaveLength(2)
      // That was OpenCode's own box.
      const { stdout } = await baton(project, "trace", "act")
      expect(stdout).toContain("allowed once by a person, in OpenCode itself: bash: echo hi")
      tui.press("ctrl+c")
      await tui.waitFor((screen) => !screen.includes("/workflow abort"))
    },
    LONG,
  )

  it(
    "what a person types while a worker asks a question answers nothing, and is back in the prompt later",
    async () => {
      const options = ["jest", "vitest"].map((label) => ({ label, description: `use ${label}` }))
      const hold = model.hold("choose a runner")
      model.script("choose a runner", say("thank you"))
      await tui.submit("/workflow run choosing prompt='choose a runner'")
      await hold.arrived
      tui.type("vi")
      await tui.waitFor(/┃ +vi\s/)
      hold.release(callTool("question", { questions: [{ question: "Which runner?", header: "Runner", options }] }))
      await tui.waitFor(/Which runner\?/)
      tui.type("test 2 kj\r")
      await tui.waitFor(/pick · choosing asks a question/, 10_000)
      await paused(tui, /Which runner\?[\s\S]*1 needs you/)
      expect(model.asked("choose a runner")).toHaveLength(1)
      tui.press("down")
      await tui.waitFor(/Your text is kept for the prompt/)
      await paused(tui, /Which runner\?[\s\S]*1 needs you/)
      tui.press("down")
      await paused(tui, /Which runner\?[\s\S]*1 needs you/)
      tui.press("enter")
      await tui.waitFor(/choosing · success/)
      await tui.waitFor(/┃ +vitest 2 kj\s/)
      expect(model.asked("choose a runner").at(-1)?.toolResults.join()).toContain("vitest")
      tui.press("ctrl+c")
      await tui.waitFor((screen) => !screen.includes("vitest 2 kj"))
    },
    LONG,
  )

  it(
    "a worker that is aborted while it asks for a permission leaves nothing that a person could allow",
    async () => {
      model.script("touch it", callTool("bash", { command: "touch aborted.txt", description: "x" }), say("never"))
      await tui.submit("/workflow run asking prompt='touch it'")
      await tui.waitFor(/Permission required/)
      const { runs } = JSON.parse((await baton(project, "list", "--json")).stdout) as ListDocument
      await baton(project, "abort", runs[0]?.id ?? "")
      await tui.waitFor((screen) => !/Permission required|needs you/.test(screen))
      expect(existsSync(project.path("aborted.txt"))).toBe(false)
      expect(model.asked("touch it")).toHaveLength(1)
      const { stdout } = await baton(project, "trace", "act")
      expect(stdout).toContain("not allowed, because the worker was stopped: bash: touch aborted.txt")
    },
    LONG,
  )

  it(
    "a message typed in the view of a running worker reaches its model",
    async () => {
      const hold = model.hold("think slowly")
      await tui.submit("/workflow run slow")
      await hold.arrived
      await tui.waitFor(/slow 0\/1 · think.* open step/)
      key(tui, "w")
      await tui.waitFor(/press ctrl\+x p to message this worker/)
      key(tui, "p")
      await tui.waitFor(/Message to think/)
      await fillIn(tui, "think of tides")
      tui.press("enter")
      await tui.waitFor(/Said to think/)
      hold.release()
      const [request] = await model.waitFor(/think of tides/)
      expect(JSON.stringify(request)).toContain("think slowly")
      await tui.waitFor(/slow · success/)
      key(tui, "w")
    },
    LONG,
  )
})

describe("in a terminal of 80 columns", () => {
  beforeAll(async () => {
    await tui.close()
    tui = await openTui(project, { cols: 80, rows: 24 })
    await tui.submit("good morning")
    await tui.waitFor(/Answer to: good morning/)
  }, LONG)

  it(
    "a foreground step opens its session for the person, and /handback returns and continues the run",
    async () => {
      model.script(/^refine the plan/, say("here is a draft"))
      model.script(/^make it shorter/, say("a short draft"))
      await tui.submit("/workflow run seat")
      await tui.waitFor(/here is a draft/)
      await tui.waitFor(/you work with refine/)
      await tui.submit("make it shorter")
      await tui.waitFor(/a short draft/)
      // The row of the run has spent what its step has spent, before the step has ended.
      key(tui, "o")
      await tui.waitFor(/◐ seat +needs you .* (\$0\.\d*[1-9])\b[\s\S]* refine +your turn .* \1\n/)
      tui.press("escape")
      await tui.waitFor(/you work with refine/)
      key(tui, "d")
      // Both are checked at once, because in 80 columns the toast covers half of the line below it
      // for ten seconds.
      await tui.waitFor((screen) => /┃ {2}good morning/.test(screen) && /seat · success/.test(screen))
      expect(model.asked(/^then a short draft/)).toHaveLength(1)
      // The step used the session that an earlier OpenCode kept.
      expect(JSON.stringify(model.asked(/^refine the plan/)[0])).toContain("what is the plan for tides")
    },
    LONG,
  )

  it(
    "the worker list and the inbox fit on the screen",
    async () => {
      const hold = model.hold(/^many (one|two)/)
      model.script(/^many greet/, callTool("bash", { command: "echo hi", description: "greets" }), say("greeted"))
      await tui.submit("/workflow run many")
      await tui.waitFor(/1 needs you/)
      key(tui, "k")
      await tui.waitFor(/two-with-a-long-name +(working|starting)/)
      await tui.waitFor(/act +needs you/)
      await closeDialog(tui)
      key(tui, "i")
      await tui.waitFor(/act · many asks/)
      tui.press("enter")
      hold.release(say("done"))
      await tui.waitFor(/many · success/)
    },
    LONG,
  )

  it(
    "a run out of quota pauses with one toast that says why, and /workflow resume continues it",
    async () => {
      model.script(/^spend money/, fail(402, { message: "insufficient credits" }), say("spent"))
      await tui.submit("/workflow run dear")
      await tui.waitFor(/dear · paused/)
      await tui.waitFor(/‖ dear paused at 0\/1 · \/workflow resume/)
      await tui.submit("/workflow resume")
      await tui.waitFor(/dear · success/)
    },
    LONG,
  )
})

it(
  "Baton's tools cost the model fewer than 500 tokens, and nothing when they are turned off",
  async () => {
    const plain = makeProject({ model, server, config: {} })
    const toolsIn = async (where: Project, prompt: string) => {
      const { session } = server.clientFor(where.dir)
      const { data } = await session.create({ title: "typed" })
      await session.promptAsync({ sessionID: data?.id as string, parts: [{ type: "text", text: prompt }] })
      const [request] = await model.waitFor(prompt)
      return (request?.toolDefinitions ?? []) as { function: { name: string } }[]
    }
    try {
      const names = ["worker_ask", "workflow_control", "workflow_run", "workflow_status"]
      const isOurs = (tool: { function: { name: string } }) => names.includes(tool.function.name)
      const offered = await toolsIn(project, "which tools are there")
      const ours = offered.filter(isOurs)
      expect(ours.map((tool) => tool.function.name).sort()).toEqual(names)
      expect(JSON.stringify(ours).length / 4).toBeLessThan(500)
      const without = await toolsIn(plain, "which tools are not there")
      const text = (tools: object[]) => JSON.stringify(tools).replaceAll(/baton-e2e-\w+/g, "")
      expect(text(without)).toBe(text(offered.filter((tool) => !isOurs(tool))))
    } finally {
      await plain.dispose()
    }
  },
  LONG,
)

describe("on the command line", () => {
  it(
    "a run out of quota exits with 3, says why and how to continue, and can be resumed",
    async () => {
      model.script(/^spend money/, fail(402, { message: "insufficient credits" }), say("spent"))
      const paused = await baton(project, "run", "dear", "--json", "--run-id", "dear-1")
      expect(paused.code).toBe(3)
      expect(endedOf(paused.stdout)).toMatchObject({
        status: "paused",
        hold: { cause: "quota", detail: expect.stringContaining("insufficient credits") },
      })
      const status = await baton(project, "status", "dear-1")
      expect(status.stdout).toMatch(/Paused: .*out of quota[\s\S]*Go on with: baton resume dear-1/)
      const resumed = await baton(project, "resume", "dear-1")
      expect(resumed.code).toBe(0)
      expect(resumed.stdout).toContain("spent")
    },
    LONG,
  )

  it(
    "`baton workers` lists the running and the kept workers",
    async () => {
      const before = await baton(project, "workers", "--json")
      const kept = (JSON.parse(before.stdout) as { name: string }[]).map(({ name }) => name)
      const hold = model.hold("think slowly")
      const running = startBaton(project, "run", "slow")
      await hold.arrived
      const listed = await baton(project, "workers")
      expect(listed.stdout).toMatch(
        /NAME +STATE +KIND[\s\S]*think +working +subagent +default +scripted\/small +think of slow/,
      )
      for (const name of kept) expect(listed.stdout).toMatch(new RegExp(`^${name} +idle`, "m"))
      hold.release()
      expect(await running.exit()).toBe(0)
    },
    LONG,
  )
})
