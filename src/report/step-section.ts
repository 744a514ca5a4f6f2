import { formatDuration } from "../core/base/duration.ts"
import { countOf, formatCost } from "../core/view/numbers.ts"
import type { Try } from "../core/view/timeline.ts"
import { doerOf, doneByWords, type StepView } from "../core/view/view.ts"
import type { Report, StepReport } from "./data.ts"
import { type Html, html } from "./html.ts"
import { checkList, stateOf } from "./sections.ts"
import { type ReportColumn, table } from "./table.ts"
import { sinceOf } from "./words.ts"

/** Sections with everything about each step: its prompt, answer, tries, checks and files. */

export function details(report: Report): Html {
  return html`<p class="folding" hidden><button type="button" id="open">Open all</button> <button type="button" id="close">Close all</button></p>
${report.steps.map((step, at) => article(report, step, at + 1))}`
}

function article(report: Report, one: StepReport, number: number): Html {
  const { step, tries } = one
  const failed = step.status === "failed"
  return html`<article id="step-${number}" aria-labelledby="step-${number}-name">
<h3 id="step-${number}-name"><code>${step.id}</code> ${stateOf(step)}</h3>
${step.detail === null ? null : html`<p class="why">${step.detail}</p>`}
<p class="meta">${metaOf(one)}</p>
${step.warnings.map(({ text }) => html`<p class="tone warn">! ${text}</p>`)}
${checkList(step.checks)}
${step.checks.flatMap(({ isOk, name, output: said }) => (isOk || said.trim() === "" ? [] : [fold(`What ${name} wrote`, said, failed)]))}
${tries.length > 1 ? triesTable(report, tries) : null}
${step.files.length === 0 ? null : html`<p>Wrote ${step.files.map((path, at) => html`${at > 0 ? ", " : ""}<code>${path}</code>`)}.</p>`}
${step.saved === null ? null : html`<p>Its answer is in <code>${step.saved}</code>.</p>`}
${doerOf(step) === "person" ? gateCard(step) : exchange(one)}
</article>
`
}

/** What a worker was sent, and what it answered. */
function exchange({ step, tries }: StepReport): Html {
  const context = tries.at(-1)?.context
  const output = step.output.trim()
  const answer = fold("Answer", output, step.status === "failed" || output.length < 400)
  const none = doerOf(step) === "worker" ? html`<p class="muted">No answer.</p>` : null
  return html`${context ? fold("Context before the prompt", context, false) : null}
${step.prompt === null ? null : fold("Prompt", step.prompt, false)}
${output === "" ? none : answer}`
}

/** A gate's question, and what a person answered. */
function gateCard({ prompt, output, gate, endedAt }: StepView): Html {
  const none =
    gate !== null ? "nobody has answered yet" : endedAt === null ? "not asked yet" : "continued without a word"
  const answer = output.trim() === "" ? html`<dd class="muted">${none}</dd>` : html`<dd>${output.trim()}</dd>`
  const question = prompt === null ? null : html`<div><dt>Question</dt><dd>${prompt}</dd></div>`
  return html`<dl class="exchange">${question}<div><dt>Answer</dt>${answer}</div></dl>`
}

function metaOf({ step, spent }: StepReport): Html {
  const hasWorker = doerOf(step) === "worker"
  const isSpent = hasWorker || spent.tokens.input + spent.tokens.output > 0
  const facts = [
    hasWorker ? `${step.profile} (${step.kind})` : doneByWords(step),
    ...(step.model === null || !hasWorker ? [] : [step.model]),
    ...(step.startedAt !== null && step.endedAt !== null ? [formatDuration(step.endedAt - step.startedAt)] : []),
    ...(step.reason === null || !isSpent
      ? []
      : [
          `${countOf(spent.tokens.input)} tokens in, ${countOf(spent.tokens.output)} out`,
          formatCost(spent.cost, spent.knownUsd),
        ]),
  ]
  const session = step.session === null || !hasWorker ? null : html` · session <code>${step.session}</code>`
  return html`${facts.join(" · ")}${session}`
}

function triesTable({ run }: Report, tries: readonly Try[]): Html {
  const columns: ReportColumn<Try>[] = [
    { name: "Try", isHead: true, cell: ({ attempt }) => html`${attempt}` },
    { name: "Began", cell: ({ startedAt }) => html`${sinceOf(startedAt, run.createdAt)}` },
    {
      name: "Took",
      isNumber: true,
      cell: ({ startedAt, endedAt }) => html`${endedAt === null ? "" : formatDuration(endedAt - startedAt)}`,
    },
    { name: "Asked", cell: ({ asked }) => html`${asked ?? ""}` },
    { name: "Answered", cell: ({ result }) => html`${result?.model ?? ""}` },
    { name: "Result", cell: ({ result }) => html`${resultOf(result)}` },
    {
      name: "Cost",
      isNumber: true,
      cell: ({ result }) => html`${result === null ? "" : formatCost(result.cost, result.knownUsd)}`,
    },
  ]
  return table("Tries", columns, tries)
}

function resultOf(result: Try["result"]): string {
  if (result === null) return "not known"
  return result.detail === undefined ? result.reason : `${result.reason}: ${result.detail}`
}

function fold(name: string, text: string, isOpen: boolean): Html {
  return html`<details${isOpen ? OPEN : null}><summary>${name}</summary><pre>${text.trimEnd()}</pre></details>`
}

const OPEN = html` open`
