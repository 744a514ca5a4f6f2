import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import { expect, it } from "vitest"
import { type EscapeDeps, listenToEscape } from "../../../src/tui/host/escape.ts"
import { createLive } from "../../../src/tui/state/live.ts"
import { createPace } from "../../../src/tui/state/pace.ts"
import { HandClock } from "../support/clock.ts"
import { askView, runView } from "../support/runs.ts"

/**
 * A screen of OpenCode with a running run. `press` presses the interrupt key and returns whether
 * Baton took it.
 */
function open() {
  const clock = new HandClock()
  const live = createLive(clock, createPace(clock))
  const screen = { dialog: false, prompt: "", status: "idle", session: "parent" as string | undefined }
  const submitted: string[] = []
  const toasts: string[] = []
  let cmd = () => false
  const api = {
    keymap: {
      registerLayer(layer: { bindings: { cmd: () => boolean }[] }) {
        cmd = layer.bindings[0]?.cmd ?? cmd
        return () => undefined
      },
    },
    renderer: {
      get currentFocusedEditor() {
        return { plainText: screen.prompt }
      },
    },
    state: { session: { status: () => ({ type: screen.status }) } },
    tuiConfig: { keybinds: { get: () => [{ key: "escape" }] } },
    ui: {
      toast: ({ message }: { message: string }) => toasts.push(message),
      dialog: {
        get open() {
          return screen.dialog
        },
      },
    },
  }
  listenToEscape({
    api: api as unknown as TuiPluginApi & EscapeDeps["api"],
    live,
    clock,
    guard: { sync: (_, fn) => fn(), start: () => undefined },
    session: () => screen.session,
    submit: (line) => submitted.push(line),
  })
  live.update({ runs: [runView()] })
  return { clock, live, screen, submitted, toasts, press: () => cmd() }
}

it("the first escape says what the second one does, and the second one within five seconds aborts the run", () => {
  const { press, toasts, submitted, clock } = open()
  expect(press()).toBe(true)
  expect(toasts).toEqual(["esc again aborts the run demo"])
  clock.advance(5_001)
  press()
  expect(submitted).toEqual([])
  clock.advance(5_000)
  press()
  expect(submitted).toEqual(["/workflow abort r1"])
})

it.each<[string, (screen: ReturnType<typeof open>) => unknown]>([
  ["a dialog is open", ({ screen }) => Object.assign(screen, { dialog: true })],
  ["something is typed", ({ screen }) => Object.assign(screen, { prompt: "hi" })],
  ["the session is at work itself", ({ screen }) => Object.assign(screen, { status: "busy" })],
  ["another session is shown", ({ screen }) => Object.assign(screen, { session: "another" })],
  ["no session is shown", ({ screen }) => Object.assign(screen, { session: undefined })],
  ["the run is over", ({ live }) => live.update({ runs: [runView({ status: "success", endedAt: 1 })] })],
  ["OpenCode shows what a worker asks", ({ live }) => live.update({ runs: [runView()], asks: [askView("per_1")] })],
])("escape is left to OpenCode while %s", (_, change) => {
  const screen = open()
  change(screen)
  screen.clock.advance(200)
  expect([screen.press(), screen.press()]).toEqual([false, false])
  expect(screen.submitted).toEqual([])
})
