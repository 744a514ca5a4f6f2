import { formatDuration } from "../core/duration.ts"
import { formatCost } from "../core/format.ts"
import type { Try } from "../core/story.ts"
import type { Report, StepReport } from "./data.ts"
import { type Html, html } from "./html.ts"
import { checkList, stateOf } from "./sections.ts"
import { type Column, table } from "./table.ts"
import { countOf, sinceOf } from "./words.ts"

/** Each step in full: what it was asked, what it answered, its tries, checks and files. */

export function details(report: Report): Html {
  return html`<p class="folding" hidden><button type="button" id="open">Open all</button> <button type="button" id="close">Close all</button></p>
${report.steps.map((step, at) => article(report, step, at + 1))}`
}

function article(report: Report, step: StepReport, number: number): Html {
  const { view, tries } = step
  const failed = view.status === "failed"
  const last = tries.at(-1)
  const output = view.output.trim()
  return html`<article id="step-${number}" aria-labelledby="step-${number}-name">
<h3 id="step-${number}-name"><code>${view.id}</code> ${stateOf(view)}</h3>
${view.detail === null ? null : html`<p class="why">${view.detail}</p>`}
<p class="meta">${metaOf(step)}</p>
${view.warnings.map(({ text }) => html`<p class="tone warn">! ${text}</p>`)}
${checkList(view.checks)}
${view.checks.flatMap(({ isOk, name, output: said }) => (isOk || said.trim() === "" ? [] : [fold(`What ${name} wrote`, said, failed)]))}
${tries.length > 1 ? triesTable(report, tries) : null}
${view.files.length === 0 ? null : html`<p>Wrote ${view.files.map((path, at) => html`${at > 0 ? ", " : ""}<code>${path}</code>`)}.</p>`}
${view.saved === null ? null : html`<p>Its answer is in <code>${view.saved}</code>.</p>`}
${last?.context ? fold("Told before the prompt", last.context, false) : null}
${view.prompt === null ? null : fold("Prompt", view.prompt, false)}
${output === "" ? html`<p class="muted">No answer.</p>` : fold("Answer", output, failed || output.length < 400)}
</article>
`
}

function metaOf({ view, spent, isGroup }: StepReport): Html {
  const facts = [
    isGroup || view.type !== "single"
      ? view.type === "single"
        ? "rounds"
        : view.type
      : `${view.profile} (${view.kind})`,
    ...(view.model === null ? [] : [view.model]),
    ...(view.startedAt !== null && view.endedAt !== null ? [formatDuration(view.endedAt - view.startedAt)] : []),
    ...(view.reason === null ? [] : [`${countOf(spent.tokens.input)} tokens in, ${countOf(spent.tokens.output)} out`]),
    ...(view.reason === null ? [] : [formatCost(spent.cost)]),
  ]
  const session = view.session === null ? null : html` · session <code>${view.session}</code>`
  return html`${facts.join(" · ")}${session}`
}

function triesTable({ run }: Report, tries: readonly Try[]): Html {
  const columns: Column<Try>[] = [
    { name: "Try", isHead: true, cell: ({ attempt }) => html`${attempt}` },
    { name: "Began", cell: ({ startedAt }) => html`${sinceOf(startedAt, run.createdAt)}` },
    {
      name: "Took",
      isNumber: true,
      cell: ({ startedAt, endedAt }) => html`${endedAt === null ? "" : formatDuration(endedAt - startedAt)}`,
    },
    { name: "Asked", cell: ({ asked }) => html`${asked ?? ""}` },
    { name: "Answered", cell: ({ result }) => html`${result?.model ?? ""}` },
    { name: "Came to", cell: ({ result }) => html`${cameTo(result)}` },
    { name: "Cost", isNumber: true, cell: ({ result }) => html`${result === null ? "" : formatCost(result.cost)}` },
  ]
  return table("Tries", columns, tries)
}

function cameTo(result: Try["result"]): string {
  if (result === null) return "not known"
  return result.detail === undefined ? result.reason : `${result.reason}: ${result.detail}`
}

function fold(name: string, text: string, isOpen: boolean): Html {
  return html`<details${isOpen ? OPEN : null}><summary>${name}</summary><pre>${text.trimEnd()}</pre></details>`
}

const OPEN = html` open`
