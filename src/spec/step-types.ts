import { problemAt } from "../core/documents/issues.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import type { Problem } from "../core/model/problem.ts"
import type { GroupOf, GroupType } from "../core/model/step-types.ts"
import type { Group, Step, StepType, Workflow } from "../core/model/workflow.ts"
import { keysAt, type Outline, type OutlineStep, written } from "./outline.ts"
import type { StepDocument } from "./step-shape.ts"

/** The rules for the keys of one step type. step-shape.ts declares the keys themselves. */
export interface StepForm {
  /** Keys that the step must have. */
  readonly must: readonly string[]
  /** Keys that the step may have besides those that every step may have. */
  readonly may: readonly string[]
  /** The hint for a key that the step cannot have; without an entry the hint is to leave it out. */
  readonly instead: Readonly<Record<string, string>>
  /** Keys of this type that name workers. */
  readonly workers: readonly string[]
  /** Keys of this type that hold expressions. */
  readonly expressions: Readonly<Record<string, Expression>>
  /** True when the step runs once for each item of a list, which its texts read as `item`. */
  readonly hasItem: boolean
  /** Reports other contradictions between the step's keys. */
  readonly check?: (outline: Outline, step: OutlineStep) => Iterable<Problem>
}

/** The content of a key: a template, several templates, or an expression whose value is a list. */
type Expression = "template" | "templates" | "list"

/**
 * The form of a step type that is a group. `toGroup` may rely on the required keys: they were
 * checked before.
 */
interface GroupForm<G extends Group> extends StepForm {
  toGroup(step: StepDocument, make: Make): G
}

/** Converts the parts of a group. */
export interface Make {
  readonly step: (step: StepDocument) => Step
  /** Returns the workflow of that name. */
  readonly workflow: (name: string) => Workflow
}

/** Keys of every step type that can succeed or fail. */
const DONE = ["timeout", "on_failure", "checks", "intervene", "budget", "loop"]
/** Keys of every step type that prompts workers. */
const ASKED = ["prompt", "retry", "idle_timeout", "asks", "effects", "context", "files", "schema", "output"]
const NOBODY = "a gate has no worker; leave it out"
const of = (keys: readonly string[], way: string) => Object.fromEntries(keys.map((key) => [key, way]))
const PLAIN = { instead: {}, workers: [], expressions: {}, hasItem: false }

export const STEP_FORMS: {
  readonly [T in StepType]: T extends GroupType ? GroupForm<GroupOf<T>> : StepForm
} = {
  single: { ...PLAIN, must: ["prompt"], may: [...DONE, ...ASKED, "profile", "model"] },
  ensemble: {
    ...PLAIN,
    must: ["prompt", "proposers", "judge"],
    may: [...DONE, ...ASKED, "mode", "verdict", "quorum"],
    instead: of(["profile", "model"], "`proposers` and `judge` name the workers; leave it out"),
    workers: ["proposers", "judge"],
    check: checkQuorum,
    toGroup({ proposers = [], judge = [], mode = "parallel", verdict = "synthesize", quorum }) {
      const majority = Math.floor(proposers.length / 2) + 1
      return { type: "ensemble", proposers, judges: [judge].flat(), mode, verdict, quorum: quorum ?? majority }
    },
  },
  routed: {
    ...PLAIN,
    must: ["prompt", "over"],
    may: [...DONE, ...ASKED, "by", "route", "default", "max"],
    instead: of(["profile", "model"], "`route` and `default` name the workers; leave it out"),
    workers: ["route", "default"],
    expressions: { over: "list" },
    hasItem: true,
    *check(outline, step) {
      if (written(outline, step, "route") !== undefined) return
      if (written(outline, step, "by") !== undefined && written(outline, step, "default") !== undefined) {
        const message = "`by` chooses among the workers of `route`, and there is no `route`"
        yield problemAt(outline.source, [...step.path, "by"], "key", message, "add `route`, or leave `by` out")
      }
      if (written(outline, step, "default") !== undefined) return
      yield missing(outline, step, "route", "add `route`, which names a worker for each category, or `default`")
    },
    toGroup({ over = "", by = "category", route = {}, max = DEFAULTS.maxItems, default: otherwise }) {
      return { type: "routed", over, by, route, ...(otherwise === undefined ? {} : { otherwise }), max }
    },
  },
  parallel: {
    ...PLAIN,
    must: ["steps"],
    may: [...DONE, "output", "context"],
    instead: of([...ASKED, "profile", "model"], "put it on its steps"),
    check: (outline, step) => checkTriedAsWhole(outline, step, "parallel", "its steps"),
    toGroup: ({ steps = [] }, make) => ({ type: "parallel", steps: steps.map(make.step) }),
  },
  workflow: {
    ...PLAIN,
    must: ["workflow"],
    may: [...DONE, "output", "context", "with"],
    instead: {
      ...of([...ASKED, "profile", "model"], "put it on the steps of that workflow"),
      prompt: "its steps have their own; give it inputs by `with`",
    },
    expressions: { with: "templates" },
    check: (outline, step) => checkTriedAsWhole(outline, step, "workflow", "the steps of that workflow"),
    toGroup(step, make) {
      const inputs = Object.entries(step.with ?? {}).map(([name, value]) => [name, String(value)])
      return { type: "workflow", workflow: make.workflow(step.workflow ?? ""), with: Object.fromEntries(inputs) }
    },
  },
  check: {
    ...PLAIN,
    must: [],
    may: [...DONE, "run", "retry"],
    instead: of([...ASKED, "profile", "model"], "a step of type `check` has no worker; leave it out"),
    *check(outline, step) {
      if (written(outline, step, "run") !== undefined || keysAt(outline, step, "checks").length > 0) return
      yield missing(outline, step, "run", "add `run`, a command, or `checks`")
    },
  },
  gate: {
    ...PLAIN,
    must: ["prompt"],
    may: [],
    instead: {
      ...of(["profile", "model", "asks", "retry", "effects"], NOBODY),
      checks: "put them on the step before it",
      on_failure: "a person decides a gate, and it cannot fail; leave it out",
      intervene: "a gate always asks; to ask only sometimes, give it a `condition`",
      timeout: "use `settings.gate.timeout`",
      idle_timeout: "use `settings.gate.timeout`",
    },
  },
}

/** The form of a step type; undefined when the document has something else in its place. */
export function formOfType(type: unknown): StepForm | undefined {
  return typeof type === "string" && Object.hasOwn(STEP_FORMS, type) ? STEP_FORMS[type as StepType] : undefined
}

/** The group that the step becomes; undefined when its type is not a group. */
export function groupOf(step: StepDocument, make: Make): Group | undefined {
  const form = STEP_FORMS[step.type]
  return "toGroup" in form ? form.toGroup(step, make) : undefined
}

/** Keys of any step type that name workers, and keys that hold expressions. */
export const WORKER_KEYS: readonly string[] = Object.values(STEP_FORMS).flatMap((form) => form.workers)
export const EXPRESSION_KEYS: readonly (readonly [string, Expression])[] = Object.values(STEP_FORMS).flatMap((form) =>
  Object.entries(form.expressions),
)

export function missing({ source }: Outline, step: OutlineStep, key: string, hint: string): Problem {
  return problemAt(source, [...step.path, key], "key", `\`${key}\` is missing`, hint)
}

/**
 * Rejects a retry of the whole group: its parts are retried one by one, and only a loop repeats the
 * group.
 */
function* checkTriedAsWhole(outline: Outline, step: OutlineStep, type: string, whose: string): Generator<Problem> {
  if (written(outline, step, "on_failure") !== "retry") return
  const message = `a step of type \`${type}\` cannot be retried as a whole`
  const way = `put \`retry\` on ${whose}, or use \`loop: { max: 2 }\``
  yield problemAt(outline.source, [...step.path, "on_failure"], "key", message, way)
}

/** Rejects a quorum that is larger than the number of proposers. */
function* checkQuorum(outline: Outline, step: OutlineStep): Generator<Problem> {
  const proposers = written(outline, step, "proposers")
  const quorum = written(outline, step, "quorum")
  if (!Array.isArray(proposers) || typeof quorum !== "number" || quorum <= proposers.length) return
  const message = `\`quorum\` is ${quorum}, but there are only ${proposers.length} proposers`
  yield problemAt(outline.source, [...step.path, "quorum"], "value", message, "lower it, or add proposers")
}
