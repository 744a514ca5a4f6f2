import { problemAt, valueAt } from "../core/issues.ts"
import type { Problem } from "../core/problem.ts"
import { RESERVED } from "./names.ts"
import type { Outline, OutlineStep } from "./outline.ts"

/** How the keys of a step go together. */

/** What a step of type `gate` cannot have, and what to do instead. */
const NOT_AT_A_GATE: Readonly<Record<string, string>> = {
  profile: "nobody works at a gate; leave it out",
  asks: "nobody works at a gate; leave it out",
  checks: "put them on the step before it",
  retry: "nobody works at a gate; leave it out",
  on_failure: "a gate is decided and does not fail; leave it out",
  intervene: "a gate always asks; to ask only now and then, give it a `condition`",
  effects: "nobody works at a gate; leave it out",
  timeout: "use `settings.gate.timeout`",
  idle_timeout: "use `settings.gate.timeout`",
}

/** Keys that contradict each other, and texts that are written as if they were filled in. */
export function* checkCombinations(outline: Outline): Generator<Problem> {
  for (const step of outline.steps) {
    if (written(outline, step, "type") === "gate") yield* checkGate(outline, step)
    else yield* checkTries(outline, step)
    yield* checkPlainTexts(outline, step)
  }
}

const written = ({ source }: Outline, step: OutlineStep, ...path: PropertyKey[]) =>
  valueAt(source.value, [...step.path, ...path])

function* checkGate(outline: Outline, step: OutlineStep): Generator<Problem> {
  for (const [key, hint] of Object.entries(NOT_AT_A_GATE)) {
    if (written(outline, step, key) === undefined) continue
    yield problemAt(outline.source, [...step.path, key], "key", `a step of type \`gate\` cannot have \`${key}\``, hint)
  }
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

/** Commands and paths of checks are taken as they are; `${inputs.x}` is nothing a shell could mean either. */
function* checkPlainTexts(outline: Outline, step: OutlineStep): Generator<Problem> {
  const checks = written(outline, step, "checks")
  if (!Array.isArray(checks)) return
  for (const [at, check] of checks.entries()) {
    const inner = typeof check === "string" ? [[]] : [["run"], ["file"], ["contains"]]
    for (const path of inner.map((keys) => [...step.path, "checks", at, ...keys])) {
      const text = valueAt(outline.source.value, path)
      if (typeof text !== "string" || !readsSomething(text, outline)) continue
      const message = "nothing is filled in here"
      yield problemAt(
        outline.source,
        path,
        "value",
        message,
        "a check is taken as it is written; `${…}` works in `prompt`",
      )
    }
  }
}

/** True for `${inputs.x}`, `${step.output}` and the like; a shell has no names with a dot in them. */
function readsSomething(text: string, { byId }: Outline): boolean {
  const names = [...text.matchAll(/\$\{\s*([A-Za-z][\w-]*)\s*\./g)].map((match) => match[1] ?? "")
  return text.includes("${fn:") || names.some((name) => RESERVED.includes(name) || byId.has(name))
}
