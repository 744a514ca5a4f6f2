import { type GateView, openGates } from "../core/view/gate-view.ts"
import { failedSteps, resultSteps } from "../core/view/outcome.ts"
import type { StepView } from "../core/view/view.ts"
import type { Report } from "./data.ts"
import { type Html, html } from "./html.ts"
import { markdownOf } from "./markdown.ts"
import { checkList, linkTo, stateOf } from "./sections.ts"

/** The first section of a report: what a person opens it for. */

/** How much of the output of a failed check, and of a failed step, is shown here. */
const TAIL_LINES = 40

/** What waits for a person, what failed, and the answers that the run leads to. */
export function outcome(report: Report): Html {
  const { run, steps } = report
  const hooks = new Set(steps.flatMap(({ step, hook }) => (hook === null ? [] : [step.id])))
  const failed = failedSteps(run.steps)
  const results = resultSteps(run.steps, hooks)
  const none = run.endedAt === null ? "No step has an answer yet." : "No step has an answer."
  return html`${openGates(run).map((gate) => gateCard(report, gate))}
${failed.map((step) => failureCard(report, step))}
${results.map((step) => answerCard(report, step, results.length))}
${results.length === 0 ? html`<p class="muted">${none}</p>` : null}`
}

function gateCard(report: Report, gate: GateView): Html {
  const asked = report.run.steps.find(({ id }) => id === gate.step)
  const isGate = asked?.type === "gate"
  return html`<div class="card waiting"><h3>${linkTo(report, gate.step)} <span class="state waiting">waits for a person</span></h3>
<p class="question">${isGate ? asked.prompt : gate.title}</p>
${isGate || gate.details.length === 0 ? null : html`<pre>${gate.details.join("\n")}</pre>`}
</div>`
}

function failureCard(report: Report, step: StepView): Html {
  const checks = step.checks.filter(({ isOk }) => !isOk)
  const outputs = checks.map(({ output }) => output).filter((output) => output.trim() !== "")
  const said = outputs.length > 0 || step.output.trim() === "" ? outputs : [step.output]
  return html`<div class="card failed"><h3>${linkTo(report, step.id)} ${stateOf(step)}</h3>
${step.detail === null ? null : html`<p class="why">${step.detail}</p>`}
${checkList(checks)}
${said.map((text) => html`<pre>${tailOf(text)}</pre>`)}
</div>`
}

function tailOf(text: string): string {
  const lines = text.trimEnd().split("\n")
  const cut = lines.length - TAIL_LINES
  return cut <= 0 ? lines.join("\n") : `… ${cut} lines before this\n${lines.slice(cut).join("\n")}`
}

function answerCard(report: Report, step: StepView, of: number): Html {
  const saved = step.saved === null ? null : html`<p class="muted">Its answer is in <code>${step.saved}</code>.</p>`
  const name =
    of === 1
      ? html`<p class="muted">The answer of ${linkTo(report, step.id)}:</p>`
      : html`<h3>${linkTo(report, step.id)}</h3>`
  return html`<div class="card">${name}
${markdownOf(step.output)}
${saved}</div>`
}
