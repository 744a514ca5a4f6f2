import { MARKS } from "../core/view/marks.ts"
import { type Html, html } from "./html.ts"
import { type Arrow, BOX_CHARS, type Box, insideAt, type Layout } from "./layout.ts"

/** A graph as an SVG picture in the colours of the page. A box links to the section of its step. */

/**
 * Draws the picture. `linkOf` returns the link of a step, or undefined for a step without a
 * section.
 */
export function svgOf(layout: Layout, label: string, linkOf: (step: string) => string | undefined): Html {
  const { width, height } = layout
  return html`<svg class="graph" role="group" aria-label="${label}" width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0.5L7.5 4L0 7.5z"/></marker></defs>
${level(layout, linkOf)}</svg>`
}

function level({ boxes, arrows }: Layout, linkOf: (step: string) => string | undefined): Html {
  return html`${arrows.map(line)}${boxes.map((box) => drawn(box, linkOf))}`
}

function line({ points, isLater }: Arrow): Html {
  return html`<path class="${isLater ? "edge later" : "edge"}" d="${curve(points)}" marker-end="url(#tip)"/>`
}

/** A smooth curve through the points. */
function curve(points: Arrow["points"]): string {
  const [first, ...rest] = points.map(({ x, y }) => ({ x: round(x), y: round(y) }))
  if (first === undefined) return ""
  const last = rest.at(-1) ?? first
  const way = rest.slice(0, -1).map((point, at) => {
    const next = rest[at + 1] ?? last
    const isEnd = at === rest.length - 2
    const to = isEnd ? last : { x: round((point.x + next.x) / 2), y: round((point.y + next.y) / 2) }
    return `Q${point.x} ${point.y} ${to.x} ${to.y}`
  })
  return `M${first.x} ${first.y}${way.length > 0 ? way.join("") : `L${last.x} ${last.y}`}`
}

function drawn(box: Box, linkOf: (step: string) => string | undefined): Html {
  const { node, width, height, inside } = box
  const href = linkOf(node.id)
  const kind = `${inside === null ? "box" : "cluster"} ${node.status ?? "planned"}`
  const mark = node.status === null ? "" : `${MARKS[node.status]} `
  const name = clip(`${mark}${node.label}`)
  const isGate = node.isQuestion
  const shape = html`<rect class="shape" width="${round(width)}" height="${round(height)}" rx="${isGate ? 23 : 8}"/>`
  const text = html`<text class="name" x="${round(width / 2)}" y="19">${name}</text><text class="note" x="${round(width / 2)}" y="35">${clip(node.note)}</text>`
  const title = html`<title>${node.label}: ${node.note}${node.status === null ? "" : `, ${node.status}`}</title>`
  const head = html`${shape}${text}`
  const within = inside === null ? null : nested(inside, insideAt(box, inside), linkOf)
  const linked = href === undefined ? html`<g>${title}${head}</g>` : html`<a href="${href}">${title}${head}</a>`
  return html`<g class="${kind}" transform="translate(${round(box.x)} ${round(box.y)})">${linked}${within}</g>
`
}

function nested(
  inside: Layout,
  at: { readonly x: number; readonly y: number },
  linkOf: (step: string) => string | undefined,
) {
  return html`<g transform="translate(${round(at.x)} ${round(at.y)})">${level(inside, linkOf)}</g>`
}

function clip(text: string): string {
  return text.length <= BOX_CHARS ? text : `${text.slice(0, BOX_CHARS - 1)}…`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
