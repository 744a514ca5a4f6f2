import { parseHandback, parseInbox, parseWorkers, type WorkersLine } from "./line-workers.ts"
import { restOf, type Word, wordsOf } from "./words.ts"

/** A line of Baton's (`/workflow …`, `/trace …`, `/workers …`, `/inbox …`, `/handback …`), taken apart. */
export type Line =
  | {
      readonly command: "run"
      readonly workflow: string
      readonly inputs: Readonly<Record<string, string>>
      readonly task: string
    }
  | { readonly command: "pick" | "list" | "help" }
  | { readonly command: "status" | "abort" | "resume"; readonly run?: string }
  | { readonly command: "trace"; readonly step: string }
  | WorkersLine

export const SUBCOMMANDS = ["run", "list", "status", "resume", "abort", "help"] as const

/**
 * Reads a line the user typed. `run NAME key=value … task text`: pairs come first, and from the first word that is not
 * one the rest is task text, taken as typed (without the quotes around the whole of it).
 */
export function parseLine(line: string): Line {
  const typed = line.trim()
  const [slash, ...words] = wordsOf(typed)
  if (slash?.text === "/workers") return parseWorkers(typed, words)
  if (slash?.text === "/inbox") return parseInbox(typed, words)
  if (slash?.text === "/handback") return parseHandback(typed, words)
  if (slash?.text === "/trace") {
    const step = words[0]?.text
    return step === undefined ? wrong("say which step: `/trace STEP`") : { command: "trace", step }
  }
  const [subcommand, ...rest] = words
  const first = rest[0]?.text
  switch (subcommand?.text) {
    case undefined:
      return { command: "pick" }
    case "run":
      return first === undefined ? { command: "pick" } : parseRun(typed, first, rest.slice(1))
    case "list":
    case "help":
      return { command: subcommand.text }
    case "status":
    case "abort":
    case "resume":
      return { command: subcommand.text, ...(first === undefined ? {} : { run: first }) }
    default:
      return wrong(`there is no \`/workflow ${subcommand?.text}\``)
  }
}

function wrong(why: string): Line {
  return { command: "wrong", why }
}

function parseRun(line: string, workflow: string, words: readonly Word[]): Line {
  const inputs: Record<string, string> = {}
  const textAt = words.findIndex((word) => !/^[A-Za-z_][\w-]*=/.test(word.text))
  for (const word of textAt < 0 ? words : words.slice(0, textAt)) {
    const equals = word.text.indexOf("=")
    inputs[word.text.slice(0, equals)] = word.text.slice(equals + 1)
  }
  const task = textAt < 0 ? "" : restOf(line, words.slice(textAt))
  return { command: "run", workflow, inputs, task }
}
