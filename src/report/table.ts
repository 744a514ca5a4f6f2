import { type Html, html } from "./html.ts"

/**
 * A table on paper and on wide screens, and a list of cards on narrow ones. It sets its ARIA roles,
 * so that screen readers treat the cards as a table too.
 */

export interface ReportColumn<Row> {
  readonly name: string
  /** True for the column that names the row. */
  readonly isHead?: boolean
  readonly isNumber?: boolean
  cell(row: Row): Html | null
}

/** The table. `caption` names it for screen readers, which do not see the heading above it. */
export function table<Row>(caption: string, columns: readonly ReportColumn<Row>[], rows: readonly Row[]): Html {
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

function cellOf<Row>({ name, isHead, isNumber, cell }: ReportColumn<Row>, row: Row): Html {
  const value = cell(row)
  if (isHead) return html`<th scope="row" role="rowheader">${value}</th>`
  const isEmpty = value === null || value.markup === ""
  return html`<td role="cell" data-name="${name}"${isNumber ? NUMBER : null}${isEmpty ? html` data-empty` : null}><span>${value}</span></td>`
}
