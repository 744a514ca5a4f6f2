import type { Group, Step, StepType, Workflow } from "./workflow.ts"

/** What the types of steps have in common and what sets them apart. Nobody else compares types by name to learn it. */

/** Who does a step. `worker`: a worker answers its prompt; `person`: it is a question to a person; `checks`: only its
 *  checks are run; `parts`: steps of its own. */
export type Doer = "worker" | "person" | "checks" | "parts"

const DONE_BY: Readonly<Record<StepType, Doer>> = {
  single: "worker",
  gate: "person",
  check: "checks",
  parallel: "parts",
  workflow: "parts",
  routed: "parts",
  ensemble: "parts",
}

/** Who does steps of a type. It may be a word that this version does not know: the other half of the plugin can be newer. */
export function doneBy(type: string): Doer {
  return Object.hasOwn(DONE_BY, type) ? DONE_BY[type as StepType] : "parts"
}

// ── groups ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export type GroupType = Group["type"]
export type GroupOf<T extends GroupType> = Extract<Group, { type: T }>

/** What a type of group says of itself. */
interface GroupTraits<G extends Group> {
  /** The steps that are written inside the step itself. */
  steps(group: G): readonly Step[]
  /** The workflow that runs as this step, with inputs, settings and secrets of its own. */
  nested(group: G): Workflow | undefined
  /** The group with other steps, in the place of its own or of its workflow's. */
  withSteps(group: G, change: (steps: readonly Step[]) => readonly Step[]): Group
  /** The profiles that the group itself names, without those of steps inside. */
  profiles(group: G): readonly string[]
  /** Proposals that are enough to go on with when it begins again; undefined: every part must go well. */
  quorum(group: G): number | undefined
  /** Its checks and opinions are about each part's answer; false: about what the whole comes to. */
  readonly isCheckedInParts: boolean
  /** A person is asked about its parts one by one, and not again about the whole. */
  readonly isAskedInParts: boolean
  /** It has the deadline of a single step where nobody wrote one; false: it may take as long as its parts do. */
  readonly hasOwnDeadline: boolean
}

/** Of a group whose parts are made from profiles: nothing is written inside. */
const NO_STEPS = { steps: () => [], nested: () => undefined, withSteps: <G extends Group>(group: G) => group }

const GROUPS: { readonly [T in GroupType]: GroupTraits<GroupOf<T>> } = {
  parallel: {
    steps: ({ steps }) => steps,
    nested: () => undefined,
    withSteps: (group, change) => ({ ...group, steps: change(group.steps) }),
    profiles: () => [],
    quorum: () => undefined,
    isCheckedInParts: false,
    isAskedInParts: true,
    hasOwnDeadline: false,
  },
  workflow: {
    steps: () => [],
    nested: ({ workflow }) => workflow,
    withSteps: (group, change) => ({ ...group, workflow: { ...group.workflow, steps: change(group.workflow.steps) } }),
    profiles: () => [],
    quorum: () => undefined,
    isCheckedInParts: false,
    isAskedInParts: true,
    hasOwnDeadline: false,
  },
  routed: {
    ...NO_STEPS,
    profiles: ({ route, otherwise }) => [...Object.values(route), ...(otherwise === undefined ? [] : [otherwise])],
    quorum: () => undefined,
    isCheckedInParts: true,
    isAskedInParts: true,
    hasOwnDeadline: false,
  },
  ensemble: {
    ...NO_STEPS,
    profiles: ({ proposers, judges }) => [...proposers, ...judges],
    quorum: ({ quorum }) => quorum,
    isCheckedInParts: false,
    isAskedInParts: false,
    hasOwnDeadline: true,
  },
}

/** What the type of a group says. */
export function groupTraits(group: Group): GroupTraits<Group> {
  return GROUPS[group.type]
}

/** The workflow that runs as this step; undefined: none does. */
export function nestedIn({ group }: Step): Workflow | undefined {
  return group && groupTraits(group).nested(group)
}

/** The steps inside a step as far as they are written down: its own, or those of the workflow that runs as it. */
export function stepsInside(step: Step): readonly Step[] {
  const { group } = step
  return group === undefined ? [] : [...groupTraits(group).steps(group), ...(nestedIn(step)?.steps ?? [])]
}
