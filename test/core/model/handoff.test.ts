import { expect, it } from "vitest"
import { capAnswer, HANDOFF_CHARS, handoffText, isLong } from "../../../src/core/model/handoff.ts"

it("an answer up to the limit is handed over whole, without surrounding white space", () => {
  const full = "x".repeat(HANDOFF_CHARS)
  expect(capAnswer(`\n${full}\n`, "ann")).toBe(full)
  expect(isLong(` ${full} `)).toBe(false)
  expect(isLong(`${full}y`)).toBe(true)
})

it("a longer answer is cut and names the place of the full text", () => {
  const text = `${"x".repeat(HANDOFF_CHARS)}yz`
  const cut = (file?: string) => capAnswer(text, "ann", file).slice(HANDOFF_CHARS)
  expect(cut()).toBe("\n\n[cut after 4000 of 4002 characters; the full text: /trace ann]")
  expect(cut("a.md")).toBe("\n\n[cut after 4000 of 4002 characters; the full text: /trace ann, or the file a.md]")
})

it("the cut never splits a character", () => {
  const text = `${"x".repeat(HANDOFF_CHARS - 1)}😀 and more`
  expect(capAnswer(text, "ann")).toMatch(/^x{3999}\n\n\[cut after 3999 of 4010 /)
})

it("a handoff names its worker", () => {
  expect(handoffText("ann", " done ", "a.md")).toBe("Handoff from the worker ann:\n\ndone")
})
