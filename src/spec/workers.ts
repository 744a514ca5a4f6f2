import { suggest } from "../core/base/nearest.ts"
import { type Path, problemAt } from "../core/documents/issues.ts"
import type { Problem } from "../core/model/problem.ts"
import { keysAt, type Outline, type OutlineStep, textAt, written } from "./outline.ts"
import { WORKER_KEYS } from "./step-types.ts"

/** Checks the workers that a document names. */

export interface KnownWorkers {
  readonly profiles: readonly string[]
  /** Roles of `models`. */
  readonly roles: readonly string[]
}

/**
 * Reports every named worker that is neither a profile, nor a role, nor `provider/model`. The
 * profile `default` always exists.
 */
export function* checkWorkers(outline: Outline, { profiles, roles }: KnownWorkers): Generator<Problem> {
  const known = new Set(["default", ...profiles, ...roles])
  const knownRoles = new Set(roles)
  for (const path of workerPaths(outline)) {
    const problem = problemOf(
      outline,
      path,
      known,
      outline.source.vocabulary.worker,
      `${outline.source.vocabulary.worker}s`,
    )
    if (problem) yield problem
  }
  for (const { path } of outline.steps) {
    const problem = problemOf(outline, [...path, "model"], knownRoles, "model role", "roles")
    if (problem) yield problem
  }
}

/** The paths at which a worker may be named, step by step in reading order. */
function* workerPaths(outline: Outline): Generator<Path> {
  for (const step of outline.steps) {
    yield [...step.path, "profile"]
    for (const key of WORKER_KEYS) yield* itemsOf(outline, step, key)
    for (const at of keysAt(outline, step, "checks")) yield [...step.path, "checks", at, "profile"]
  }
  yield ["settings", "distill"]
}

/** The path of each list item or object value at `key`, or of the value itself when it is text. */
function* itemsOf(outline: Outline, step: OutlineStep, key: string): Generator<Path> {
  if (typeof written(outline, step, key) === "string") yield [...step.path, key]
  for (const inner of keysAt(outline, step, key)) yield [...step.path, key, inner]
}

function problemOf(
  { source }: Outline,
  path: Path,
  known: ReadonlySet<string>,
  noun: string,
  nouns: string,
): Problem | undefined {
  const name = textAt(source, path)
  if (name === undefined || name === "" || known.has(name) || isModel(name)) return undefined
  if (name.includes("/"))
    return problemAt(source, path, "value", `\`${name}\` is not a model`, "write `provider/model`")
  const hint = `${suggest(name, [...known], nouns)}${known.size === 0 ? "; write `provider/model`" : ""}`
  return problemAt(source, path, "value", `unknown ${noun} \`${name}\``, hint)
}

/** True for `provider/model`, which needs no entry in `models`. */
const isModel = (name: string) => /^[^/\s]+\/\S+$/.test(name)
