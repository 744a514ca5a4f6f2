import type { Group, Step, StepType, Workflow } from "./workflow.ts"

/** The traits of each step type. All code reads these tables; no code compares types by name. */

/**
 * What performs a step. `worker`: a worker answers its prompt; `person`: a person answers it;
 * `checks`: only its checks are run; `parts`: the step consists of other steps.
 */
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

/**
 * Returns what performs steps of a type. The name may be unknown to this version, because the other
 * half of the plugin can be newer.
 */
export function doneBy(type: string): Doer {
  return Object.hasOwn(DONE_BY, type) ? DONE_BY[type as StepType] : "parts"
}

// ── groups ───────────────────────────────────────────────────────────────────────────────────────

export type GroupType = Group["type"]
export type GroupOf<T extends GroupType> = Extract<Group, { type: T }>

/** The traits of a type of group. */
interface GroupTraits<G extends Group> {
  /** The steps written inside the step itself. */
  steps(group: G): readonly Step[]
  /** The workflow that runs as this step, with its own inputs, settings and secrets. */
  nested(group: G): Workflow | undefined
  /** Returns the group with `change` applied to its own steps or to those of its workflow. */
  withSteps(group: G, change: (steps: readonly Step[]) => readonly Step[]): Group
  /** The profiles that the group itself names, without those of the steps inside. */
  profiles(group: G): readonly string[]
  /**
   * The number of proposals that suffices when the group continues after a reset, or undefined when
   * every part must succeed.
   */
  quorum(group: G): number | undefined
  /**
   * Its checks and reviewers judge the answer of each part. When it is false, they judge the
   * group's result.
   */
  readonly isCheckedInParts: boolean
  /** A person is asked about each part, and not again about the whole. */
  readonly isAskedInParts: boolean
  /**
   * It has the default deadline of a single step. When it is false, only its parts have deadlines.
   */
  readonly hasOwnDeadline: boolean
}

/** For a group whose parts are made from profiles: no steps are written inside it. */
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

/** A group of a type that this version does not know: only its parts in the journal are known. */
const UNKNOWN_GROUP: GroupTraits<Group> = {
  ...NO_STEPS,
  profiles: () => [],
  quorum: () => undefined,
  isCheckedInParts: false,
  isAskedInParts: true,
  hasOwnDeadline: false,
}

/**
 * Returns the traits of a group's type. The type may be unknown to this version, because the
 * version that wrote the journal can be newer.
 */
export function groupTraits(group: Group): GroupTraits<Group> {
  return Object.hasOwn(GROUPS, group.type) ? GROUPS[group.type] : UNKNOWN_GROUP
}

/** Returns the workflow that runs as this step, or undefined when there is none. */
export function nestedIn({ group }: Step): Workflow | undefined {
  return group && groupTraits(group).nested(group)
}

/**
 * Returns the steps that are written inside a step: its own, or those of the workflow that runs as
 * it.
 */
export function stepsInside(step: Step): readonly Step[] {
  const { group } = step
  return group === undefined ? [] : [...groupTraits(group).steps(group), ...(nestedIn(step)?.steps ?? [])]
}

/**
 * True when each item of a routed step has a file of its own: the path of `output` reads the item.
 * Otherwise the file has the answers of all items.
 */
export function isSavedPerItem({ output }: Step): boolean {
  return output !== undefined && /\$\{[^}]*\bitem\b/.test(output)
}
