/** Styles of a report for light and dark screens and for paper, and its small script. */

const COLOURS = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b2129; --soft: #57606b; --line: #d8dde3; --fill: #f5f7f9; --link: #0a5cb8;
  --good: #17733a; --bad: #b3202c; --warn: #855600; --run: #0a5cb8; --idle: #6b7480;
  --good-fill: #e6f4ea; --bad-fill: #fcebec; --warn-fill: #fdf3dc; --run-fill: #e7f0fb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161b; --text: #e4e8ed; --soft: #9aa4af; --line: #303841; --fill: #1a2027; --link: #7cb7ff;
    --good: #6fd08c; --bad: #ff8b8f; --warn: #e8b84f; --run: #7cb7ff; --idle: #8d97a3;
    --good-fill: #15301f; --bad-fill: #3a1a1d; --warn-fill: #33270d; --run-fill: #14283f;
  }
}`

const PAGE = `
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2rem; }
footer { padding-top: 1rem; padding-bottom: 3rem; color: var(--soft); }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h1 .state { font-size: 1rem; vertical-align: .25em; margin-left: .4rem; letter-spacing: 0; }
h2 { font-size: 1.25rem; margin: 0 0 .8rem; }
h2.small { font-size: .8rem; color: var(--soft); margin: 1rem 0 .3rem; font-weight: 600; }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
section { padding: 2rem 0 .4rem; }
section + section { border-top: 1px solid var(--line); }
p { margin: .4rem 0 .8rem; max-width: 62rem; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible, button:focus-visible, .scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .88em; }
pre { background: var(--fill); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; margin: .4rem 0 .8rem; white-space: pre-wrap; tab-size: 2; }
q { color: var(--soft); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--page); padding: .3rem .6rem; }
.kicker { color: var(--soft); font-size: .85rem; margin: 0 0 .2rem; }
.about { color: var(--soft); }
.verdict { font-size: 1.05rem; margin: .6rem 0 1.2rem; }
.muted, .meta, .legend { color: var(--soft); font-size: .9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; padding: .8rem 0; margin: 1.2rem 0 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); font-size: .92rem; }
main > section:first-child { border-top: 0; }
dl { margin: 0; }
.facts, .inputs { display: grid; grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr)); gap: .8rem 1.5rem; }
.inputs { grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); }
@media screen and (max-width: 48rem) { .facts { grid-template-columns: 1fr 1fr; gap: .6rem 1rem; } }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.state { font-weight: 600; white-space: nowrap; color: var(--idle); }
.state.success, .tone.good { color: var(--good); }
.state.failed, .tone.bad { color: var(--bad); }
.state.warning, .state.waiting, .state.paused, .state.interrupted, .state.cancelled, .tone.warn { color: var(--warn); }
.state.running { color: var(--run); }
h1 .state { padding: .15rem .6rem; border-radius: 1rem; background: var(--fill); }
h1 .state.success { background: var(--good-fill); }
h1 .state.failed { background: var(--bad-fill); }
h1 .state.running { background: var(--run-fill); }
h1 .state.paused, h1 .state.interrupted, h1 .state.cancelled { background: var(--warn-fill); }
article { border: 1px solid var(--line); border-radius: 8px; padding: .2rem 1rem .6rem; margin: 0 0 1rem; scroll-margin-top: 1rem; }
article:target { border-color: var(--link); }
article h3 { margin: .7rem 0 .3rem; font-size: 1.05rem; }
article h3 .state { font-size: .9rem; margin-left: .5rem; }
.card { border: 1px solid var(--line); border-left: 4px solid var(--good); border-radius: 8px; padding: .6rem 1rem; margin: 0 0 1rem; }
.card.failed { border-left-color: var(--bad); } .card.waiting { border-left-color: var(--warn); }
.card h3 { margin: .1rem 0 .4rem; }
.card pre { max-height: 28rem; overflow-y: auto; }
.prose > :first-child { margin-top: .2rem; } .prose > :last-child { margin-bottom: .2rem; }
.prose .heading { font-weight: 600; font-size: 1.05rem; margin: 1.1rem 0 .4rem; }
.prose blockquote { margin: .6rem 0; padding-left: .9rem; border-left: 3px solid var(--line); color: var(--soft); }
.prose pre code { font-size: inherit; }
.prose table { display: block; width: max-content; max-width: 100%; overflow-x: auto; }
.prose thead { display: table-header-group; position: static; width: auto; height: auto; clip-path: none; }
.prose tbody { display: table-row-group; }
.prose tbody tr, .prose thead tr { display: table-row; border: 0; padding: 0; }
.prose tbody td, .prose tbody th, .prose thead th { display: table-cell; padding: .35rem 1.4rem .35rem 0; border-bottom: 1px solid var(--line); font-weight: inherit; }
.prose thead th { font-weight: 600; } .prose tbody td::before { content: none; }
.prose li > p { margin: .2rem 0; }
.question, .exchange dd { white-space: pre-wrap; } .exchange div { margin: .3rem 0 .6rem; }
.why { color: var(--bad); }
article .meta { margin: .2rem 0 .6rem; }
summary { cursor: pointer; padding: .15rem 0; font-weight: 600; font-size: .93rem; }
.checks, .plain { list-style: none; padding: 0; margin: .3rem 0; }
button { font: inherit; font-size: .9rem; color: var(--text); background: var(--fill); border: 1px solid var(--line); border-radius: 6px; padding: .25rem .8rem; cursor: pointer; }
.level1 { padding-left: 1rem; } .level2 { padding-left: 2rem; } .level3 { padding-left: 3rem; }
`

const TABLES = `
table { border-collapse: collapse; width: 100%; margin: .2rem 0 1rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: .8rem; font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; }
th.number, td.number { text-align: right; white-space: nowrap; }
td .checks, td .plain { margin: 0; }
@media screen and (max-width: 48rem) {
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  table, tbody, tr, th, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .8rem; margin-bottom: .6rem; }
  tbody th, tbody td { border: 0; padding: .15rem 0; }
  tbody th { font-weight: 600; }
  tbody td, tbody td.number { display: flex; gap: .8rem; text-align: left; white-space: normal; }
  tbody td::before { content: attr(data-name); flex: 0 0 6rem; color: var(--soft); font-size: .85rem; }
  tbody td[data-empty] { display: none; }
  tbody td > span { min-width: 0; }
}`

const DRAWINGS = `
.scroll { overflow-x: auto; padding: .4rem 0; }
.graph { display: block; margin: 0 auto; }
.graph text { text-anchor: middle; fill: var(--text); }
.graph .name { font: 600 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.graph .note { font: 11.5px system-ui, "DejaVu Sans", sans-serif; fill: var(--soft); }
.graph .shape { fill: var(--fill); stroke: var(--idle); stroke-width: 1.2; }
.graph .edge { fill: none; stroke: var(--idle); stroke-width: 1.3; }
.graph .edge.later { stroke-dasharray: 2 4; }
.graph .tip { fill: var(--idle); }
.graph .success > * > .shape { fill: var(--good-fill); stroke: var(--good); }
.graph .failed > * > .shape { fill: var(--bad-fill); stroke: var(--bad); stroke-width: 2; }
.graph .running > * > .shape { fill: var(--run-fill); stroke: var(--run); }
.graph .waiting > * > .shape, .graph .cancelled > * > .shape { fill: var(--warn-fill); stroke: var(--warn); }
.graph .pending > * > .shape, .graph .skipped > * > .shape, .graph .planned > * > .shape { stroke-dasharray: 4 3; }
.graph .cluster > * > .shape { fill: none; }
.graph a:hover .name { text-decoration: underline; }
.timeline { font-size: .9rem; }
.lane { display: grid; grid-template-columns: minmax(6rem, 14rem) 1fr 4.8rem; gap: .8rem; align-items: center; padding: .18rem 0; }
.lane .who { position: relative; font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .88em; }
.lane .took { text-align: right; color: var(--soft); font-variant-numeric: tabular-nums; }
.bars { display: block; border-left: 1px solid var(--line); border-right: 1px solid var(--line); overflow: visible; }
.axis { color: var(--soft); font-size: .8rem; }
.ticks { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
.try { fill: var(--good); background: var(--good); } .bad { fill: var(--bad); background: var(--bad); } .wait { fill: var(--warn); background: var(--warn); }
.tone.bad { background: none; }
.key { display: inline-block; width: .8rem; height: .6rem; border-radius: 2px; margin-right: .2rem; }
.legend span { margin-right: 1rem; }
@media screen and (max-width: 48rem) {
  .lane { grid-template-columns: 1fr 4.2rem; row-gap: .1rem; padding: .35rem 0; }
  .lane .who { grid-column: 1; } .lane .took { grid-column: 2; grid-row: 1; } .lane .bars { grid-column: 1 / -1; }
  .axis { display: none; }
}`

const PRINT = `
@media print {
  :root { color-scheme: light; --page: #fff; --text: #000; --soft: #444; --line: #bbb; --fill: #f6f6f6; --link: #000; --good: #17733a; --bad: #b3202c; --warn: #855600; --run: #0a5cb8; --idle: #555; --good-fill: #eef7f0; --bad-fill: #fcefef; --warn-fill: #fdf6e6; --run-fill: #eef4fb; }
  @page { margin: 15mm; }
  body { font-size: 10pt; }
  header, main, footer { max-width: none; padding-left: 0; padding-right: 0; }
  nav, .folding, .skip { display: none; }
  a { text-decoration: none; }
  section { break-inside: auto; } h2, h3 { break-after: avoid; }
  tr, .lane, article > p { break-inside: avoid; }
  tbody th { overflow-wrap: break-word; }
  .scroll { overflow: visible; } .graph { max-width: 100%; height: auto; max-height: 230mm; }
  .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { display: block; content-visibility: visible; height: auto; }
  summary { list-style: none; }
  #everything { display: none; }
}`

export const STYLE = `${COLOURS}${PAGE}${TABLES}${DRAWINGS}${PRINT}`

/** Folds and unfolds the details. The page is complete without it. */
export const SCRIPT = `
const all = () => document.querySelectorAll("#details details");
for (const [id, open] of [["open", true], ["close", false]])
  document.getElementById(id).addEventListener("click", () => { for (const one of all()) one.open = open; });
document.querySelector(".folding").hidden = false;
`
