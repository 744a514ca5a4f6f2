import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import { beforeEach, describe, expect, it } from "vitest"
import { type BoxDeps, guardBox } from "../../../src/tui/host/box-keys.ts"
import { createLive } from "../../../src/tui/state/live.ts"
import { createPace } from "../../../src/tui/state/pace.ts"
import { HandClock } from "../support/clock.ts"

/** Tests which keys reach the box that OpenCode shows instead of the prompt. */

interface Session {
  readonly parentID?: string
  readonly title?: string
  readonly metadata?: object
}

/**
 * A screen of OpenCode with the session `parent` and its child `act`, a worker. `press` presses keys
 * and returns those that reached the box or the prompt.
 */
function open() {
  const clock = new HandClock()
  const screen = {
    session: "parent",
    mode: "base",
    dialog: false,
    leader: false,
    /** The text of the focused editor; undefined when none has the focus. */
    prompt: undefined as string | undefined,
    permissions: new Set<string>(),
    questions: new Set<string>(),
    sessions: {
      parent: {},
      act: { parentID: "parent", title: "act · demo", metadata: { baton: { key: "r1/act" } } },
      other: { parentID: "parent", title: "not of Baton" },
    } as Record<string, Session>,
  }
  const toasts: string[] = []
  let onKey = (_: object) => {}
  let onPaste = (_: object) => {}
  const listeners: Record<string, (event: object) => void> = {}
  const api = {
    event: {
      on: (name: string, fn: (event: object) => void) => Object.assign(listeners, { [name]: fn }) && (() => {}),
    },
    keymap: {
      intercept(_: string, fn: (context: object) => void) {
        onKey = fn
        return () => undefined
      },
      getPendingSequence: () => (screen.leader ? ["ctrl+x"] : []),
    },
    mode: { current: () => screen.mode },
    renderer: {
      keyInput: {
        on: (_: string, fn: (event: object) => void) => {
          onPaste = fn
        },
        off: () => undefined,
      },
      get currentFocusedEditor() {
        const insertText = (text: string) => {
          screen.prompt = (screen.prompt ?? "") + text
        }
        return screen.prompt === undefined ? null : { insertText }
      },
    },
    state: {
      session: {
        get: (id: string) => screen.sessions[id],
        permission: (id: string) => (screen.permissions.has(id) ? [{}] : []),
        question: (id: string) => (screen.questions.has(id) ? [{}] : []),
      },
    },
    tuiConfig: { keybinds: { get: () => [{ key: "ctrl+c" }, { key: "<leader>q" }] } },
    ui: {
      toast: ({ title, message }: { title: string; message: string }) => toasts.push(`${title} | ${message}`),
      dialog: {
        get open() {
          return screen.dialog
        },
      },
    },
  }
  guardBox({
    api: api as unknown as TuiPluginApi & BoxDeps["api"],
    live: createLive(clock, createPace(clock)),
    clock,
    guard: { sync: (_, fn) => fn(), start: () => undefined },
    session: () => screen.session,
    inboxKey: () => "ctrl+x i",
  })
  const press = (...keys: readonly string[]) =>
    keys.filter((key) => {
      let isTaken = false
      onKey({ event: eventOf(key), consume: () => (isTaken = true) })
      return !isTaken
    })
  /** A request of a session appears, and OpenCode shows its box. */
  const ask = (kind: "permission" | "question", session = "act") => {
    screen.prompt = undefined
    screen[`${kind}s`].add(session)
    if (kind === "question") screen.mode = "question"
    listeners[`${kind}.asked`]?.({ properties: { sessionID: session } })
  }
  const answered = (kind: "permission" | "question", session = "act") => {
    screen[`${kind}s`].delete(session)
    if (screen.permissions.size + screen.questions.size === 0) Object.assign(screen, { prompt: "", mode: "base" })
    listeners[`${kind}.replied`]?.({ properties: { sessionID: session } })
  }
  const paste = (text: string) => onPaste({ bytes: new TextEncoder().encode(text) })
  return { clock, screen, toasts, press, ask, answered, paste }
}

function eventOf(key: string) {
  const [ctrl, name] = key.startsWith("ctrl+") ? [true, key.slice(5)] : [false, key]
  const special: Record<string, string> = { return: "\r", space: " ", tab: "\t", backspace: "\x7f" }
  const sequence = special[name] ?? ([...name].length === 1 ? name : `\x1b[${name}`)
  return { name, sequence, ctrl, meta: false, super: false, hyper: false, shift: false }
}

describe.each(["permission", "question"] as const)("the box of a worker's %s", (kind) => {
  const choose = kind === "permission" ? "right" : "down"
  let tui: ReturnType<typeof open>
  beforeEach(() => {
    tui = open()
    tui.screen.prompt = ""
    tui.clock.advance(10_000)
  })

  it("gets no text, however long ago the last key was, and the prompt has the text afterwards", () => {
    const { press, ask, answered, clock, screen } = tui
    ask(kind)
    for (const key of [..."hjkl12 y", "space", "é", "日", "x", "backspace"]) {
      expect(press(key)).toEqual([])
      clock.advance(5_000)
    }
    answered(kind)
    clock.advance(100)
    expect(screen.prompt).toBe("hjkl12 y é日")
  })

  it("gets no enter until the person has paused and chosen with an arrow key", () => {
    const { press, ask, clock, toasts } = tui
    press("a")
    ask(kind)
    expect(press("return", choose, "return")).toEqual([])
    clock.advance(60_000)
    expect(press("return")).toEqual([])
    clock.advance(699)
    expect(press(choose, "return")).toEqual([])
    clock.advance(700)
    expect(press(choose, choose, "return")).toEqual([choose, choose, "return"])
    expect(toasts[0]).toMatch(/^act · demo asks .*choose with .* and press enter, or press ctrl\+x i\. What you type/)
  })

  it("gets no enter after text, even if the person had chosen before", () => {
    const { press, ask, clock } = tui
    ask(kind)
    clock.advance(700)
    expect(press(choose, "n", "o", "return")).toEqual([choose])
  })

  it("is as closed as before when another request takes its place or joins it", () => {
    const { press, ask, answered, clock, screen } = tui
    screen.sessions.second = { parentID: "parent", metadata: { baton: {} } }
    for (const change of [() => ask(kind, "second"), () => answered(kind)]) {
      ask(kind)
      clock.advance(700)
      expect(press(choose)).toEqual([choose])
      change()
      expect(press("return", choose)).toEqual([])
    }
  })

  it("gets escape and the key that exits only after a pause", () => {
    const { press, ask, clock } = tui
    press("a")
    ask(kind)
    expect(press("escape", "ctrl+c")).toEqual([])
    clock.advance(700)
    expect(press("escape")).toEqual(["escape"])
    clock.advance(700)
    expect(press("ctrl+c")).toEqual(["ctrl+c"])
  })

  it("does not keep keys from their commands, a leader sequence, a dialog or the box's own editor", () => {
    const { press, ask, screen } = tui
    ask(kind)
    expect(press("ctrl+x", "ctrl+p", "ctrl+f", "pageup")).toEqual(["ctrl+x", "ctrl+p", "ctrl+f", "pageup"])
    screen.leader = true
    expect(press("i", "q", "left")).toEqual(["i", "q", "left"])
    screen.leader = false
    screen.dialog = true
    expect(press("a", "return")).toEqual(["a", "return"])
    screen.dialog = false
    screen.prompt = "in the box"
    expect(press("a", "return")).toEqual(["a", "return"])
  })

  it("is left to OpenCode when the request is not a worker's", () => {
    const { press, ask } = tui
    ask(kind, "other")
    ask(kind, "parent")
    expect(press("h", "return", "escape")).toEqual(["h", "return", "escape"])
  })

  it("is not on the screen in a child's session or in another session", () => {
    const { press, ask, screen } = tui
    ask(kind)
    screen.session = "act"
    expect(press("a", "return")).toEqual(["a", "return"])
    screen.session = "elsewhere"
    expect(press("a", "return")).toEqual(["a", "return"])
  })

  it("does not swallow a paste", () => {
    const { press, ask, answered, paste, clock, screen } = tui
    ask(kind)
    clock.advance(700)
    expect(press(choose)).toEqual([choose])
    paste("two\r\nlines\x1b[31m")
    expect(press("return")).toEqual([])
    answered(kind)
    clock.advance(100)
    expect(screen.prompt).toBe("two\nlines")
  })
})

it("a question's arrows choose nothing in the box of a permission, so enter stays closed", () => {
  const { press, ask, clock } = open()
  clock.advance(10_000)
  ask("permission")
  clock.advance(700)
  expect(press("up", "down", "return")).toEqual(["up", "down"])
})

it("held text waits for the prompt of its own session", () => {
  const { press, ask, answered, clock, screen } = open()
  clock.advance(10_000)
  ask("permission")
  press("a")
  screen.session = "elsewhere"
  answered("permission")
  clock.advance(1_000)
  expect(screen.prompt).toBe("")
  screen.session = "parent"
  press("b")
  expect(screen.prompt).toBe("a")
})
