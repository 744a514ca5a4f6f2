import { type Graph, inOrder, type Node, reduced } from "./graph.ts"

/**
 * A graph as text in the style of `git log --graph`: one row for each step below the steps it
 * needs, with the arrows as lanes on the left. The lanes are plain ASCII.
 */

/** The drawing, ending with a line break. */
export function textOf(graph: Graph): string {
  const hooks = inOrder(graph).filter(({ hook }) => hook !== null)
  const isHook = (id: string) => hooks.some((hook) => hook.id === id)
  const steps = {
    nodes: graph.nodes.filter(({ hook }) => hook === null),
    edges: graph.edges.filter(({ to }) => !isHook(to)),
  }
  const after = (id: string) => {
    const before = graph.edges.flatMap(({ from, to }) => hooks.filter((hook) => to === id && hook.id === from))
    return before.length === 0 ? "" : `, after ${before.map(({ label }) => label).join(", ")}`
  }
  const rows = [
    ...lanesOf(reduced(steps)),
    ...(hooks.length === 0 ? [] : ["", "At the end"]),
    ...hooks.map((hook) => `*  ${hook.label}  ${hook.note}, on ${hook.hook}${after(hook.id)}`),
  ]
  return `${rows.join("\n")}\n`
}

function lanesOf(graph: Graph): string[] {
  const rows: string[] = []
  /** The step that each lane leads to; undefined for a free lane. */
  let lanes: (string | undefined)[] = []
  const { nodes, widest } = laidOut(graph)
  const width = widest * 2 + 1
  for (const node of nodes) {
    const coming = lanes.flatMap((to, at) => (to === node.id ? [at] : []))
    const at = coming[0] ?? freeIn(lanes)
    if (coming.length > 1) rows.push(joint(lanes, at, coming.slice(1), "'"))
    lanes = lanes.map((to, lane) => (coming.includes(lane) ? undefined : to))
    lanes[at] = node.id
    const name = `${marked(lanes, at).padEnd(width)}${node.label}  ${node.note}${stateOf(node)}`
    rows.push(name.trimEnd())
    const going = graph.edges.flatMap(({ from, to }) => (from === node.id ? [to] : []))
    lanes[at] = going.length > 0 ? node.id : undefined
    rows.push(...partRows(node.parts, plain(lanes).padEnd(width)))
    lanes[at] = undefined
    const into = going.map((to, index) => {
      const lane = index === 0 ? at : freeIn(lanes)
      lanes[lane] = to
      return lane
    })
    const others = into.filter((lane) => lane !== at)
    if (others.length > 0) rows.push(joint(lanes, at, others, "."))
    while (lanes.length > 0 && lanes.at(-1) === undefined) lanes.pop()
  }
  return rows
}

/** The order of the rows, and the maximum number of lanes. */
function laidOut(graph: Graph): { readonly nodes: Node[]; readonly widest: number } {
  const nodes = inOrder(graph)
  let open = 0
  let widest = 1
  for (const { id } of nodes) {
    open -= graph.edges.filter(({ to }) => to === id).length
    widest = Math.max(widest, open + 1)
    open += graph.edges.filter(({ from }) => from === id).length
    widest = Math.max(widest, open)
  }
  return { nodes, widest }
}

function stateOf({ status }: Node): string {
  return status === null ? "" : `, ${status}`
}

/** The parts of a group, below it. */
function partRows(parts: Graph | null, margin: string, indent = "  "): string[] {
  if (parts === null) return []
  return inOrder(parts).flatMap((part) => {
    const needs = parts.edges
      .filter(({ to }) => to === part.id)
      .map(({ from }) => parts.nodes.find((n) => n.id === from)?.label)
    const after = needs.length === 0 ? "" : `, after ${needs.join(", ")}`
    const row = `${margin}${indent}- ${part.label}  ${part.note}${after}${stateOf(part)}`
    return [row, ...partRows(part.parts, margin, `${indent}  `)]
  })
}

function freeIn(lanes: readonly (string | undefined)[]): number {
  const free = lanes.indexOf(undefined)
  return free < 0 ? lanes.length : free
}

function plain(lanes: readonly (string | undefined)[]): string {
  return lanes.map((to) => (to === undefined ? " " : "|")).join(" ")
}

/** The lanes, with a star in the lane of the step. */
function marked(lanes: readonly (string | undefined)[], at: number): string {
  return lanes.map((to, lane) => (lane === at ? "*" : to === undefined ? " " : "|")).join(" ")
}

/** A row in which the lanes `others` branch off the one at `at`, or join it. */
function joint(lanes: readonly (string | undefined)[], at: number, others: readonly number[], end: string): string {
  const first = Math.min(at, ...others)
  const last = Math.max(at, ...others)
  return Array.from({ length: Math.max(lanes.length, last + 1) }, (_, lane) => {
    const isOn = lane >= first && lane < last
    const own = lane === at ? "+" : others.includes(lane) ? (lane === last || lane === first ? end : "+") : undefined
    const char = own ?? (lanes[lane] === undefined ? (isOn ? "-" : " ") : "|")
    return `${char}${isOn ? "-" : " "}`
  })
    .join("")
    .trimEnd()
}
