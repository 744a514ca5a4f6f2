import { oneLine } from "../core/base/printable.ts"
import { needsOf, needsWords, type UntrustedFolder } from "../core/view/needs.ts"
import type { Engine } from "../engine/engine.ts"
import type { NeedRow } from "./json-types.ts"

const TEXT_CHARS = 120

/** Everything in the project that needs a person, oldest first, as scripts get it. */
export function needRows(engine: Engine | undefined, folder: UntrustedFolder | undefined): NeedRow[] {
  const needs = needsOf(engine?.open() ?? [], engine?.requests() ?? [], folder === undefined ? [] : [folder])
  return needs.map(({ type, run, workflow, step, who, text, since }) => ({
    type,
    run,
    workflow,
    step,
    who,
    text,
    since: new Date(since).toISOString(),
  }))
}

/**
 * The same for a person, counted and named as in OpenCode: a line with the number, then one line for
 * each. Empty when nothing needs them.
 */
export function formatNeedRows(rows: readonly NeedRow[]): string {
  if (rows.length === 0) return ""
  // A model may have written the texts: one line of each is shown, and its beginning only.
  const lineOf = (text: string) => oneLine(text, TEXT_CHARS)
  const width = Math.max(...rows.map(({ who }) => lineOf(who).length))
  const lines = rows.map(({ who, text, run, type }) => {
    const where = type === "trust" ? " · baton trust" : run === null ? "" : ` · baton status ${run}`
    return `  ${lineOf(who).padEnd(width)}  ${lineOf(text)}${where}\n`
  })
  return `? ${needsWords(rows.length)}\n${lines.join("")}`
}
