import { describe, expect, it } from "vitest"
import { toastLines } from "../../../src/core/view/toast.ts"

/** Tests where the text of a toast is broken into lines. */

describe("the text of a toast", () => {
  it("keeps each command on one line", () => {
    const text = "review failed (empty): the model finished without writing anything · /workflow retry review · /inbox"
    expect(toastLines(text).split("\n")).toEqual([
      "review failed (empty): the model finished without",
      "writing anything · /workflow retry review · /inbox",
    ])
    for (let before = 1; before < 60; before++)
      for (const command of [
        "/workflow continue review",
        "/trace build/api",
        "/inbox",
        "/workers ask docs",
        "ctrl+x i",
      ])
        expect(toastLines(`${"x".repeat(before)} yes · ${command} · more`)).toContain(command)
  })

  it("has no line wider than a toast, unless a single word is", () => {
    const text = `out of quota: ${"no credits left ".repeat(9)}· go on with /workflow resume ${"r".repeat(60)}`
    const lines = toastLines(text).split("\n")
    for (const line of lines) expect(line.length <= 54 || !line.includes(" ")).toBe(true)
    expect(lines.join(" ")).toBe(text)
  })

  it("keeps its own line breaks, and a path is no command", () => {
    expect(toastLines("one\ntwo\n\nthree")).toBe("one\ntwo\n\nthree")
    expect(toastLines(`${"a ".repeat(25)}/w flows and more`).split("\n")[1]).toBe("flows and more")
  })
})
