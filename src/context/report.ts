import { fencedBlocks } from "../core/base/fences.ts"
import type { Handoff } from "../core/model/handoff.ts"
import { fence, fenceRule } from "./fence.ts"
import { blockStart, markOf } from "./mark.ts"

/** The block with which a worker ends its answer when later steps read it distilled. */

const LISTS = ["decisions", "constraints", "risks", "changed", "why", "gotchas"] as const
/** Maximum entries of one list, and characters of one entry. */
const MAX_ENTRIES = 50
const ENTRY_CHARS = 500
const formOf = (nonce: string | undefined) => `${blockStart("handoff", nonce)}
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
export const reportWanted = (
  nonce: string | undefined,
) => `When you are done, end your answer with this block, in JSON. Later steps read it instead of your answer: short sentences, only what they need, an empty list where there is nothing to say.

${formOf(nonce)}`

/** The shorter instruction for a worker that already got the first one. */
export const reportAgain = (nonce: string | undefined) =>
  `End your answer with the report again, as it is now, in one block marked \`${markOf("handoff", nonce)}\`.`

/** Prompt for a profile that writes the report in place of the worker. */
export function distil(step: string, answer: string, nonce: string | undefined): string {
  return `This is the answer of the step "${step}". Extract what later steps need from it. Use only what it says. Answer with nothing but this block, in JSON: short sentences, an empty list where there is nothing to say.

${formOf(nonce)}

${fenceRule(nonce)}

The answer:

${fence(nonce, "answer", undefined, answer)}`
}

/**
 * Removes the report from an answer and returns both. An answer without a readable report is
 * unchanged, and so is one that has two of them: the worker has left open which one counts. In runs
 * of earlier versions the last one counts.
 */
export function takeReport(
  answer: string,
  nonce: string | undefined,
): { readonly output: string; readonly handoff?: Handoff } {
  const blocks = fencedBlocks(answer, markOf("handoff", nonce), true)
  const block = blocks.at(-1)
  if (block === undefined || (nonce !== undefined && blocks.length > 1)) return { output: answer }
  const handoff = handoffIn(block.body)
  if (handoff === undefined) return { output: answer }
  const output = answer.slice(0, block.start) + answer.slice(block.end)
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
