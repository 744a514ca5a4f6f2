import { askProblems } from "../core/documents/ask-policy.ts"
import { problemAt, valueAt } from "../core/documents/issues.ts"
import type { Problem } from "../core/model/problem.ts"
import type { StepType } from "../core/model/workflow.ts"
import { RESERVED } from "./names.ts"
import { keysAt, type Outline, type OutlineStep, Visible, written } from "./outline.ts"
import { descriptionOf } from "./step-shape.ts"

/** How the keys of a step go together. */

/** Keys that every step may have. */
const ALWAYS = ["id", "type", "description", "needs", "condition"]
/** Keys of everything that can go well or fail. */
const DONE = ["timeout", "on_failure", "checks", "intervene", "budget", "loop"]
/** Keys of everything that workers are asked for. */
const ASKED = ["prompt", "retry", "idle_timeout", "asks", "effects", "context", "files", "schema", "output"]

interface Sort {
  readonly must: readonly string[]
  readonly may: readonly string[]
  /** What to do instead of a key it cannot have; without an entry: leave it out. */
  readonly instead: Readonly<Record<string, string>>
}

const NOBODY = "nobody works at a gate; leave it out"
const of = (keys: readonly string[], way: string) => Object.fromEntries(keys.map((key) => [key, way]))

const SORTS: Readonly<Record<StepType, Sort>> = {
  single: { must: ["prompt"], may: [...DONE, ...ASKED, "profile", "model"], instead: {} },
  ensemble: {
    must: ["prompt", "proposers", "judge"],
    may: [...DONE, ...ASKED, "mode", "verdict", "quorum"],
    instead: of(["profile", "model"], "who works is said by `proposers` and `judge`; leave it out"),
  },
  routed: {
    must: ["prompt", "over"],
    may: [...DONE, ...ASKED, "by", "route", "default", "max"],
    instead: of(["profile", "model"], "who works is said by `route` and `default`; leave it out"),
  },
  parallel: {
    must: ["steps"],
    may: [...DONE, "output", "context"],
    instead: of([...ASKED, "profile", "model"], "put it on its steps"),
  },
  workflow: {
    must: ["workflow"],
    may: [...DONE, "output", "context", "with"],
    instead: {
      ...of([...ASKED, "profile", "model"], "put it on the steps of that workflow"),
      prompt: "its steps have their own; give it inputs by `with`",
    },
  },
  check: {
    must: [],
    may: [...DONE, "run", "retry"],
    instead: of([...ASKED, "profile", "model"], "nobody is asked in a step of type `check`; leave it out"),
  },
  gate: {
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

const DESCRIPTIONS = new Map(
  ["prompt", "proposers", "judge", "over", "steps", "workflow"].map((key) => [key, descriptionOf(key)] as const),
)

/** Keys that are missing, not for the step's type, or contradict each other, and texts written as if they were filled in. */
export function* checkCombinations(outline: Outline): Generator<Problem> {
  for (const step of outline.steps) {
    const type = written(outline, step, "type") ?? "single"
    if (isType(type)) yield* checkSort(outline, step, type)
    if (type !== "gate") yield* checkTries(outline, step)
    if (type === "parallel" || type === "workflow") yield* checkWhole(outline, step, type)
    if (isType(type) && SORTS[type].may.includes("asks"))
      yield* askProblems(outline.source, outline.source.value, [...step.path, "asks"])
    yield* checkGroup(outline, step)
    yield* checkPlainTexts(outline, step)
  }
}

const isType = (type: unknown): type is keyof typeof SORTS => typeof type === "string" && Object.hasOwn(SORTS, type)

function* checkSort(outline: Outline, step: OutlineStep, type: keyof typeof SORTS): Generator<Problem> {
  const { must, instead } = SORTS[type]
  for (const key of keysAt(outline, step)) {
    const others = Object.entries(SORTS).filter(([, sort]) => [...sort.must, ...sort.may].includes(key))
    if (ALWAYS.includes(key) || others.length === 0 || others.some(([name]) => name === type)) continue
    const at = [...step.path, key]
    const only = others.length === 1 ? others[0]?.[0] : undefined
    const message = `a step of type \`${type}\` cannot have \`${key}\``
    const way = instead[key] ?? (only === undefined ? "leave it out" : `set \`type: ${only}\`, or leave it out`)
    yield problemAt(outline.source, at, "key", message, way)
  }
  const missing = must.filter((key) => written(outline, step, key) === undefined)
  for (const key of missing) {
    const hint = `add \`${key}\`: ${DESCRIPTIONS.get(key)}`
    yield problemAt(outline.source, [...step.path, key], "key", `\`${key}\` is missing`, hint)
  }
  if (type === "check" && written(outline, step, "run") === undefined && keysAt(outline, step, "checks").length === 0) {
    yield problemAt(
      outline.source,
      [...step.path, "run"],
      "key",
      "`run` is missing",
      "add `run`, a command, or `checks`",
    )
  }
  if (
    type === "routed" &&
    written(outline, step, "route") === undefined &&
    written(outline, step, "default") === undefined
  ) {
    const hint = "add `route`: who does an item, by its category; or `default`"
    yield problemAt(outline.source, [...step.path, "route"], "key", "`route` is missing", hint)
  }
}

/** Numbers of a group that cannot come true. */
function* checkGroup(outline: Outline, step: OutlineStep): Generator<Problem> {
  const proposers = written(outline, step, "proposers")
  const quorum = written(outline, step, "quorum")
  if (!Array.isArray(proposers) || typeof quorum !== "number" || quorum <= proposers.length) return
  const message = `\`quorum\` is ${quorum}, and there are only ${proposers.length} proposers`
  yield problemAt(outline.source, [...step.path, "quorum"], "value", message, "lower it, or add proposers")
}

function* checkTries(outline: Outline, step: OutlineStep): Generator<Problem> {
  const isTriedAgain = written(outline, step, "retry") !== undefined || written(outline, step, "on_failure") === "retry"
  if (written(outline, step, "effects") === "external" && isTriedAgain) {
    const contradiction = "`effects: external` and tries after a failure contradict each other"
    const way = "leave one out: what has effects outside is done again only by a person's word"
    yield problemAt(outline.source, [...step.path, "effects"], "key", contradiction, way)
  }
  if (written(outline, step, "on_failure") !== "retry" || written(outline, step, "retry", "max_attempts") !== 1) return
  const message = "`on_failure: retry` and one try contradict each other"
  yield problemAt(outline.source, [...step.path, "on_failure"], "key", message, "set `max_attempts` to 2 or more")
}

/** A group whose parts are tried by themselves is done once, and again only by a loop. */
function* checkWhole(outline: Outline, step: OutlineStep, type: "parallel" | "workflow"): Generator<Problem> {
  if (written(outline, step, "on_failure") !== "retry") return
  const message = `a step of type \`${type}\` is not tried again as a whole`
  const whose = type === "parallel" ? "its steps" : "the steps of that workflow"
  const way = `put \`retry\` on ${whose}, or use \`loop: { max: 2 }\``
  yield problemAt(outline.source, [...step.path, "on_failure"], "key", message, way)
}

/** Commands and paths of checks are taken as they are; `${inputs.x}` is nothing a shell could mean either. */
function* checkPlainTexts(outline: Outline, step: OutlineStep): Generator<Problem> {
  const checks = written(outline, step, "checks")
  const places = (Array.isArray(checks) ? checks : []).flatMap((check, at) =>
    typeof check === "string" ? [["checks", at]] : ["run", "file", "contains"].map((key) => ["checks", at, key]),
  )
  for (const path of [["run"], ...places].map((keys) => [...step.path, ...keys])) {
    const text = valueAt(outline.source.value, path)
    if (typeof text !== "string" || !readsSomething(text, step)) continue
    const hint = "a check is taken as it is written; `${…}` works in `prompt`"
    yield problemAt(outline.source, path, "value", "nothing is filled in here", hint)
  }
}

/** True for `${inputs.x}`, `${step.output}` and the like; a shell has no names with a dot in them. */
function readsSomething(text: string, step: OutlineStep): boolean {
  const steps = new Visible(step)
  const names = [...text.matchAll(/\$\{\s*([A-Za-z][\w-]*)\s*\./g)].map((match) => match[1] ?? "")
  return text.includes("${fn:") || names.some((name) => RESERVED.includes(name) || steps.has(name))
}
