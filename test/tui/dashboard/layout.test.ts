import { expect, it } from "vitest"
import type { PendingRequestView, RunView, StepView, WorkerView } from "../../../src/core/view/view.ts"
import { detailLines } from "../../../src/tui/dashboard/detail.ts"
import { Dashboard } from "../../../src/tui/dashboard/state.ts"
import { textOf } from "../../../src/tui/dashboard/table.ts"
import { DEFAULT_KEYS } from "../../../src/tui/host/key-table.ts"
import { createLive } from "../../../src/tui/state/live.ts"
import { createPace } from "../../../src/tui/state/pace.ts"
import { HandClock } from "../support/clock.ts"
import { askView, doneStep, runningStep, runView, stepView, workerView } from "../support/runs.ts"

/** Tests that nothing on the dashboard moves while the values of a run change. */

const MODEL = { model: "anthropic/claude-sonnet-4", tokens: { input: 99_000, output: 900 }, cost: 0.0123 }
const AT = 5_000_000

interface Moment {
  readonly steps: readonly StepView[]
  readonly run?: Partial<RunView>
  readonly workers?: readonly WorkerView[]
  readonly asks?: readonly PendingRequestView[]
}

const waiting = [stepView("survey"), stepView("review", { needs: ["survey"] })]
const busy = [runningStep("survey", { startedAt: AT - 3_599_000, requestedModel: MODEL.model }), ...waiting.slice(1)]
const worker = workerView("survey", {
  run: "r1",
  step: "survey",
  session: "ses_survey",
  lastActivityAt: AT - 61_000,
  ...MODEL,
})
const failed = doneStep("survey", 59_000, { ...MODEL, status: "failed", reason: "check-failed", attempts: 3 })

/** A run from its start to its end, with the shortest and the longest values of each column. */
const MOMENTS: readonly Moment[] = [
  { steps: waiting },
  { steps: busy, workers: [{ ...worker, state: "starting", model: null, tokens: { input: 0, output: 0 } }] },
  { steps: busy, workers: [{ ...worker, state: "tool", tool: "a_tool_with_a_long_name" }] },
  { steps: busy, workers: [worker], asks: [askView("per_1", { run: "r1", session: "ses_survey" })] },
  {
    steps: [failed, stepView("review", { needs: ["survey"], status: "skipped" })],
    run: { tokens: MODEL.tokens, cost: 12.3456 },
  },
  { steps: [failed, ...waiting.slice(1)], run: { status: "interrupted", cost: null } },
  { steps: [failed, ...waiting.slice(1)], run: { status: "failed", endedAt: AT - 1, createdAt: -86_399_000 } },
]

/** The lines of the dashboard that have columns: header, run, head of the steps, and the two steps. */
function linesAt({ steps, run, workers = [], asks = [] }: Moment, width: number): string[] {
  const clock = new HandClock()
  clock.advance(AT)
  const pace = createPace(clock)
  const live = createLive(clock, pace)
  const dashboard = new Dashboard({
    live,
    pace,
    clock,
    keys: DEFAULT_KEYS,
    ask: () => new Promise(() => undefined),
  })
  live.update({ runs: [runView({ steps, ...run })], workers, asks })
  clock.advance(1_000)
  dashboard.show(undefined)
  const lines = dashboard.frame(width, 24).map(({ cells }) => textOf(cells))
  const head = lines.findIndex((line) => /^ +step /.test(line))
  return [0, 1, head, head + 1, head + 2].map((at) => lines[at] ?? "")
}

it.each([60, 80, 100, 120, 160, 200])(
  "the columns and the ends of the head line stand still while values change, at %i columns",
  (width) => {
    const seen = MOMENTS.map((moment) => linesAt(moment, width))
    const [first] = seen
    for (const [header = "", run = "", head = "", ...steps] of seen) {
      expect(head.slice(0, Math.floor(width * 0.6))).toBe(first?.[2]?.slice(0, Math.floor(width * 0.6)))
      expect(header).toMatch(width < 80 ? /^ Baton {2}\d running / : /^ Baton {2}\d running · \d over /)
      expect(header.indexOf("? keys")).toBe(first?.[0]?.indexOf("? keys"))
      expect(run.search(/[━╌]/)).toBe(first?.[1]?.search(/[━╌]/))
      expect(run.search(/\d\/\d/)).toBe(first?.[1]?.search(/\d\/\d/))
      // Each value stands under the head of its column.
      for (const step of steps) expect(step.charAt(head.indexOf("state") - 1)).toBe(" ")
    }
  },
)

it("a failed step says why at 80 columns, and the head line cuts no count in two", () => {
  const moments = MOMENTS.map((moment) => linesAt(moment, 80))
  expect(moments[4]?.[3]).toMatch(/✗ survey +check-failed {2}/)
  for (const [header] of moments) expect(header).not.toContain("…")
})

it("the facts of a step count the failed checks, warnings and lines that they leave out", () => {
  const check = { isOk: false, severity: "error", detail: "exit code 1", output: "" } as const
  const step = doneStep("survey", 1, {
    checks: [1, 2, 3, 4, 5].map((at) => ({ ...check, name: `check ${at}` })),
    warnings: [1, 2, 3, 4].map((at) => ({ kind: "reported", text: `warning ${at}` })),
  })
  const ask = askView("per_1", { title: "edit: a.ts", details: ["one", "two", "three"], more: 4 })
  const detail = (height: number) =>
    detailLines({
      run: runView({ steps: [step] }),
      step,
      tail: null,
      isLoaded: true,
      worker: undefined,
      ask,
      gate: undefined,
      now: 0,
      width: 60,
      height,
      answerKey: "a",
    }).map((cells) => textOf(cells).trim())
  const lines = detail(40)
  expect(lines).toContain("… 5 more lines")
  expect(lines).toContain("… 2 more failed checks")
  expect(lines).toContain("… 1 more warning")
  // A pane that is too low says with an ellipsis that its facts go on.
  expect(detail(10)[6]).toMatch(/ …$/)
  expect(detail(10).length).toBeLessThanOrEqual(10)
})
