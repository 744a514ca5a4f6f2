import { orderingNeedsOf } from "../core/model/graph.ts"
import type { StepStatus } from "../core/model/result.ts"
import { doneBy, type GroupOf, type GroupType } from "../core/model/step-types.ts"
import type { Group, Hook, Step } from "../core/model/workflow.ts"
import { nameInGroup, type StepView } from "../core/view/view.ts"

/** A workflow as nodes and edges, the common input of all drawings. */
export interface Graph {
  readonly nodes: readonly Node[]
  readonly edges: readonly Edge[]
}

export interface Node {
  readonly id: string
  /** The name inside its group. */
  readonly label: string
  /** The profile that does the work, or the type of the step. */
  readonly note: string
  /** True for a step that a person decides. */
  readonly isQuestion: boolean
  /** Status of the step; null when the graph is of a plan. */
  readonly status: StepStatus | null
  readonly hook: Hook | null
  /** The parts of a group; null for a step without parts. */
  readonly parts: Graph | null
}

/** Leads from a step to one that needs it. */
export interface Edge {
  readonly from: string
  readonly to: string
}

/**
 * Makes the graph of a workflow's steps. With `views` it is the graph of a run, whose steps include
 * the parts of groups. A group that has not started is drawn from its definition.
 */
export function graphOf(steps: readonly Step[], views: ReadonlyMap<string, StepView> = new Map()): Graph {
  return levelOf(steps, undefined, views)
}

/** Separator before the id of a planned part that no run has created. */
const PLANNED = "/"

function levelOf(all: readonly Step[], group: string | undefined, views: ReadonlyMap<string, StepView>): Graph {
  const own = all.filter(({ part }) => part?.of === group)
  const parents = new Map(all.map(({ id, part }) => [id, part?.of]))
  const ids = new Set(own.map(({ id }) => id))
  /** The step of this level that contains the given one, or is that step. */
  const onLevel = (id: string) => {
    for (let at: string | undefined = id; at !== undefined; at = parents.get(at)) if (ids.has(at)) return at
    return undefined
  }
  const edges = new Map<string, Edge>()
  const byId = new Map(all.map((step) => [step.id, step]))
  for (const step of all) {
    // A hook waits for the end of all steps, so only other hooks draw edges to it.
    for (const need of orderingNeedsOf(step, (id) => byId.get(id))) {
      const [from, to] = [onLevel(need), onLevel(step.id)]
      if (from !== undefined && to !== undefined && from !== to) edges.set(`${from}\0${to}`, { from, to })
    }
  }
  const nodes = own.map((step) => nodeOf(step, all, views))
  return { nodes, edges: [...edges.values(), ...impliedBy(own)] }
}

/**
 * Dependencies that `needs` does not list: a round needs the previous one, and a judge needs all
 * proposals.
 */
function impliedBy(parts: readonly Step[]): Edge[] {
  const ofRole = (role: string) => parts.filter(({ part, needs }) => part?.role === role && needs.length === 0)
  const rounds = ofRole("round").sort((a, b) => (a.part?.round ?? 0) - (b.part?.round ?? 0))
  const proposals = parts.filter(({ part }) => part?.role === "proposer")
  return [
    ...rounds.slice(1).map(({ id }, at) => ({ from: (rounds[at] as Step).id, to: id })),
    ...ofRole("judge").flatMap(({ id }) => proposals.map((proposal) => ({ from: proposal.id, to: id }))),
  ]
}

function nodeOf(step: Step, all: readonly Step[], views: ReadonlyMap<string, StepView>): Node {
  const isBegun = all.some(({ part }) => part?.of === step.id)
  const parts = isBegun
    ? levelOf(all, step.id, views)
    : step.group
      ? drawingOf(step.group).parts(step.group, step.id)
      : null
  return {
    id: step.id,
    label: step.part ? nameInGroup({ id: step.id, group: step.part.of, name: step.part.name }) : step.id,
    note: noteOf(step),
    isQuestion: doneBy(step.type) === "person",
    status: views.get(step.id)?.status ?? null,
    hook: step.hook ?? null,
    parts: parts?.nodes.length ? parts : null,
  }
}

function noteOf({ type, profile, group, loop }: Step): string {
  const rounds = loop === undefined ? "" : `, up to ${loop.max} rounds`
  const own = doneBy(type) === "worker" ? profile : type
  return `${group === undefined ? own : drawingOf(group).note(group)}${rounds}`
}

/** How a group is drawn: what its box says, and the parts in it that no run has made yet. */
interface GroupDrawing<G extends Group> {
  note(group: G): string
  parts(group: G, id: string): Graph
}

const DRAWINGS: { readonly [T in GroupType]: GroupDrawing<GroupOf<T>> } = {
  parallel: {
    note: () => "parallel",
    parts: ({ steps }, id) => stepsAsParts(id, steps),
  },
  workflow: {
    note: ({ workflow }) => `workflow ${workflow.name}`,
    parts: ({ workflow }, id) => stepsAsParts(id, workflow.steps),
  },
  routed: {
    note: ({ by, max }) => `routed by ${by}, at most ${max}`,
    parts({ route, otherwise }, id) {
      const routes = [...Object.entries(route), ...(otherwise ? [["others", otherwise] as const] : [])]
      const nodes = routes.map(([category, profile]) => planned(`${id}${PLANNED}${category}`, category, profile))
      return { nodes, edges: [] }
    },
  },
  ensemble: {
    note: ({ quorum }) => `ensemble, quorum ${quorum}`,
    parts: (group, id) => ensembleParts(id, group),
  },
}

/** A group of a type that this version does not know, in a journal of a newer version. */
const UNKNOWN_DRAWING: GroupDrawing<Group> = { note: ({ type }) => type, parts: () => ({ nodes: [], edges: [] }) }

const drawingOf = (group: Group): GroupDrawing<Group> =>
  Object.hasOwn(DRAWINGS, group.type) ? DRAWINGS[group.type] : UNKNOWN_DRAWING

function stepsAsParts(id: string, steps: readonly Step[]): Graph {
  const own = steps.map(({ part: _, ...step }): Step => step)
  return prefixed(id, levelOf(own, undefined, new Map()))
}

function planned(id: string, label: string, note: string): Node {
  return { id, label, note, isQuestion: false, status: null, hook: null, parts: null }
}

function ensembleParts(id: string, { proposers, judges, mode }: GroupOf<"ensemble">): Graph {
  const proposals = proposers.map((name, at) => planned(`${id}${PLANNED}${at}`, name, "proposes"))
  const judge = planned(`${id}${PLANNED}judge`, judges[0] ?? "judge", "judges")
  const chain = proposals.slice(1).map((next, at) => ({ from: (proposals[at] as Node).id, to: next.id }))
  const last = mode === "sequential" ? proposals.slice(-1) : proposals
  const toJudge = last.map((proposal) => ({ from: proposal.id, to: judge.id }))
  return { nodes: [...proposals, judge], edges: [...(mode === "sequential" ? chain : []), ...toJudge] }
}

function prefixed(id: string, { nodes, edges }: Graph): Graph {
  const inside = (other: string) => `${id}${PLANNED}${other}`
  return {
    nodes: nodes.map((node) => ({
      ...node,
      id: inside(node.id),
      parts: node.parts === null ? null : prefixed(id, node.parts),
    })),
    edges: edges.map(({ from, to }) => ({ from: inside(from), to: inside(to) })),
  }
}

/** Sorts the nodes topologically, otherwise keeping their order. */
export function inOrder({ nodes, edges }: Graph): Node[] {
  const left = new Set(nodes.map(({ id }) => id))
  const order: Node[] = []
  while (order.length < nodes.length) {
    const free = nodes.find(({ id }) => left.has(id) && !edges.some(({ from, to }) => to === id && left.has(from)))
    // Validation refuses a cycle. If one gets here, the loop must still end.
    const next = free ?? (nodes.find(({ id }) => left.has(id)) as Node)
    left.delete(next.id)
    order.push(next)
  }
  return order
}

/** Removes edges whose target is also reached through other nodes (transitive reduction). */
export function reduced(graph: Graph): Graph {
  const after = new Map<string, Set<string>>()
  const edgesFrom = (id: string) => graph.edges.filter(({ from }) => from === id)
  for (const { id } of inOrder(graph).toReversed()) {
    after.set(id, new Set(edgesFrom(id).flatMap(({ to }) => [to, ...(after.get(to) ?? [])])))
  }
  const isIndirect = ({ from, to }: Edge) => edgesFrom(from).some((one) => one.to !== to && after.get(one.to)?.has(to))
  return { nodes: graph.nodes, edges: graph.edges.filter((edge) => !isIndirect(edge)) }
}
