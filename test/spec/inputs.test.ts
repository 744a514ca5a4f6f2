import { describe, expect, it } from "vitest"
import { formatProblem } from "../../src/core/model/problem.ts"
import type { InputSpec, InputValue, Workflow } from "../../src/core/model/workflow.ts"
import { bindInputs } from "../../src/spec/inputs.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"

const text: InputSpec = { type: "string", required: true }

function workflow(inputs: Record<string, InputSpec>): Workflow {
  return { name: "demo", inputs, settings: { maxParallel: 1, timeoutMs: 1, onFailure: "stop" }, steps: [] }
}

function bind(inputs: Record<string, InputSpec>, raw: Record<string, InputValue>, task?: string) {
  const result = bindInputs(workflow(inputs), raw, task)
  return result.ok ? result.value : result.problems.map(formatProblem)
}

describe("the value of an input", () => {
  it("is converted to the declared type", () => {
    const inputs: Record<string, InputSpec> = {
      s: text,
      n: { type: "number", required: true },
      i: { type: "integer", required: true },
      b: { type: "boolean", required: true },
    }
    expect(bind(inputs, { s: "7", n: "-1.5e2", i: "42", b: "false" })).toEqual({ s: "7", n: -150, i: 42, b: false })
    expect(bind(inputs, { s: 7, n: 1.5, i: 42, b: true })).toEqual({ s: "7", n: 1.5, i: 42, b: true })
  })

  it("is the default when it is not given, and an optional text is then empty", () => {
    const inputs: Record<string, InputSpec> = {
      style: { type: "string", required: false },
      count: { type: "integer", required: false, default: 3 },
    }
    expect(bind(inputs, {})).toEqual({ style: "", count: 3 })
  })

  it("is empty only when the input is optional", () => {
    const style: InputSpec = { type: "string", required: false }
    expect(bind({ style, tone: { ...style, default: "dry" } }, { style: " ", tone: "" })).toEqual({
      style: " ",
      tone: "",
    })
  })

  it("can come from the task text", () => {
    expect(bind({ task: text }, {}, "fix the login")).toEqual({ task: "fix the login" })
  })

  it("can be one of the allowed values", () => {
    expect(bind({ size: { type: "integer", required: true, enum: [1, 2] } }, { size: "2" })).toEqual({ size: 2 })
  })
})

describe("problems with inputs", () => {
  const cases: [string, Record<string, InputSpec>, Record<string, InputValue>, string | undefined, string][] = [
    ["missing", { feature: text }, {}, undefined, "demo: input `feature` is missing — write `feature=…`"],
    [
      "missing, described",
      { feature: { ...text, description: "what to build" } },
      {},
      undefined,
      "demo: input `feature` is missing — write `feature=…`: what to build",
    ],
    ["no task", { task: text }, {}, undefined, "demo: input `task` is missing — write it after the name, or `task=…`"],
    [
      "unknown",
      { style: { type: "string", required: false } },
      { stlye: "x" },
      undefined,
      "demo: unknown input `stlye` — did you mean `style`?",
    ],
    ["empty", { feature: text }, { feature: "" }, undefined, "demo: input `feature` is empty — write `feature=…`"],
    [
      "only spaces",
      { feature: { ...text, description: "what to build" } },
      { feature: " \n\t" },
      undefined,
      "demo: input `feature` is empty — write `feature=…`: what to build",
    ],
    [
      "a task of spaces",
      { task: text },
      {},
      "  ",
      "demo: input `task` is empty — write it after the name, or `task=…`",
    ],
    [
      "too large an integer",
      { n: { type: "integer", required: true } },
      { n: "99999999999999999999" },
      undefined,
      "demo: input `n` is too large: `99999999999999999999` — at most 9007199254740991",
    ],
    [
      "too small an integer",
      { n: { type: "integer", required: true } },
      { n: "-1e30" },
      undefined,
      "demo: input `n` is too small: `-1e30` — at least -9007199254740991",
    ],
    [
      "too large a number",
      { n: { type: "number", required: true } },
      { n: "1e999" },
      undefined,
      "demo: input `n` is too large: `1e999` — at most 1.7976931348623157e+308",
    ],
    ["unknown, none", {}, { a: 1 }, undefined, "demo: unknown input `a` — there are no inputs"],
    [
      "no number",
      { n: { type: "number", required: true } },
      { n: "many" },
      undefined,
      "demo: input `n` must be a number, not `many` — write `n=0.5`",
    ],
    [
      "no text for a number",
      { n: { type: "number", required: true } },
      { n: "" },
      undefined,
      "demo: input `n` must be a number, not `` — write `n=0.5`",
    ],
    [
      "a fraction",
      { n: { type: "integer", required: true } },
      { n: 1.5 },
      undefined,
      "demo: input `n` must be a whole number, not `1.5` — write `n=3`",
    ],
    [
      "no boolean",
      { b: { type: "boolean", required: true } },
      { b: "yes" },
      undefined,
      "demo: input `b` must be true or false, not `yes` — write `b=true` or `b=false`",
    ],
    [
      "outside the list",
      { s: { ...text, enum: ["red", "blue"] } },
      { s: "rde" },
      undefined,
      "demo: input `s` cannot be `rde` — did you mean `red`?",
    ],
    [
      "task not taken",
      { feature: { ...text, default: "x" } },
      {},
      "do it",
      "demo: takes no task text — it takes `feature=…`",
    ],
    ["task not taken, no inputs", {}, {}, "do it", "demo: takes no task text — it has no inputs"],
    [
      "task twice",
      { task: text },
      { task: "a" },
      "b",
      "demo: the task is given twice — as text and as `task=…`: leave one out",
    ],
  ]
  it.each(cases)("%s", (_name, inputs, raw, task, problem) => {
    expect(bind(inputs, raw, task)).toEqual([problem])
  })

  it("are reported all at once", () => {
    expect(bind({ a: text, n: { type: "number", required: true } }, { x: 1, n: "z" }, "t")).toHaveLength(4)
  })
})

it("a required input of a nested workflow cannot be empty either", () => {
  const nested = workflow({ y: text, z: { type: "string", required: false } })
  const parse = (given: string) =>
    parseWorkflow(`steps: [{ id: a, type: workflow, workflow: demo, with: { ${given} } }]`, "w.yaml", {
      lookup: () => ({ workflow: nested }),
    })
  const wrong = parse('y: " "')
  expect(wrong.ok ? [] : wrong.problems.map(formatProblem)).toEqual(["w.yaml:1:61: input `y` is empty — write `y=…`"])
  expect(parse('y: a, z: ""').ok).toBe(true)
})
