import { clip } from "../state/text.ts"

/** Lines typed into OpenCode's prompt that are commands of Baton. */

const OURS = /^\/(?:workflow|trace|workers|inbox|handback)(?=\s|$)/
/** OpenCode shows long pastes as a placeholder; only its own server command gets the pasted text. */
const PASTE = /\[Pasted ~\d+ lines\]/
const TITLE_COLUMNS = 60

/** True when the key layer handles the line; false leaves it to the host, which submits as usual. */
export function isOurs(text: string): boolean {
  return OURS.test(text) && !PASTE.test(text)
}

/** What a session is needed for: a run's steps are its children, a worker's answer comes into it. */
const NEEDS_SESSION = /^\/(?:workflow\s+run|workers\s+(?:spawn|ask))\s+(?=\S)/

/** True for a line that starts a run or a worker, and so needs a session to do it in. */
export function startsRun(line: string): boolean {
  return NEEDS_SESSION.test(line)
}

/** The title of a session made for a run: `demo topic=tea`. Takes a line that starts a run. */
export function sessionTitle(line: string): string {
  return clip(line.replace(NEEDS_SESSION, ""), TITLE_COLUMNS)
}

/** The line that runs or plans a workflow with these inputs; a value with anything but plain characters is quoted. */
export function runLine(command: "run" | "plan", workflow: string, inputs: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(inputs).map(([name, value]) => `${name}=${quote(value)}`)
  return [`/workflow ${command}`, workflow, ...pairs].join(" ")
}

/** A text as one word of a line. */
export function quote(value: string): string {
  return /^[\w./:@%+,-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`
}
