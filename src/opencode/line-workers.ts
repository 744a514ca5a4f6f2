import { restOf, type ShellToken } from "./shell-tokens.ts"

/** A parsed line of `/workers …`, `/inbox …` or `/handback …`. */
export type WorkersLine =
  | { readonly command: "workers" | "inbox" }
  | { readonly command: "spawn"; readonly profile: string; readonly name: string }
  | { readonly command: WorkerAction; readonly worker: string }
  | { readonly command: "ask"; readonly worker: string; readonly text: string }
  | { readonly command: "answer"; readonly ask: string; readonly answer: InboxAnswer }
  /** If a worker's session is on the screen, `text` is its result; elsewhere `worker` names the
   *  worker and `rest` is the result. */
  | { readonly command: "handback"; readonly text: string; readonly worker: string; readonly rest: string }
  | { readonly command: "wrong"; readonly why: string }

const ACTIONS = ["open", "stop", "interrupt", "resume", "summarize", "forget"] as const
/** Actions that need only the worker's name; `wake` is `/workers resume`. */
export type WorkerAction = "open" | "stop" | "interrupt" | "wake" | "summarize" | "forget"

export type InboxAnswer =
  | { readonly type: "allow" | "always" }
  | { readonly type: "deny"; readonly message: string }
  /** `words` is `text` split into words, with a shell's quotes. */
  | { readonly type: "answer"; readonly text: string; readonly words: readonly string[] }

export const WORKERS_SUBCOMMANDS = ["list", "spawn", "ask", ...ACTIONS] as const
export const INBOX_SUBCOMMANDS = ["list", "allow", "always", "deny", "answer"] as const

export const WORKERS_HELP = [
  "/workers                               the running and the kept workers",
  "/workers spawn PROFILE [NAME]          create a worker that is kept",
  "/workers ask NAME text…                tell it something, or ask it; the answer comes here",
  "/workers open NAME                     go to its session",
  "/workers interrupt|resume NAME         stop its turn but keep its task; continue",
  "/workers stop NAME                     end its task",
  "/workers summarize NAME                a summary of its session for this one",
  "/workers forget NAME                   stop keeping it; its session stays",
].join("\n")

export const INBOX_HELP = [
  "/inbox                                 the requests that wait for you",
  "/inbox allow|always ID                 allow it once, or from now on",
  "/inbox deny ID [words]                 deny it, and say why",
  "/inbox answer ID text                  answer a question",
].join("\n")

/** Refuses a word that a command has no use for. */
export function tooMany({ text }: ShellToken, form: string): WorkersLine {
  return { command: "wrong", why: `\`${text}\` is one word too many: \`${form}\`` }
}

export function parseWorkers(line: string, [subcommand, ...rest]: readonly ShellToken[]): WorkersLine {
  const word = subcommand?.text
  const [first, ...more] = rest
  if (word === undefined || word === "list") return first ? tooMany(first, "/workers list") : { command: "workers" }
  const action = ACTIONS.find((known) => known === word)
  if (action === undefined && word !== "spawn" && word !== "ask") {
    return { command: "wrong", why: `there is no \`/workers ${word}\`` }
  }
  if (first === undefined) {
    const what = word === "spawn" ? "PROFILE [NAME]" : word === "ask" ? "NAME text…" : "NAME"
    return { command: "wrong", why: `say which: \`/workers ${word} ${what}\`` }
  }
  if (word === "spawn") {
    const [name, extra] = more
    if (extra !== undefined) return tooMany(extra, "/workers spawn PROFILE [NAME]")
    return { command: "spawn", profile: first.text, name: name?.text ?? first.text }
  }
  if (action !== undefined) {
    if (more[0] !== undefined) return tooMany(more[0], `/workers ${action} NAME`)
    return { command: action === "resume" ? "wake" : action, worker: first.text }
  }
  const text = restOf(line, more)
  if (text.trim() === "") {
    return { command: "wrong", why: `say what: \`/workers ask ${first.text} text…\`` }
  }
  return { command: "ask", worker: first.text, text }
}

export function parseInbox(line: string, [subcommand, ...rest]: readonly ShellToken[]): WorkersLine {
  const word = subcommand?.text
  const [first, ...more] = rest
  if (word === undefined || word === "list") return first ? tooMany(first, "/inbox list") : { command: "inbox" }
  if (word !== "allow" && word !== "always" && word !== "deny" && word !== "answer") {
    return { command: "wrong", why: `there is no \`/inbox ${word}\`` }
  }
  if (first === undefined) return { command: "wrong", why: `say which: \`/inbox ${word} ID\`` }
  const text = restOf(line, more)
  if (word === "deny") return { command: "answer", ask: first.text, answer: { type: word, message: text } }
  if (word !== "answer") {
    if (more[0] !== undefined)
      return {
        command: "wrong",
        why: `\`${word}\` takes no words: \`/inbox ${word} ${first.text}\`, or \`/inbox deny ${first.text} words\``,
      }
    return { command: "answer", ask: first.text, answer: { type: word } }
  }
  if (text.trim() === "") {
    return { command: "wrong", why: `say what: \`/inbox answer ${first.text} text\`` }
  }
  return { command: "answer", ask: first.text, answer: { type: word, text, words: more.map((one) => one.text) } }
}

export function parseHandback(line: string, words: readonly ShellToken[]): WorkersLine {
  const [first, ...more] = words
  return { command: "handback", text: restOf(line, words), worker: first?.text ?? "", rest: restOf(line, more) }
}
