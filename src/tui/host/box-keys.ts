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
/** Characters of held text; a longer paste is cut. */
const HELD_CHARS = 100_000

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
type Role = "text" | "erase" | "confirm" | "choose" | "leave" | "other"

/**
 * Keeps what a person types from answering a worker's request. OpenCode replaces the prompt of a
 * session by a box when a child of the session has a request, and the box takes every key (contract
 * C69). Here text never reaches the box and is put back into the prompt, and only a person who
 * pauses and then chooses with an arrow key can confirm. Boxes without a request of a worker are
 * left to OpenCode. Returns a function that removes the guard.
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
  /** Text that was typed while the box covered the prompt of this session. */
  #held = { session: "", text: "" }
  #isExplained = false
  #cancel = () => {}

  constructor(deps: BoxDeps) {
    this.#deps = deps
  }

  /** Called when a request of a session appears or is answered: the box shows another one now. */
  change(session: string): void {
    this.#asking.add(session)
    if (this.#isWorker(session)) this.#reset()
    this.#putBackLater()
  }

  /** Whether the guard takes a key, so that the box does not get it. */
  takes(event: KeyEvent): boolean {
    const { clock, api } = this.#deps
    const lastKeyAt = this.#lastKeyAt
    this.#lastKeyAt = clock.now()
    this.#putBack()
    const box = this.#box()
    if (box === undefined || api.keymap.getPendingSequence().length > 0) return false
    const isPaused = this.#lastKeyAt - Math.max(lastKeyAt, this.#changedAt) >= PAUSE_MS
    const hasChosen = this.#chosenIn === box.session
    const role = this.#roleOf(event, box.kind)
    if (role === "other") return false
    if (role === "confirm" ? hasChosen : (role === "choose" || role === "leave") && (isPaused || hasChosen)) {
      this.#chosenIn = role === "choose" ? box.session : this.#chosenIn
      return false
    }
    this.#chosenIn = undefined
    if (role === "text") this.#hold(box.session, event.name === "space" ? " " : event.sequence)
    if (role === "erase") this.#held = { ...this.#held, text: withoutLast(this.#held.text) }
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
  }

  #hold(session: string, text: string): void {
    const before = this.#held.session === session ? this.#held.text : ""
    this.#held = { session, text: (before + text).slice(0, HELD_CHARS) }
  }

  /** The box on the screen, if it has the keyboard and a worker's request. */
  #box(): { readonly session: string; readonly kind: Kind; readonly asks: string } | undefined {
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

  #roleOf(event: KeyEvent, kind: Kind): Role {
    if (this.#isExit(event)) return "leave"
    if (event.ctrl || event.meta || event.super || event.hyper) return "other"
    switch (event.name) {
      case "return":
      case "enter":
      case "linefeed":
      case "kpenter":
        return "confirm"
      case "left":
      case "right":
      case "tab":
        return "choose"
      case "up":
      case "down":
        return kind === "question" ? "choose" : "other"
      case "backspace":
        return "erase"
      default:
        return event.name === "space" || isText(event.sequence) ? "text" : "other"
    }
  }

  /** Whether OpenCode takes the key for a refusal of what the box shows. */
  #isExit({ name, ctrl }: KeyEvent): boolean {
    if (name === "escape") return true
    const keys = this.#deps.api.tuiConfig.keybinds.get("app.exit").map(({ key }) => key)
    return ctrl && keys.includes(`ctrl+${name}`)
  }

  /** Says why nothing happened, once for each box and whenever the person tries to answer. */
  #explain({ kind, asks }: { readonly kind: Kind; readonly asks: string }, role: Role): void {
    if (this.#isExplained && (role === "text" || role === "erase")) return
    this.#isExplained = true
    const { api, inboxKey } = this.#deps
    // The title names the worker, and unlike the worker's view it is always there already.
    const worker = clip(api.state.session.get(asks)?.title ?? "A worker", TITLE_COLUMNS)
    const [what, arrows] = kind === "permission" ? ["asks for a permission", "← →"] : ["asks a question", "↑ ↓"]
    const inbox = inboxKey()
    const ways = `choose with ${arrows} and press enter${inbox === undefined ? "" : `, or press ${inbox}`}`
    const message = `To answer: pause, ${ways}. What you type goes back into the prompt.`
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
    const { session, text } = this.#held
    this.#held = { session, text: "" }
    editor.insertText(text)
  }

  /** Whether there is held text, and the prompt of its session is on the screen or about to be. */
  #canPutBack(): boolean {
    const { session, text } = this.#held
    return text !== "" && this.#deps.session() === session && this.#requestIn(session) === undefined
  }
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
