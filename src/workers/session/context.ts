import type { Part } from "@opencode-ai/sdk/v2"
import type { SessionSpec } from "../../core/ports/ports.ts"
import type { Entry } from "../../host/entries.ts"
import { callHost, type Host, HostError } from "../../host/host.ts"
import { contextMessage } from "./outbox.ts"
import type { SessionTarget } from "./session-target.ts"

/** What a worker is told about the session it was started from. */

const BRIEF_CHARS = 2_000
const FORK_CHARS = 100_000
const CUT = "… (cut)"

/**
 * Returns what a new worker is told, in words for its model, or undefined for nothing. Throws when
 * the session cannot be read.
 */
export async function contextFor(target: SessionTarget, spec: SessionSpec): Promise<string | undefined> {
  const { parent, profile } = spec
  if (parent === undefined || profile.start === undefined || profile.start === "fresh") return undefined
  const { session } = target.origin.client
  const [{ title }, entries] = await Promise.all([
    callHost("read the session it is started from", (o) => session.get({ sessionID: parent }, o)),
    callHost("read what was said there", (o) => session.messages({ sessionID: parent }, o)),
  ])
  return profile.start === "brief" ? briefOf(title, entries) : forkOf(title, entries)
}

/** Returns what the worker of this spec was told already, as its session has it. */
export async function toldContext(host: Host, spec: SessionSpec, session: string): Promise<string | undefined> {
  const { messageID } = contextMessage({ ...spec, session, task: spec.key }, "")
  try {
    const { parts } = await callHost("read what the worker was told", (o) =>
      host.client.session.message({ sessionID: session, messageID }, o),
    )
    return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n")
  } catch (error) {
    if (error instanceof HostError && error.status !== undefined) return undefined
    throw error
  }
}

/**
 * Returns a digest of at most 2,000 characters: the title, the person's first and last request, and
 * the last answer.
 */
export function briefOf(title: string, entries: readonly Entry[]): string {
  const said = (role: string) =>
    entries.filter(({ info }) => info.role === role).flatMap(({ parts }) => spoken(parts, role === "user") || [])
  const requests = said("user")
  const [first, last, answer] = [requests[0], requests.slice(1).at(-1), said("assistant").at(-1)]
  const head = `You were started from another session. In short, it is about:\nTitle: ${cut(title, 200)}`
  const rows = [
    ["First request", first],
    ["Last request", last],
    ["Last answer", answer],
  ].filter((row): row is [string, string] => row[1] !== undefined)
  const room = Math.floor((BRIEF_CHARS - head.length) / Math.max(1, rows.length))
  return [head, ...rows.map(([name, text]) => cut(`${name}: ${text}`, room - 1))].join("\n")
}

/**
 * Returns the conversation as text. Of one that is longer than 100,000 characters it keeps the
 * newest part.
 */
export function forkOf(title: string, entries: readonly Entry[]): string {
  const head = `You were started from another session, "${cut(title, 200)}". This is what was said there:\n\n`
  const gone = "(the oldest part of the conversation is left out)\n\n"
  const blocks = entries.map(blockOf).filter((block) => block !== "")
  const kept: string[] = []
  let room = FORK_CHARS - head.length - gone.length
  for (const block of blocks.toReversed()) {
    const text = kept.length === 0 ? cut(block, room) : block
    if (text.length + 2 > room) break
    kept.unshift(text)
    room -= text.length + 2
  }
  return `${head}${kept.length < blocks.length ? gone : ""}${kept.join("\n\n")}`
}

function blockOf({ info, parts }: Entry): string {
  const lines = parts.flatMap((part) => {
    if (part.type === "tool") return [`[used ${part.tool}]`]
    return part.type === "text" && !part.ignored && part.text.trim() !== "" ? [part.text.trim()] : []
  })
  return lines.length === 0 ? "" : `${info.role === "user" ? "User" : "Assistant"}: ${lines.join("\n")}`
}

/** Returns the text of a message. Of a person's message only what was typed. */
function spoken(parts: readonly Part[], isPersons: boolean): string {
  return parts
    .flatMap((part) => (part.type === "text" && !part.ignored && !(isPersons && part.synthetic) ? [part.text] : []))
    .join("\n")
    .trim()
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(0, room - CUT.length))}${CUT}`
}
