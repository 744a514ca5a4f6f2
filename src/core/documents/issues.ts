import { suggest } from "../base/nearest.ts"
import type { Problem } from "../model/problem.ts"

/**
 * Turns the issues of a schema into problems that a person reads. Both documents that users write
 * (orchestrator.json and workflows) use it, so the same mistake always gets the same message.
 * Schemas follow two conventions: their own messages are predicates that follow the key ("must be
 * …"), and what a later version will support is marked with `notYet`.
 */

export type Path = readonly PropertyKey[]

export interface SourcePosition {
  /** Counts from 1. */
  readonly line: number
  /** Counts from 1. */
  readonly column: number
}

/** A parsed document that still knows the position of its parts in the text. */
export interface SourceDocument {
  readonly file: string
  /** The document as plain data, as it was written. */
  readonly value: unknown
  /**
   * Returns the position of the key at `path` or of its value. When `path` does not exist, it
   * returns the position of the nearest part around it.
   */
  place(path: Path, part: "key" | "value"): SourcePosition
}

/**
 * The part of a zod issue that is shown to the user. It is a structural type, because core depends
 * on no library.
 */
export interface SchemaIssue {
  readonly code?: string | undefined
  readonly path: Path
  readonly message: string
  readonly expected?: string
  readonly keys?: readonly string[]
  readonly values?: readonly unknown[]
  readonly minimum?: number | bigint
  readonly maximum?: number | bigint
  readonly origin?: string
  readonly errors?: readonly (readonly SchemaIssue[])[]
  readonly issues?: readonly SchemaIssue[]
  readonly params?: Record<string, unknown> | undefined
}

/** The description of every key that the schema accepts and the loader refuses ends with this. */
export const NOT_YET = "Not available in this version."

/**
 * The maximum number of problems listed. A document with more is most likely of another kind than
 * it claims to be.
 */
const MAX_PROBLEMS = 100

/**
 * Returns parameters of a refinement that marks part of a schema as refused. A refused key fails
 * even when its type is wrong. `what` says whether the key itself or its value is not available;
 * `instead` says what to do; `silences` names the neighbours that are meaningful only together with
 * it ("all": everything else in that object).
 */
export function notYet(what: "key" | "value", instead: string, silences: "all" | readonly string[] = []) {
  const params: Refusal = { notYet: what, instead, silences }
  return { message: "is not available", params: { ...params }, ...(what === "key" ? { when: () => true } : {}) }
}

interface Refusal {
  readonly notYet: "key" | "value"
  readonly instead: string
  readonly silences: "all" | readonly string[]
}

/**
 * Returns the value at `path`, or undefined when it does not exist. Follows own properties only.
 */
export function valueAt(value: unknown, path: Path): unknown {
  let at: unknown = value
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<PropertyKey, unknown>)[key]
  }
  return at
}

/** Creates a problem at a part of a document. */
export function problemAt(
  document: SourceDocument,
  path: Path,
  part: "key" | "value",
  message: string,
  hint?: string,
): Problem {
  return { file: document.file, ...document.place(path, part), message, ...(hint === undefined ? {} : { hint }) }
}

/** Returns the hint for an unknown key of an object that may have the `known` keys. */
type KeyHint = (key: string, known: readonly string[]) => string | undefined

/**
 * Turns every issue into a problem of the document. `jsonSchema` returns the generated schema,
 * which knows the valid keys of each object. `hintOf` returns the hint for an unknown key when there
 * is a better one than the nearest known key.
 */
export function* issuesToProblems(
  document: SourceDocument,
  issues: readonly SchemaIssue[],
  jsonSchema: () => unknown,
  hintOf: KeyHint = () => undefined,
): Generator<Problem> {
  const single = issues.flatMap((issue) => flatten(issue, document.value))
  const refused = single.filter((issue) => refusalOf(issue) !== undefined)
  for (const issue of single) {
    if (single.some((other) => isTighter(other, issue))) continue
    if (!refused.some((refusal) => isSilenced(issue, refusal))) yield toProblem(document, issue, jsonSchema, hintOf)
  }
}

/**
 * Returns the first hundred problems of a file, and a line that says that there are more. The
 * checks are generators, so that a hostile file does not cause more searches for nearest matches
 * than anybody will read.
 */
export function firstProblems(file: string, ...checks: readonly Iterable<Problem>[]): Problem[] {
  const problems: Problem[] = []
  for (const check of checks) {
    for (const problem of check) {
      if (problems.length < MAX_PROBLEMS) problems.push(problem)
      else return [...problems, { file, line: 0, column: 0, message: "… and more problems" }]
    }
  }
  return problems
}

/**
 * Splits an issue into one issue per mistake: one for each unknown key, and for a union those of
 * the branch that the user meant.
 */
function flatten(issue: SchemaIssue, root: unknown): SchemaIssue[] {
  if (issue.code === "unrecognized_keys") {
    return (issue.keys ?? []).map((key) => ({ ...issue, path: [...issue.path, key], keys: [key] }))
  }
  if (issue.code !== "invalid_union") return [issue]
  const value = valueAt(root, issue.path)
  const branches = issue.errors ?? []
  const meant = branches.find((branch) => !branch.some((inner) => isOtherType(inner, value)))
  if (meant === undefined) {
    const expected = branches.flatMap((branch) => branch.filter((inner) => inner.path.length === 0).map(expectation))
    return [{ ...issue, code: "invalid_type", expected: [...new Set(expected)].join(" or ") }]
  }
  return meant.flatMap((inner) => flatten({ ...inner, path: [...issue.path, ...inner.path] }, root))
}

/** True when the branch that raised this issue is for another type of value. */
function isOtherType(issue: SchemaIssue, value: unknown): boolean {
  if (issue.path.length > 0) return false
  if (issue.code === "invalid_value") return typeof value !== typeof issue.values?.[0]
  return issue.code === "invalid_type" || issue.code === "invalid_union"
}

/**
 * True when both issues say that the same number is too large, and `other` names the lower maximum:
 * a number beyond a key's own maximum can also be beyond that of every whole number.
 */
function isTighter(other: SchemaIssue, issue: SchemaIssue): boolean {
  if (other.code !== "too_big" || issue.code !== "too_big" || other === issue) return false
  return samePath(other.path, issue.path) && Number(other.maximum) < Number(issue.maximum)
}

function samePath(one: Path, other: Path): boolean {
  return one.length === other.length && one.every((key, at) => key === other[at])
}

function refusalOf(issue: SchemaIssue): Refusal | undefined {
  return issue.params?.notYet === undefined ? undefined : (issue.params as unknown as Refusal)
}

function isSilenced(issue: SchemaIssue, refusal: SchemaIssue): boolean {
  if (issue === refusal || issue.code === "unrecognized_keys") return false
  const { silences } = refusalOf(refusal) as Refusal
  const startsWith = (path: Path) => path.every((key, at) => issue.path[at] === key)
  if (startsWith(refusal.path)) return true
  const parent = refusal.path.slice(0, -1)
  if (!startsWith(parent)) return false
  return silences === "all" || silences.includes(String(issue.path[parent.length]))
}

function toProblem(document: SourceDocument, issue: SchemaIssue, jsonSchema: () => unknown, hintOf: KeyHint): Problem {
  const name = nameOf(issue.path)
  const value = valueAt(document.value, issue.path)
  const refusal = refusalOf(issue)
  if (refusal) {
    const what = refusal.notYet === "value" ? `${bareName(issue.path)} ${quote(value)}` : name
    return problemAt(
      document,
      issue.path,
      refusal.notYet,
      `${what} is not available in this version of Baton`,
      refusal.instead,
    )
  }
  if (issue.code === "unrecognized_keys") {
    const key = String(issue.path.at(-1))
    const known = keysAt(jsonSchema(), issue.path.slice(0, -1))
    const hint = hintOf(key, known) ?? suggest(key, known, "keys")
    return problemAt(document, issue.path, "key", `unknown key ${quote(key)}`, hint)
  }
  if (issue.code === "invalid_key") {
    return problemAt(
      document,
      issue.path,
      "key",
      `name ${quote(issue.path.at(-1))} ${issue.issues?.[0]?.message ?? "is not valid"}`,
    )
  }
  if (value === undefined && (issue.code === "invalid_type" || issue.code === "invalid_value")) {
    return problemAt(document, issue.path, "key", `${name} is missing`, missingHint(issue.path, jsonSchema()))
  }
  if (issue.code === "invalid_value" && typeof value === "string") {
    const hint = suggest(value, (issue.values ?? []).map(String), "values")
    return problemAt(document, issue.path, "value", `${name} cannot be ${quote(value)}`, hint)
  }
  const hint = issue.params?.hint
  return problemAt(document, issue.path, "value", `${name} ${predicate(issue, value)}`, hint as string | undefined)
}

function predicate(issue: SchemaIssue, value: unknown): string {
  const many = issue.origin === "array" ? " items" : issue.origin === "string" ? " characters" : ""
  const isInfinite = typeof value === "number" && Math.abs(value) === Number.POSITIVE_INFINITY
  if (issue.code === "invalid_type" && isInfinite) return "is too large a number"
  switch (issue.code) {
    case "invalid_type":
    case "invalid_value":
      return `must be ${expectation(issue)}, not ${typeName(value)}`
    case "too_small":
      if (issue.minimum === 1 && many) return "must not be empty"
      return `must be at least ${issue.minimum}${many}`
    case "too_big":
      return `must be at most ${issue.maximum}${many}`
    default:
      return issue.message
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
}

function expectation(issue: SchemaIssue): string {
  if (issue.code === "invalid_value") return (issue.values ?? []).map(quote).join(" or ")
  const expected = issue.expected ?? "something else"
  return TYPE_NAMES[expected] ?? expected
}

function typeName(value: unknown): string {
  if (value === null) return "empty"
  if (Array.isArray(value)) return "a list"
  if (typeof value === "number" || typeof value === "boolean") return quote(value)
  return TYPE_NAMES[typeof value] ?? typeof value
}

function quote(value: unknown): string {
  const text = String(value)
  return `\`${text.length > 60 ? `${text.slice(0, 59)}…` : text}\``
}

function bareName(path: Path): string {
  const last = path.at(-1)
  return last === undefined ? "the document" : String(last)
}

/** Names a part of a document for a person: `needs`, item 2 of `needs`, the document. */
function nameOf(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return "the document"
  return typeof last === "number" ? `item ${last + 1} of ${quote(bareName(path.slice(0, -1)))}` : quote(last)
}

// ── what the generated JSON Schema knows ─────────────────────────────────────────────────────────

/**
 * Returns every schema that may describe the value at `path`. There are several when the schema has
 * alternatives.
 */
function schemasAt(schema: unknown, path: Path, root: unknown = schema): unknown[] {
  const reference = valueAt(schema, ["$ref"])
  if (typeof reference === "string") return schemasAt(valueAt(root, reference.split("/").slice(1)), path, root)
  const alternatives = valueAt(schema, ["anyOf"]) ?? valueAt(schema, ["allOf"])
  if (Array.isArray(alternatives)) return alternatives.flatMap((one) => schemasAt(one, path, root))
  const [key, ...rest] = path
  if (key === undefined) return [schema]
  const property = typeof key === "number" ? undefined : valueAt(schema, ["properties", key])
  const next = property ?? valueAt(schema, [typeof key === "number" ? "items" : "additionalProperties"])
  return next === undefined ? [] : schemasAt(next, rest, root)
}

const descriptionOf = (schema: unknown) => String(valueAt(schema, ["description"]) ?? "")

/** Returns the valid keys of the object at `path`, without those of a later version. */
function keysAt(schema: unknown, path: Path): string[] {
  return schemasAt(schema, path).flatMap((one) =>
    Object.entries(valueAt(one, ["properties"]) ?? {})
      .filter(([, property]) => !descriptionOf(property).endsWith(NOT_YET))
      .map(([key]) => key),
  )
}

function missingHint(path: Path, schema: unknown): string | undefined {
  const text = schemasAt(schema, path)
    .map(descriptionOf)
    .find((one) => one !== "")
  return text === undefined ? undefined : `add \`${bareName(path)}\`: ${text}`
}
