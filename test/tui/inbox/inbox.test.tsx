import { RGBA } from "@opentui/core"
import { testRender } from "@opentui/solid"
import { createSignal, type JSX } from "solid-js"
import { afterEach, expect, it, vi } from "vitest"
import type { ReplyDeps } from "../../../src/tui/dialogs/deps.ts"
import { showInbox } from "../../../src/tui/inbox/inbox.tsx"
import { createLive } from "../../../src/tui/state/live.ts"
import { createPace } from "../../../src/tui/state/pace.ts"
import { HandClock } from "../support/clock.ts"
import { askView } from "../support/runs.ts"

/** Tests the dialogs of the inbox around OpenCode's select dialog, of which only the rows are drawn. */

interface SelectProps {
  readonly title: string
  readonly options: readonly { readonly title: string; readonly value: number }[]
  readonly onSelect: (choice: { readonly value: number }) => void
}

let screen: Awaited<ReturnType<typeof testRender>> | undefined
afterEach(() => {
  vi.restoreAllMocks()
  screen?.renderer.destroy()
})

async function open(asks: ReturnType<typeof askView>[]) {
  const clock = new HandClock()
  const live = createLive(clock, createPace(clock))
  live.update({ runs: [], asks })
  clock.advance(1_000)
  const sent: string[] = []
  const [view, setView] = createSignal<() => JSX.Element>(() => null)
  let shown: SelectProps | undefined
  const DialogSelect = (props: SelectProps) => {
    shown = props
    return <text>{[props.title, ...props.options.map(({ title }) => title.trim())].join("\n")}</text>
  }
  const ui = {
    DialogSelect,
    toast: () => undefined,
    dialog: {
      replace: (next: () => JSX.Element) => setView(() => next),
      setSize: () => undefined,
      clear: () => undefined,
    },
  }
  const deps = {
    api: { renderer: { width: 80, height: 24 }, ui },
    live,
    guard: { sync: (_: unknown, fn: () => unknown) => fn(), start: (fn: () => Promise<unknown>) => void fn() },
    paint: () => RGBA.fromHex("#ffffff"),
    async send(line: string) {
      sent.push(line)
      return { tone: "success", title: "", text: "" }
    },
  }
  screen = await testRender(() => <>{view()()}</>, { width: 80, height: 24 })
  showInbox(deps as unknown as ReplyDeps, [])
  const text = async () => {
    await screen?.renderOnce()
    return screen?.captureCharFrame() ?? ""
  }
  /** Presses enter on a row of the dialog. */
  const enter = async (row = 0) => {
    await text()
    shown?.onSelect({ value: shown.options[row]?.value ?? row })
    for (let turn = 0; turn < 9; turn++) await Promise.resolve()
  }
  return { enter, text, sent }
}

it("a second press of enter does not answer the request that follows by itself", async () => {
  const now = vi.spyOn(Date, "now").mockReturnValue(1_000)
  const asks = ["per_1", "per_2"].map((id) => askView(id, { title: `bash: ${id}` }))
  const { enter, text, sent } = await open(asks)
  await enter(0)
  await enter()
  expect(await text()).toContain("bash: per_2")
  await enter()
  now.mockReturnValue(1_699)
  await enter()
  expect(sent).toEqual(["/inbox allow per_1"])
  now.mockReturnValue(1_700)
  await enter()
  expect(sent).toEqual(["/inbox allow per_1", "/inbox allow per_2"])
})

it("a question is shown with its lines, and the second question takes no answer at once", async () => {
  const now = vi.spyOn(Date, "now").mockReturnValue(1_000)
  const options = ["spring", "neap"].map((label) => ({ label, description: "" }))
  const questions = [
    { text: "Which tide?\n\n- spring\n- neap", options, more: 3, isMultiple: false },
    { text: "Why?", options, isMultiple: false },
  ]
  const { enter, text, sent } = await open([askView("que_1", { kind: "question", title: "Which tide?", questions })])
  const first = await text()
  expect(first).toMatch(/\(1 of 2\) Which tide\? …/)
  expect(first.replaceAll(/ +\n/g, "\n")).toMatch(/Which tide\?\n\n +- spring\n +- neap\n/)
  await enter(0)
  expect(await text()).toContain("(2 of 2) Why?")
  await enter(1)
  expect(sent).toEqual([])
  now.mockReturnValue(1_700)
  await enter(1)
  expect(sent).toEqual(["/inbox answer que_1 spring neap"])
})
