import { AMOUNT_EXAMPLES, amountIn } from "../core/documents/amount.ts"
import type { Budget } from "../core/model/workflow.ts"
import type { Purpose } from "../core/view/protocol.ts"
import { parseHandback, parseInbox, parseWorkers, tooMany, type WorkersLine } from "./line-workers.ts"
import { restOf, type ShellToken, shellTokensOf } from "./shell-tokens.ts"

/** A parsed line for Baton (`/workflow …`, `/trace …`, `/workers …`, `/inbox …`, `/handback …`). */
export type CommandLine =
  | {
      readonly command: "run" | "plan"
      readonly workflow: string
      readonly inputs: Readonly<Record<string, string>>
      readonly task: string
      /** Models for this run, by profile or role. */
      readonly models: Readonly<Record<string, string>>
    }
  | { readonly command: "list" | "help" }
  /** Lets a person pick a workflow for that purpose. */
  | { readonly command: "pick"; readonly purpose: Purpose }
  | { readonly command: "abort" | "pause"; readonly run?: string }
  | { readonly command: "status"; readonly run?: string; readonly limit?: number }
  /** With `isEdited`, the run continues with the current version of the workflow. */
  | { readonly command: "resume"; readonly run?: string; readonly isEdited: boolean }
  /** `target` is a waiting step or a run; `message` is for a step. */
  | { readonly command: "continue"; readonly target?: string; readonly message: string }
  | { readonly command: "retry" | "skip"; readonly step: string; readonly message: string }
  | { readonly command: "raise"; readonly budget: Budget; readonly run?: string }
  | { readonly command: "trace"; readonly step: string }
  /** `digest` identifies the files that the answer is about. */
  | { readonly command: "trust"; readonly answer?: "yes" | "no" | "revoke"; readonly digest: string }
  | { readonly command: "show"; readonly run: string; readonly step: string }
  /** `out` is the file to write, relative to the project. */
  | { readonly command: "report"; readonly run?: string; readonly out?: string }
  | { readonly command: "graph"; readonly workflow: string; readonly format: "mermaid" | "ascii" }
  | WorkersLine

export const SUBCOMMANDS = [
  "run",
  "list",
  "plan",
  "status",
  "show",
  "pause",
  "continue",
  "retry",
  "skip",
  "raise",
  "resume",
  "abort",
  "report",
  "graph",
  "trust",
  "help",
] as const

const PAIR = /^([A-Za-z_][\w-]*)=(.*)$/s

/**
 * Parses a line that the user typed. In `run NAME key=value … task text`, pairs (and `--model
 * NAME=MODEL`) come first; from the first word that is not a pair the rest is task text, as typed
 * but without quotes around the whole of it.
 */
export function parseLine(line: string): CommandLine {
  const typed = line.trim()
  const [slash, ...words] = shellTokensOf(typed)
  if (slash?.text === "/workers") return parseWorkers(typed, words)
  if (slash?.text === "/inbox") return parseInbox(typed, words)
  if (slash?.text === "/handback") return parseHandback(typed, words)
  if (slash?.text === "/trace") return parseTrace(words)
  const [subcommand, ...rest] = words
  const first = rest[0]?.text
  switch (subcommand?.text) {
    case undefined:
      return { command: "pick", purpose: "run" }
    case "run":
    case "plan":
      return first === undefined
        ? { command: "pick", purpose: subcommand.text }
        : parseRun(typed, subcommand.text, first, rest.slice(1))
    case "list":
    case "help":
      return rest[0] === undefined ? { command: subcommand.text } : tooMany(rest[0], `/workflow ${subcommand.text}`)
    case "status":
      return parseStatus(rest)
    case "abort":
    case "pause":
      if (rest[1] !== undefined) return tooMany(rest[1], `/workflow ${subcommand.text} [RUN]`)
      return { command: subcommand.text, ...(first === undefined ? {} : { run: first }) }
    case "show": {
      const step = rest[1]?.text
      if (first === undefined || step === undefined) return wrong("say which: `/workflow show RUN STEP`")
      return rest[2] === undefined ? { command: "show", run: first, step } : tooMany(rest[2], "/workflow show RUN STEP")
    }
    case "resume":
      return parseResume(rest.map(({ text }) => text))
    case "continue":
      return {
        command: "continue",
        ...(first === undefined ? {} : { target: first }),
        message: restOf(typed, rest.slice(1)),
      }
    case "retry":
    case "skip": {
      const what = subcommand.text === "retry" ? "STEP [message…]" : "STEP"
      if (first === undefined) return wrong(`say which step: \`/workflow ${subcommand.text} ${what}\``)
      return { command: subcommand.text, step: first, message: restOf(typed, rest.slice(1)) }
    }
    case "report":
      return parseReport(rest.map(({ text }) => text))
    case "graph":
      return parseGraph(rest.map(({ text }) => text))
    case "trust":
      return parseTrust(rest.map(({ text }) => text))
    case "raise":
      return parseRaise(rest.map(({ text }) => text))
    default:
      return wrong(`there is no \`/workflow ${subcommand?.text}\``)
  }
}

function wrong(why: string): CommandLine {
  return { command: "wrong", why }
}

/** Refuses a name that is given twice: only one of the two values could count. */
function twice(name: string): CommandLine {
  return wrong(`\`${name}\` is given twice: keep one of the two`)
}

/** `limit` is what the dashboard adds when a person goes on to older runs. */
function parseStatus(words: readonly ShellToken[]): CommandLine {
  const limits = words.flatMap(({ text }) => /^limit=(\d{1,6})$/.exec(text)?.[1] ?? [])
  const [run, more] = words.filter(({ text }) => !/^limit=\d{1,6}$/.test(text))
  if (more !== undefined) return tooMany(more, "/workflow status [RUN]")
  return {
    command: "status",
    ...(run === undefined ? {} : { run: run.text }),
    ...(limits[0] === undefined ? {} : { limit: Number(limits[0]) }),
  }
}

function parseResume(words: readonly string[]): CommandLine {
  const [run, ...more] = words.filter((word) => word !== "--edited")
  const unexpected = run?.startsWith("-") ? run : more[0]
  if (unexpected !== undefined)
    return wrong(`\`${unexpected}\` is neither a run nor --edited: \`/workflow resume [RUN] [--edited]\``)
  return { command: "resume", isEdited: words.includes("--edited"), ...(run === undefined ? {} : { run }) }
}

function parseReport(words: readonly string[]): CommandLine {
  const outs = words.filter((word) => word.startsWith("out="))
  if (outs.length > 1) return twice("out")
  const out = outs[0]?.slice("out=".length)
  const [run, more] = words.filter((word) => !word.startsWith("out="))
  if (more !== undefined || out === "") return wrong("write `/workflow report [RUN] [out=FILE.html]`")
  return { command: "report", ...(run === undefined ? {} : { run }), ...(out === undefined ? {} : { out }) }
}

function parseGraph([workflow, format = "ascii", ...more]: readonly string[]): CommandLine {
  if (workflow === undefined) return { command: "pick", purpose: "graph" }
  if (more.length > 0 || (format !== "ascii" && format !== "mermaid"))
    return wrong(`\`${format}\` is not a format: \`/workflow graph ${workflow} ascii\`, or \`mermaid\``)
  return { command: "graph", workflow, format }
}

function parseTrace([step, more]: readonly ShellToken[]): CommandLine {
  if (step === undefined) return wrong("say which step: `/trace STEP`")
  return more === undefined ? { command: "trace", step: step.text } : tooMany(more, "/trace STEP")
}

function parseTrust([answer, digest = "", ...more]: readonly string[]): CommandLine {
  if (answer === undefined) return { command: "trust", digest }
  const isAnswer = answer === "yes" || answer === "no"
  if (more.length > 0 || (!isAnswer && answer !== "revoke") || isAnswer !== (digest !== ""))
    return wrong("write `/workflow trust`, or `/workflow trust revoke`")
  return { command: "trust", answer, digest }
}

const HOW_TO_RAISE = `say how much it may spend in all, as \`/workflow raise ${AMOUNT_EXAMPLES} [RUN]\``

function parseRaise(words: readonly string[]): CommandLine {
  let budget: Budget = {}
  const runs: string[] = []
  for (const word of words) {
    const amount = amountIn(word)
    if (amount === undefined) {
      if (word.includes("=")) return wrong(`\`${word}\` is no amount of a budget: ${HOW_TO_RAISE}`)
      runs.push(word)
    } else if ("why" in amount) return wrong(amount.why)
    else if (Object.keys(amount.budget).some((key) => key in budget)) return twice(word.split("=")[0] ?? word)
    else budget = { ...budget, ...amount.budget }
  }
  // The run is the last word, so any other word was meant as an amount.
  const [run, other] = runs.reverse()
  const meant = other ?? (Object.keys(budget).length === 0 ? run : undefined)
  if (meant !== undefined) return wrong(`\`${meant}\` is no amount of a budget: ${HOW_TO_RAISE}`)
  if (Object.keys(budget).length === 0) return wrong(HOW_TO_RAISE)
  return { command: "raise", budget, ...(run === undefined ? {} : { run }) }
}

function parseRun(line: string, command: "run" | "plan", workflow: string, words: readonly ShellToken[]): CommandLine {
  const inputs: Record<string, string> = {}
  const models: Record<string, string> = {}
  let at = 0
  for (; at < words.length; at++) {
    const text = words[at]?.text ?? ""
    const isModel = text === "--model" || text === "-m"
    const [, name, value] = PAIR.exec(isModel ? (words[++at]?.text ?? "") : text) ?? []
    if (isModel && !value)
      return wrong("write `--model NAME=PROVIDER/MODEL`: a profile or a role, and its model for this run")
    if (name === undefined || value === undefined) break
    const pairs = isModel ? models : inputs
    if (Object.hasOwn(pairs, name)) return twice(name)
    pairs[name] = value
  }
  return { command, workflow, inputs, models, task: at < words.length ? restOf(line, words.slice(at)) : "" }
}
