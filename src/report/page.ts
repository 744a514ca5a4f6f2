import { createHash } from "node:crypto"
import type { Report } from "./data.ts"
import type { Graph } from "./graph.ts"
import { type Html, html } from "./html.ts"
import { layOut } from "./layout.ts"
import { outcome } from "./outcome.ts"
import { costs, decisions, everything, files, steps, verdicts, warnings } from "./sections.ts"
import { details } from "./step-section.ts"
import { SCRIPT, STYLE } from "./style.ts"
import { summary, title } from "./summary.ts"
import { svgOf } from "./svg.ts"
import { timelineOf } from "./timeline.ts"
import { timeOf } from "./words.ts"

/** Larger graphs are not drawn, because the layout takes too long for what the picture is worth. */
const MOST_BOXES = 300

/** A section of the page, with its name in the table of contents. */
interface PageSection {
  readonly id: string
  readonly name: string
  readonly body: Html
}

/** The report as one self-contained page: it needs no network, no script and no other file. */
export function pageOf(report: Report): string {
  const sections: PageSection[] = [
    { id: "result", name: "Result", body: outcome(report) },
    { id: "graph", name: "Graph", body: graph(report) },
    { id: "timeline", name: "Timeline", body: timelineOf(report) },
    { id: "steps", name: "Steps", body: steps(report) },
    { id: "verdicts", name: "Verdicts", body: verdicts(report) },
    { id: "costs", name: "Costs", body: costs(report) },
    { id: "files", name: "Files", body: files(report) },
    { id: "warnings", name: "Warnings", body: warnings(report) },
    { id: "decisions", name: "Decisions", body: decisions(report) },
    { id: "details", name: "Each step in full", body: details(report) },
    { id: "everything", name: "Everything that happened", body: everything(report) },
  ]
  return `<!doctype html>\n${page(report, sections).markup}\n`
}

function page(report: Report, sections: readonly PageSection[]): Html {
  const hash = createHash("sha256").update(SCRIPT).digest("base64")
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title(report)}</title>
<link rel="icon" href="data:,">
<style>${{ markup: STYLE }}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
${summary(report)}
<nav aria-label="Contents"><ul>${sections.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
<main id="main">
${sections.map(
  ({ id, name, body }) => html`<section id="${id}" aria-labelledby="${id}-name"><h2 id="${id}-name">${name}</h2>
${body}</section>
`,
)}</main>
<footer><p>Made by Baton from the journal of run <code>${report.run.id}</code> on <time datetime="${new Date(report.madeAt).toISOString()}">${timeOf(report.madeAt)}</time>.</p></footer>
<script>${{ markup: SCRIPT }}</script>
</body>
</html>`
}

function graph(report: Report): Html {
  const size = countOf(report.graph)
  if (size > MOST_BOXES)
    return html`<p>${size} steps are too many to draw. Their dependencies are listed under <a href="#steps">Steps</a>.</p>`
  const linkOf = (step: string) => {
    const number = report.numbers.get(step)
    return number === undefined ? undefined : `#step-${number}`
  }
  const label = `Graph of ${report.run.workflow}: an arrow leads from a step to one that needs it`
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Graph, scrolls sideways">${svgOf(layOut(report.graph), label, linkOf)}</div>
<p class="legend">An arrow leads from a step to one that needs it. A box leads to its step; <a href="#steps">Steps</a> lists the same as text.</p>`
}

function countOf({ nodes }: Graph): number {
  return nodes.reduce((sum, { parts }) => sum + 1 + (parts === null ? 0 : countOf(parts)), 0)
}
