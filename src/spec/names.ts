import { nearest, suggest } from "../core/base/nearest.ts"

/**
 * Resolves the names of an expression. CEL allows no hyphens in names and has no notion of steps,
 * so before CEL parses it every `inputs.x` and `step.field` becomes a variable of its own
 * (`ref__0`, `ref__1`, …) and `fn:x(` becomes `fn_x(`. A table keeps the origin of each character,
 * so that problems point into the text the user wrote.
 */

const STEP_FIELDS = ["output", "status", "reason", "session", "structured"] as const
export type StepField = (typeof STEP_FIELDS)[number]

export type Reference =
  | { readonly kind: "input" | "variable" | "secret"; readonly name: string; readonly offset: number }
  | { readonly kind: "item" | "round"; readonly offset: number }
  | { readonly kind: "step"; readonly step: string; readonly field: StepField; readonly offset: number }

/** A problem in an expression; `offset` counts characters from the expression's beginning. */
export interface ExpressionProblem {
  readonly offset: number
  readonly message: string
  readonly hint?: string
}

interface RewrittenExpression {
  readonly text: string
  /** The source offset of each character of `text`, and of the position one past its end. */
  readonly offsets: readonly number[]
  /** References in the order of their variables: the first is `ref__0`. */
  readonly references: readonly Reference[]
  readonly problems: readonly ExpressionProblem[]
}

const FUNCTIONS = ["uppercase", "lowercase", "trim", "json"]
/** First words of an expression that do not name a step; they cannot be step ids. */
export const RESERVED = ["inputs", "context", "secrets", "fn"]
const ITEM_HINT = "only `prompt`, `files`, `output` and `ask` of a `routed` step have one, and not `output` of a loop"
const ROUND_HINT = "only the rounds of a step with `loop` have it: its `prompt`, its `until`, and the steps inside it"
const LITERAL_HINT = "for a plain `${` write `$${`; "

/** A set of names. `keys()` is used only for the hint on a misspelt name. */
interface NameSet {
  has(name: string): boolean
  keys(): Iterable<string>
}

/** The names that an expression may use. */
export interface KnownNames {
  readonly inputs: NameSet
  readonly steps: NameSet
  /** Names that are read as `context.variables.x`. */
  readonly variables?: NameSet
  /** Names that are read as `secrets.X`; undefined when no secret can be read here. */
  readonly secrets?: NameSet | undefined
  /** True when secrets exist but cannot be read here. */
  readonly hidesSecrets?: boolean
  /** True when `item` can be read: the text is filled in for each item of a routed step. */
  readonly hasItem?: boolean
  /** True when `loop.round` can be read. */
  readonly hasRound?: boolean
  /** The document's word for a step. */
  readonly step?: string
  /** True when the expression is part of a text whose author may have wanted a plain `${`. */
  readonly isInText?: boolean
}

/** The problem to report for the unknown name at `offset` of `source`. */
export function unknownName(known: KnownNames, source: string, offset: number): ExpressionProblem {
  const word = /^[A-Za-z_][\w-]*/.exec(source.slice(offset))?.[0] ?? source.slice(offset)
  if (word === "item") {
    return { offset, message: "`item` is not available here", hint: ITEM_HINT }
  }
  const names = [
    "inputs",
    ...([...(known.variables?.keys() ?? [])].length === 0 ? [] : ["context"]),
    ...known.steps.keys(),
  ]
  const hint = known.isInText && nearest(word, names) === undefined ? LITERAL_HINT : ""
  return { offset, message: `unknown name \`${word}\``, hint: hint + suggest(word, names, "names") }
}

const WORD = /[A-Za-z_][\w-]*/y
const FIELD = /\s*\.\s*([A-Za-z_]\w*)/y
const FUNCTION = /fn:([A-Za-z_]\w*)?/y
/** Matches a string literal of an expression, closed or not. */
export const STRING = /"(?:[^"\\]|\\[\s\S])*"?|'(?:[^'\\]|\\[\s\S])*'?/y

/** Matches the sticky `pattern` at exactly offset `at` of the source. */
export function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(source)
}

/**
 * Replaces the names of an expression by variables. Reports unknown names, at most `MAX_PROBLEMS`.
 */
export function rewrite(source: string, known: KnownNames): RewrittenExpression {
  const out = new Output(source)
  let at = 0
  while (at < source.length && !out.isFull) {
    const string = matchAt(STRING, source, at)
    if (string) {
      at = out.copy(at, string[0].length)
      continue
    }
    const isName = /[A-Za-z_]/.test(source[at] ?? "") && !/[\w.]/.test(lastVisible(source, at))
    at = isName ? rewriteName(source, at, known, out) : out.copy(at, 1)
  }
  return out.done()
}

/** The character before `at`. For `a . b` it is the dot, because `b` is a field and not a name. */
function lastVisible(source: string, at: number): string {
  const before = source[at - 1] ?? ""
  return /\s/.test(before) ? (source.slice(0, at).trimEnd().endsWith(".") ? "." : "") : before
}

/** Rewrites the name at `at` and returns the offset of what follows it. */
function rewriteName(source: string, at: number, known: KnownNames, out: Output): number {
  const call = matchAt(FUNCTION, source, at)
  if (call) return rewriteFunction(call, at, out)
  const word = matchAt(WORD, source, at)?.[0] ?? ""
  const field = matchAt(FIELD, source, at + word.length)
  const end = at + word.length + (field?.[0].length ?? 0)
  if (known.steps.has(word)) return rewriteStep(word, field, { at, end, noun: known.step ?? "step" }, out)
  if (word === "inputs") return rewriteNamed("input", word, field, { at, end, names: known.inputs }, out)
  if (word === "context" && field) return rewriteContext(source, field, at, known, out)
  if (word === "secrets" && field) return rewriteSecret(field, at, end, known, out)
  if (word === "item" && known.hasItem) {
    out.reference({ kind: "item", offset: at })
    return at + word.length
  }
  if (word === "loop") return rewriteRound(field, at, end, known, out)
  if (field && word.includes("-") && !isDifference(word, known)) {
    out.problem(unknownName(known, source, at))
    return out.copy(at, end - at)
  }
  return out.copy(at, /^\w+/.exec(word)?.[0].length ?? 1)
}

/** True when `a-b` before a dot is not a misspelt name but a subtraction of the name `b`. */
function isDifference(word: string, known: KnownNames): boolean {
  const tails = word.split("-").map((_, index, parts) => parts.slice(index).join("-"))
  return tails.slice(1).some((tail) => tail === "inputs" || known.steps.has(tail))
}

function rewriteFunction(call: RegExpExecArray, at: number, out: Output): number {
  const name = call[1] ?? ""
  if (!FUNCTIONS.includes(name)) {
    out.problem({ offset: at, message: `unknown function \`fn:${name}\``, hint: suggest(name, FUNCTIONS, "functions") })
    return out.copy(at, call[0].length)
  }
  out.emit(`fn_${name}`, at)
  return at + call[0].length
}

function rewriteStep(
  step: string,
  field: RegExpExecArray | null,
  { at, end, noun }: { readonly at: number; readonly end: number; readonly noun: string },
  out: Output,
): number {
  const name = field?.[1]
  if (name === undefined) {
    out.problem({ offset: at, message: `\`${step}\` is a ${noun}`, hint: `read one of its fields: \`${step}.output\`` })
  } else if (!isStepField(name)) {
    out.problem({ offset: at, message: `a ${noun} has no \`${name}\``, hint: suggest(name, STEP_FIELDS, "fields") })
  } else {
    out.reference({ kind: "step", step, field: name, offset: at })
    return end
  }
  return out.copy(at, end - at)
}

const isStepField = (name: string): name is StepField => (STEP_FIELDS as readonly string[]).includes(name)

function rewriteRound(field: RegExpExecArray | null, at: number, end: number, known: KnownNames, out: Output): number {
  if (!known.hasRound) {
    out.problem({ offset: at, message: "`loop` is not available here", hint: ROUND_HINT })
  } else if (field?.[1] !== "round") {
    out.problem({ offset: at, message: "`loop` has only `round`", hint: "write `loop.round`" })
  } else {
    out.reference({ kind: "round", offset: at })
    return end
  }
  return out.copy(at, end - at)
}

interface NameSpan {
  readonly at: number
  readonly end: number
  readonly names: NameSet
}

const WHERE = {
  input: { noun: "input", declare: "declare it under `inputs`" },
  variable: { noun: "variable", declare: "declare it under `context.variables`" },
  secret: { noun: "secret", declare: "declare it under `context.secrets`" },
} as const

/** Rewrites `inputs.x` and similar references; `prefix` is the text before the name. */
function rewriteNamed(
  kind: keyof typeof WHERE,
  prefix: string,
  field: RegExpExecArray | null,
  { at, end, names }: NameSpan,
  out: Output,
): number {
  const name = field?.[1]
  if (name !== undefined && names.has(name)) {
    out.reference({ kind, name, offset: at })
    return end
  }
  if (name === undefined) {
    out.problem({ offset: at, message: `\`${prefix}\` is not a value`, hint: `name one: \`${prefix}.x\`` })
  } else {
    const match = nearest(name, names.keys())
    const { noun, declare } = WHERE[kind]
    const hint = match === undefined ? declare : `did you mean \`${match}\`?`
    out.problem({ offset: at, message: `unknown ${noun} \`${name}\``, hint })
  }
  return out.copy(at, end - at)
}

/** Rewrites `context.variables.x`, the only thing that `context` holds. */
function rewriteContext(source: string, field: RegExpExecArray, at: number, known: KnownNames, out: Output): number {
  const end = at + "context".length + field[0].length
  if (field[1] !== "variables") {
    const hint = field[1] === "secrets" ? "write `secrets.X`" : "write `context.variables.x`"
    out.problem({ offset: at, message: `there is no \`context.${field[1]}\``, hint })
    return out.copy(at, end - at)
  }
  const inner = matchAt(FIELD, source, end)
  const place = { at, end: end + (inner?.[0].length ?? 0), names: known.variables ?? new Set<string>() }
  return rewriteNamed("variable", "context.variables", inner, place, out)
}

function rewriteSecret(field: RegExpExecArray, at: number, end: number, known: KnownNames, out: Output): number {
  if (known.secrets !== undefined || !known.hidesSecrets) {
    return rewriteNamed("secret", "secrets", field, { at, end, names: known.secrets ?? new Set<string>() }, out)
  }
  out.problem({
    offset: at,
    message: "secrets can be used only in the `prompt` of a worker",
    hint: "leave it out here",
  })
  return out.copy(at, end - at)
}

/**
 * Problems reported per expression. The limit keeps a hostile one from costing many name searches.
 */
const MAX_PROBLEMS = 100

class Output {
  private text = ""
  private readonly offsets: number[] = []
  private readonly references: Reference[] = []
  private readonly problems: ExpressionProblem[] = []

  private readonly source: string

  constructor(source: string) {
    this.source = source
  }

  copy(at: number, length: number): number {
    for (let index = at; index < at + length; index++) this.emit(this.source[index] ?? "", index)
    return at + length
  }

  emit(text: string, from: number): void {
    this.text += text
    for (let count = 0; count < text.length; count++) this.offsets.push(from)
  }

  reference(reference: Reference): void {
    this.emit(`ref__${this.references.length}`, reference.offset)
    this.references.push(reference)
  }

  get isFull(): boolean {
    return this.problems.length >= MAX_PROBLEMS
  }

  problem(problem: ExpressionProblem): void {
    this.problems.push(problem)
  }

  done(): RewrittenExpression {
    const { text, references, problems } = this
    return { text, offsets: [...this.offsets, this.source.length], references, problems }
  }
}
