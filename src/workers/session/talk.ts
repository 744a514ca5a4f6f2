import { type Entry, markOf } from "../../host/entries.ts"
import { ask, type Host } from "../../host/host.ts"
import { ownID } from "./ids.ts"
import { type Answer, answersTo, turnOf, type Verdict, verdictOf } from "./verdict.ts"

/** A message of ours, under ids of its own: sent twice it is one message, answered once. */
export interface OwnMessage {
  readonly messageID: string
  readonly partID: string
  readonly text: string
  /** Told to the model and not shown as somebody's words. */
  readonly isSynthetic?: boolean
}

/** As whom the worker is spoken to, the same for each of a task's messages. */
export interface Address {
  readonly session: string
  /** Key of the task. */
  readonly task: string
  readonly agent: string
  readonly model?: { readonly providerID: string; readonly modelID: string }
  readonly system?: string
}

/** The message with this key, always under the same ids. */
export function ownMessage(key: string, text: string): OwnMessage {
  return { messageID: ownID("msg", key), partID: ownID("prt", key), text }
}

/** Ids of what somebody says to a worker in the middle of its task, and of what it is told before it. */
export function keyOfSaying(task: string, id: string): string {
  return `${task}/message/${id}`
}
export function keyOfContext(seat: string): string {
  return `${seat}/context`
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

/** What we say to one worker in one task, and what is there of it in its session. */
export class Talk {
  readonly #host: Host
  readonly #address: Address
  readonly #own: OwnMessage[]

  /** `own`: the prompt, and what was said since. */
  constructor(host: Host, address: Address, own: readonly [OwnMessage, ...OwnMessage[]]) {
    this.#host = host
    this.#address = address
    this.#own = [...own]
  }

  /** Whether there is more than the prompt. */
  get hasSaid(): boolean {
    return this.#own.length > 1
  }

  isOwn(messageID: string): boolean {
    return this.#own.some((message) => message.messageID === messageID)
  }

  hasAll(entries: readonly Entry[]): boolean {
    return this.#unsent(entries).length === 0
  }

  /** How the task ended; undefined while something that was said is not there or not answered. */
  verdict(entries: readonly Entry[]): Verdict | undefined {
    return this.hasAll(entries) ? verdictOf(answersTo(entries, this.#promptID)) : undefined
  }

  read(): Promise<readonly Entry[]> {
    const { session } = this.#address
    return ask("read the session's messages", (o) => this.#host.client.session.messages({ sessionID: session }, o))
  }

  /** Asks for the first time. */
  async begin(context?: OwnMessage): Promise<void> {
    if (context) await this.#tell(context)
    await this.#send(this.#own)
  }

  /**
   * Asks what is not answered: sends what is not there yet, else the newest again. The torn end of an interrupted answer
   * is taken out first, so that the model does not read half a sentence of its own; finished tool calls stay.
   */
  async goOn(entries: readonly Entry[], isBusy: boolean, context?: OwnMessage): Promise<void> {
    const unsent = this.#unsent(entries)
    if (isBusy) return this.#send(unsent)
    const last = turnOf(entries, this.#promptID).at(-1)
    if (last && isTorn(last)) await this.#remove(last.info.id)
    if (context && unsent.length === this.#own.length) await this.#tell(context)
    await this.#send(unsent.length > 0 ? unsent : this.#own.slice(-1))
  }

  /** Says something more. A message that could not be sent does not count as said. */
  async say(message: OwnMessage): Promise<void> {
    const isKnown = this.isOwn(message.messageID)
    if (!isKnown) this.#own.push(message)
    try {
      await this.#send([message])
    } catch (error) {
      if (!isKnown) this.#own.splice(this.#own.indexOf(message), 1)
      throw error
    }
  }

  /** Sends the newest once more: it is the same message. */
  again(): Promise<void> {
    return this.#send(this.#own.slice(-1))
  }

  get #promptID(): string {
    return (this.#own[0] as OwnMessage).messageID
  }

  #unsent(entries: readonly Entry[]): OwnMessage[] {
    return this.#own.filter(({ messageID }) => !entries.some(({ info }) => info.id === messageID))
  }

  /** Sends messages in their order; the model is asked once they are all there. */
  async #send(messages: readonly OwnMessage[]): Promise<void> {
    const last = messages.at(-1)
    if (last === undefined) return
    for (const message of messages.slice(0, -1)) await this.#tell(message)
    await ask("prompt the session", (o) => this.#host.client.session.promptAsync(promptOf(this.#address, last), o))
  }

  #tell(message: OwnMessage): Promise<unknown> {
    return tell(this.#host, this.#address, message)
  }

  async #remove(messageID: string): Promise<void> {
    const { session } = this.#address
    await ask("remove the interrupted answer", (o) =>
      this.#host.client.session.deleteMessage({ sessionID: session, messageID }, o),
    )
  }
}

function isTorn(answer: Answer): boolean {
  const verdict = verdictOf([answer])
  return answer.info.time.completed === undefined || (verdict !== undefined && verdict.reason !== "ok")
}

/** Puts a message into the session without asking the model anything. */
export async function tell(host: Host, address: Address, message: OwnMessage): Promise<void> {
  await ask("tell the worker something", (o) =>
    host.client.session.prompt({ ...promptOf(address, message), noReply: true }, o),
  )
}
