import { askProblems } from "../core/documents/ask-policy.ts"
import { problemAt, type SourceDocument, valueAt } from "../core/documents/issues.ts"
import { DEFAULT_KIND, KIND_NAMES, KINDS, traitsOf } from "../core/model/kinds.ts"
import type { Problem } from "../core/model/problem.ts"
import { keysOf } from "./profiles.ts"
import { orList } from "./words.ts"

/** Reads a key of a profile as it was written, with variables filled in and without any check. */
type ReadKey = (key: string) => unknown

/**
 * A combination of keys that a profile cannot have, and what to do. The problem is shown at `key`.
 */
interface Rule {
  readonly key: string
  readonly isBroken: (written: ReadKey) => boolean
  readonly message: string | ((written: ReadKey) => string)
  readonly hint: string
}

const kindOf = (written: ReadKey) => String(written("kind") ?? written("backend") ?? DEFAULT_KIND)
const traits = (written: ReadKey) => traitsOf(kindOf(written))
const takesUrl = (written: ReadKey) => traits(written).ownKeys.includes("url")

/** Whether Baton's guard is in the server of the profile's workers. */
const isGuarded = (written: ReadKey) => traits(written).isGuarded && written("url") === undefined

/** Kinds that are implemented; the rules about kinds apply only to them. */
const BUILT = KIND_NAMES.filter((kind) => KINDS[kind].isBuilt)
const isBuilt = (written: ReadKey) => traits(written).isBuilt
const FOREGROUND = BUILT.filter((kind) => KINDS[kind].mayBeForeground).sort()

const RULES: readonly Rule[] = [
  {
    key: "pin",
    isBroken: (written) => written("pin") === true && written("fallback") !== undefined,
    message: "`pin` and `fallback` contradict each other",
    hint: "keep one of the two",
  },
  {
    key: "mode",
    isBroken: (written) => written("mode") === "foreground" && isBuilt(written) && !traits(written).mayBeForeground,
    message: (written) => {
      const why = traits(written).hasSession ? "its session is on another server" : "it has no session"
      return `a worker of kind \`${kindOf(written)}\` cannot be in the foreground: ${why}`
    },
    hint: `use kind ${orList(FOREGROUND)}, or leave \`mode\` out`,
  },
  {
    key: "keep",
    isBroken: (written) => written("keep") === true && isBuilt(written) && !traits(written).hasSession,
    message: (written) => `a worker of kind \`${kindOf(written)}\` has no session to keep`,
    hint: "leave `keep` out",
  },
  {
    key: "checkpoint",
    isBroken: (written) =>
      written("checkpoint") !== undefined && (written("keep") === true || written("mode") === "foreground"),
    message: "a kept or foreground worker cannot move to a new session",
    hint: "leave out `checkpoint`, or leave out `keep` and `mode`",
  },
  {
    key: "concurrency",
    isBroken: (written) => written("keep") === true && Number(written("concurrency")) > 1,
    message: "a kept worker has one session and does one step at a time in it",
    hint: "leave out `concurrency` or `keep`",
  },
  ...[...new Set(BUILT.flatMap((kind) => KINDS[kind].ownKeys))].map((key) => {
    const kinds = orList(BUILT.filter((kind) => KINDS[kind].ownKeys.includes(key)))
    return {
      key,
      isBroken: (written: ReadKey) => written(key) !== undefined && !traits(written).ownKeys.includes(key),
      message: `\`${key}\` is only for profiles of kind ${kinds}`,
      hint: `set \`kind\` to ${kinds}, or leave \`${key}\` out`,
    }
  }),
  ...["password", "directory"].map((key) => ({
    key,
    isBroken: (written: ReadKey) => written(key) !== undefined && takesUrl(written) && written("url") === undefined,
    message: `\`${key}\` is only for a server that somebody else runs, but there is no \`url\``,
    hint: `add \`url\`, or leave \`${key}\` out`,
  })),
  {
    key: "env",
    isBroken: (written) => Array.isArray(written("env")) && isBuilt(written) && !isGuarded(written),
    message: "Baton does not decide what the commands of this worker see",
    hint: "leave `env` out, or use a kind whose sessions are in an OpenCode that Baton started or runs in",
  },
  {
    key: "idle_stop",
    isBroken: (written) => written("idle_stop") !== undefined && takesUrl(written) && written("url") !== undefined,
    message: "Baton never stops the server at `url`",
    hint: "leave `idle_stop` out",
  },
]

/**
 * Reports contradictions between the keys of a profile. `value` is the document with variables
 * filled in.
 */
export function* checkCombinations(document: SourceDocument, value: unknown): Generator<Problem> {
  if (Number(valueAt(value, ["limits", "max_depth"])) > 1 && valueAt(value, ["tools"]) !== true) {
    const message = "workers start workers with Baton's tools, and these are off"
    yield problemAt(document, ["limits", "max_depth"], "key", message, 'add `"tools": true`, or leave it out')
  }
  for (const name of keysOf(valueAt(value, ["profiles"]))) {
    const profile = ["profiles", name]
    const written: ReadKey = (key) => valueAt(value, [...profile, key])
    for (const { key, isBroken, message, hint } of RULES) {
      if (isBroken(written))
        yield problemAt(
          document,
          [...profile, key],
          "key",
          typeof message === "string" ? message : message(written),
          hint,
        )
    }
    yield* askProblems(document, value, [...profile, "asks"])
  }
}
