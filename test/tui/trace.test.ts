import { expect, it } from "vitest"
import { traceDocument } from "../../src/tui/trace.ts"
import { doneStep, runningStep, stepView } from "./support/runs.ts"

const fact = (document: ReturnType<typeof traceDocument>, label: string) =>
  document.facts.find((row) => row.label === label)?.value

it("shows the model that answered beside the one that was asked for, and an unknown price as unknown", () => {
  const step = doneStep("review", 8_000, {
    requestedModel: "a/one",
    model: "b/two",
    prompt: "Do it\n",
    output: "Done\n\n",
  })
  const document = traceDocument(step, "r1", 0)
  expect(fact(document, "Model")).toBe("b/two (asked for a/one)")
  expect(fact(document, "Cost")).toBe("price unknown")
  expect(fact(document, "Time")).toBe("8.0s")
  expect(document.sections.map((section) => section.text)).toEqual(["Do it", "Done"])
})

it("says why a step failed", () => {
  const step = stepView("review", { status: "failed", reason: "timeout", detail: "no answer in 20m", model: "a/one" })
  const document = traceDocument(step, "r1", 0)
  expect(fact(document, "State")).toBe("✗ failed · timeout")
  expect(fact(document, "Why")).toBe("no answer in 20m")
})

it("promises nothing of a step that runs or has not begun", () => {
  const running = traceDocument(runningStep("a", { requestedModel: "a/one" }), "r1", 65_000)
  expect([fact(running, "Time"), fact(running, "Model"), fact(running, "Cost")]).toEqual([
    "1m 05s so far",
    "a/one",
    "not known yet",
  ])
  const pending = traceDocument(stepView("b"), "r1", 0)
  expect([fact(pending, "Model"), fact(pending, "Session")]).toEqual(["not chosen yet", "none"])
  expect(pending.sections.map((section) => section.text)).toEqual(["Not asked yet.", "Nothing."])
})
