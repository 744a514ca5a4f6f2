import { problemAt } from "../core/documents/issues.ts"
import type { Problem } from "../core/model/problem.ts"
import type { GroupOf, GroupType } from "../core/model/step-types.ts"
import type { Group, Step, StepType, Workflow } from "../core/model/workflow.ts"
import { keysAt, type Outline, type OutlineStep, written } from "./outline.ts"
import type { StepDocument } from "./step-shape.ts"

/** What a document can say of a step, by its type. The keys themselves are declared in step-shape.ts. */
export interface StepForm {
  /** Keys it must have. */
  readonly must: readonly string[]
  /** Keys it may have besides those that every step may. */
  readonly may: readonly string[]
  /** What to do instead of a key it cannot have; without an entry: leave it out. */
  readonly instead: Readonly<Record<string, string>>
  /** Keys of its own that name workers. */
  readonly workers: readonly string[]
  /** Keys of its own that hold expressions. */
  readonly expressions: Readonly<Record<string, Expression>>
  /** It is done for each item of a list, which its texts read as `item`. */
  readonly hasItem: boolean
  /** What else is wrong with how its keys go together. */
  readonly check?: (outline: Outline, step: OutlineStep) => Iterable<Problem>
}

/** What a key holds: a text in which something is filled in, several of them, or an expression that gives a list. */
type Expression = "template" | "templates" | "list"

/** How a group is made of what the document says. Required keys are there: that was checked. */
interface GroupForm<G extends Group> extends StepForm {
  toGroup(step: StepDocument, make: Make): G
}

/** What groups are made of. */
export interface Make {
  readonly step: (step: StepDocument) => Step
  /** The workflow of that name. */
  readonly workflow: (name: string) => Workflow
}

/** Keys of everything that can go well or fail. */
const DONE = ["timeout", "on_failure", "checks", "intervene", "budget", "loop"]
/** Keys of everything that workers are asked for. */
const ASKED = ["prompt", "retry", "idle_timeout", "asks", "effects", "context", "files", "schema", "output"]
/** Items of a routed step at most, where it says nothing. */
const MAX_ITEMS = 20

const NOBODY = "nobody works at a gate; leave it out"
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
    instead: of(["profile", "model"], "who works is said by `proposers` and `judge`; leave it out"),
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
    instead: of(["profile", "model"], "who works is said by `route` and `default`; leave it out"),
    workers: ["route", "default"],
    expressions: { over: "list" },
    hasItem: true,
    *check(outline, step) {
      if (written(outline, step, "route") !== undefined || written(outline, step, "default") !== undefined) return
      yield missing(outline, step, "route", "add `route`: who does an item, by its category; or `default`")
    },
    toGroup({ over = "", by = "category", route = {}, max = MAX_ITEMS, default: otherwise }) {
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
    instead: of([...ASKED, "profile", "model"], "nobody is asked in a step of type `check`; leave it out"),
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
      on_failure: "a gate is decided and does not fail; leave it out",
      intervene: "a gate always asks; to ask only now and then, give it a `condition`",
      timeout: "use `settings.gate.timeout`",
      idle_timeout: "use `settings.gate.timeout`",
    },
  },
}

/** The form of a type, whatever was written in its place. */
export function formOfType(type: unknown): StepForm | undefined {
  return typeof type === "string" && Object.hasOwn(STEP_FORMS, type) ? STEP_FORMS[type as StepType] : undefined
}

/** What the step is made of; undefined: it is done as it is. */
export function groupOf(step: StepDocument, make: Make): Group | undefined {
  const form = STEP_FORMS[step.type]
  return "toGroup" in form ? form.toGroup(step, make) : undefined
}

/** Keys of steps of any type that name workers, and those that hold expressions. */
export const WORKER_KEYS: readonly string[] = Object.values(STEP_FORMS).flatMap((form) => form.workers)
export const EXPRESSION_KEYS: readonly (readonly [string, Expression])[] = Object.values(STEP_FORMS).flatMap((form) =>
  Object.entries(form.expressions),
)

export function missing({ source }: Outline, step: OutlineStep, key: string, hint: string): Problem {
  return problemAt(source, [...step.path, key], "key", `\`${key}\` is missing`, hint)
}

/** A group whose parts are tried by themselves is done once, and again only by a loop. */
function* checkTriedAsWhole(outline: Outline, step: OutlineStep, type: string, whose: string): Generator<Problem> {
  if (written(outline, step, "on_failure") !== "retry") return
  const message = `a step of type \`${type}\` is not tried again as a whole`
  const way = `put \`retry\` on ${whose}, or use \`loop: { max: 2 }\``
  yield problemAt(outline.source, [...step.path, "on_failure"], "key", message, way)
}

/** A number of proposals that cannot come true. */
function* checkQuorum(outline: Outline, step: OutlineStep): Generator<Problem> {
  const proposers = written(outline, step, "proposers")
  const quorum = written(outline, step, "quorum")
  if (!Array.isArray(proposers) || typeof quorum !== "number" || quorum <= proposers.length) return
  const message = `\`quorum\` is ${quorum}, and there are only ${proposers.length} proposers`
  yield problemAt(outline.source, [...step.path, "quorum"], "value", message, "lower it, or add proposers")
}
