import { describe, expect, it } from "vitest"
import { plain, told } from "../../../src/core/groups/prompt-text.ts"
import type { Step } from "../../../src/core/model/workflow.ts"
import { step, workflow } from "../../support/runs.ts"

it("a text with template syntax is escaped", () => {
  expect(plain("cost: ${price} $x ${")).toBe("cost: $${price} $x $${")
})

describe("a person's message", () => {
  it("is appended to the prompt", () => {
    expect(told(step("a"), "use ${bun}").prompt).toBe("do a\n\nuse $${bun}")
  })

  it("changes no step without a worker, and no step when it is absent", () => {
    for (const type of ["check", "gate"] as const) {
      const given: Step = { ...step("a"), type }
      expect(told(given, "words")).toBe(given)
    }
    const given = step("a")
    expect(told(given, undefined)).toBe(given)
  })

  it("reaches the first steps of a group, at any depth", () => {
    const inner = [step("x"), step("y", "x")]
    const nested: Step = {
      ...step("n"),
      type: "workflow",
      group: { type: "workflow", workflow: workflow(inner), with: {} },
    }
    const outer: Step = { ...step("p"), type: "parallel", group: { type: "parallel", steps: [nested, step("z", "n")] } }
    const after = told(outer, "words")
    expect(JSON.stringify(after).match(/do \w\\n\\nwords/g)).toEqual(["do x\\n\\nwords"])
    expect(JSON.stringify(after).replaceAll("\\n\\nwords", "")).toBe(JSON.stringify(outer))
  })
})
