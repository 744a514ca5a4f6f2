import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, nothing, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { expectScreen } from "./support/captures.ts"
import { closeDialog, fillIn, key } from "./support/dialogs.ts"
import { makeProject, type Project } from "./support/project.ts"
import { openTui, type Tui } from "./support/screen.ts"

/** Tests the dashboard in the real TUI key by key. Captures of its screens are in `screens`. */

const LONG = 300_000

const FEATURE = `
settings: { max_parallel: 4, intervene: on-error }
steps:
  - { id: survey, profile: docs, prompt: "feature survey: look around" }
  - { id: api, needs: [survey], prompt: "feature api: build the interface, add no library" }
  - { id: ui, needs: [survey], profile: careful, prompt: "feature ui" }
  - { id: tests, needs: [survey], prompt: "feature tests" }
  - { id: review, needs: [api, ui, tests], prompt: "feature review" }
`
const GROUPED = `
steps:
  - id: all
    type: parallel
    steps:
      - { id: one, prompt: "grouped one" }
      - { id: two, prompt: "grouped two" }
  - { id: end, needs: [all], prompt: "grouped end" }
`

let model: ScriptedModel
let project: Project
let tui: Tui

beforeAll(async () => {
  model = await startScriptedModel()
  const profiles = { careful: { permission: { bash: "ask" } }, docs: {}, lead: {} }
  project = makeProject({
    model,
    config: { tools: true, limits: { max_depth: 2 }, profiles },
    workflows: {
      feature: FEATURE,
      grouped: GROUPED,
      dear: "inputs: { topic: { type: string } }\nsettings: { budget: { tokens: 100 } }\nsteps: [{ id: one, prompt: dear one }, { id: two, needs: [one], prompt: dear two }]",
      mend: "settings: { intervene: on-error }\nsteps: [{ id: fix, prompt: mend it }, { id: ship, prompt: mend ship, needs: [fix] }]",
      nested: "steps: [{ id: head, profile: lead, prompt: lead the way }, { id: beside, prompt: stay beside }]",
    },
  })
  tui = await openTui(project)
}, LONG)
afterAll(async () => {
  await tui?.close()
  await project?.dispose()
  await model?.close()
}, LONG)

/** Waits until the row of the selected step matches. */
const chosen = (row: RegExp) => tui.waitFor(new RegExp(`^┃.*${row.source}`, "m"))

describe("the dashboard", () => {
  it(
    "opens with its key, says what to do if nothing has run, and returns to the previous screen",
    async () => {
      key(tui, "o")
      await tui.waitFor(/Nothing has run in this project yet/)
      await tui.waitFor((text) => !text.includes("Finishing startup"), 60_000)
      await expectScreen("dashboard-empty", tui)
      tui.press("escape")
      await tui.waitFor(/Ask anything/)
    },
    LONG,
  )

  it(
    "shows a run in progress on screens of three sizes",
    async () => {
      model.script("feature survey", say("There is a lot to see."))
      const writes = "I look at what is there first. There is a table with sorting already. "
      model.script("feature api", say(writes.repeat(30), { chunks: 600, delayMs: 400 }))
      model.script("feature ui", callTool("bash", { command: "echo hi", description: "greets" }), say("ui is done"))
      model.script("feature tests", nothing())
      // The gate of `tests` opens before `ui` asks, so that the inbox has them in this order.
      const ui = model.hold("feature ui")
      await tui.submit("/workflow run feature")
      await tui.waitFor(/1 needs you/, 60_000)
      ui.release()
      await tui.waitFor(/2 need you/, 60_000)
      key(tui, "o")
      await chosen(/(ui|tests) +needs you/)
      tui.press("home")
      await chosen(/survey +success/)
      tui.press("down")
      await chosen(/api +working/)
      // The live tail of the worker's output.
      await tui.waitFor(/Prompt +feature api: build[\s\S]*Writes +I look at what is there first\./)
      expect(tui.text()).toMatch(/◐ api +working +default +small/)
      tui.press("down")
      await chosen(/ui +needs you/)
      await tui.waitFor(/Needs you +bash: echo hi[\s\S]*Prompt +feature ui\n[\s\S]*Writes +› bash echo hi/)
      await expectScreen("dashboard-120x36", tui)
      tui.resize(80, 24)
      await tui.waitFor(/Needs you +bash: echo hi[\s\S]*\n a answer {2}enter open/)
      await expectScreen("dashboard-80x24", tui)
      tui.resize(200, 60)
      await tui.waitFor(/│ ── ui ─[\s\S]*\n a answer/)
      await expectScreen("dashboard-200x60", tui)
      tui.resize(120, 36)
      await tui.waitFor((text) => !text.includes("│ ── ui"))
    },
    LONG,
  )

  it(
    "goes to the first and the last step, moves by page, and shows the inbox",
    async () => {
      tui.press("end")
      await chosen(/review +pending/)
      tui.press("pageup")
      await chosen(/survey +success/)
      tui.press("pagedown")
      await chosen(/review +pending/)
      tui.type("i")
      await tui.waitFor(/Inbox: 2 need you[\s\S]*tests {2}failed[\s\S]*ui {5}bash: echo hi/)
      await expectScreen("dashboard-inbox", tui)
      tui.resize(80, 24)
      const isSmall = (text: string) => text.split("\n").length === 24
      await tui.waitFor(
        (text) => isSmall(text) && /Inbox: 2 need you[\s\S]*tests {2}failed[\s\S]*ui {5}bash: echo hi/.test(text),
      )
      tui.resize(120, 36)
      await tui.waitFor((text) => !isSmall(text) && /Inbox: 2 need you/.test(text))
      await closeDialog(tui)
      tui.press("up", "up")
      await chosen(/ui +needs you/)
    },
    LONG,
  )

  it(
    "answers a permission request in place, then shows the next item that waits",
    async () => {
      tui.type("a")
      await tui.waitFor(/Allow once[\s\S]*Always allow/)
      tui.press("enter")
      await tui.waitFor(/tests failed \(empty\)[\s\S]*Retry with a message/)
      tui.press("escape")
      await tui.waitFor(/✓ ui +success/)
      expect(model.asked("feature ui")).toHaveLength(2)
    },
    LONG,
  )

  it(
    "has a summary in the session's sidebar with the one item that needs the person",
    async () => {
      tui.press("escape")
      tui.resize(130, 30)
      // A toast covers the sidebar for ten seconds, and OpenCode's scrollbar comes and goes.
      await tui.waitFor((text) => /◔ tests[\s\S]*Context/.test(text) && !/waits for you|█/.test(text))
      await expectScreen("sidebar", tui)
      key(tui, "o")
      tui.resize(120, 36)
      await chosen(/ui +success/)
    },
    LONG,
  )

  it(
    "retries a step with a message in the step's session",
    async () => {
      model.script("mind the empty answer", say("tests are green"))
      tui.press("down")
      await chosen(/tests +needs you/)
      await tui.waitFor(/Prompt +feature tests/)
      await expectScreen("dashboard-gate", tui)
      tui.type("R")
      await tui.waitFor(/What tests should do better/)
      await fillIn(tui, "mind the empty answer")
      tui.press("enter")
      await tui.waitFor(/✓ tests +success/)
      expect(JSON.stringify(model.asked("mind the empty answer")[0]?.messages)).toContain("feature tests")
    },
    LONG,
  )

  it(
    "opens a step's session and comes back, sends its worker a message, and copies an answer",
    async () => {
      tui.press("up", "up")
      await chosen(/api +working/)
      tui.press("enter")
      await tui.waitFor(/Subagent/)
      key(tui, "w")
      await chosen(/api +working/)
      tui.type("m")
      await tui.waitFor(/Message to api/)
      await fillIn(tui, "and be brief")
      tui.press("enter")
      await tui.waitFor((text) => /Said to api/.test(text) && !/Message to api/.test(text))
      tui.press("home")
      await chosen(/survey +success/)
      tui.type("y")
      await tui.waitFor(/Copied the answer of survey: 22 characters/)
      tui.type("t")
      await tui.waitFor(/Session +ses_\w+[\s\S]*There is a lot to see\./)
      tui.press("escape")
      await tui.waitFor((text) => !/Session +ses_/.test(text) && /^┃.*survey +success/m.test(text))
    },
    LONG,
  )

  it(
    "pauses and continues a run, and aborts it after a confirmation",
    async () => {
      tui.type("p")
      await tui.waitFor(/p continue/)
      tui.type("p")
      await tui.waitFor(/p pause/)
      tui.type("x")
      await tui.waitFor(/Abort feature\?/)
      await expectScreen("dashboard-abort", tui)
      tui.press("enter")
      await tui.waitFor(/⊘ feature +cancelled/)
      expect(model.asked("feature review")).toHaveLength(0)
    },
    LONG,
  )

  it(
    "raises the budget of a run that has used it up",
    async () => {
      tui.type("q")
      await tui.submit("/workflow run dear topic=tea")
      await tui.waitFor(/dear · paused/)
      key(tui, "o")
      await tui.waitFor(/dear +paused[\s\S]*p raise/)
      tui.type("p")
      // The total that the dialog begins with is enough, and can be changed.
      await tui.waitFor(
        /New total budget of dear \(topic=tea\)[\s\S]*the run has spent \d+ of 100 tokens\. It may spend[\s\S]*tokens=\d{4}/,
      )
      await expectScreen("dashboard-raise", tui)
      tui.press("ctrl+u")
      await fillIn(tui, "tokens=50")
      tui.press("enter")
      await tui.waitFor(/The budget of dear is not raised[\s\S]*it may spend 100 tokens in all, and 50 tokens is less/)
      await closeDialog(tui)
      tui.type("p")
      await tui.waitFor(/New total budget of dear[\s\S]*tokens=\d{4}/)
      tui.press("enter")
      await tui.waitFor(/✓ dear +success/)
      expect(model.asked("dear two")).toHaveLength(1)
    },
    LONG,
  )

  it(
    "retries and skips steps by key, switches between runs, folds groups, and lists its keys",
    async () => {
      model.script("mend it", nothing())
      tui.type("q")
      await tui.submit("/workflow run mend")
      await tui.waitFor(/1 needs you/)
      key(tui, "o")
      await chosen(/fix +needs you/)
      tui.type("r")
      await model.waitFor("mend it", { count: 2, timeoutMs: 60_000 })
      await chosen(/fix +needs you +2 tries/)
      tui.type("s")
      await tui.waitFor(/✓ mend +success/)
      expect(tui.text()).toMatch(/– fix +skipped/)
      tui.press("right")
      await tui.waitFor(/── dear success/)
      tui.press("left")
      await tui.waitFor(/── mend success/)
      tui.type("q")
      await tui.submit("/workflow run grouped")
      await tui.waitFor(/grouped · success/, 60_000)
      await tui.submit("/workflow status")
      await tui.waitFor(/✓ all +success 2\/2[\s\S]*┌ ✓ one[\s\S]*└ ✓ two/)
      await tui.waitFor(/Prompt +grouped end/)
      await expectScreen("dashboard-grouped", tui)
      tui.press("home")
      await chosen(/all +success/)
      tui.type(" ")
      await tui.waitFor(/✓ all ▸ 2/)
      expect(tui.text()).not.toMatch(/✓ one/)
      tui.type("?")
      await tui.waitFor(/Keys of the dashboard/)
      await expectScreen("dashboard-keys", tui)
      tui.press("escape")
      await tui.waitFor((text) => !text.includes("Keys of the dashboard"))
      tui.press("escape")
      await tui.waitFor((text) => !text.includes("esc back"))
    },
    LONG,
  )
})

describe("moving between workers", () => {
  it(
    "goes by keys to the next, previous and delegated worker and up, and back to the unsent draft",
    async () => {
      const holds = ["lead the way", "stay beside", "what is the tide"].map((prompt) => model.hold(prompt))
      await tui.submit("/workflow run nested")
      await Promise.all(holds.slice(0, 2).map((hold) => hold.arrived))
      tui.type("my draft")
      await tui.waitFor(/my draft/)
      holds[0]?.release(callTool("worker_ask", { worker: "docs", prompt: "what is the tide" }))
      await holds[2]?.arrived
      // The live state is sent a few times a second, so the test waits for all three workers.
      key(tui, "o")
      await tui.waitFor(/◐ nested +running/)
      await tui.waitFor(/◐ head +› worker_ask[\s\S]*↳ docs +working[\s\S]*◐ beside +working/)
      tui.press("escape")
      await tui.waitFor(/my draft/)
      key(tui, "w")
      await tui.waitFor(/lead the way[\s\S]*Subagent/)
      tui.press("ctrl+x", "right")
      await tui.waitFor(/what is the tide[\s\S]*Subagent/)
      tui.press("ctrl+x", "up")
      await tui.waitFor(/lead the way[\s\S]*Subagent/)
      tui.press("ctrl+x", "left")
      await tui.waitFor(/stay beside[\s\S]*Subagent/)
      tui.press("ctrl+x", "left")
      await tui.waitFor(/what is the tide[\s\S]*Subagent/)
      key(tui, "o")
      await tui.waitFor(/◐ head[\s\S]*◐ ↳ docs[\s\S]*◐ beside/)
      tui.press("escape")
      await tui.waitFor(/what is the tide[\s\S]*Subagent/)
      key(tui, "w")
      const screen = await tui.waitFor(/my draft/)
      expect(screen).not.toContain("Subagent")
      expect(screen).toMatch(/Build · Small/)
      for (const hold of holds) hold.release(say("done"))
      await tui.waitFor(/nested · success/)
    },
    LONG,
  )
})
