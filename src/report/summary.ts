import { formatDuration } from "../core/base/duration.ts"
import { openGates, wayOn } from "../core/view/gate-view.ts"
import { MARKS } from "../core/view/marks.ts"
import { countOf, formatCost, plural } from "../core/view/numbers.ts"
import type { RunView } from "../core/view/view.ts"
import type { Report } from "./data.ts"
import { type Html, html } from "./html.ts"
import { isoOf, timeOf } from "./words.ts"

/** The head of a report: what ran, its result, its cost, and what a person has to do. */

export function title({ run }: Report): string {
  return `${run.workflow}: ${run.status} · Baton report`
}

export function summary(report: Report): Html {
  const { run, description, notes, inputs } = report
  const given = Object.entries(inputs)
  return html`<p class="kicker">Baton report</p>
<h1>${run.workflow} <span class="state ${run.status}">${MARKS[run.status]} ${run.status}</span></h1>
${description === null ? null : html`<p class="about">${description}</p>`}
${notes.length === 0 ? null : html`<p class="about">${notes.map(([name, text]) => `${name}: ${text}`).join(" · ")}</p>`}
<p class="verdict">${sentence(report)}</p>
<dl class="facts">
${facts(report).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${given.length === 0 ? null : html`<h2 class="small">Inputs</h2><dl class="inputs">${given.map(([name, value]) => html`<div><dt>${name}</dt><dd>${String(value)}</dd></div>`)}</dl>`}`
}

function facts({ run, files, warnings }: Report): [string, Html | string][] {
  const end = run.endedAt
  // The parts of a group are already counted in the group's own state.
  const own = run.steps.filter(({ group }) => group === null)
  const changed = files.attributed.length + (files.unattributed?.length ?? 0)
  return [
    ["Run", html`<code>${run.id}</code>`],
    ["Started", html`<time datetime="${isoOf(run.createdAt)}">${timeOf(run.createdAt)}</time>`],
    ["By", run.by],
    ["Took", end === null ? "has not ended" : formatDuration(end - run.createdAt)],
    ["Steps", `${own.filter(({ status }) => status === "success").length} of ${own.length} succeeded`],
    ["Cost", formatCost(run.cost, run.knownUsd)],
    ["Tokens", `${countOf(run.tokens.input)} in, ${countOf(run.tokens.output)} out`],
    ["Files", plural(changed, "file")],
    ["Warnings", String(warnings.length)],
  ]
}

/** The result in one sentence. */
function sentence({ run }: Report): string {
  const failed = run.steps.filter(({ status, group }) => status === "failed" && group === null)
  const why = failed.map(
    ({ id, reason, detail }) => `${id} (${reason ?? "failed"}${detail === null ? "" : `: ${detail}`})`,
  )
  switch (run.status) {
    case "success":
      return "Everything that had to run succeeded."
    case "failed":
      if (run.cause === "deadline") return "The run passed its deadline."
      return why.length === 0 ? "The run failed." : `Failed steps: ${why.join("; ")}.`
    case "cancelled":
      return "A person ended the run."
    case "interrupted":
      return "The run was interrupted and can be resumed."
    case "paused":
      return waiting(run)
    case "running":
      return "The run is still in progress. This report shows its current state."
  }
}

function waiting(run: RunView): string {
  const gates = openGates(run).map(({ title }) => title)
  if (gates.length > 0) return `Waits for a person: ${gates.join("; ")}`.replace(/[^.?!]$/, "$&.")
  return `Paused: ${run.hold?.detail ?? "held"}; continue it with \`/workflow ${wayOn(run.hold)}\`.`
}
