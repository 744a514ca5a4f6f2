import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import { expect, it } from "vitest"
import { watchTyping } from "../../../src/tui/host/typing.ts"
import { HandClock } from "../support/clock.ts"

/** Tests when a screen may change by itself. */

function open() {
  const clock = new HandClock()
  const screen = { prompt: "" }
  const done: string[] = []
  let press = () => {}
  const api = {
    keymap: {
      intercept(_: string, fn: () => void) {
        press = fn
        return () => undefined
      },
    },
    renderer: {
      get currentFocusedEditor() {
        return { plainText: screen.prompt }
      },
    },
  }
  const typing = watchTyping(api as unknown as TuiPluginApi, clock)
  return { clock, screen, done, typing, press: () => press() }
}

it("a screen changes at once when nobody types", () => {
  const { typing, done } = open()
  typing.whenDone(() => done.push("opened"))
  expect(done).toEqual(["opened"])
})

it("a screen waits for the end of what is typed, and for a pause", () => {
  const { typing, done, screen, clock, press } = open()
  clock.advance(10_000)
  screen.prompt = "half a sent"
  typing.whenDone(() => done.push("first"))
  typing.whenDone(() => done.push("second"))
  clock.advance(60_000)
  expect(done).toEqual([])
  press()
  screen.prompt = ""
  clock.advance(600)
  expect(done).toEqual([])
  clock.advance(400)
  expect(done).toEqual(["second"])
})

it("a screen that still waits does not change after Baton is closed", () => {
  const { typing, done, screen, clock } = open()
  screen.prompt = "text"
  typing.whenDone(() => done.push("opened"))
  typing.close()
  screen.prompt = ""
  clock.advance(10_000)
  expect(done).toEqual([])
})
