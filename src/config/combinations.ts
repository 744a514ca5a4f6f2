import { askProblems } from "../core/documents/ask-policy.ts"
import { problemAt, type SourceDocument, valueAt } from "../core/documents/issues.ts"
import type { Problem } from "../core/model/problem.ts"
import { keysOf } from "./profiles.ts"

/** A profile as it was written, with variables filled in; nothing of it is checked yet. */
type Written = (key: string) => unknown

/** Keys that cannot stand in a profile together, and what to do. The problem is shown at `key`. */
interface Rule {
  readonly key: string
  readonly isBroken: (written: Written) => boolean
  readonly message: string
  readonly hint: string
}

const kindOf = (written: Written) => written("kind") ?? written("backend") ?? "subagent"
const isServer = (written: Written) => kindOf(written) === "server"

const RULES: readonly Rule[] = [
  {
    key: "pin",
    isBroken: (written) => written("pin") === true && written("fallback") !== undefined,
    message: "`pin` and `fallback` contradict each other",
    hint: "keep one of the two",
  },
  {
    key: "mode",
    isBroken: (written) => written("mode") === "foreground" && isServer(written),
    message: "a worker of kind `server` cannot be in the foreground: nobody can type in another server's session here",
    hint: "use kind `agent` or `subagent`, or leave `mode` out",
  },
  {
    key: "checkpoint",
    isBroken: (written) =>
      written("checkpoint") !== undefined && (written("keep") === true || written("mode") === "foreground"),
    message: "a kept worker, and one that a person works with, has one session",
    hint: "leave `checkpoint` out, or `keep` and `mode`",
  },
  {
    key: "concurrency",
    isBroken: (written) => written("keep") === true && Number(written("concurrency")) > 1,
    message: "a kept worker has one session, and does one thing at a time in it",
    hint: "leave `concurrency` out, or `keep`",
  },
  ...["url", "password", "directory", "idle_stop"].map((key) => ({
    key,
    isBroken: (written: Written) => written(key) !== undefined && !isServer(written),
    message: `\`${key}\` is only for profiles of kind \`server\``,
    hint: `set \`kind\` to \`server\`, or leave \`${key}\` out`,
  })),
  ...["password", "directory"].map((key) => ({
    key,
    isBroken: (written: Written) => written(key) !== undefined && isServer(written) && written("url") === undefined,
    message: `\`${key}\` is for a server that somebody else runs, and there is no \`url\``,
    hint: `add \`url\`, or leave \`${key}\` out`,
  })),
  {
    key: "idle_stop",
    isBroken: (written) => written("idle_stop") !== undefined && isServer(written) && written("url") !== undefined,
    message: "Baton never ends the server at `url`",
    hint: "leave `idle_stop` out",
  },
]

/** What is wrong with how the keys of a profile go together. Works on the document with variables filled in. */
export function* checkCombinations(document: SourceDocument, value: unknown): Generator<Problem> {
  for (const name of keysOf(valueAt(value, ["profiles"]))) {
    const profile = ["profiles", name]
    const written: Written = (key) => valueAt(value, [...profile, key])
    for (const { key, isBroken, message, hint } of RULES) {
      if (isBroken(written)) yield problemAt(document, [...profile, key], "key", message, hint)
    }
    yield* askProblems(document, value, [...profile, "asks"])
  }
}
