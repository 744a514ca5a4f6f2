import { oneLine } from "../core/base/printable.ts"
import { HANDOFF_CHARS } from "../core/model/handoff.ts"
import type { JsonSchema, Quote } from "../core/model/workflow.ts"
import type { Composed, Composer, Earlier, Given, ProjectFile } from "../core/ports/composer.ts"
import { fence, fenceRule } from "./fence.ts"
import { blockStart, markOf } from "./mark.ts"
import { opinion } from "./opinion.ts"
import { distil, markdownOf, reportAgain, reportWanted, takeReport } from "./report.ts"

/**
 * Builds the prompt of a worker: its own prompt, then the context of its strategy, then how to
 * answer. The same input always gives the same text, so that an attempt that continues after a
 * crash gets the same prompt.
 */
export const composer: Composer = { compose, takeReport, distil, opinion }

/** Maximum characters of answers in one prompt with `full`. */
export const FULL_CHARS = 400_000
/** Maximum characters of files in one prompt with `scoped`. */
export const FILES_CHARS = 100_000
/** Maximum number of files that one prompt names. */
const MAX_FILES = 200
const PATH_CHARS = 500

interface PromptSection {
  readonly text: string
  readonly cuts: readonly string[]
}

function compose(given: Given): Composed {
  const { prompt, quotes = [], nonce, strategy, earlier, files, schema, isReported, isAgain = false } = given
  const sections: PromptSection[] = []
  if (quotes.length > 0) sections.push(quotesSection(nonce, quotes))
  if (strategy === "scoped" && files.length > 0) sections.push(filesSection(nonce, files))
  if (strategy === "distilled" && earlier.length > 0) sections.push(handoffs(nonce, earlier))
  if (strategy === "full" && earlier.length > 0) sections.push(answers(nonce, earlier))
  const asked = [prompt, ...sections.map(({ text }) => text)]
  if (sections.length > 0 && nonce !== undefined) asked.push(fenceRule(nonce))
  if (schema !== undefined) asked.push(isAgain ? dataAgain(nonce) : dataWanted(schema, nonce))
  else if (isReported) asked.push(isAgain ? reportAgain(nonce) : reportWanted(nonce))
  return { prompt: asked.join("\n\n---\n\n"), cuts: sections.flatMap(({ cuts }) => cuts) }
}

// ── what came before ─────────────────────────────────────────────────────────────────────────────

function quotesSection(nonce: string | undefined, quotes: readonly Quote[]): PromptSection {
  return { text: quotes.map(({ kind, name, text }) => fence(nonce, kind, name, text)).join("\n\n"), cuts: [] }
}

function handoffs(nonce: string | undefined, earlier: readonly Earlier[]): PromptSection {
  const parts = earlier.map((one) => handoffOf(nonce, one))
  const head = "Summaries of the earlier steps. The file named with each has the whole answer."
  return { text: [head, ...parts.map(({ text }) => text)].join("\n\n"), cuts: parts.flatMap(({ cuts }) => cuts) }
}

/**
 * The handoff of a step within its limit: its report, otherwise its data, otherwise the start of
 * its answer.
 */
function handoffOf(nonce: string | undefined, earlier: Earlier): PromptSection {
  const { step, output, handoff, structured, path } = earlier
  const said = handoff
    ? markdownOf(handoff)
    : structured === undefined
      ? output.trim()
      : fenced("json", JSON.stringify(structured, undefined, 2))
  const kind = handoff ? "" : structured === undefined ? " (no report; its answer)" : " (its data)"
  return titled(nonce, `## ${step}${kind}`, step, path, capped(said, HANDOFF_CHARS))
}

function answers(nonce: string | undefined, earlier: readonly Earlier[]): PromptSection {
  const all = earlier.reduce((sum, { output }) => sum + output.length, 0)
  // The space that short answers leave is not given to longer ones, so that the cuts do not depend
  // on the order.
  const room = all <= FULL_CHARS ? Number.POSITIVE_INFINITY : Math.floor(FULL_CHARS / earlier.length)
  const parts = earlier.map(({ step, output, path }) =>
    titled(nonce, `## ${step}`, step, path, capped(output.trim(), room)),
  )
  const head = "The answers of all earlier steps, in order."
  return { text: [head, ...parts.map(({ text }) => text)].join("\n\n"), cuts: parts.flatMap(({ cuts }) => cuts) }
}

interface Capped {
  readonly text: string
  /** Length of the whole text, when it was cut. */
  readonly of?: number
}

function titled(
  nonce: string | undefined,
  title: string,
  step: string,
  path: string,
  { text, of }: Capped,
): PromptSection {
  const file = `Whole answer: ${path}`
  const said = nonce === undefined ? text : fence(nonce, "answer", undefined, text)
  if (of === undefined) return { text: `${title}\n\n${said}\n\n${file}`, cuts: [] }
  const cut = `cut after ${text.length} of ${of} characters`
  return { text: `${title}\n\n${said}\n\n[${cut}] ${file}`, cuts: [`its context from ${step} was ${cut}`] }
}

function capped(text: string, room: number): Capped {
  if (text.length <= room) return { text }
  const shown = text.slice(0, room)
  // A cut must not split a surrogate pair.
  return { text: /[\uD800-\uDBFF]$/.test(shown) ? shown.slice(0, -1) : shown, of: text.length }
}

// ── files ────────────────────────────────────────────────────────────────────────────────────────

function filesSection(nonce: string | undefined, files: readonly ProjectFile[]): PromptSection {
  let room = FILES_CHARS
  const shown: string[] = []
  const named: string[] = []
  let left = 0
  for (const { path, bytes, text } of files.slice(0, MAX_FILES)) {
    if (text !== undefined && text.length <= room) {
      room -= text.length
      const block = fenced(/\.(\w+)$/.exec(path)?.[1] ?? "", text)
      shown.push(nonce === undefined ? `### ${path}\n\n${block}` : fence(nonce, "file", path, block))
      continue
    }
    if (text !== undefined) left++
    named.push(`- ${nonce === undefined ? path : oneLine(path, PATH_CHARS)} (${bytes} bytes, not shown)`)
  }
  const more = files.length - MAX_FILES
  if (more > 0) named.push(`- and ${more} more`)
  const cuts: string[] = []
  if (left > 0) cuts.push(`${left} of its files were named but not shown: the limit is ${FILES_CHARS} characters`)
  if (more > 0) cuts.push(`${more} of its ${files.length} files were neither shown nor named`)
  const text = ["The files of this step, as they are now.", ...shown, ...(named.length > 0 ? [named.join("\n")] : [])]
  return { text: text.join("\n\n"), cuts }
}

/** A fenced block whose fence is longer than any fence in the text. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([ticks]) => ticks.length))
  const fence = "`".repeat(longest + 1)
  return `${fence}${language}\n${text.replace(/\n$/, "")}\n${fence}`
}

// ── how to answer ────────────────────────────────────────────────────────────────────────────────

function dataAgain(nonce: string | undefined): string {
  return `Give the data as before: by \`worker_result\` if you have it, otherwise in one block marked \`${markOf("json", nonce)}\`.`
}

function dataWanted(schema: JsonSchema, nonce: string | undefined): string {
  return `Your answer is data that matches this JSON Schema:

${fenced("json", JSON.stringify(schema, undefined, 2))}

When you are done: if you have the tool \`worker_result\`, call it with the data as \`result\`. Otherwise end your answer with the data in one block marked \`${markOf("json", nonce)}\`${nonce === undefined ? "" : ` (its first line is ${blockStart("json", nonce)})`}.`
}
