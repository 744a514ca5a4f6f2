import { RGBA } from "@opentui/core"
import { testRender } from "@opentui/solid"
import { afterEach, expect, it, vi } from "vitest"
import { Dashboard } from "../../src/tui/dashboard/state.ts"
import { DashboardView } from "../../src/tui/dashboard/view.tsx"
import { TextDialog } from "../../src/tui/dialogs/text-dialog.tsx"
import type { TextDocument } from "../../src/tui/dialogs/text-document.ts"
import { DEFAULT_KEYS } from "../../src/tui/host/key-table.ts"
import { RunsPanel } from "../../src/tui/sidebar/sidebar.tsx"
import { createLive } from "../../src/tui/state/live.ts"
import { createPace } from "../../src/tui/state/pace.ts"
import { StatusBar } from "../../src/tui/status-line/view.tsx"
import { traceDocument } from "../../src/tui/trace/document.ts"
import { FEATURE, WORKERS } from "./support/board.ts"
import { HandClock } from "./support/clock.ts"
import { doneStep, runningStep, runView, stepView } from "./support/runs.ts"

const paint = () => RGBA.fromHex("#ffffff")
let screen: Awaited<ReturnType<typeof testRender>> | undefined
afterEach(() => screen?.renderer.destroy())

/** The rendered lines without trailing blanks. Empty lines at the end are dropped. */
async function lines(): Promise<string[]> {
  await screen?.renderOnce()
  const frame = screen?.captureCharFrame() ?? ""
  return frame
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd())
}

async function renderBar(width = 80) {
  const clock = new HandClock()
  const live = createLive(clock, createPace(clock))
  const keys = () => ({ jump: "ctrl+x w", inbox: "ctrl+x i", message: "ctrl+x p" })
  const bar = () => (
    <StatusBar
      paint={paint}
      live={live}
      session={() => "parent"}
      canType={() => true}
      keys={keys}
      isDashboard={() => false}
    />
  )
  screen = await testRender(bar, { width, height: 3 })
  return { clock, live }
}

it("the status line is absent without a run, then ticks, sums up the ended run and disappears", async () => {
  const { clock, live } = await renderBar()
  expect(await lines()).toEqual([""])
  live.update({ runs: [runView({ steps: [doneStep("survey"), runningStep("review")] })] })
  expect((await lines())[0]).toMatch(/^ {2}◐ demo 1\/2 · review 0s +ctrl\+x w open step$/)
  clock.advance(12_000)
  expect((await lines())[0]).toContain("review 12s")
  live.update({
    runs: [runView({ status: "success", endedAt: 12_000, steps: [doneStep("survey"), doneStep("review")] })],
  })
  clock.advance(200)
  expect((await lines())[0]).toContain("✓ demo done · 12s")
  clock.advance(30_000)
  expect(await lines()).toEqual([""])
})

it("the status line says that a command still waits for its answer", async () => {
  const { live } = await renderBar(60)
  live.setWaiting([`/workflow run demo ${"x".repeat(80)}`])
  const [line] = await lines()
  expect(line).toMatch(/^ {2}… \/workflow run demo x+… · waiting for Baton to answer$/)
  live.setWaiting([])
  expect(await lines()).toEqual([""])
})

it("the sidebar draws a session's run with the times aligned to the right", async () => {
  const clock = new HandClock()
  const live = createLive(clock, createPace(clock))
  screen = await testRender(() => <RunsPanel paint={paint} live={live} session="parent" inbox={() => "ctrl+x i"} />, {
    width: 40,
    height: 8,
  })
  expect(await lines()).toEqual([""])
  const failed = stepView("review", { status: "failed", reason: "timeout" })
  live.update({ runs: [runView({ steps: [doneStep("日本語"), failed, stepView("plan")] })] })
  expect(await lines()).toEqual([
    "Workflow demo",
    "◐ running 1/3 done, 1 failed       0s",
    "✓ 日本語                         3.0s",
    "✗ review                      timeout",
    "○ plan",
  ])
})

async function renderDialog(document: TextDocument, height: number) {
  const bound: Record<string, () => void> = {}
  let closed = 0
  const bindKeys = (keys: Readonly<Record<string, () => void>>) => {
    Object.assign(bound, keys)
    return () => {}
  }
  const dialog = () => <TextDialog paint={paint} document={document} bindKeys={bindKeys} close={() => closed++} />
  screen = await testRender(dialog, { width: 60, height })
  await lines()
  return { press: (key: string) => bound[key]?.(), closed: () => closed }
}

it("a short message wraps and offers no scrolling", async () => {
  const text = "did you mean `demo`? Workflows are read from the folder .opencode/workflows of this project."
  const dialog = await renderDialog(
    { title: "No such workflow", tone: "error", facts: [], sections: [{ text, tone: "text" }] },
    24,
  )
  expect(await lines()).toEqual([
    expect.stringMatching(/^ {4}No such workflow +esc$/),
    "",
    "    did you mean `demo`? Workflows are read from the",
    "    folder .opencode/workflows of this project.",
    "",
    "    return close",
  ])
  dialog.press("return")
  expect(dialog.closed()).toBe(1)
})

it("a trace longer than the screen scrolls to its end and back", async () => {
  const output = Array.from({ length: 60 }, (_, i) => `line ${i + 1}`).join("\n")
  const step = doneStep("review", 8_000, {
    output,
    prompt: "Do it",
    cost: 0.01,
    model: "a/one",
    requestedModel: "a/one",
  })
  const dialog = await renderDialog(traceDocument(step, "r1", 0), 24)
  const top = await lines()
  expect(top.join("\n")).toContain("State     ✓ success")
  expect(top.at(-1)).toBe("    ↑↓ scroll · return close")
  expect(top.length).toBeLessThanOrEqual(18)
  dialog.press("end")
  expect((await lines()).join("\n")).toContain("line 60")
  dialog.press("home")
  expect((await lines()).join("\n")).toContain("State     ✓ success")
  dialog.press("pagedown")
  expect((await lines()).join("\n")).toContain("Output")
})

const GROUND = { page: RGBA.fromHex("#000000"), chosen: RGBA.fromHex("#333333") }

/** A dashboard on a screen of 80x24 that counts its redraws. */
async function renderDashboard() {
  const clock = new HandClock()
  const pace = createPace(clock)
  const live = createLive(clock, pace)
  const modes: string[] = []
  const push = (mode: string) => {
    modes.push(mode)
    return () => void modes.pop()
  }
  const api = { mode: { current: () => "", push } }
  const ask = () => Promise.resolve({ tone: "error", title: "", text: "" } as const)
  const dashboard = new Dashboard({ live, pace, clock, keys: DEFAULT_KEYS, ask })
  const frame = vi.spyOn(dashboard, "frame")
  live.update({ runs: [FEATURE], workers: WORKERS })
  const view = () => (
    <DashboardView
      api={api}
      dashboard={dashboard}
      live={live}
      paint={paint}
      ground={(ground) => GROUND[ground]}
      session={() => undefined}
    />
  )
  screen = await testRender(view, { width: 80, height: 24 })
  return { clock, live, dashboard, modes, frame }
}

it("the dashboard fills the screen in its own key mode, with another background for the selected row", async () => {
  const { dashboard, modes } = await renderDashboard()
  expect(modes).toEqual(["baton.dashboard"])
  const drawn = await lines()
  expect(drawn).toHaveLength(24)
  expect(drawn[0]).toMatch(/^ Baton +1 running .*\? keys {2}esc back$/)
  const row = drawn.findIndex((line) => /^┃ .*◐ ui /.test(line))
  expect(row).toBeGreaterThan(2)
  dashboard.move(1)
  expect((await lines())[row + 1]).toMatch(/^┃ .*◐ tests /)
})

it("the dashboard redraws at most five times a second for updates, and at once for a key", async () => {
  const { clock, live, dashboard, frame } = await renderDashboard()
  clock.advance(1_000)
  frame.mockClear()
  for (let at = 0; at < 2_000; at += 20) {
    const tokens = { input: at, output: 0 }
    live.update({ runs: [FEATURE], workers: WORKERS.map((one) => ({ ...one, tokens })) })
    clock.advance(20)
  }
  expect(frame.mock.calls.length).toBeLessThanOrEqual(11)
  expect(frame.mock.calls.length).toBeGreaterThanOrEqual(9)
  frame.mockClear()
  dashboard.move(1)
  expect(frame.mock.calls.length).toBe(1)
})
