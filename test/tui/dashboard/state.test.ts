import { describe, expect, it } from "vitest"
import type { DashboardReply, Reply, StepReply } from "../../../src/core/view/protocol.ts"
import type { RunView } from "../../../src/core/view/view.ts"
import { Dashboard } from "../../../src/tui/dashboard/state.ts"
import { textOf } from "../../../src/tui/dashboard/table.ts"
import { DEFAULT_KEYS } from "../../../src/tui/host/key-table.ts"
import { createLive } from "../../../src/tui/state/live.ts"
import { createPace } from "../../../src/tui/state/pace.ts"
import { widthOf } from "../../../src/tui/state/text.ts"
import { ASK, FEATURE, MEND, OVER, WORKERS } from "../support/board.ts"
import { HandClock } from "../support/clock.ts"
import { doneStep, runningStep, runView, stepView } from "../support/runs.ts"

const board = (given: Partial<DashboardReply> = {}): Reply => ({
  tone: "info",
  title: "",
  text: "",
  view: { type: "board", run: null, runs: [], broken: [], more: 0, ...given },
})

/** A dashboard on top of a server half that the test answers for. `text` returns the screen. */
function open(answers: (line: string) => Reply | undefined = () => undefined) {
  const clock = new HandClock()
  const pace = createPace(clock)
  const live = createLive(clock, pace)
  const lines: string[] = []
  const ask = async (line: string) => {
    lines.push(line)
    return answers(line) ?? { tone: "error" as const, title: "no", text: "no" }
  }
  const dashboard = new Dashboard({ live, pace, clock, keys: DEFAULT_KEYS, ask })
  const text = (width = 80, height = 24) => {
    const frame = dashboard.frame(width, height)
    expect(frame).toHaveLength(height)
    for (const { cells } of frame) expect(widthOf(textOf(cells))).toBe(width)
    return frame.map(({ cells }) => textOf(cells).trimEnd()).join("\n")
  }
  /** Delivers the answers to all requests while time passes. */
  const settle = async (ms = 200) => {
    for (let at = 0; at < ms; at += 50) {
      clock.advance(50)
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    }
  }
  return { clock, live, dashboard, lines, text, settle }
}

/** The server half's view of a step, with its texts. */
const stepReply = (run: RunView, id: string, given: Partial<StepReply> = {}): Reply => {
  const step = run.steps.find((one) => one.id === id)
  if (step === undefined) throw new Error(`no step ${id}`)
  const prompt =
    "Build the user interface for the tide table.\n\nUse the components that are in src/ui; add no library."
  const view: StepReply = { type: "step", run: run.id, step: { ...step, prompt }, tail: null, ...given }
  return { tone: "info", title: "", text: "", view }
}
const TAIL = "I look at the components first.\n› read src/ui/table.tsx\nIt can sort already.\n› bash npm test"
const RUNS = [FEATURE, MEND, OVER]

function filled() {
  const seen = open((line) => {
    const [, run, step] = /^\/workflow show (\S+) (\S+)$/.exec(line) ?? []
    const found = RUNS.find(({ id }) => id === run)
    if (found && step) return stepReply(found, step, { tail: step === "build/ui" ? TAIL : null })
    return board({ run: FEATURE.id, runs: RUNS, more: 12 })
  })
  seen.live.update({ runs: RUNS, workers: WORKERS, asks: [ASK] })
  seen.clock.advance(84_000)
  seen.dashboard.show(undefined)
  seen.dashboard.take(board({ run: FEATURE.id, runs: RUNS, more: 12 }), false)
  return seen
}

describe("the dashboard of a project with runs", () => {
  it.each([
    [80, 24],
    [120, 36],
    [200, 60],
  ])("matches the stored screen at %i by %i", async (width, height) => {
    const { text, settle } = filled()
    await settle()
    await expect(text(width, height)).toMatchFileSnapshot(`screens/dashboard-${width}x${height}.txt`)
  })

  it("shows why a gate waits, what its red check says, and the possible decisions", async () => {
    const { dashboard, text, settle } = filled()
    dashboard.moveRun(1)
    await settle(400)
    await expect(text()).toMatchFileSnapshot("screens/dashboard-gate.txt")
  })

  it("fits every screen size, with names and texts of any width", async () => {
    const wide = doneStep("日本語".repeat(12), 1, { profile: "名前".repeat(9), model: `a/${"長".repeat(30)}` })
    const { text, live, settle } = filled()
    live.update({
      runs: [runView({ workflow: "日本語".repeat(20), steps: [wide, stepView("x".repeat(90))] })],
      asks: [ASK],
    })
    await settle()
    for (let width = 30; width <= 220; width += 7) for (let height = 12; height <= 60; height += 8) text(width, height)
  })
})

it("the dashboard selects the step that needs a person, and keeps the selection of the person", async () => {
  const { dashboard, live, settle } = filled()
  expect(dashboard.selection()?.step?.id).toBe("build/ui")
  expect(dashboard.selection()?.ask?.id).toBe("per_1")
  dashboard.move(-1)
  expect(dashboard.selection()?.step?.id).toBe("build/api")
  live.update({ runs: RUNS, workers: WORKERS, asks: [] })
  await settle()
  expect(dashboard.selection()?.step?.id).toBe("build/api")
  dashboard.move(Number.POSITIVE_INFINITY)
  expect(dashboard.selection()?.step?.id).toBe("ship")
  dashboard.moveRun(1)
  expect(dashboard.selection()).toMatchObject({ run: { id: MEND.id }, gate: { step: "review" } })
  dashboard.moveRun(-1)
  expect(dashboard.selection()?.run.id).toBe(FEATURE.id)
})

it("the dashboard requests the texts of the selected step only, and repeats it each second while the step runs", async () => {
  const { dashboard, lines, settle } = filled()
  await settle(3_000)
  const asked = lines.filter((line) => line.startsWith("/workflow show"))
  expect(new Set(asked)).toEqual(new Set([`/workflow show ${FEATURE.id} build/ui`]))
  expect(asked.length).toBeGreaterThanOrEqual(2)
  expect(asked.length).toBeLessThanOrEqual(4)
  lines.length = 0
  // A key that is held down passes many steps, and only the last one is requested.
  for (let n = 0; n < 6; n++) dashboard.move(-1)
  await settle(3_000)
  expect(lines).toEqual([`/workflow show ${FEATURE.id} plan`])
  dashboard.hide()
  dashboard.move(1)
  await settle(3_000)
  expect(lines).toHaveLength(1)
})

it("a dashboard message replaces the key hints for five seconds and is gone after the dashboard is closed", async () => {
  const { dashboard, text, clock } = filled()
  dashboard.say({ title: "mend · review waits for you", message: "it said\nnothing", variant: "warning" })
  expect(text()).toMatch(/ ! mend · review waits for you · it said nothing$/)
  clock.advance(5_000)
  expect(text()).toMatch(/ a answer {2}enter open[^\n]*$/)
  dashboard.say({ message: "Copied", variant: "success" })
  dashboard.hide()
  expect(text()).not.toContain("Copied")
})

it("the dashboard folds a group and unfolds it again", async () => {
  const { dashboard, text } = filled()
  dashboard.pick({ type: "step", key: `${FEATURE.id}/build` })
  dashboard.fold()
  expect(text()).toMatch(/◐ build ▸ 3 +1\/3 done/)
  expect(text()).not.toMatch(/◐ tests/)
  dashboard.fold()
  expect(text()).toMatch(/└ ◐ tests/)
})

it("the dashboard scrolls through 500 steps and keeps the selected one on the screen", () => {
  const { dashboard, live, text, clock } = open()
  const steps = Array.from({ length: 500 }, (_, at) =>
    stepView(`step-${at}`, { needs: at === 0 ? [] : [`step-${at - 1}`] }),
  )
  live.update({ runs: [runView({ steps })] })
  clock.advance(200)
  text()
  for (let n = 0; n < 250; n++) dashboard.move(1)
  expect(text()).toMatch(/┃ ○ step-250 /)
  dashboard.move(-dashboard.page())
  expect(text()).toMatch(/┃ ○ step-24\d /)
  dashboard.move(Number.POSITIVE_INFINITY)
  expect(text()).toMatch(/┃ ○ step-499 [\s\S]*step-499/)
  expect(text()).toContain("↑ 490")
})

it("the dashboard says how many runs there are, and reads older ones when a person goes on past the last", async () => {
  const run = (at: number) =>
    runView({ id: `run-${at}`, workflow: `w${at}`, status: "success", createdAt: -at, endedAt: -at })
  const page = (limit: number) => {
    const runs = Array.from({ length: Math.min(limit, 120) }, (_, at) => run(at))
    return board({ runs, more: Math.max(0, 120 - limit) })
  }
  const { dashboard, lines, text, settle } = open((line) => {
    if (line.startsWith("/workflow status")) return page(Number(/limit=(\d+)/.exec(line)?.[1] ?? 50))
    return undefined
  })
  dashboard.show(undefined)
  dashboard.take(page(50), false)
  dashboard.moveRun(49)
  expect(text()).toMatch(/run 50 of 120/)
  dashboard.moveRun(1)
  dashboard.moveRun(1)
  expect(text()).toContain("Reading older runs…")
  await settle()
  expect(lines.filter((line) => line.startsWith("/workflow status"))).toEqual(["/workflow status limit=100"])
  expect(text()).toMatch(/run 51 of 120[\s\S]*┃ ✓ w50 /)
  dashboard.moveRun(200)
  await settle()
  expect(dashboard.query()).toBe("/workflow status limit=150")
  dashboard.moveRun(200)
  expect(text()).toMatch(/run 120 of 120[\s\S]*┃ ✓ w119 /)
  await settle()
  expect(lines.filter((line) => line.startsWith("/workflow status"))).toHaveLength(2)
})

describe("a dashboard without runs", () => {
  it("says that the journal is being read, and then that nothing has run and what to type", async () => {
    const { dashboard, text, settle } = open()
    dashboard.show(undefined)
    await expect(text()).toMatchFileSnapshot("screens/dashboard-loading.txt")
    dashboard.take(board(), false)
    await settle()
    await expect(text()).toMatchFileSnapshot("screens/dashboard-empty.txt")
  })

  it("shows the error when the journal cannot be read at all", async () => {
    const { dashboard, text } = open()
    dashboard.show(undefined)
    dashboard.take(
      {
        tone: "error",
        title: "Baton failed",
        text: "the journal was written by a newer Baton (format 9, this one reads up to 3): update Baton",
      },
      false,
    )
    await expect(text()).toMatchFileSnapshot("screens/dashboard-failed.txt")
  })

  it("lists a run with an unreadable journal among the others, with the reason", async () => {
    const { dashboard, text, settle } = open()
    const broken = { id: "brokenRun1", workflow: "torn", createdAt: 10, why: "SyntaxError: event 3 is no JSON" }
    dashboard.show(undefined)
    dashboard.take(board({ run: OVER.id, runs: [OVER], broken: [broken] }), false)
    await settle()
    expect(text()).toContain("✗ torn")
    dashboard.moveRun(-1)
    await expect(text()).toMatchFileSnapshot("screens/dashboard-broken.txt")
    expect(dashboard.selection()).toBeUndefined()
  })
})

it("the dashboard requests the runs again when another process has written, and not otherwise", async () => {
  const far = runView({ id: "far", status: "failed", endedAt: 3, steps: [stepView("a", { status: "failed" })] })
  let isRetried = false
  const retried = { ...far, status: "success" as const, endedAt: 9 }
  const { dashboard, live, text, settle, lines } = open((line) =>
    line === "/workflow status" ? board({ run: "far", runs: [isRetried ? retried : far] }) : undefined,
  )
  const count = () => lines.filter((line) => line === "/workflow status").length
  dashboard.show(undefined)
  dashboard.take(board({ run: "far", runs: [far] }), false)
  await settle(5_000)
  expect(text()).toMatch(/✗ demo +failed/)
  expect(count()).toBe(0)
  isRetried = true
  for (let version = 1; version <= 20; version++) {
    live.update({ runs: [], version })
    await settle(500)
  }
  expect(text()).toMatch(/✓ demo +success/)
  // Ten seconds of changes.
  expect(count()).toBeLessThanOrEqual(4)
  await settle(5_000)
  const asked = count()
  await settle(10_000)
  expect(count()).toBe(asked)
})

it("the dashboard shows the session's newest run before any state message reports it, unless the person has moved", async () => {
  const fresh = runView({ id: "fresh", parent: "ses_1", createdAt: 900, steps: [runningStep("a")] })
  const old = runView({ id: "old", parent: "ses_1", createdAt: 100, status: "success", endedAt: 200, steps: [] })
  for (const hasMoved of [false, true]) {
    const { dashboard, live, settle } = open()
    live.update({ runs: [old] })
    dashboard.show("ses_1")
    expect(dashboard.selection()?.run.id).toBe("old")
    if (hasMoved) dashboard.moveRun(1)
    dashboard.take(board({ run: "fresh", runs: [fresh, old] }), false)
    await settle()
    expect(dashboard.selection()?.run.id).toBe(hasMoved ? "old" : "fresh")
    // A later answer does not change the person's selection.
    dashboard.moveRun(1)
    dashboard.take(board({ run: "fresh", runs: [fresh, old] }), false)
    await settle()
    expect(dashboard.selection()?.run.id).toBe("old")
  }
})

it("the dashboard updates the age of an ended run while nothing runs", async () => {
  const { dashboard, live, clock, text, settle } = open()
  const ended = runView({ id: "over", status: "success", createdAt: clock.now(), endedAt: clock.now(), steps: [] })
  live.update({ runs: [ended] })
  dashboard.show(undefined)
  dashboard.take(board({ run: "over", runs: [ended] }), false)
  await settle(95_000)
  expect(text(120)).toMatch(/success .* 1m ago/)
})

it("the dashboard selects the run and the step that a person asked for", async () => {
  const { dashboard, settle } = filled()
  dashboard.take(board({ run: OVER.id, runs: RUNS }), true)
  await settle()
  expect(dashboard.selection()?.run.id).toBe(OVER.id)
  dashboard.take(stepReply(FEATURE, "survey"), true)
  await settle()
  expect(dashboard.selection()).toMatchObject({ run: { id: FEATURE.id }, step: { id: "survey" } })
})
