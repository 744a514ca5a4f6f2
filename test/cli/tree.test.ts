import xterm from "@xterm/headless"
import { describe, expect, it } from "vitest"
import { Region } from "../../src/cli/region.ts"
import { paint } from "../../src/cli/style.ts"
import { shown } from "../../src/cli/terminal.ts"
import { treeLines } from "../../src/cli/tree.ts"
import type { StepView } from "../../src/core/view/view.ts"
import { doneStep, gateStep, runningStep, runView, stepView } from "../tui/support/runs.ts"

const plain = paint({})
const part = (of: string, name: string, step: StepView): StepView => ({ ...step, group: of, name })
const lines = (steps: readonly StepView[], size = { columns: 60, rows: 20 }, now = 65_000) =>
  treeLines(runView({ steps: [...steps] }), now, size, plain)

describe("the tree of a run", () => {
  it("shows parts below their group, the time of running steps, and why a step failed", () => {
    expect(
      lines([
        doneStep("survey", 8_000, { cost: 0.25, tokens: { input: 10, output: 5 } }),
        runningStep("plan", { type: "ensemble" }),
        stepView("build"),
        part("plan", "gemini", runningStep("plan/2", { model: "google/gemini", attempts: 2 })),
        part("plan", "claude", stepView("plan/1", { status: "failed", reason: "timeout", detail: "no answer in 20m" })),
        part("plan/1", "deeper", stepView("plan/1/x")),
        stepView("ship", { status: "skipped", detail: "the run failed" }),
      ]),
    ).toEqual([
      "✓ survey      8.0s · $0.25",
      "◐ plan        1m 05s",
      "  ◐ gemini    1m 05s · try 2 · google/gemini",
      "  ✗ claude    timeout: no answer in 20m",
      "    ○ deeper",
      "○ build",
      "– ship        the run failed",
    ])
  })

  it("says why a step waits", () => {
    expect(lines([gateStep("approve", { why: "gate", detail: "Ship it?" })])[0]).toBe(
      "◔ approve  waits for you: Ship it?",
    )
  })

  it("is never wider than the terminal, whatever a step contains", () => {
    const long = stepView("x".repeat(50), { status: "failed", reason: "error", detail: `no\n${"word ".repeat(40)}` })
    for (const columns of [10, 24, 60]) {
      for (const line of lines([long], { columns, rows: 5 })) expect(line.length).toBeLessThanOrEqual(columns)
    }
  })

  it("with too many steps shows running and failed ones with their groups, then the last that ended, and counts the rest", () => {
    const done = Array.from({ length: 30 }, (_, at) => doneStep(`done-${at}`, 1_000 * (at + 1)))
    const open = Array.from({ length: 30 }, (_, at) => stepView(`open-${at}`))
    const group = [runningStep("group", { type: "parallel" }), part("group", "inner", runningStep("group/inner"))]
    const failed = stepView("bad", { status: "failed", reason: "empty" })
    const shown = lines([...done, ...group, failed, ...open], { columns: 60, rows: 6 })
    expect(shown.map((line) => line.trim().split(/ {2}/)[0])).toEqual([
      "✓ done-28",
      "✓ done-29",
      "◐ group",
      "◐ inner",
      "✗ bad",
      "… 28 done, 30 to come",
    ])
  })
})

describe("the last lines of a terminal", () => {
  function openTerminal() {
    const screen = new xterm.Terminal({ cols: 20, rows: 8, allowProposedApi: true, convertEol: true })
    const region = new Region({ write: (text) => screen.write(shown(text)), columns: 20, rows: 8 })
    const text = async () => {
      await new Promise<void>((resolve) => screen.write("", resolve))
      const { active } = screen.buffer
      const all = Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? "")
      return all.join("\n").trimEnd().split("\n")
    }
    return { region, text }
  }

  it("are redrawn in one place, below other messages, and are removed completely", async () => {
    const { region, text } = openTerminal()
    region.draw(["one", "two", "three"])
    region.draw(["ONE", "TWO"])
    expect(await text()).toEqual(["ONE", "TWO"])
    region.say(["! mind this"])
    region.draw(["a", "b", "c"])
    expect(await text()).toEqual(["! mind this", "a", "b", "c"])
    region.say(["! and this", "! and that"])
    region.clear()
    expect(await text()).toEqual(["! mind this", "! and this", "! and that"])
  })

  it("stay in place when the screen scrolls", async () => {
    const { region, text } = openTerminal()
    for (let at = 0; at < 12; at++) {
      region.say([`said ${at}`])
      region.draw(Array.from({ length: region.size.rows }, (_, row) => `row ${row} of ${at}`))
    }
    expect((await text()).slice(-7)).toEqual(["said 11", ...Array.from({ length: 6 }, (_, row) => `row ${row} of 11`)])
  })
})
