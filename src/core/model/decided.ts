/**
 * By what a decision was made. `tui`: OpenCode's TUI in the process of its server; `attached`: a
 * client of that server; `terminal`: a command in a terminal; `token`: a script with the user's
 * token; `tool`: a model that may orchestrate. Missing in journals of earlier versions, and where no
 * person decided.
 */
export type DecidedVia = "tui" | "attached" | "terminal" | "token" | "tool"

/** Who decided, and by what. */
export interface DecidedBy {
  readonly by: string
  readonly via?: DecidedVia
}

/** A decision's author: with the means, or only the name where the means is not known. */
export type Decider = string | DecidedBy

export function deciderOf(by: Decider): DecidedBy {
  return typeof by === "string" ? { by } : { by: by.by, ...(by.via === undefined ? {} : { via: by.via }) }
}

const WORDS: Readonly<Record<string, string>> = { tui: "TUI", attached: "attached client" }

/** Who decided and by what, as a person reads it. */
export function describeDecider({ by, via }: DecidedBy): string {
  return via === undefined ? by : `${by} (${WORDS[via] ?? via})`
}
