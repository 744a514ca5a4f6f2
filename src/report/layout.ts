import dagre from "@dagrejs/dagre"
import type { Edge, Graph, Node } from "./graph.ts"

/** Positions of a graph's boxes and arrows, in pixels from its top left corner. */
export interface Layout {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly arrows: readonly Arrow[]
}

export interface Box {
  readonly node: Node
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Layout of a group's parts, relative to the box's top left corner. */
  readonly inside: Layout | null
}

export interface Arrow extends Edge {
  /** True for an arrow to a hook, which runs after everything else. */
  readonly isLater?: true
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const CHAR = 7.4
const NODE = { padding: 34, min: 96, max: 250, height: 46 } as const
/** Space for a group's name above its parts, and around them. */
const GROUP = { top: 44, around: 14 } as const
const GAP = { nodes: 22, ranks: 34, margin: 2 } as const

/** Characters of a name or a note that fit in a box. */
export const BOX_CHARS = Math.floor((NODE.max - NODE.padding) / CHAR)

/** Lays out a graph from top to bottom. A group is laid out first and then placed as one box. */
export function layOut({ nodes, edges }: Graph): Layout {
  const graph = new dagre.graphlib.Graph<object, Placed, Placed & Pick<Arrow, "points">>()
  graph.setGraph({ rankdir: "TB", nodesep: GAP.nodes, ranksep: GAP.ranks, marginx: GAP.margin, marginy: GAP.margin })
  graph.setDefaultEdgeLabel(() => ({}) as Placed & Pick<Arrow, "points">)
  const insides = new Map(nodes.map((node) => [node.id, node.parts === null ? null : layOut(node.parts)]))
  for (const node of nodes) graph.setNode(node.id, { x: 0, y: 0, ...sizeOf(node, insides.get(node.id) ?? null) })
  const all = [...edges, ...endsOf({ nodes, edges })]
  for (const { from, to } of all) graph.setEdge(from, to)
  dagre.layout(graph)
  const boxes = nodes.map((node): Box => {
    const { x, y, width, height } = graph.node(node.id)
    return { node, x: x - width / 2, y: y - height / 2, width, height, inside: insides.get(node.id) ?? null }
  })
  const arrows = all.map((edge): Arrow => ({ ...edge, points: graph.edge(edge.from, edge.to).points }))
  const right = (all: readonly { x: number; y: number; width?: number; height?: number }[]) => ({
    x: Math.max(0, ...all.map(({ x, width = 0 }) => x + width)),
    y: Math.max(0, ...all.map(({ y, height = 0 }) => y + height)),
  })
  const end = right([...boxes, ...arrows.flatMap(({ points }) => points)])
  return { width: end.x + GAP.margin, height: end.y + GAP.margin, boxes, arrows }
}

/** Arrows from the last steps to the hooks that wait for no other hook. */
function endsOf({ nodes, edges }: Graph): Omit<Arrow, "points">[] {
  const last = nodes.filter(({ id, hook }) => hook === null && !edges.some(({ from }) => from === id))
  const hooks = nodes.filter(({ id, hook }) => hook !== null && !edges.some(({ to }) => to === id))
  return hooks.flatMap((hook) => last.map(({ id }) => ({ from: id, to: hook.id, isLater: true as const })))
}

interface Placed {
  x: number
  y: number
  width: number
  height: number
}

function sizeOf({ label, note }: Node, inside: Layout | null): { readonly width: number; readonly height: number } {
  const text = Math.max(label.length, note.length) * CHAR + NODE.padding
  const width = Math.min(NODE.max, Math.max(NODE.min, text))
  if (inside === null) return { width, height: NODE.height }
  return {
    width: Math.max(width, inside.width + 2 * GROUP.around),
    height: inside.height + GROUP.top + GROUP.around,
  }
}

/** Position of a group's content in its box. */
export function insideAt(box: Box, inside: Layout): { readonly x: number; readonly y: number } {
  return { x: (box.width - inside.width) / 2, y: GROUP.top }
}
