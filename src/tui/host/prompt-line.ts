import { clip } from "../state/text.ts"

/** Recognizes and builds the lines of OpenCode's prompt that are commands of Baton. */

const OURS = /^\/(?:workflow|trace|workers|inbox|handback)(?=\s|$)/
/**
 * OpenCode shows long pastes as a placeholder. Only its own server command gets the pasted text.
 */
const PASTE = /\[Pasted ~\d+ lines\]/
const TITLE_COLUMNS = 60

/**
 * True when the key layer handles the line. False leaves it to the host, which submits it as usual.
 */
export function isOurs(text: string): boolean {
  return OURS.test(text) && !PASTE.test(text)
}

/**
 * These commands need a session: a run's steps are its children, and a worker's answer is posted
 * into it.
 */
const NEEDS_SESSION = /^\/(?:workflow\s+run|workers\s+(?:spawn|ask))\s+(?=\S)/

/** True for a line that starts a run or a worker, which needs a session. */
export function startsRun(line: string): boolean {
  return NEEDS_SESSION.test(line)
}

/** Title of the session created for a line that starts a run, such as `demo topic=tea`. */
export function sessionTitle(line: string): string {
  return clip(line.replace(NEEDS_SESSION, ""), TITLE_COLUMNS)
}

/**
 * The line that runs or plans a workflow with these inputs. Values with other than plain characters
 * are quoted.
 */
export function runLine(command: "run" | "plan", workflow: string, inputs: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(inputs).map(([name, value]) => `${name}=${quote(value)}`)
  return [`/workflow ${command}`, workflow, ...pairs].join(" ")
}

/** Quotes a text where necessary, so that it is one word of a line. */
export function quote(value: string): string {
  return /^[\w./:@%+,-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`
}
