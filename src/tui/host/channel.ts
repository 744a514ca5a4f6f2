import { printable } from "../../core/base/printable.ts"
import type { Clock } from "../../core/ports/ports.ts"
import { mapTexts } from "../../core/rights/secret-text.ts"
import {
  decode,
  encode,
  type FolderMessage,
  type NoticeMessage,
  type OpenMessage,
  type Reply,
  type StateMessage,
} from "../../core/view/protocol.ts"

/**
 * A request is repeated because the server half may still be loading or may stall for seconds. That
 * is safe, since it answers each id once.
 */
const RESEND_MS = 1_000
const GIVE_UP_MS = 30_000

export interface ChannelDeps {
  /** Puts a command string on OpenCode's event bus; rejects when the server refuses it. */
  publish(command: string): Promise<void>
  readonly clock: Clock
  /** A new id, unique among all TUIs of one server. */
  newId(): string
  /** Called with the current runs, workers and requests whenever they change. */
  onState(state: StateMessage): void
  /** Called when a person should look at a session. */
  onOpen(message: OpenMessage): void
  /** Called with the folder of a project, when it became known whether the person has to decide about it. */
  onFolder(message: FolderMessage): void
  /** Called when a run needs a person or has ended. */
  onNotice(notice: NoticeMessage): void
  /**
   * Called with the lines that have waited for more than a second, oldest first; with none once all
   * are answered.
   */
  onWaiting(lines: readonly string[]): void
}

export interface ChannelAnswer {
  readonly reply: Reply
  /** False when the server half did not answer. Whether it ran the line is then unknown. */
  readonly answered: boolean
}

export interface Channel {
  /**
   * Sends a line and resolves with its answer, after 30 s at the latest. It never rejects, and does
   * not resolve once the channel is closed. `screen` is the session on the screen when it differs
   * from the one that a person types into.
   */
  ask(line: string, session?: string, screen?: string): Promise<ChannelAnswer>
  /** Like `ask` for a line that no person typed: it is not listed as waiting. */
  askQuietly(line: string): Promise<ChannelAnswer>
  /** Takes every command string of the event bus, and ignores those for other TUIs. */
  receive(command: string): void
  /** Stops all requests. */
  close(): void
}

/**
 * Exchanges requests and replies with the server half over the event bus (see
 * src/core/view/protocol.ts).
 */
export function openChannel(deps: ChannelDeps): Channel {
  const pending = new Map<string, Pending>()
  const reportWaiting = () =>
    deps.onWaiting(
      [...pending.values()].filter((request) => request.isLate && !request.isQuiet).map((request) => request.line),
    )

  const send = (line: string, isQuiet: boolean, session?: string, screen?: string) =>
    new Promise<ChannelAnswer>((resolve) => {
      const id = deps.newId()
      const where = { ...(session === undefined ? {} : { session }), ...(screen === undefined ? {} : { screen }) }
      const command = encode({ kind: "request", id, line, ...where })
      const giveUpAt = deps.clock.now() + GIVE_UP_MS
      let failure: string | undefined
      const settle = (answer: ChannelAnswer) => {
        request.cancel()
        pending.delete(id)
        reportWaiting()
        resolve(answer)
      }
      const sendOnce = () => {
        if (deps.clock.now() >= giveUpAt) return settle({ reply: noAnswer(failure), answered: false })
        deps.publish(command).catch((error: unknown) => {
          failure = String(error)
        })
        request.cancel = deps.clock.after(RESEND_MS, () => {
          request.isLate = true
          reportWaiting()
          sendOnce()
        })
      }
      const request: Pending = { line, isQuiet, isLate: false, settle, cancel: () => undefined }
      pending.set(id, request)
      sendOnce()
    })

  return {
    ask: (line, session, screen) => send(line, false, session, screen),
    askQuietly: (line) => send(line, true),
    receive(command) {
      // Everything that a view draws comes through here, and much of it was written by a model.
      const message = mapTexts(decode(command), shown)
      if (message?.kind === "reply") pending.get(message.id)?.settle({ reply: message.reply, answered: true })
      if (message?.kind === "state") deps.onState(message)
      if (message?.kind === "folder") deps.onFolder(message)
      if (message?.kind === "open") deps.onOpen(message)
      if (message?.kind === "notice") deps.onNotice(message)
    },
    close() {
      for (const request of pending.values()) request.cancel()
      pending.clear()
    },
  }
}

/** The escape sequences with which a tool colours its output. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[\\d;:]*m`, "g")

function shown(text: string): string {
  return printable(text.replaceAll(COLOURS, ""))
}

interface Pending {
  readonly line: string
  readonly isQuiet: boolean
  isLate: boolean
  settle(answer: ChannelAnswer): void
  cancel(): void
}

function noAnswer(failure: string | undefined): Reply {
  const text = [
    `The server half of Baton did not answer in ${GIVE_UP_MS / 1_000} seconds.`,
    ...(failure === undefined ? [] : [`OpenCode said: ${failure}`]),
    'Check that "plugin" in opencode.json lists "opencode-baton" (tui.json alone is not enough), then restart OpenCode.',
    'If it does, look for "baton" in OpenCode\'s log: the server half may have failed to load.',
  ]
  return { tone: "error", title: "Baton does not answer", text: text.join("\n\n") }
}
