import { isScalar, parseDocument } from "yaml"
import type { Path, SourceDocument, SourcePosition } from "../core/documents/issues.ts"
import { Lines } from "../core/documents/lines.ts"
import type { Problem, Result } from "../core/model/problem.ts"
import { Converter, MAX_DEPTH } from "./convert.ts"
import { sourceOffset } from "./scalar.ts"
import { CANONICAL_VOCABULARY, type Vocabulary } from "./vocabulary.ts"

/** Parses YAML, and so JSON, into plain data that keeps its source positions. */

const MAX_CHARS = 512 * 1024

export interface WorkflowSource extends SourceDocument {
  readonly vocabulary: Vocabulary
  /**
   * Position of the character at `offset` of the text value at `path`, also within block scalars.
   */
  placeIn(path: Path, offset: number): SourcePosition
}

/** Parses a YAML or JSON text into a document, or returns its syntax errors, one per line. */
export function parseYaml(source: string, file: string): Result<WorkflowSource> {
  const text = source.replace(/^\uFEFF/, "")
  const whole = (message: string, hint: string): Result<never> => ({
    ok: false,
    problems: [{ file, line: 1, column: 1, message, hint }],
  })
  if (text.length > MAX_CHARS) return whole("the file is too large", `at most ${MAX_CHARS / 1024} KiB`)
  // The library's own line counter miscounts lines after some syntax errors.
  const lines = new Lines(text)
  const at = (offset: number): SourcePosition => lines.placeOf(Math.max(0, Math.min(offset, text.length)))
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false })
  const faults = [...document.errors, ...document.warnings]
  if (faults.some((fault) => fault.code === "RESOURCE_EXHAUSTION"))
    return whole("the file is nested too deeply", `at most ${MAX_DEPTH} levels`)
  if (faults.length > 0) {
    const problems = faults.map((fault): Problem => ({ file, ...at(fault.pos[0]), ...wordsOf(fault) }))
    return { ok: false, problems: firstPerLine(problems) }
  }
  const root = document.contents
  if (root === null || (isScalar(root) && root.value === null)) {
    return whole("the file is empty", "write a workflow with `steps:`")
  }
  const problems: Problem[] = []
  const converter = new Converter((node, message, hint) => {
    const place = at(node.range?.[0] ?? 0)
    problems.push({ file, ...place, message, ...(hint === undefined ? {} : { hint }) })
  })
  const value = converter.convert(root)
  if (problems.length > 0) return { ok: false, problems }
  const placeOf = (path: Path, part: "key" | "value") => at(converter.find(root, path, part)?.range?.[0] ?? 0)
  const placeIn = (path: Path, offset: number) => {
    const node = converter.find(root, path, "value")
    return at(isScalar(node) ? sourceOffset(text, node, offset) : (node?.range?.[0] ?? 0))
  }
  return { ok: true, value: { file, value, vocabulary: CANONICAL_VOCABULARY, place: placeOf, placeIn } }
}

/** Keeps the first problem of each line, because one mistake often causes several parser errors. */
function firstPerLine(problems: readonly Problem[]): Problem[] {
  const lines = new Set<number>()
  return problems.filter((one) => !lines.has(one.line) && lines.add(one.line))
}

/** What is wrong in Baton's words where the library speaks to programmers, and what to do. */
function wordsOf({ code, message }: { readonly code: string; readonly message: string }) {
  if (code !== "MULTIPLE_DOCS") return { message: sentence(message) }
  return { message: "a second document begins here", hint: "a file has one workflow: put each in a file of its own" }
}

function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}
