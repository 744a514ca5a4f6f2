import type { Handoff } from "../core/model/handoff.ts"

/** The block with which a worker that is read distilled ends its answer. */

const LISTS = ["decisions", "constraints", "risks", "changed", "why", "gotchas"] as const
/** Entries of one list, and characters of one entry. */
const MAX_ENTRIES = 50
const ENTRY_CHARS = 500
/** The last block marked `handoff`: to its fence, or to the end of an answer that never closes it. */
const BLOCK = /^[ \t]*(`{3,}|~{3,})[ \t]*handoff[ \t]*\r?\n([\s\S]*?)(?:^[ \t]*\1[ \t]*$|(?![\s\S]))/gim

const FORM = `\`\`\`handoff
{
  "decisions": ["what was decided"],
  "constraints": ["what must be kept to from here on"],
  "risks": ["what may go wrong"],
  "changed": ["path of a file: what of it was changed"],
  "why": ["why it was done so"],
  "gotchas": ["what would surprise whoever goes on"]
}
\`\`\``

/** What a worker is told that is to report, after its prompt. */
export const REPORT = `When you are done, end your answer with this block, in JSON. Those who go on from your work read it instead of your answer: short sentences, only what they need, an empty list where there is nothing to say.

${FORM}`

/** The same to a worker that was told it before. */
export const REPORT_AGAIN = "End your answer with the `handoff` block again, as it is now."

/** What a profile is asked that reports in a worker's place. */
export function distil(step: string, answer: string): string {
  return `This is the answer of the step "${step}". Take out of it what those need who go on from it. Use only what stands there. Answer with nothing but this block, in JSON: short sentences, an empty list where there is nothing to say.

${FORM}

The answer:

${answer}`
}

/** Takes the report off an answer. An answer without a readable one is left as it is. */
export function takeReport(answer: string): { readonly output: string; readonly handoff?: Handoff } {
  const block = [...answer.matchAll(BLOCK)].at(-1)
  if (block === undefined) return { output: answer }
  const handoff = handoffIn(block[2] ?? "")
  if (handoff === undefined) return { output: answer }
  const output = answer.slice(0, block.index) + answer.slice(block.index + block[0].length)
  return { output: output.trim(), handoff }
}

/** The report in a block, whatever of it is there; undefined when there is nothing in it. */
function handoffIn(text: string): Handoff | undefined {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    // A model that cannot write JSON has reported nothing.
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

/** A handoff as a model reads it: a list under each heading that has entries. */
export function markdownOf(handoff: Handoff): string {
  const parts = LISTS.filter((name) => handoff[name].length > 0).map(
    (name) => `${TITLES[name]}:\n${handoff[name].map((entry) => `- ${entry.replaceAll("\n", "\n  ")}`).join("\n")}`,
  )
  return parts.join("\n\n")
}
