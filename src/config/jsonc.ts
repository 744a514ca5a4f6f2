import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser"
import { INEXACT_HINT, isInexact } from "../core/base/json.ts"
import type { Path, SourceDocument } from "../core/documents/issues.ts"
import { Lines } from "../core/documents/lines.ts"
import type { Problem, Result } from "../core/model/problem.ts"

/**
 * Parses JSON with comments and trailing commas into a document that keeps its source positions.
 */

const MAX_CHARS = 512 * 1024
const MAX_DEPTH = 64

const SYNTAX: Readonly<Record<string, string>> = {
  InvalidSymbol: "this is not JSON",
  InvalidNumberFormat: "this is not a number",
  PropertyNameExpected: "a key in double quotes is expected here",
  ValueExpected: "a value is expected here",
  ColonExpected: "a `:` is expected here",
  CommaExpected: "a `,` is missing before this",
  CloseBraceExpected: "a `}` is missing",
  CloseBracketExpected: "a `]` is missing",
  EndOfFileExpected: "the document ends before this",
  UnexpectedEndOfComment: "the comment is not closed",
  UnexpectedEndOfString: "the text is not closed by a quote",
  UnexpectedEndOfNumber: "the number is incomplete",
  InvalidUnicode: "this is not a valid \\u escape",
  InvalidEscapeCharacter: "this is not a valid escape",
  InvalidCharacter: "this character must be escaped",
}

/** Parses a JSONC text into a document, or returns its syntax errors and duplicate keys. */
export function parseJsonc(source: string, file: string): Result<SourceDocument> {
  const text = source.replace(/^\uFEFF/, "")
  const whole = (message: string, hint: string): Result<never> => ({
    ok: false,
    problems: [{ file, line: 1, column: 1, message, hint }],
  })
  if (text.length > MAX_CHARS) return whole("the file is too large", `at most ${MAX_CHARS / 1024} KiB`)
  if (text.trim() === "") return whole("the file is empty", "write `{}` or delete the file")
  if (depthOf(text) > MAX_DEPTH) return whole("the file is nested too deeply", `at most ${MAX_DEPTH} levels`)
  const lines = new Lines(text)
  const problem = (offset: number, message: string, hint?: string): Problem => ({
    file,
    ...lines.placeOf(offset),
    message,
    ...(hint === undefined ? {} : { hint }),
  })
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  if (errors.length > 0 || root === undefined) {
    return { ok: false, problems: firstPerLine(errors.map((error) => problem(error.offset, syntaxMessage(error)))) }
  }
  const problems: Problem[] = []
  const report: JsonReporter = (node, message, hint) => problems.push(problem(node.offset, message, hint))
  const value = toValue(root, source, report)
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, value: { file, value, place: (path, part) => lines.placeOf(find(root, path, part)) } }
}

/** Keeps the first problem of each line, because one mistake often causes several parser errors. */
function firstPerLine(problems: readonly Problem[]): Problem[] {
  return problems.filter((one, at) => problems.findIndex((other) => other.line === one.line) === at)
}

function syntaxMessage(error: ParseError): string {
  const code = printParseErrorCode(error.error)
  return SYNTAX[code] ?? code
}

/**
 * The nesting depth of brackets. It is counted on tokens, because the parser recurses and could
 * overflow its stack.
 */
function depthOf(text: string): number {
  const scanner = createScanner(text, true)
  let depth = 0
  let deepest = 0
  for (let length = -1; length !== 0; length = scanner.getTokenLength()) {
    scanner.scan()
    const first = text[scanner.getTokenOffset()]
    if (first === "{" || first === "[") deepest = Math.max(deepest, ++depth)
    if (first === "}" || first === "]") depth--
  }
  return deepest
}

type JsonReporter = (node: Node, message: string, hint?: string) => void

function toValue(node: Node, text: string, report: JsonReporter): unknown {
  if (node.type === "array") return (node.children ?? []).map((child) => toValue(child, text, report))
  if (node.type !== "object") {
    const source = text.slice(node.offset, node.offset + node.length)
    if (isInexact(node.value, source)) report(node, `\`${source}\` is too large to be exact`, INEXACT_HINT)
    return node.value
  }
  const seen = new Set<string>()
  const entries: [string, unknown][] = []
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? []
    if (!key || !value) continue
    const name = String(key.value)
    if (name === "__proto__") report(key, "`__proto__` cannot be a key")
    if (seen.has(name)) report(key, `\`${name}\` is written twice`, "keep one of the two")
    seen.add(name)
    entries.push([name, toValue(value, text, report)])
  }
  return Object.fromEntries(entries)
}

/**
 * Offset of the key or value at `path`; of the innermost existing part when the path leads beyond
 * the document.
 */
function find(root: Node, path: Path, part: "key" | "value"): number {
  let node = root
  let offset = root.offset
  for (const [at, key] of path.entries()) {
    const next = node.type === "array" ? { value: node.children?.[Number(key)] } : propertyOf(node, String(key))
    if (!next?.value) return offset
    node = next.value
    offset = part === "key" || at < path.length - 1 ? (next.key?.offset ?? node.offset) : node.offset
  }
  return offset
}

function propertyOf(node: Node, name: string): { key?: Node | undefined; value?: Node | undefined } | undefined {
  const property = node.children?.find((child) => child.type === "property" && child.children?.[0]?.value === name)
  return property && { key: property.children?.[0], value: property.children?.[1] }
}
