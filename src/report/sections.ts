import { formatDuration } from "../core/base/duration.ts"
import type { CheckResult } from "../core/model/result.ts"
import { doneBy } from "../core/model/step-types.ts"
import { verdictLines } from "../core/model/verdict.ts"
import { MARKS } from "../core/view/marks.ts"
import { countOf, formatCost, plural } from "../core/view/numbers.ts"
import type { Moment } from "../core/view/timeline.ts"
import { type StepView, stepWord } from "../core/view/view.ts"
import type { Report, StepReport } from "./data.ts"
import { type Html, html, joined } from "./html.ts"
import { type ReportColumn, table } from "./table.ts"
import { isoOf, sinceOf, timeOf } from "./words.ts"

/** The tables of a report. */

/** A link to the section of a step. */
export function linkTo(report: Report, step: string): Html {
  const number = report.numbers.get(step)
  return number === undefined ? html`<code>${step}</code>` : html`<a href="#step-${number}"><code>${step}</code></a>`
}

export function stateOf(step: StepView): Html {
  const { status, reason } = step
  const why = reason === null || reason === "ok" || status === "cancelled" ? "" : ` · ${reason}`
  return html`<span class="state ${status}">${MARKS[status]} ${stepWord(step)}${why}</span>`
}

function tookOf({ startedAt, endedAt }: StepView): string {
  return startedAt === null || endedAt === null ? "" : formatDuration(endedAt - startedAt)
}

export function steps(report: Report): Html {
  const columns: ReportColumn<StepReport>[] = [
    {
      name: "Step",
      isHead: true,
      cell: ({ step, level }) => html`<span class="level${Math.min(level, 3)}">${linkTo(report, step.id)}</span>`,
    },
    { name: "State", cell: ({ step }) => stateOf(step) },
    {
      name: "Needs",
      cell: ({ step, hook }) =>
        hook !== null
          ? html`at the end (${hook})`
          : joined(
              step.needs.map((need) => linkTo(report, need)),
              ", ",
            ),
    },
    { name: "Done by", cell: (step) => workerOf(step) },
    { name: "Tries", isNumber: true, cell: ({ step }) => html`${step.attempts}` },
    { name: "Time", isNumber: true, cell: ({ step }) => html`${tookOf(step)}` },
    { name: "Tokens", isNumber: true, cell: ({ spent }) => html`${countOf(spent.tokens.input + spent.tokens.output)}` },
    {
      name: "Cost",
      isNumber: true,
      cell: ({ step, spent }) =>
        html`${step.attempts === 0 || doneBy(step.type) === "person" ? "" : formatCost(spent.cost, spent.knownUsd)}`,
    },
  ]
  return table("Steps", columns, report.steps)
}

function workerOf({ step, isGroup }: StepReport): Html {
  const { type, profile, kind, model, requestedModel, attempts } = step
  const doer = doneBy(type)
  if (doer === "person") return html`a person`
  if (isGroup) return html`${doer === "worker" ? "rounds" : type} (its parts, below)`
  if (doer !== "worker") return html`${type}`
  const asked = model !== requestedModel && requestedModel !== null ? ` (asked for ${requestedModel})` : ""
  const answered = attempts > 0 && model !== null ? html`<br><code>${model}</code>${asked}` : null
  return html`${profile} (${kind})${answered}`
}

// ── verdicts ─────────────────────────────────────────────────────────────────────────────────────

export function verdicts(report: Report): Html {
  const judged = report.steps.filter((one) => isJudged(one))
  if (judged.length === 0) return html`<p>No step has a check, a verdict or a reason to tell.</p>`
  return table(
    "Verdicts",
    [
      { name: "Step", isHead: true, cell: ({ step }) => linkTo(report, step.id) },
      { name: "Verdict", cell: ({ step }) => stateOf(step) },
      { name: "Reason", cell: (step) => reasonOf(step) },
      { name: "Checks", cell: ({ step }) => checkList(step.checks) },
    ],
    judged,
  )
}

/** That a step answered, was continued or follows from its parts says nothing that its state does not. */
function isJudged({ step }: StepReport): boolean {
  const { checks, detail, reason, verdict } = step
  return checks.length > 0 || verdict !== null || detail !== null || (reason !== null && reason !== "ok")
}

function reasonOf({ step }: StepReport): Html {
  const { detail, reason, verdict } = step
  if (verdict === null) return html`${detail ?? (reason === "ok" ? "" : reason)}`
  return html`<ul class="plain">${verdictLines(verdict).map((line) => html`<li>${line}</li>`)}</ul>`
}

export function checkList(checks: readonly CheckResult[]): Html | null {
  if (checks.length === 0) return null
  return html`<ul class="checks">${checks.map(checkItem)}</ul>`
}

function checkItem({ name, isOk, severity, detail }: CheckResult): Html {
  const [kind, mark, word] = isOk
    ? ["success", "✓", "passed"]
    : severity === "error"
      ? ["failed", "✗", "failed"]
      : ["warning", "!", "warning"]
  return html`<li><span class="state ${kind}">${mark}<span class="hidden"> ${word}: </span></span> <code>${name}</code>: ${detail}</li>`
}

// ── costs ────────────────────────────────────────────────────────────────────────────────────────

export function costs(report: Report): Html {
  const { models } = report
  const spent = report.steps.filter(
    ({ step, isGroup }) => step.attempts > 0 && doneBy(step.type) !== "person" && !isGroup,
  )
  if (spent.length === 0) return html`<p>Nothing was spent.</p>`
  return html`<p>${totalOf(report)}</p>
<h3>By model</h3>
${table(
  "Costs by model",
  [
    { name: "Model", isHead: true, cell: ({ model }) => html`<code>${model ?? "not known"}</code>` },
    { name: "Tries", isNumber: true, cell: ({ tries }) => html`${tries}` },
    { name: "Tokens in", isNumber: true, cell: ({ tokens }) => html`${countOf(tokens.input)}` },
    { name: "Tokens out", isNumber: true, cell: ({ tokens }) => html`${countOf(tokens.output)}` },
    { name: "Cost", isNumber: true, cell: ({ cost, knownUsd }) => html`${formatCost(cost, knownUsd)}` },
  ],
  models,
)}
<h3>By step</h3>
${table(
  "Costs by step",
  [
    { name: "Step", isHead: true, cell: ({ step }) => linkTo(report, step.id) },
    { name: "Tokens in", isNumber: true, cell: ({ step }) => html`${countOf(step.tokens.input)}` },
    { name: "Tokens out", isNumber: true, cell: ({ step }) => html`${countOf(step.tokens.output)}` },
    { name: "Cost", isNumber: true, cell: ({ step }) => html`${formatCost(step.cost, step.knownUsd)}` },
    { name: "Delegated", isNumber: true, cell: ({ step }) => html`${delegatedBy(step)}` },
  ],
  spent,
)}`
}

/** The total in words. Of a sum with an unknown part, the known part is named. */
function totalOf({ run }: Report): string {
  const tokens = `${countOf(run.tokens.input)} tokens read and ${countOf(run.tokens.output)} written, including every try and all delegated work`
  if (run.cost !== null) return `${formatCost(run.cost)}, ${tokens}.`
  return `${tokens}. Some of it has no known price; the known part costs ${formatCost(run.knownUsd)}.`
}

function delegatedBy({ delegated }: StepView): string {
  if (delegated === null) return ""
  return `${plural(delegated.runs.length, "task")}, ${formatCost(delegated.cost, delegated.knownUsd)}`
}

// ── files ────────────────────────────────────────────────────────────────────────────────────────

export function files(report: Report): Html {
  const { attributed, unattributed, why } = report.files
  const known =
    attributed.length === 0
      ? html`<p>No step reported that it wrote a file.</p>`
      : table(
          "Files by step",
          [
            { name: "File", isHead: true, cell: ({ path }) => html`<code>${path}</code>` },
            {
              name: "Written by",
              cell: ({ steps: ids }) =>
                joined(
                  ids.map((id) => linkTo(report, id)),
                  ", ",
                ),
            },
          ],
          attributed,
        )
  return html`<h3>Written by a step</h3>
${known}
<h3>Unattributed</h3>
${unattributed === null ? html`<p>${why}</p>` : restOf(unattributed)}`
}

function restOf(paths: readonly string[]): Html {
  if (paths.length === 0) return html`<p>None: git reports no other file that changed during the run.</p>`
  return html`<p>Changed during the run without a step reporting it: by a shell command, by a check, or by somebody else.</p>
<ul>${paths.map((path) => html`<li><code>${path}</code></li>`)}</ul>`
}

// ── what happened ────────────────────────────────────────────────────────────────────────────────

export function warnings(report: Report): Html {
  if (report.warnings.length === 0) return html`<p>None.</p>`
  return table(
    "Warnings",
    [
      { name: "Step", isHead: true, cell: ({ step }) => linkTo(report, step) },
      { name: "Kind", cell: ({ kind }) => html`${kind}` },
      { name: "What", cell: ({ text }) => html`${text}` },
    ],
    report.warnings,
  )
}

export function decisions(report: Report): Html {
  const said = report.moments.filter(({ kind }) => kind === "decision" || kind === "retry")
  if (said.length === 0) return html`<p>Nobody decided anything, and no step was retried.</p>`
  return momentTable(report, "Decisions and retries", said)
}

export function everything(report: Report): Html {
  return html`<details><summary>${plural(report.moments.length, "event")} of the journal</summary>
${momentTable(report, "Everything that happened", report.moments)}</details>`
}

function momentTable(report: Report, name: string, moments: readonly Moment[]): Html {
  const { createdAt } = report.run
  const isLong = (text: string) => text.length > 200 || text.includes("\n")
  return table(
    name,
    [
      {
        name: "When",
        cell: ({ at }) => html`<time datetime="${isoOf(at)}" title="${timeOf(at)}">${sinceOf(at, createdAt)}</time>`,
      },
      { name: "Step", isHead: true, cell: ({ step }) => (step === null ? html`the run` : linkTo(report, step)) },
      {
        name: "What",
        cell: ({ title, text, tone }) => {
          const more =
            text === ""
              ? null
              : isLong(text)
                ? html`<details><summary>in full</summary><pre>${text}</pre></details>`
                : html`<br><q>${text}</q>`
          return html`<span class="tone ${tone}">${title}</span>${more}`
        },
      },
    ],
    moments,
  )
}
