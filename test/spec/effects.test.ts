import { expect, it } from "vitest"
import { parseWorkflow } from "../../src/spec/parse.ts"

const parse = (keys: string) => parseWorkflow(`steps: [{ id: a, prompt: x, effects: external${keys} }]`, "w.yaml")

it("`effects: external` is a key of steps that cannot be combined with automatic retries", () => {
  const workflow = parse("")
  expect(workflow.ok && workflow.value.steps[0]?.effects).toBe("external")
  for (const keys of [", retry: { max_attempts: 2 }", ", on_failure: retry"]) {
    const wrong = parse(keys)
    expect(wrong.ok ? [] : wrong.problems.map((problem) => problem.message)).toEqual([
      "`effects: external` and automatic retries contradict each other",
    ])
  }
})
