import { type Html, html } from "./html.ts"

/** A table that is one on paper and on a wide screen, and a list of cards where the screen is narrow; its roles are said, so
 *  that it stays a table to a screen reader as a list of cards, too. */

export interface Column<Row> {
  readonly name: string
  /** What the row is about. */
  readonly isHead?: boolean
  readonly isNumber?: boolean
  cell(row: Row): Html | null
}

/** The table; `caption` is for those who do not see what stands above it. */
export function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const heads = columns.map(
    ({ name, isNumber }) => html`<th scope="col" role="columnheader"${isNumber ? NUMBER : null}>${name}</th>`,
  )
  return html`<table role="table"><caption class="hidden">${caption}</caption>
<thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">
${rows.map(
  (row) => html`<tr role="row">${columns.map((column) => cellOf(column, row))}</tr>
`,
)}</tbody></table>
`
}

const NUMBER = html` class="number"`

function cellOf<Row>({ name, isHead, isNumber, cell }: Column<Row>, row: Row): Html {
  const value = cell(row)
  if (isHead) return html`<th scope="row" role="rowheader">${value}</th>`
  const isEmpty = value === null || value.markup === ""
  return html`<td role="cell" data-name="${name}"${isNumber ? NUMBER : null}${isEmpty ? html` data-empty` : null}><span>${value}</span></td>`
}
