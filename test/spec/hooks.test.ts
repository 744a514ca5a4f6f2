import { describe, expect, it } from "vitest"
import { formatProblems } from "../../src/core/model/problem.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"

const parse = (text: string) => parseWorkflow(text, "w.yaml", { profiles: ["default"] })
const HOOKS = `
hooks:
  on_start: [{ id: setup, prompt: Prepare }]
  on_success: [{ id: praise, prompt: "Praise \${b.output}" }]
  on_failure: [{ id: mourn, prompt: "Say why: \${a.status} \${b.reason}" }]
  on_complete: [{ id: tidy, prompt: "Undo \${setup.output}" }]
steps:
  - { id: a, prompt: "with \${setup.output}" }
  - { id: b, needs: [a], prompt: go }
`

describe("hooks in a document", () => {
  it("are steps: start hooks run before all others; end hooks run after them and can read all of them", () => {
    const workflow = parse(HOOKS)
    expect(workflow.ok || formatProblems(workflow.problems)).toBe(true)
    if (!workflow.ok) return
    expect(workflow.value.steps.map(({ id, needs, hook }) => [id, needs, hook])).toEqual([
      ["setup", [], undefined],
      ["a", ["setup"], undefined],
      ["b", ["a"], undefined],
      ["praise", ["setup", "a", "b"], "success"],
      ["mourn", ["setup", "a", "b"], "failure"],
      ["tidy", ["setup", "a", "b"], "complete"],
    ])
  })

  it("are checked like steps, with their positions", () => {
    const workflow = parse(`
hooks:
  on_success: [{ id: a, prompt: "\${nope.output}", needs: [a] }]
  on_end: []
steps: [{ id: a, prompt: "\${late.output}" }, { id: b, prompt: x }]
`)
    const problems = workflow.ok ? [] : workflow.problems.map(({ line, message }) => `${line}: ${message}`)
    for (const problem of ["3: unknown key `needs`", "4: unknown key `on_end`", "3: unknown name `nope`"])
      expect(problems).toContain(problem)
    expect(problems.join("\n")).toMatch(/[35]: there are two steps `a`/)
    expect(problems).toContain("5: unknown name `late`")
  })

  it("cannot be read by the steps that run before them", () => {
    const workflow = parse(`
hooks: { on_success: [{ id: late, prompt: x }] }
steps: [{ id: a, prompt: "\${late.output}" }]
`)
    expect(workflow.ok ? "" : workflow.problems[0]?.message).toBe("`late` may not have run yet")
  })
})
