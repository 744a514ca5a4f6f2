import { matchAt, RESERVED, STRING } from "../names.ts"
import { split } from "../template.ts"

/**
 * Rewrites bare names. In other dialects `${feature_name}` means a variable or an input, which the
 * canonical form writes as `${context.variables.feature_name}` or `${inputs.feature_name}`.
 */

export interface Names {
  readonly steps: ReadonlySet<string>
  readonly variables: ReadonlySet<string>
  /** Declared inputs, and the undeclared ones found in texts, which become required inputs. */
  readonly inputs: Set<string>
}

/** A text in the canonical form. `map` converts an offset in it to one in the original text. */
export interface RewrittenText {
  readonly text: string
  readonly map: (offset: number) => number
}

const ALONE = /^\s*([A-Za-z_]\w*)\s*$/
const KEYWORDS = ["true", "false", "null", "in", "item", "loop", ...RESERVED]

/** Adds to `names.inputs` every `${name}` of a text that is an undeclared input. */
export function collectInputs(text: string, names: Names): void {
  for (const { source } of expressionsIn(text)) {
    const name = ALONE.exec(source)?.[1]
    if (name !== undefined && isFree(name, names)) names.inputs.add(name)
  }
}

const isFree = (name: string, { steps, variables }: Names) =>
  !steps.has(name) && !variables.has(name) && !KEYWORDS.includes(name)

/** Returns a template with its bare names written out. */
export function rewriteTemplate(text: string, names: Names): RewrittenText {
  const out = new Rewriter(text)
  for (const { source, offset } of expressionsIn(text)) rewriteIn(source, offset, names, out)
  return out.done()
}

/** Returns a condition with its bare names written out; the `${…}` around it is optional. */
export function rewriteCondition(text: string, names: Names): RewrittenText {
  if (text.includes("${")) return rewriteTemplate(text, names)
  const out = new Rewriter(text)
  rewriteIn(text, 0, names, out)
  return out.done()
}

function expressionsIn(text: string): { readonly source: string; readonly offset: number }[] {
  return split(text).parts.flatMap((part) => ("literal" in part ? [] : [part]))
}

function rewriteIn(source: string, offset: number, names: Names, out: Rewriter): void {
  for (let at = 0; at < source.length; ) {
    const literal = matchAt(STRING, source, at)
    const word = literal ? null : matchAt(/[A-Za-z_][\w-]*/y, source, at)
    if (literal || !word) {
      at += literal?.[0].length ?? 1
      continue
    }
    const [name] = word
    const isCall = /^\s*\(/.test(source.slice(at + name.length)) || source.startsWith("fn:", at)
    if (!isField(source, at) && !isCall && !names.steps.has(name)) {
      const prefix = names.variables.has(name) ? "context.variables." : names.inputs.has(name) ? "inputs." : ""
      if (prefix !== "") out.insert(offset + at, prefix)
    }
    at += name.length
  }
}

/** True when the word at `at` is a field, or the end of a number. */
function isField(source: string, at: number): boolean {
  let before = at - 1
  while (/\s/.test(source[before] ?? "")) before--
  return source[before] === "." || (before === at - 1 && /\w/.test(source[before] ?? ""))
}

class Rewriter {
  readonly #text: string
  readonly #inserted: { readonly at: number; readonly text: string }[] = []

  constructor(text: string) {
    this.#text = text
  }

  insert(at: number, text: string): void {
    this.#inserted.push({ at, text })
  }

  done(): RewrittenText {
    let text = ""
    let from = 0
    for (const one of this.#inserted) {
      text += this.#text.slice(from, one.at) + one.text
      from = one.at
    }
    return { text: text + this.#text.slice(from), map: (offset) => this.#map(offset) }
  }

  #map(offset: number): number {
    let added = 0
    for (const { at, text } of this.#inserted) {
      if (offset < at + added) break
      if (offset < at + added + text.length) return at
      added += text.length
    }
    return offset - added
  }
}

/** True when a text reads a step. */
export function readsSteps(text: string, { steps }: Names): boolean {
  const words = expressionsIn(text).flatMap(({ source }) => source.match(/[A-Za-z_][\w-]*(?=\s*\.)/g) ?? [])
  return words.some((word) => steps.has(word))
}
