import type { Handoff } from "../core/model/handoff.ts"

/** The block with which a worker ends its answer when later steps read it distilled. */

const LISTS = ["decisions", "constraints", "risks", "changed", "why", "gotchas"] as const
/** Maximum entries of one list, and characters of one entry. */
const MAX_ENTRIES = 50
const ENTRY_CHARS = 500
/**
 * Matches a block marked `handoff` up to its fence, or to the end of an answer that does not close
 * it.
 */
const BLOCK = /^[ \t]*(`{3,}|~{3,})[ \t]*handoff[ \t]*\r?\n([\s\S]*?)(?:^[ \t]*\1[ \t]*$|(?![\s\S]))/gim

const FORM = `\`\`\`handoff
{
  "decisions": ["what was decided"],
  "constraints": ["what later steps must respect"],
  "risks": ["what may go wrong"],
  "changed": ["path of a file: what was changed in it"],
  "why": ["why it was done this way"],
  "gotchas": ["what would surprise the next worker"]
}
\`\`\``

/** Instruction that follows the prompt of a worker that has to report. */
export const REPORT = `When you are done, end your answer with this block, in JSON. Later steps read it instead of your answer: short sentences, only what they need, an empty list where there is nothing to say.

${FORM}`

/** The shorter instruction for a worker that already got the first one. */
export const REPORT_AGAIN = "End your answer with the `handoff` block again, as it is now."

/** Prompt for a profile that writes the report in place of the worker. */
export function distil(step: string, answer: string): string {
  return `This is the answer of the step "${step}". Extract what later steps need from it. Use only what it says. Answer with nothing but this block, in JSON: short sentences, an empty list where there is nothing to say.

${FORM}

The answer:

${answer}`
}

/**
 * Removes the report from an answer and returns both. An answer without a readable report is
 * unchanged.
 */
export function takeReport(answer: string): { readonly output: string; readonly handoff?: Handoff } {
  const block = [...answer.matchAll(BLOCK)].at(-1)
  if (block === undefined) return { output: answer }
  const handoff = handoffIn(block[2] ?? "")
  if (handoff === undefined) return { output: answer }
  const output = answer.slice(0, block.index) + answer.slice(block.index + block[0].length)
  return { output: output.trim(), handoff }
}

/** Reads the lists that a block contains; undefined when all are empty. */
function handoffIn(text: string): Handoff | undefined {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    // Invalid JSON counts as no report.
    return undefined
  }
  if (typeof data !== "object" || data === null) return undefined
  const lists = LISTS.map((name) => [name, entriesOf((data as Record<string, unknown>)[name])] as const)
  return lists.every(([, entries]) => entries.length === 0)
    ? undefined
    : (Object.fromEntries(lists) as unknown as Handoff)
}

function entriesOf(value: unknown): string[] {
  const items = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
  const texts = items
    .map((item) => (typeof item === "string" ? item : JSON.stringify(item)).trim())
    .filter((text) => text !== "")
  const entries = texts
    .slice(0, MAX_ENTRIES)
    .map((text) => (text.length > ENTRY_CHARS ? `${text.slice(0, ENTRY_CHARS)}…` : text))
  const more = texts.length - entries.length
  return more > 0 ? [...entries, `… and ${more} more, not kept`] : entries
}

const TITLES: Readonly<Record<(typeof LISTS)[number], string>> = {
  decisions: "Decisions",
  constraints: "Constraints",
  risks: "Risks",
  changed: "Changed",
  why: "Why",
  gotchas: "Watch out",
}

/** Formats a handoff for a model: a list under the heading of each part that has entries. */
export function markdownOf(handoff: Handoff): string {
  const parts = LISTS.filter((name) => handoff[name].length > 0).map(
    (name) => `${TITLES[name]}:\n${handoff[name].map((entry) => `- ${entry.replaceAll("\n", "\n  ")}`).join("\n")}`,
  )
  return parts.join("\n\n")
}
