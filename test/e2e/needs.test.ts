import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { nothing, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton, linesOf, startBaton } from "./support/baton.ts"
import { expectScreen } from "./support/captures.ts"
import { choose, closeDashboard, closeDialog, key, paused } from "./support/dialogs.ts"
import { makeProject, type Project } from "./support/project.ts"
import { openTui, type Tui } from "./support/screen.ts"
import { until } from "./support/until.ts"
import { warmServer } from "./support/warm.ts"

/**
 * Tests that a person sees the truth about runs that other processes drive, changed or left, and
 * that every surface says the same about what needs them.
 */

const LONG = 240_000

let model: ScriptedModel
let project: Project
let tui: Tui

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({
    model,
    server: await warmServer(),
    config: { profiles: { pair: { kind: "agent", mode: "foreground" } } },
    workflows: {
      left: "steps: [{ id: facts, prompt: left facts }, { id: text, prompt: left text, needs: [facts] }]",
      once: "steps: [{ id: only, prompt: once only }]",
      shell: "steps: [{ id: approve, type: gate, prompt: Ship it? }]",
      dear: "settings: { budget: { tokens: 100 } }\nsteps: [{ id: one, prompt: dear one }, { id: two, needs: [one], prompt: dear two }]",
      talk: "steps: [{ id: refine, profile: pair, prompt: talk refine }]",
    },
  })
  model.script("left facts", say("F"))
  const text = model.hold("left text")
  const killed = startBaton(project, "run", "left", "--run-id", "left-1", "--json")
  await text.arrived
  killed.signal("SIGKILL")
  await killed.exit()
  tui = await openTui(project, { cols: 80, rows: 24 })
}, LONG)
afterAll(async () => {
  await tui?.close()
  await project?.dispose()
  await model?.close()
}, LONG)

describe("without a command of a person", () => {
  it(
    "the home screen says at once what a killed process has left",
    async () => {
      await tui.waitFor(/\? 1 needs you \(ctrl\+x i\) · ‖ left interrupted at 1\/2/)
      await tui.waitFor((text) => !text.includes("Finishing startup"), 60_000)
      await expectScreen("needs-home-80x24", tui)
    },
    LONG,
  )

  it(
    "a run that failed here and was retried to success in a shell is shown as it is",
    async () => {
      model.script("once only", nothing(), say("at last"))
      await tui.submit("/workflow run once")
      await tui.waitFor(/1 needs you \(ctrl\+x i\) · ✗ once/)
      key(tui, "o")
      await tui.waitFor(/✗ once +failed/)
      const again = startBaton(project, "retry", "only", "--json")
      await tui.waitFor(/✓ once +success[\s\S]*✓ only +success/)
      expect(await again.exit()).toBe(0)
      await closeDashboard(tui)
    },
    LONG,
  )

  it(
    "a run that a shell pauses counts like one of this OpenCode",
    async () => {
      expect((await baton(project, "run", "shell", "--run-id", "shell-1", "--json")).code).toBe(3)
      await tui.waitFor(/\? 2 need you \(ctrl\+x i\)/)
    },
    LONG,
  )
})

it(
  "all surfaces name the same number in the same words, and a paused run is not forgotten for another one",
  async () => {
    await tui.submit("/workflow run dear")
    await tui.waitFor(/\? 3 need you \(ctrl\+x i\)/)
    await tui.submit("/workflow run talk")
    await tui.waitFor(/\? 4 need you \(ctrl\+x i\) · ✎ you work with refine/)
    key(tui, "o")
    await tui.waitFor(/Baton {2}.* \? 4 need you {2}/)
    await tui.waitFor(/refine +your turn[\s\S]*Writes +Answer to: talk refine/)
    await expectScreen("needs-dashboard-80x24", tui)
    tui.type("i")
    await tui.waitFor(/Inbox: 4 need you/)
    await expectScreen("needs-inbox-80x24", tui)
    await closeDialog(tui)
    await closeDashboard(tui)

    const [status, list, json] = await Promise.all(
      [["status"], ["list"], ["list", "--json"]].map((words) => baton(project, ...words)),
    )
    for (const said of [status, list]) {
      const lines = said?.stdout.slice(said.stdout.indexOf("? 4 need you\n")).split("\n") ?? []
      expect(lines.map((line) => line.replace(/ · baton status .*/, "").replace(/spent \d+/, "spent N"))).toEqual([
        "? 4 need you",
        "  left     interrupted at 1/2",
        "  approve  Ship it?",
        "  dear     paused at 1/2: the run has spent N of 100 tokens",
        "  refine   you work with it until /handback",
        "",
      ])
    }
    expect(linesOf(json?.stdout ?? "")[0]?.needs).toMatchObject([
      { type: "interrupted", run: "left-1" },
      { type: "gate", run: "shell-1", step: "approve" },
      { type: "hold", workflow: "dear" },
      { type: "turn", step: "refine" },
    ])
    tui.resize(130, 30)
    await tui.waitFor(/\? refine: you work with it[\s\S]*ctrl\+x i opens it/)
    tui.resize(80, 24)
  },
  LONG,
)

it(
  "each is opened from the inbox with one key, and goes from every surface when it is done",
  async () => {
    key(tui, "i")
    await tui.waitFor(/Inbox: 4 need you[\s\S]*refine/)
    tui.press("enter")
    await tui.waitFor(/left interrupted at 1\/2[\s\S]*Resume[\s\S]*See it in the dashboard[\s\S]*Abort/)
    model.script("left text", say("T"))
    tui.press("enter")
    // The next one is shown at once, and takes an answer after a pause.
    await paused(tui, /Ship it\?[\s\S]*Continue/)
    tui.press("enter")
    await paused(tui, /Raise its budget…/)
    tui.press("enter")
    await tui.waitFor(/New total budget of dear[\s\S]*tokens=\d{4}/)
    tui.press("enter")
    await paused(tui, /Open its session[\s\S]*Hand its result back/)
    await choose(tui, "Hand")
    await tui.waitFor((text) => !/need you|needs you/.test(text))
    await until(async () => !(await baton(project, "list")).stdout.includes("need you"), { what: "nothing to be left" })
    expect(model.asked("left facts")).toHaveLength(1)
  },
  LONG,
)
