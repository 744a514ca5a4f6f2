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
    /** The questions of a request. */
    asked: [{}] as { readonly multiple?: boolean }[],
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
        return screen.prompt === undefined ? null : { insertText, plainText: screen.prompt }
      },
    },
    state: {
      session: {
        get: (id: string) => screen.sessions[id],
        permission: (id: string) => (screen.permissions.has(id) ? [{}] : []),
        question: (id: string) => (screen.questions.has(id) ? [{ questions: screen.asked }] : []),
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

  it("gets no enter until the person has paused, chosen with an arrow key, and paused again", () => {
    const { press, ask, clock, toasts } = tui
    press("up")
    ask(kind)
    expect(press("return", choose, "return")).toEqual([])
    clock.advance(60_000)
    expect(press("return")).toEqual([])
    clock.advance(699)
    expect(press(choose, "return")).toEqual([])
    clock.advance(700)
    expect(press(choose, choose)).toEqual([choose, choose])
    clock.advance(699)
    expect(press("return")).toEqual([])
    clock.advance(700)
    expect(press(choose)).toEqual([choose])
    clock.advance(700)
    expect(press("return")).toEqual(["return"])
    expect(toasts[0]).toMatch(
      /^act · demo asks .* pause, choose with .*, pause, press enter, or press ctrl\+x i\. What you type/,
    )
  })

  it("gets a second enter, which confirms what it shows next, only after the same steps", () => {
    const { press, ask, clock } = tui
    ask(kind)
    clock.advance(700)
    press(choose)
    clock.advance(700)
    expect(press("return", "return", choose)).toEqual(["return"])
    clock.advance(700)
    expect(press("return")).toEqual([])
    clock.advance(700)
    expect(press(choose)).toEqual([choose])
    clock.advance(700)
    expect(press("return")).toEqual(["return"])
  })

  it.each(["before it came", "into it"])(
    "takes the first arrow key or refusal of a person who typed %s, and says that the text is kept",
    (when) => {
      for (const key of [choose, "escape", "ctrl+c"]) {
        tui = open()
        tui.screen.prompt = ""
        tui.clock.advance(10_000)
        const { press, ask, clock, toasts } = tui
        if (when === "before it came") press("a")
        ask(kind)
        if (when === "into it") press("a")
        for (let turn = 0; turn < 2; turn++) {
          clock.advance(700)
          expect(press(key, choose, "return", "return")).toEqual([])
          expect(toasts.at(-1)).toContain("Your text is kept for the prompt. To answer now: pause, choose")
          press("x")
        }
        clock.advance(700)
        expect(press(choose)).toEqual([])
        clock.advance(700)
        expect(press(choose)).toEqual([choose])
        clock.advance(700)
        expect(press("return")).toEqual(["return"])
      }
    },
  )

  it("is open at once to a person who has sent the line before it came", () => {
    const { press, ask, clock, screen } = tui
    press("a")
    screen.prompt = "a"
    press("return")
    screen.prompt = ""
    screen.leader = true
    press("i")
    screen.leader = false
    ask(kind)
    clock.advance(700)
    expect(press(choose)).toEqual([choose])
  })

  it("gets no enter after text, even if the person had chosen before", () => {
    const { press, ask, clock } = tui
    ask(kind)
    clock.advance(700)
    expect(press(choose, "n", "o")).toEqual([choose])
    clock.advance(700)
    expect(press("return")).toEqual([])
  })

  it("is as closed as before when another request takes its place or joins it", () => {
    const { press, ask, answered, clock, screen } = tui
    screen.sessions.second = { parentID: "parent", metadata: { baton: {} } }
    for (const change of [() => ask(kind, "second"), () => answered(kind)]) {
      ask(kind)
      clock.advance(700)
      expect(press(choose)).toEqual([choose])
      clock.advance(700)
      change()
      expect(press("return", choose)).toEqual([])
    }
  })

  it("gets escape and the key that exits only after a pause", () => {
    const { press, ask, clock } = tui
    press("up")
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

it("tab chooses only between the tabs of a question's box, and so do its arrows to the side", () => {
  for (const asked of [[{}, {}], [{ multiple: true }]]) {
    const { press, ask, clock, screen } = open()
    clock.advance(10_000)
    Object.assign(screen, { asked })
    ask("question")
    clock.advance(700)
    expect(press("tab", "right")).toEqual(["tab", "right"])
  }
  for (const kind of ["permission", "question"] as const) {
    const { press, ask, clock } = open()
    clock.advance(10_000)
    ask(kind)
    for (const key of kind === "permission" ? ["tab"] : ["tab", "left", "right"]) {
      clock.advance(700)
      expect(press(key)).toEqual([])
      clock.advance(700)
      expect(press("return")).toEqual([])
    }
  }
})

/** The box of a permission that came over the prompt, in which the person typed a text. */
function typedOver(text: string) {
  const tui = open()
  tui.screen.prompt = ""
  tui.clock.advance(10_000)
  tui.ask("permission")
  tui.press(...text)
  return tui
}

it("text of each session is held for its own prompt", () => {
  const { press, ask, answered, clock, screen } = typedOver("abc")
  Object.assign(screen.sessions, { p2: {}, w2: { parentID: "p2", metadata: { baton: {} } } })
  screen.session = "p2"
  ask("permission", "w2")
  press(..."xyz")
  screen.permissions.delete("act")
  answered("permission", "w2")
  clock.advance(200)
  expect(screen.prompt).toBe("xyz")
  Object.assign(screen, { session: "parent", prompt: "" })
  press("z")
  expect(screen.prompt).toBe("abc")
})

it("text of the oldest session is dropped when text of more than 20 is held", () => {
  const { press, ask, clock, screen } = typedOver("abc")
  for (let number = 0; number < 20; number++) {
    const worker = { parentID: `p${number}`, metadata: { baton: {} } }
    Object.assign(screen.sessions, { [`p${number}`]: {}, [`w${number}`]: worker })
    screen.session = `p${number}`
    ask("permission", `w${number}`)
    press("x")
  }
  screen.permissions.clear()
  for (const [session, text] of [
    ["parent", ""],
    ["p0", "x"],
    ["p19", "x"],
  ] as const) {
    Object.assign(screen, { session, prompt: "" })
    clock.advance(1_000)
    press("up")
    expect(screen.prompt).toBe(text)
  }
})

it("an enter in held text starts a new line, also after what was in the prompt", () => {
  const { press, answered, clock, screen } = typedOver("one")
  press("return", "return", ..."two", "return")
  answered("permission")
  clock.advance(200)
  expect(screen.prompt).toBe("one\ntwo")

  const second = open()
  second.clock.advance(10_000)
  second.screen.prompt = "zero"
  second.press("home")
  second.ask("permission")
  second.press("return", ..."one")
  second.screen.permissions.clear()
  second.screen.prompt = "zero"
  second.press("up")
  expect(second.screen.prompt).toBe("zero\none")
})
