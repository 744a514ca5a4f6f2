import { type Entry, markOf } from "../../host/entries.ts"
import { callHost, type Host } from "../../host/host.ts"
import { type IdSource, ownID } from "../../host/ids.ts"
import { type Answer, answersTo, type TurnVerdict, turnOf, verdictOf } from "./verdict.ts"

/**
 * A message with ids of its own: sent twice it is still one message with one answer (contract C1).
 */
export interface OwnMessage {
  readonly messageID: string
  readonly partID: string
  readonly text: string
  /** The model reads it, and the TUI does not show it as somebody's words (contract C14). */
  readonly isSynthetic?: boolean
}

/** Session, agent and model of every message of one task (contracts C6 and C15). */
export interface Address {
  readonly session: string
  /** Key of the task. */
  readonly task: string
  /** See `SessionSpec.idTime`. */
  readonly idTime?: number
  readonly agent: string
  readonly model?: { readonly providerID: string; readonly modelID: string }
  readonly system?: string
}

type TaskAddress = Pick<Address, "session" | "task" | "idTime">

/** Returns the prompt of a task. Its ids, like those of the other messages, are always the same. */
export function promptMessage(address: TaskAddress, text: string): OwnMessage {
  return messageOf(sourceOf(address, address.task, address.idTime), text)
}

/** Returns a message that is said during a task, since `at` if that time is journalled. */
export function saidMessage(address: TaskAddress, { id, text, at = address.idTime }: Said): OwnMessage {
  return messageOf(sourceOf(address, `${address.task}/message/${id}`, at), text)
}

/** Returns what the worker is told before its prompt. */
export function contextMessage(address: TaskAddress, text: string): OwnMessage {
  const at = address.idTime === undefined ? undefined : address.idTime - 1
  return { ...messageOf(sourceOf(address, `${address.task}/context`, at), text), isSynthetic: true }
}

interface Said {
  readonly id: string
  readonly text: string
  readonly at?: number
}

function sourceOf({ session, idTime }: TaskAddress, key: string, at: number | undefined): IdSource {
  return { session, key, at: idTime === undefined ? undefined : at }
}

function messageOf(source: IdSource, text: string): OwnMessage {
  return { messageID: ownID("msg", source), partID: ownID("prt", source), text }
}

function promptOf({ session, task, agent, model, system }: Address, message: OwnMessage) {
  const { messageID, partID, text, isSynthetic } = message
  const part = { id: partID, type: "text" as const, text, metadata: { ...markOf(task) } }
  return {
    sessionID: session,
    messageID,
    agent,
    parts: [isSynthetic ? { ...part, synthetic: true } : part],
    ...(model ? { model } : {}),
    ...(system === undefined ? {} : { system }),
  }
}

/** Messages to send to the worker, in this order. */
export interface Sending {
  /**
   * Id of a torn answer to remove first, so that the model does not read half a sentence of its own
   * (contract C12).
   */
  readonly remove?: string
  /** Added to the session without asking the model. */
  readonly tell: readonly OwnMessage[]
  /** Asks the model. */
  readonly ask?: OwnMessage
}

type OwnMessages = readonly [OwnMessage, ...OwnMessage[]]

function sendingOf(messages: readonly OwnMessage[]): Sending {
  const ask = messages.at(-1)
  return { tell: messages.slice(0, -1), ...(ask === undefined ? {} : { ask }) }
}

function newestOf(own: OwnMessages): OwnMessage {
  return own.at(-1) ?? own[0]
}

/** Returns what is sent the first time. */
export function firstSending(own: OwnMessages, context: OwnMessage | undefined): Sending {
  return sendingOf(context === undefined ? own : [context, ...own])
}

/** Returns the newest message to be sent once more. Under its id it is the same message. */
export function repeatedSending(own: OwnMessages): Sending {
  return { tell: [], ask: newestOf(own) }
}

/**
 * Returns what to send to a session that may have some of it: the missing messages, else the newest
 * again. A torn answer is removed; finished tool calls stay. A busy session gets only what it
 * lacks.
 */
export function missingSending(
  own: OwnMessages,
  entries: readonly Entry[],
  isBusy: boolean,
  context?: OwnMessage,
): Sending {
  const unsent = unsentOf(own, entries)
  if (isBusy) return sendingOf(unsent)
  const last = turnOf(entries, own[0].messageID).at(-1)
  const remove = last && isTorn(last) ? { remove: last.info.id } : {}
  const told = context !== undefined && unsent.length === own.length ? [context] : []
  return { ...remove, ...sendingOf([...told, ...(unsent.length > 0 ? unsent : [newestOf(own)])]) }
}

function unsentOf(own: readonly OwnMessage[], entries: readonly Entry[]): readonly OwnMessage[] {
  return own.filter(({ messageID }) => !entries.some(({ info }) => info.id === messageID))
}

/** Whether everything that was said is in the session. */
export function hasAll(own: OwnMessages, entries: readonly Entry[]): boolean {
  return unsentOf(own, entries).length === 0
}

/** Returns how the task ended, or undefined while a message of ours is missing or unanswered. */
export function verdictOn(own: OwnMessages, entries: readonly Entry[]): TurnVerdict | undefined {
  return hasAll(own, entries) ? verdictOf(answersTo(entries, own[0].messageID)) : undefined
}

/** Sends messages to one worker in one task, and reads its session. */
export class Outbox {
  readonly #host: Host
  readonly #address: Address

  constructor(host: Host, address: Address) {
    this.#host = host
    this.#address = address
  }

  read(): Promise<readonly Entry[]> {
    const { session } = this.#address
    return callHost("read the session's messages", (o) => this.#host.client.session.messages({ sessionID: session }, o))
  }

  /**
   * Resolves once the server has every message. It does not wait for the model's answer, because a
   * synchronous prompt would outlive a lost client (contract C3).
   */
  async send({ remove, tell: told, ask: asked }: Sending): Promise<void> {
    const { client } = this.#host
    const { session } = this.#address
    if (remove !== undefined)
      await callHost("remove the interrupted answer", (o) =>
        client.session.deleteMessage({ sessionID: session, messageID: remove }, o),
      )
    for (const message of told) await tell(this.#host, this.#address, message)
    if (asked !== undefined)
      await callHost("prompt the session", (o) => client.session.promptAsync(promptOf(this.#address, asked), o))
  }
}

function isTorn(answer: Answer): boolean {
  const verdict = verdictOf([answer])
  const { finish, time } = answer.info
  return time.completed === undefined || finish === undefined || (verdict !== undefined && verdict.reason !== "ok")
}

/** Adds a message to the session without asking the model. */
export async function tell(host: Host, address: Address, message: OwnMessage): Promise<void> {
  await callHost("tell the worker something", (o) =>
    host.client.session.prompt({ ...promptOf(address, message), noReply: true }, o),
  )
}
