import { evolve } from "../../src/core/fold/evolve.ts"
import type { RunEvent } from "../../src/core/model/events.ts"
import type { StepResult } from "../../src/core/model/result.ts"
import type { Run } from "../../src/core/model/run.ts"
import type { Step } from "../../src/core/model/workflow.ts"
import { type RunView, viewRun } from "../../src/core/view/view.ts"
import { reportOf } from "../../src/report/data.ts"
import { pageOf } from "../../src/report/page.ts"
import { drive } from "../support/drive.ts"
import { profile, step } from "../support/runs.ts"

/** Markup that a hostile model or file name could try to put into a page. */
export const HOSTILE = `</script><img src=x onerror="fetch('https://example.invalid/')"><script>document.title='owned'</script>`

/** 2026-03-01 09:00:00 UTC. */
const START = Date.UTC(2026, 2, 1, 9)
const SONNET = { model: "anthropic/claude-sonnet", session: "ses_1" }

const STEPS: readonly Step[] = [
  { ...step("survey"), profile: "docs" },
  {
    ...step("plan", "survey"),
    type: "parallel",
    group: {
      type: "parallel",
      steps: [
        { ...step("api"), profile: "docs" },
        { ...step("pages"), profile: "docs" },
      ],
    },
  },
  {
    ...step("build", "plan"),
    profile: "coder",
    retry: { maxAttempts: 3, delayMs: 5_000, backoff: "fixed" },
    checks: [{ type: "command", run: "npm test", expect: "pass", severity: "error" }],
    intervene: "on-error",
  },
  { ...step("document", "plan"), profile: "docs", output: "docs/guide.md" },
  { ...step("approve", "build", "document"), type: "gate", prompt: "Ship it?" },
  { ...step("publish", "approve"), profile: "coder" },
  { ...step("tell", "publish"), profile: "docs", hook: "failure" },
]

/**
 * A run with everything that a report can contain: groups, tries, checks, a gate, warnings, files
 * and hostile text.
 */
export function eventfulRun(hostile = ""): { readonly events: readonly RunEvent[]; readonly run: RunView } {
  const { send, events, pass, end, open, check, decide, now } = drive(STEPS, { intervene: "on-error" }, 8, {
    inputs: { topic: `tides${hostile}`, depth: 3 },
    profiles: { docs: profile("docs"), coder: profile("coder", { kind: "server" }) },
  })
  const shift = START - now
  const done = (id: string, over: Partial<StepResult> = {}) => end(id, "ok", undefined, { ...SONNET, ...over })
  send({ type: "seen", commit: "c0ffee", dirty: {} })
  open("survey")
  pass(42_000)
  done("survey", {
    output: `The project has three parts.${hostile}`,
    tokens: { input: 8_200, output: 640 },
    cost: 0.034,
  })
  for (const id of ["plan:api", "plan:pages"]) open(id)
  pass(31_000)
  done("plan:api", { output: "An API of four routes.", files: ["docs/api.md"], cost: 0.012 })
  pass(12_000)
  done("plan:pages", { output: "Two pages.", files: ["docs/pages.md"], cost: 0.01 })
  open("build")
  open("document")
  send({
    type: "warned",
    step: "build",
    attempt: 1,
    warning: { kind: "fallback", text: `claude-opus is out of quota${hostile}` },
  })
  pass(90_000)
  done("document", { output: "# Guide", files: ["docs/guide.md"] })
  send({ type: "checked", step: "document", attempt: 1, checks: [], saved: "docs/guide.md" })
  pass(30_000)
  done("build", { output: "Built.", files: [`src/app${hostile}.ts`, "src/routes.ts"], cost: 0.21 })
  check("build", {
    isOk: false,
    detail: "exit code 1",
    output: `FAIL test/app.test.ts\n  expected 3 to be 4${hostile}`,
  })
  pass(6_000)
  open("build")
  pass(55_000)
  done("build", { output: "Built again.", files: ["src/app.ts"], cost: 0.18, model: "openai/gpt-5.2" })
  check("build", {})
  pass(150_000)
  decide("approve", "continue", `yes, ship it${hostile}`)
  open("publish")
  pass(9_000)
  end("publish", "error", undefined, {
    detail: `the registry said no${hostile}`,
    output: "npm error 403",
    cost: null,
    ...SONNET,
  })
  decide("publish", "continue")
  open("tell")
  pass(4_000)
  done("tell", { output: "Told the team." })
  send({ type: "changed", files: ["docs/api.md", "docs/guide.md", "docs/pages.md", "package-lock.json", "src/app.ts"] })
  const shifted = events.map((event) => shiftedBy(event, shift))
  return { events: shifted, run: viewOf(shifted) }
}

function shiftedBy(event: RunEvent, by: number): RunEvent {
  return { ...event, at: event.at + by }
}

export function viewOf(events: readonly RunEvent[]): RunView {
  return viewRun(events.reduce<Run | undefined>(evolve, undefined) as Run, false)
}

/** The report's page made from these events. */
export function pageFor(events: readonly RunEvent[], run: RunView = viewOf(events)): string {
  const now = (events.at(-1)?.at ?? 0) + 1_000
  return pageOf(reportOf(events, { run, find: () => undefined, now }))
}
