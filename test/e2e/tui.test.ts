import { createOpencodeClient } from "@opencode-ai/sdk/v2"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { expectScreen } from "./support/captures.ts"
import { choose, closeDashboard, closeDialog, fillIn, goHome, key, paused } from "./support/dialogs.ts"
import { freePort, type Server, startServer } from "./support/opencode.ts"
import { describeProcesses, processesWith } from "./support/processes.ts"
import { makeProject, type Project } from "./support/project.ts"
import { openTui, type Tui } from "./support/screen.ts"
import { until } from "./support/until.ts"
import { DEMO, scriptDemo } from "./support/workflows.ts"

/** Tests what a person sees and types in the real TUI, and what the model is sent for it. */

const LONG = 120_000

let model: ScriptedModel
let project: Project

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({
    model,
    config: { profiles: { careful: { permission: { bash: "ask" } } } },
    workflows: {
      demo: DEMO,
      asking: "steps: [{ id: act, profile: careful, prompt: greet }]",
      release: "steps: [{ id: a, prompt: x, needs: [b] }]",
    },
  })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

/** Presses the keys that go to the running step and back: the leader key, then w. */
const jump = (screen: Tui) => key(screen, "w")

/** The screen without spaces and frames, so that wrapped text is found. */
const squeezed = (text: string) => text.replace(/[\s┃]+/g, "")

describe("a workflow in the TUI", () => {
  let tui: Tui
  beforeAll(async () => {
    tui = await openTui(project)
  }, LONG)
  afterAll(() => tui?.close(), LONG)

  it(
    "runs from the home screen with a live status, a jump to its step and back, one toast, and one turn per step",
    async () => {
      const before = model.requests.length
      const { prompts, asked } = scriptDemo(model, "tides")
      const hold = model.hold(prompts[1])
      await tui.submit("/workflow run demo topic=tides")
      await hold.arrived
      // A step that has worked for a second has a session that the TUI knows.
      await tui.waitFor(/demo 1\/3 · draft +[1-9]/)
      jump(tui)
      await tui.waitFor(/Draft from: notes on tides[\s\S]*Subagent/)
      jump(tui)
      await tui.waitFor((screen) => !screen.includes("Subagent"))
      hold.release(say("page on tides"))
      await tui.waitFor(/demo · success/)
      expect(tui.text()).toContain("3 steps done")
      expect(asked()).toEqual([1, 1, 1])
      // Nothing else was asked: no turn for the command, no title, no greeting.
      expect(model.requests.length - before).toBe(3)
    },
    LONG,
  )

  it(
    "needs no model turn for status, trace, plan, the picker, a misspelt name and an unknown subcommand",
    async () => {
      const before = model.requests.length
      await goHome(tui)
      tui.resize(80, 24)
      await tui.submit("/workflow status")
      await tui.waitFor(/── demo success 3\/3[\s\S]*✓ survey[\s\S]*✓ draft[\s\S]*✓ review/)
      await closeDashboard(tui)
      await tui.submit("/trace draft")
      await tui.waitFor(/State +✓ success[\s\S]*Prompt[\s\S]*↑↓ scroll/)
      await until(
        () => {
          if (/Output\s+page on tides/.test(tui.text())) return true
          tui.press("down")
          return false
        },
        { what: () => `the answer to be scrolled to:\n${tui.text()}`, everyMs: 200 },
      )
      await closeDialog(tui)
      await tui.submit("/workflow plan demo topic=tides")
      await tui.waitFor(/Plan of demo[\s\S]*inputs: topic="tides"[\s\S]*1\.\s+survey[\s\S]*profile/)
      await expectScreen("plan", tui)
      await closeDialog(tui)
      tui.press("ctrl+p")
      await choose(tui, "Workflow: plan")
      await tui.waitFor(/Plan a workflow[\s\S]*demo/)
      await closeDialog(tui)
      await tui.submit("/workflow run dmeo topic=x")
      await tui.waitFor(/did you mean `demo`\?/)
      await closeDialog(tui)
      await tui.submit("/workflow runn demo")
      await tui.waitFor(/did you mean `run`\?/)
      await closeDialog(tui)
      await tui.submit("/workflow")
      await tui.waitFor(/Run a workflow[\s\S]*demo[\s\S]*Cannot be run[\s\S]*release/)
      await closeDialog(tui)
      tui.resize(120, 36)
      await tui.waitFor(/Ask anything/)
      expect(model.requests.length).toBe(before)
    },
    LONG,
  )

  it(
    "is started in the picker, which asks for its input, and the palette opens its running step",
    async () => {
      const { prompts, asked } = scriptDemo(model, "picking")
      const hold = model.hold(prompts[0])
      await tui.submit("/workflow")
      await tui.waitFor(/Run a workflow/)
      await fillIn(tui, "demo", (text) => !text.includes("asking"))
      tui.press("enter")
      await tui.waitFor(/what it is about/)
      await fillIn(tui, "picking", (text) => text.includes("picking"))
      tui.press("enter")
      await hold.arrived
      await tui.waitFor(/demo 0\/3 · survey/)
      tui.press("ctrl+p")
      await tui.waitFor(/Commands/)
      await fillIn(tui, "open the running step", (text) => /Workflow: open the running step/.test(text))
      tui.press("enter")
      await tui.waitFor(/Survey picking[\s\S]*Subagent/)
      hold.release()
      await tui.waitFor(/demo · success/)
      expect(asked()).toEqual([1, 1, 1])
      jump(tui)
      await tui.waitFor((screen) => !screen.includes("Subagent"))
    },
    LONG,
  )

  it(
    "does not affect an ordinary prompt",
    async () => {
      await goHome(tui)
      await tui.submit("just a question")
      await tui.waitFor(/Answer to: just a question/)
      expect(model.asked("just a question")).toHaveLength(1)
    },
    LONG,
  )

  it(
    "is listed as interrupted after SIGKILL, does not continue by itself, and is finished by /workflow resume",
    async () => {
      const { prompts, asked } = scriptDemo(model, "killing")
      const hold = model.hold(prompts[1])
      await goHome(tui)
      await tui.submit("/workflow run demo topic=killing")
      await hold.arrived
      await tui.kill()
      hold.release()
      tui = await openTui(project)
      await tui.submit("/workflow status")
      const screen = await tui.waitFor(/── demo interrupted/)
      expect(screen).toMatch(/✓ survey/)
      expect(asked()).toEqual([1, 1, 0])
      await closeDashboard(tui)
      await tui.submit("/workflow resume")
      await tui.waitFor(/demo · success/)
      expect(asked()).toEqual([1, 2, 1])
    },
    LONG,
  )

  it(
    "stops its running step when it is aborted, and starts nothing more",
    async () => {
      const { prompts, asked } = scriptDemo(model, "aborting")
      const hold = model.hold(prompts[1])
      await goHome(tui)
      await tui.submit("/workflow run demo topic=aborting")
      const request = await hold.arrived
      // The palette asks for a confirmation first.
      tui.press("ctrl+p")
      await choose(tui, "Workflow: abort")
      await tui.waitFor(/Abort the run\?[\s\S]*everything it is running/)
      await closeDialog(tui)
      await tui.submit("/workflow abort")
      await tui.waitFor(/demo · cancelled/)
      await until(() => request.closedByClientAt !== undefined, { what: "the provider connection to be closed" })
      hold.release()
      expect(asked()).toEqual([1, 1, 0])
    },
    LONG,
  )

  it(
    "shows a step's permission request in the session that started the run, and continues when it is allowed",
    async () => {
      model.script(/^greet$/, callTool("bash", { command: "echo hi", description: "greets" }), say("greeted"))
      await goHome(tui)
      await tui.submit("/workflow run asking")
      await paused(tui, /Permission required[\s\S]*\$ echo hi/)
      // "Allow always" asks once more, and a second enter, or one after a pause, does not confirm that.
      tui.press("right")
      await paused(tui, /Permission required/)
      tui.press("enter", "enter")
      await paused(tui, /Always allow[\s\S]*Confirm/)
      tui.press("enter")
      await paused(tui, /Always allow[\s\S]*Confirm/)
      expect(model.asked(/^greet$/)).toHaveLength(1)
      tui.press("right")
      await paused(tui, /Always allow[\s\S]*Confirm/)
      tui.press("enter")
      await paused(tui, /Permission required/)
      tui.press("right", "left")
      await paused(tui, /Permission required/)
      tui.press("enter")
      await tui.waitFor(/asking · success[\s\S]*1 step done/)
      expect(model.asked(/^greet$/)).toHaveLength(2)
    },
    LONG,
  )
})

describe("a workflow in a TUI with --port", () => {
  let tui: Tui
  let port: number
  beforeAll(async () => {
    port = await freePort()
    tui = await openTui(project, { args: ["--port", String(port)] })
  }, LONG)
  afterAll(() => tui?.close(), LONG)

  it(
    "runs once although OpenCode loads the plugin twice",
    async () => {
      const { asked } = scriptDemo(model, "twice")
      await tui.submit("/workflow run demo topic=twice")
      await tui.waitFor(/demo · success/)
      expect(asked()).toEqual([1, 1, 1])
    },
    LONG,
  )

  it(
    "has three child sessions of the session with the command, titled by their steps",
    async () => {
      const { session } = createOpencodeClient({ baseUrl: `http://127.0.0.1:${port}`, directory: project.dir })
      const { data: roots } = await session.list({ roots: true })
      // Each topic ran in its own process: the first was typed in another TUI.
      for (const topic of ["tides", "twice"]) {
        const parent = roots?.find(({ title }) => title.includes(`demo topic=${topic}`))
        const { data: children } = await session.children({ sessionID: parent?.id as string })
        expect(children?.map((child) => child.title).sort()).toEqual(["draft · demo", "review · demo", "survey · demo"])
        const { data: messages } = await session.messages({ sessionID: parent?.id as string })
        expect(messages).toEqual([])
      }
    },
    LONG,
  )
})

describe("with a separate server", () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer(project)
  }, LONG)
  afterAll(() => server?.stop(), LONG)

  it(
    "an attached TUI shows the live state, jumps to the step, and gets the toast",
    async () => {
      const { prompts, asked } = scriptDemo(model, "attached")
      const hold = model.hold(prompts[2])
      await using tui = await openTui(project, { attach: server.url })
      await tui.submit("/workflow run demo topic=attached")
      await hold.arrived
      // After its first second, the session of the step is known here, and the jump leads there.
      await tui.waitFor(/demo 2\/3 · review [1-9]/)
      jump(tui)
      await tui.waitFor(/Review of: page on attached[\s\S]*Subagent/)
      hold.release()
      await tui.waitFor(/demo · success/)
      expect(asked()).toEqual([1, 1, 1])
    },
    LONG,
  )

  it(
    "the plugin does nothing in a server that Baton itself started",
    async () => {
      const commands = async ({ client }: Pick<Server, "client">) =>
        (await client.command.list({})).data?.map((command) => command.name)
      expect(await commands(server)).toContain("workflow")
      await using child = await startServer(project, { env: { BATON_CHILD: "1" } })
      expect(await commands(child)).not.toContain("workflow")
    },
    LONG,
  )

  it(
    "the server command runs a workflow, and answers in the session without a model turn",
    async () => {
      const { asked } = scriptDemo(model, "commands")
      const before = model.requests.length
      const { data: session } = await server.client.session.create({ title: "typed" })
      const sessionID = session?.id as string
      await server.client.session.command({ sessionID, command: "workflow", arguments: 'run demo topic="commands"' })
      const posted = async () => {
        const { data } = await server.client.session.messages({ sessionID })
        return JSON.stringify(data)
      }
      expect(await posted()).toContain("Started demo (run")
      await until(() => asked()[2] === 1, { what: "the review to be asked" })
      await server.client.session.command({ sessionID, command: "workflow", arguments: "status" })
      await until(async () => (await posted()).includes("success   survey"), { what: "the status in the session" })
      expect(asked()).toEqual([1, 1, 1])
      expect(model.requests.length - before).toBe(3)
      const { data: children } = await server.client.session.children({ sessionID })
      expect(children).toHaveLength(3)
      // Baton writes nothing to the host's own output (guarantee G9).
      expect(server.output()).toMatch(/^(Warning: OPENCODE_SERVER_PASSWORD.*\n)?opencode server listening on \S+\n$/)
    },
    LONG,
  )
})

describe("a broken orchestrator.json", () => {
  it(
    "does not keep OpenCode from answering, and is reported with what is wrong and where",
    async () => {
      const broken = makeProject({ model, workflows: { demo: DEMO }, config: '{\n  "profils": {}\n}\n' })
      try {
        await using tui = await openTui(broken)
        await tui.waitFor((text) => squeezed(text).includes("didyoumean`profiles`?"))
        expect(squeezed(tui.text())).toContain(".opencode/orchestrator.json:2:3:unknownkey`profils`")
        await tui.submit("are you there?")
        await tui.waitFor(/Answer to: are you there\?/)
        await tui.submit("/workflow run demo topic=x")
        await tui.waitFor(/Cannot run demo/)
        expect(squeezed(tui.text())).toContain(".opencode/orchestrator.json:2:3:unknownkey`profils`")
      } finally {
        await broken.dispose()
      }
    },
    LONG,
  )
})

it("no process is left running", () => {
  expect(describeProcesses(processesWith(project.marker))).toEqual([])
})
