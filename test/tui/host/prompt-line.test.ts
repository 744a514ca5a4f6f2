import { expect, it } from "vitest"
import { isOurs, runLine, sessionTitle, startsRun } from "../../../src/tui/host/prompt-line.ts"

it.each([
  ["/workflow", true],
  ["/workflow run demo topic=tea", true],
  ["/workflow\nrun demo", true],
  ["/trace survey", true],
  ["/workflows", false],
  ["/tracer", false],
  ["/workers ask docs why", true],
  ["/inbox", true],
  ["/handback", true],
  ["/inboxes", false],
  [" /workflow", false],
  ["tell me about /workflow", false],
  ["/workflow run demo [Pasted ~3 lines]", false],
  ["", false],
])("the line %j is taken from the prompt: %s", (text, taken) => {
  expect(isOurs(text)).toBe(taken)
})

it.each([
  ["/workflow run demo", true],
  ["/workflow  run  demo x=1", true],
  ["/workflow run", false],
  ["/workflow run ", false],
  ["/workflow status", false],
  ["/trace run", false],
  ["/workers spawn docs", true],
  ["/workers ask docs why", true],
  ["/workers ask", false],
  ["/workers", false],
])("the line %j needs a session: %s", (line, needs) => {
  expect(startsRun(line)).toBe(needs)
})

it("the session of a run is titled by the typed line, in at most 60 columns", () => {
  expect(sessionTitle("/workflow run demo  topic=tea")).toBe("demo topic=tea")
  expect(sessionTitle(`/workflow run demo ${"茶".repeat(60)}`)).toMatch(/^demo 茶+…$/)
  expect(Bun.stringWidth(sessionTitle(`/workflow run demo ${"茶".repeat(60)}`))).toBeLessThanOrEqual(60)
})

it("input values that are more than one plain word are quoted", () => {
  expect(runLine("run", "demo", {})).toBe("/workflow run demo")
  expect(runLine("run", "demo", { topic: "tea", path: "docs/ai/x.md" })).toBe(
    "/workflow run demo topic=tea path=docs/ai/x.md",
  )
  expect(runLine("run", "demo", { topic: 'green "tea" \\' })).toBe(
    String.raw`/workflow run demo topic="green \"tea\" \\"`,
  )
})
