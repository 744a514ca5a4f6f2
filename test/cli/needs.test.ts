import { expect, it } from "vitest"
import { formatNeedRows } from "../../src/cli/needs.ts"

const row = { type: "gate", run: "r1", workflow: "w", step: "a", who: "a", text: "failed", since: "" } as const

it("what needs a person is counted, then named in columns, one line each, whatever a model wrote", () => {
  expect(formatNeedRows([])).toBe("")
  expect(formatNeedRows([row])).toBe("? 1 needs you\n  a  failed · baton status r1\n")
  const hostile = { ...row, who: "review", run: null, text: `\x1b[2Jit\nfailed ${"x".repeat(500)}` }
  const [first, second, third] = formatNeedRows([row, hostile]).split("\n")
  expect([first, second]).toEqual(["? 2 need you", "  a       failed · baton status r1"])
  expect(third).toMatch(/^ {2}review {2}␛\[2Jit failed x+…$/)
  expect(third?.length).toBe(130)
})
