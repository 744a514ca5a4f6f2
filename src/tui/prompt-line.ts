import { clip } from "./format.ts"

/** Lines typed into OpenCode's prompt that are commands of Baton. */

const OURS = /^\/(?:workflow|trace)(?=\s|$)/
/** OpenCode shows long pastes as a placeholder; only its own server command gets the pasted text. */
const PASTE = /\[Pasted ~\d+ lines\]/
const TITLE_COLUMNS = 60

/** True when the key layer handles the line; false leaves it to the host, which submits as usual. */
export function isOurs(text: string): boolean {
  return OURS.test(text) && !PASTE.test(text)
}

/** True for a line that starts a run, and so needs a session to run in. */
export function startsRun(line: string): boolean {
  return /^\/workflow\s+run\s+\S/.test(line)
}

/** The title of a session made for a run: `demo topic=tea`. Takes a line that starts a run. */
export function sessionTitle(line: string): string {
  return clip(line.replace(/^\/workflow\s+run\s+/, ""), TITLE_COLUMNS)
}

/** The line that runs a workflow with these inputs; a value with anything but plain characters is quoted. */
export function runLine(workflow: string, inputs: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(inputs).map(([name, value]) => `${name}=${quote(value)}`)
  return ["/workflow run", workflow, ...pairs].join(" ")
}

function quote(value: string): string {
  return /^[\w./:@%+,-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`
}
