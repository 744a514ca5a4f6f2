import { HANDOFF_CHARS } from "../core/model/handoff.ts"
import type { JsonSchema } from "../core/model/workflow.ts"
import type { Composed, Composer, Earlier, Given, ProjectFile } from "../core/ports/composer.ts"
import { distil, markdownOf, REPORT, REPORT_AGAIN, takeReport } from "./report.ts"

/**
 * What a worker is sent: its prompt, then what its context strategy adds, then how it is to answer. The same given always
 * comes to the same text, so that an attempt that is taken up after a crash is asked the same.
 */
export const composer: Composer = { compose, takeReport, distil }

/** Characters of answers that go into one prompt with `full`. */
export const FULL_CHARS = 400_000
/** Characters of files that go into one prompt with `scoped`. */
export const FILES_CHARS = 100_000
/** Files that are named in one prompt. */
const MAX_FILES = 200

interface Section {
  readonly text: string
  readonly cuts: readonly string[]
}

function compose({ prompt, strategy, earlier, files, schema, isReported, isAgain = false }: Given): Composed {
  const sections: Section[] = []
  if (strategy === "scoped" && files.length > 0) sections.push(filesSection(files))
  if (strategy === "distilled" && earlier.length > 0) sections.push(handoffs(earlier))
  if (strategy === "full" && earlier.length > 0) sections.push(answers(earlier))
  const asked = [prompt, ...sections.map(({ text }) => text)]
  if (schema !== undefined) asked.push(isAgain ? DATA_AGAIN : dataWanted(schema))
  else if (isReported) asked.push(isAgain ? REPORT_AGAIN : REPORT)
  return { prompt: asked.join("\n\n---\n\n"), cuts: sections.flatMap(({ cuts }) => cuts) }
}

// ── what came before ───────────────────────────────────────────────────────────────────────────────────────────────

function handoffs(earlier: readonly Earlier[]): Section {
  const parts = earlier.map((one) => handoffOf(one))
  const head = "What the steps before came to, in short. All of an answer is in the file that is named with it."
  return { text: [head, ...parts.map(({ text }) => text)].join("\n\n"), cuts: parts.flatMap(({ cuts }) => cuts) }
}

/** One step's handoff, capped: what was reported, else its data, else the beginning of its answer. */
function handoffOf(earlier: Earlier): Section {
  const { step, output, handoff, structured, path } = earlier
  const said = handoff
    ? markdownOf(handoff)
    : structured === undefined
      ? output.trim()
      : fenced("json", JSON.stringify(structured, undefined, 2))
  const kind = handoff ? "" : structured === undefined ? " (no report; its answer)" : " (its data)"
  return titled(`## ${step}${kind}`, step, path, capped(said, HANDOFF_CHARS))
}

function answers(earlier: readonly Earlier[]): Section {
  const all = earlier.reduce((sum, { output }) => sum + output.length, 0)
  // Short answers leave their room to the others only as a whole: who is cut must not depend on the order.
  const room = all <= FULL_CHARS ? Number.POSITIVE_INFINITY : Math.floor(FULL_CHARS / earlier.length)
  const parts = earlier.map(({ step, output, path }) => titled(`## ${step}`, step, path, capped(output.trim(), room)))
  const head = "The answers of everything before this step, in order."
  return { text: [head, ...parts.map(({ text }) => text)].join("\n\n"), cuts: parts.flatMap(({ cuts }) => cuts) }
}

interface Capped {
  readonly text: string
  /** Characters there were, where not all are here. */
  readonly of?: number
}

function titled(title: string, step: string, path: string, { text, of }: Capped): Section {
  const file = `All of it: ${path}`
  if (of === undefined) return { text: `${title}\n\n${text}\n\n${file}`, cuts: [] }
  const cut = `cut after ${text.length} of ${of} characters`
  return { text: `${title}\n\n${text}\n\n[${cut}] ${file}`, cuts: [`what it was given of ${step} was ${cut}`] }
}

function capped(text: string, room: number): Capped {
  if (text.length <= room) return { text }
  const shown = text.slice(0, room)
  // Half a character at the end would be none.
  return { text: /[\uD800-\uDBFF]$/.test(shown) ? shown.slice(0, -1) : shown, of: text.length }
}

// ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function filesSection(files: readonly ProjectFile[]): Section {
  let room = FILES_CHARS
  const shown: string[] = []
  const named: string[] = []
  let left = 0
  for (const { path, bytes, text } of files.slice(0, MAX_FILES)) {
    if (text !== undefined && text.length <= room) {
      room -= text.length
      shown.push(`### ${path}\n\n${fenced(/\.(\w+)$/.exec(path)?.[1] ?? "", text)}`)
      continue
    }
    if (text !== undefined) left++
    named.push(`- ${path} (${bytes} bytes, not shown)`)
  }
  const more = files.length - MAX_FILES
  if (more > 0) named.push(`- and ${more} more`)
  const cuts: string[] = []
  if (left > 0) cuts.push(`${left} of its files were only named: ${FILES_CHARS} characters of files were shown`)
  if (more > 0) cuts.push(`${more} of its ${files.length} files were not even named`)
  const text = ["The files of this step, as they are now.", ...shown, ...(named.length > 0 ? [named.join("\n")] : [])]
  return { text: text.join("\n\n"), cuts }
}

/** A block whose fence is longer than any in it. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([ticks]) => ticks.length))
  const fence = "`".repeat(longest + 1)
  return `${fence}${language}\n${text.replace(/\n$/, "")}\n${fence}`
}

// ── how to answer ──────────────────────────────────────────────────────────────────────────────────────────────────

const DATA_AGAIN = "Give the data as before: by `worker_result` if you have it, otherwise in one block marked `json`."

function dataWanted(schema: JsonSchema): string {
  return `Your answer is data that matches this JSON Schema:

${fenced("json", JSON.stringify(schema, undefined, 2))}

When you are done: if you have the tool \`worker_result\`, call it with the data as \`result\`. Otherwise end your answer with the data in one block marked \`json\`.`
}
