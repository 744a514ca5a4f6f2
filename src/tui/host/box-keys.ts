import { stripVTControlCharacters } from "node:util"
import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { KeyEvent, PasteEvent } from "@opentui/core"
import type { Clock } from "../../core/ports/ports.ts"
import type { Live } from "../state/live.ts"
import { clip } from "../state/text.ts"
import type { Guard } from "./guard.ts"
import { PAUSE_MS } from "./typing.ts"

/** Pause between two attempts to put held text back. */
const RETRY_MS = 100
const HINT_MS = 8_000
const TITLE_COLUMNS = 30
/** Characters of held text of a session; a longer paste is cut. */
const HELD_CHARS = 100_000
/** Sessions whose text is held; the text of the oldest is dropped. */
const HELD_SESSIONS = 20

export interface BoxDeps {
  readonly api: Pick<TuiPluginApi, "event" | "keymap" | "mode" | "renderer" | "state" | "tuiConfig" | "ui">
  readonly live: Live
  readonly guard: Guard
  readonly clock: Clock
  /** The session on the screen. */
  session(): string | undefined
  /** The key of the inbox as the user presses it. */
  inboxKey(): string | undefined
}

/** What a worker requests in the box. */
type Kind = "permission" | "question"
/** What a key does in the box. */
type Role = "text" | "erase" | "confirm" | "choose" | "leave" | "nothing" | "other"

interface Box {
  readonly session: string
  readonly kind: Kind
  /** The session of the worker that asks. */
  readonly asks: string
}

/**
 * Keeps what a person types from answering a worker's request. OpenCode replaces the prompt of a
 * session by a box when a child of the session has a request, and the box takes every key (contract
 * C69). Here text never reaches the box and is put back into the prompt, and only a person who
 * pauses, chooses with an arrow key, and pauses again can confirm. A person who is in the middle of
 * a text may press an arrow key to mend it, so the first one only says that the text is kept. Boxes
 * without a request of a worker are left to OpenCode. Returns a function that removes the guard.
 */
export function guardBox(deps: BoxDeps): () => void {
  const guarded = new GuardedBox(deps)
  const { api, guard } = deps
  const requested = ({ properties }: { readonly properties: { readonly sessionID: string } }) =>
    guard.sync(undefined, () => guarded.change(properties.sessionID))
  const onPaste = (event: PasteEvent) => guard.sync(undefined, () => guarded.paste(event))
  api.renderer.keyInput.on("paste", onPaste)
  const offs = [
    api.keymap.intercept("key", (context) => {
      if (guard.sync(false, () => guarded.takes(context.event))) context.consume()
    }),
    api.event.on("permission.asked", requested),
    api.event.on("permission.replied", requested),
    api.event.on("question.asked", requested),
    api.event.on("question.replied", requested),
    api.event.on("question.rejected", requested),
    () => api.renderer.keyInput.off("paste", onPaste),
    () => guarded.close(),
  ]
  return () => {
    for (const off of offs.reverse()) off()
  }
}

class GuardedBox {
  readonly #deps: BoxDeps
  /** Sessions that had a request. */
  readonly #asking = new Set<string>()
  #lastKeyAt = 0
  #changedAt = 0
  /** The session in whose box the person has chosen an answer since the box changed. */
  #chosenIn: string | undefined
  /** Text that was typed while the box covered the prompt, by session. It ends where enter was pressed. */
  readonly #held = new Map<string, string>()
  /** Whether the prompt had text when the person last pressed a key in it. */
  #hasDraft = false
  /** The session in whose box the person was told, since the last text, that the text is kept. */
  #asideIn: string | undefined
  #isExplained = false
  #cancel = () => {}

  constructor(deps: BoxDeps) {
    this.#deps = deps
  }

  /** Called when a request of a session appears or is answered: the box shows another one now. */
  change(session: string): void {
    this.#asking.add(session)
    if (this.#isWorker(session)) this.#reset()
    if (this.#deps.api.renderer.currentFocusedEditor?.plainText) this.#hasDraft = true
    this.#putBackLater()
  }

  /** Whether the guard takes a key, so that the box does not get it. */
  takes(event: KeyEvent): boolean {
    const { clock, api } = this.#deps
    const lastKeyAt = this.#lastKeyAt
    this.#lastKeyAt = clock.now()
    this.#putBack()
    const box = this.#box()
    if (api.keymap.getPendingSequence().length > 0) return false
    if (box === undefined) {
      this.#watchDraft(event)
      return false
    }
    const isPaused = this.#lastKeyAt - Math.max(lastKeyAt, this.#changedAt) >= PAUSE_MS
    const role = this.#roleOf(event, box)
    if (role === "other") return false
    if (this.#answers(role, box, isPaused)) {
      // What follows a confirmation or a refusal, such as the question after "Allow always", is another box.
      this.#chosenIn = role === "choose" ? box.session : undefined
      return false
    }
    this.#chosenIn = undefined
    if (role === "text") this.#hold(box.session, event.name === "space" ? " " : event.sequence)
    if (role === "confirm") this.#endLine(box.session)
    if (role === "erase") this.#keep(box.session, withoutLast(this.#textOf(box.session)))
    if (isPaused && (role === "choose" || role === "leave")) this.#asideIn = box.session
    this.#explain(box, role)
    return true
  }

  /** Keeps pasted text, which no one would get while the box covers the prompt. */
  paste({ bytes }: PasteEvent): void {
    this.#lastKeyAt = this.#deps.clock.now()
    const box = this.#box()
    if (box === undefined) return
    this.#chosenIn = undefined
    this.#hold(box.session, stripVTControlCharacters(new TextDecoder().decode(bytes).replace(/\r\n?/g, "\n")))
    this.#explain(box, "text")
  }

  close(): void {
    this.#cancel()
  }

  #reset(): void {
    this.#changedAt = this.#deps.clock.now()
    this.#chosenIn = undefined
    this.#isExplained = false
    this.#asideIn = undefined
  }

  /** Whether a key is meant for the box, which then gets it. */
  #answers(role: Role, { session }: Box, isPaused: boolean): boolean {
    const hasChosen = this.#chosenIn === session
    if (role === "confirm") return hasChosen && isPaused
    if (role !== "choose" && role !== "leave") return false
    return hasChosen || (isPaused && (this.#asideIn === session || !this.#hasText(session)))
  }

  #hasText(session: string): boolean {
    return this.#hasDraft || this.#textOf(session) !== ""
  }

  #textOf(session: string): string {
    return this.#held.get(session) ?? ""
  }

  #hold(session: string, text: string): void {
    this.#keep(session, this.#textOf(session) + text)
    this.#asideIn = undefined
  }

  #keep(session: string, text: string): void {
    this.#held.delete(session)
    if (text !== "") this.#held.set(session, text.slice(0, HELD_CHARS))
    const [oldest] = this.#held.keys()
    if (this.#held.size > HELD_SESSIONS && oldest !== undefined) this.#held.delete(oldest)
  }

  /** Keeps what follows an enter apart from what the enter was meant to send. */
  #endLine(session: string): void {
    const text = this.#textOf(session)
    if (this.#hasText(session) && !text.endsWith("\n")) this.#keep(session, `${text}\n`)
  }

  /** Remembers whether the prompt has text once it has this key, which it gets after the guard. */
  #watchDraft(event: KeyEvent): void {
    const editor = this.#deps.api.renderer.currentFocusedEditor
    if (editor === null || !this.#isPlain()) return
    this.#hasDraft = !isEnter(event) && (editor.plainText !== "" || isText(event.sequence))
  }

  /** The box on the screen, if it has the keyboard and a worker's request. */
  #box(): Box | undefined {
    const here = this.#deps.session()
    if (here === undefined || this.#hasEditor() || !this.#isPlain()) return undefined
    const asks = this.#requestIn(here)
    return asks && { session: here, ...asks }
  }

  /** The request of a worker for which OpenCode shows a box in this session. */
  #requestIn(here: string): { readonly kind: Kind; readonly asks: string } | undefined {
    const { state } = this.#deps.api
    if (state.session.get(here)?.parentID !== undefined) return undefined
    const known = new Set([here, ...this.#asking, ...this.#deps.live.asks().map((ask) => ask.session)])
    const workers = [...known].filter(
      (id) => (id === here || state.session.get(id)?.parentID === here) && this.#isWorker(id),
    )
    const permission = workers.find((id) => state.session.permission(id).length > 0)
    if (permission !== undefined) return { kind: "permission", asks: permission }
    const question = workers.find((id) => state.session.question(id).length > 0)
    return question === undefined ? undefined : { kind: "question", asks: question }
  }

  #isWorker(session: string): boolean {
    return this.#deps.api.state.session.get(session)?.metadata?.baton !== undefined
  }

  #hasEditor(): boolean {
    return this.#deps.api.renderer.currentFocusedEditor !== null
  }

  /** Whether neither a dialog nor a screen of Baton has the keyboard. */
  #isPlain(): boolean {
    const { mode, ui } = this.#deps.api
    return !ui.dialog.open && (mode.current() === "base" || mode.current() === "question")
  }

  #roleOf(event: KeyEvent, { kind, asks }: Box): Role {
    if (this.#isExit(event)) return "leave"
    if (event.ctrl || event.meta || event.super || event.hyper) return "other"
    if (isEnter(event)) return "confirm"
    switch (event.name) {
      case "left":
      case "right":
        return kind === "permission" || this.#hasTabs(asks) ? "choose" : "nothing"
      case "tab":
        return kind === "question" && this.#hasTabs(asks) ? "choose" : "nothing"
      case "up":
      case "down":
        return kind === "question" ? "choose" : "other"
      case "backspace":
        return "erase"
      default:
        return event.name === "space" || isText(event.sequence) ? "text" : "other"
    }
  }

  /** Whether the box of a question has several tabs: one for each question, and one to confirm. */
  #hasTabs(asks: string): boolean {
    const questions = this.#deps.api.state.session.question(asks)[0]?.questions ?? []
    return questions.length > 1 || questions[0]?.multiple === true
  }

  /** Whether OpenCode takes the key for a refusal of what the box shows. */
  #isExit({ name, ctrl }: KeyEvent): boolean {
    if (name === "escape") return true
    const keys = this.#deps.api.tuiConfig.keybinds.get("app.exit").map(({ key }) => key)
    return ctrl && keys.includes(`ctrl+${name}`)
  }

  /** Says why nothing happened, once for each box and whenever the person tries to answer. */
  #explain({ kind, asks, session }: Box, role: Role): void {
    if (this.#isExplained && (role === "text" || role === "erase")) return
    this.#isExplained = true
    const { api, inboxKey } = this.#deps
    // The title names the worker, and unlike the worker's view it is always there already.
    const worker = clip(api.state.session.get(asks)?.title ?? "A worker", TITLE_COLUMNS)
    const [what, arrows] = kind === "permission" ? ["asks for a permission", "← →"] : ["asks a question", "↑ ↓"]
    const inbox = inboxKey()
    const ways = `pause, choose with ${arrows}, pause, press enter${inbox === undefined ? "" : `, or press ${inbox}`}`
    const message =
      this.#asideIn === session && this.#hasText(session)
        ? `Your text is kept for the prompt. To answer now: ${ways}.`
        : `To answer: ${ways}. What you type goes back into the prompt.`
    api.ui.toast({ variant: "warning", title: `${worker} ${what}`, message, duration: HINT_MS })
  }

  /** Puts held text back as soon as the prompt of its session is there again. */
  #putBackLater(): void {
    this.#cancel()
    if (!this.#canPutBack()) return
    this.#cancel = this.#deps.clock.after(RETRY_MS, () =>
      this.#deps.guard.sync(undefined, () => {
        this.#putBack()
        this.#putBackLater()
      }),
    )
  }

  #putBack(): void {
    const editor = this.#deps.api.renderer.currentFocusedEditor
    if (editor === null || !this.#canPutBack() || !this.#isPlain()) return
    const session = this.#deps.session() ?? ""
    const text = this.#textOf(session).replace(/\n$/, "")
    this.#held.delete(session)
    this.#hasDraft = true
    editor.insertText(editor.plainText === "" ? text.replace(/^\n/, "") : text)
  }

  /** Whether there is held text for the prompt that is on the screen or about to be. */
  #canPutBack(): boolean {
    const session = this.#deps.session()
    return session !== undefined && this.#textOf(session) !== "" && this.#requestIn(session) === undefined
  }
}

function isEnter({ name }: KeyEvent): boolean {
  return name === "return" || name === "enter" || name === "linefeed" || name === "kpenter"
}

function isText(sequence: string): boolean {
  const first = sequence.charCodeAt(0)
  return first >= 32 && first !== 127
}

function withoutLast(text: string): string {
  return [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)]
    .slice(0, -1)
    .map(({ segment }) => segment)
    .join("")
}
