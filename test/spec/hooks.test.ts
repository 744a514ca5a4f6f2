import { describe, expect, it } from "vitest"
import { formatProblem, formatProblems } from "../../src/core/model/problem.ts"
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
  on_success: [{ id: a, prompt: "\${nope.output}", agent: x }]
  on_end: []
steps: [{ id: a, prompt: "\${late.output}" }, { id: b, prompt: x }]
`)
    const problems = workflow.ok ? [] : workflow.problems.map(({ line, message }) => `${line}: ${message}`)
    for (const problem of ["3: unknown key `agent`", "4: unknown key `on_end`", "3: unknown name `nope`"])
      expect(problems).toContain(problem)
    expect(problems.join("\n")).toMatch(/[35]: there are two steps `a`/)
    expect(problems).toContain("5: unknown name `late`")
  })

  it("cannot be read by the steps that run before them", () => {
    const workflow = parse(`
hooks: { on_success: [{ id: late, prompt: x }] }
steps: [{ id: a, prompt: "\${late.output}" }]
`)
    const problem = workflow.ok ? undefined : workflow.problems[0]
    expect(problem?.message).toBe("`late` is a hook of `on_success`, which runs after every step")
    expect(problem?.hint).toBe("read it in another hook, or make it a step")
  })

  it("run in the order of their `needs`, and read the hooks that they need", () => {
    const workflow = parse(`
hooks:
  on_start: [{ id: y, needs: [x], prompt: "\${x.output}" }, { id: x, prompt: x }]
  on_success: [{ id: upload, needs: [pack], prompt: "\${pack.output}" }, { id: pack, prompt: x }]
  on_complete: [{ id: tell, needs: [upload], prompt: "\${pack.output} \${a.output}" }]
steps: [{ id: a, prompt: x }]
`)
    expect(workflow.ok || formatProblems(workflow.problems)).toBe(true)
    if (!workflow.ok) return
    expect(workflow.value.steps.map(({ id, needs, hook }) => [id, needs, hook])).toEqual([
      ["y", ["x"], undefined],
      ["x", [], undefined],
      ["a", ["y", "x"], undefined],
      ["upload", ["y", "x", "a", "pack"], "success"],
      ["pack", ["y", "x", "a"], "success"],
      ["tell", ["y", "x", "a", "upload"], "complete"],
    ])
  })

  const STEPS = "steps: [{ id: a, prompt: x }, { id: b, prompt: x }]"
  const cases: readonly (readonly [string, string, string])[] = [
    [
      "an unknown name",
      "on_success: [{ id: pack, prompt: x }, { id: upload, needs: [pac], prompt: x }]",
      "w.yaml:2:70: there is no hook `pac` — did you mean `pack`?",
    ],
    [
      "an unknown name, when there is no other hook",
      "on_success: [{ id: upload, needs: [nonsense], prompt: x }]",
      "w.yaml:2:45: there is no hook `nonsense` — a hook can need only other hooks, and there are none",
    ],
    [
      "itself",
      "on_success: [{ id: upload, needs: [upload], prompt: x }]",
      "w.yaml:2:45: hook `upload` needs itself — remove it",
    ],
    [
      "a cycle",
      "on_success: [{ id: x, needs: [y], prompt: x }, { id: y, needs: [x], prompt: x }]",
      "w.yaml:2:74: dependency cycle: x → y → x — remove one of these `needs`",
    ],
    [
      "a step, by a hook at the end",
      "on_success: [{ id: upload, needs: [a], prompt: x }]",
      "w.yaml:2:45: `a` is a step, and hooks of `on_success` run after all steps — leave it out; the hook can read `${a.output}` without it",
    ],
    [
      "a hook of `on_start`, by a hook at the end",
      "{ on_start: [{ id: s, prompt: x }], on_failure: [{ id: h, needs: [s], prompt: x }] }",
      "w.yaml:2:74: `s` is a hook of `on_start`, and hooks of `on_failure` run after all of these — leave it out; the hook can read `${s.output}` without it",
    ],
    [
      "a step, by a hook at the start",
      "on_start: [{ id: s, needs: [a], prompt: x }]",
      "w.yaml:2:38: `a` is a step, and hooks of `on_start` run before all steps — make `s` a step, or leave it out",
    ],
    [
      "a hook at the end, by a hook at the start",
      "{ on_start: [{ id: s, needs: [h], prompt: x }], on_complete: [{ id: h, prompt: x }] }",
      "w.yaml:2:38: `h` is a hook of `on_complete`, and hooks of `on_start` run before all steps — make `s` a step, or leave it out",
    ],
    [
      "a hook of the other end",
      "{ on_success: [{ id: s, prompt: x }], on_failure: [{ id: h, needs: [s], prompt: x }] }",
      "w.yaml:2:76: `s` is a hook of `on_success`, which never runs together with one of `on_failure` — leave it out",
    ],
  ]
  it.each(cases)("cannot need %s", (_what, hooks, problem) => {
    const flow = hooks.startsWith("{") ? hooks : `{ ${hooks} }`
    const workflow = parse(`\nhooks: ${flow}\n${STEPS}\n`)
    expect(workflow.ok ? [] : workflow.problems.map(formatProblem)).toEqual([problem])
  })

  it("at the end cannot be needed by a step", () => {
    const workflow = parse(
      "hooks: { on_complete: [{ id: h, prompt: x }] }\nsteps: [{ id: a, needs: [h], prompt: x }]\n",
    )
    expect(workflow.ok ? [] : workflow.problems.map(formatProblem)).toEqual([
      "w.yaml:2:26: `h` is a hook of `on_complete`, which runs after every step — make it a step, or leave it out",
    ])
  })

  it("of `tasks:` run in the order of their `dependencies`, and are given their answers", () => {
    const task = (id: string, ...needs: string[]) =>
      `{ id: ${id}, agent: default, parameters: { task: do ${id} }, dependencies: [${needs.join(", ")}] }`
    const workflow = parse(`
tasks: [${task("a")}]
hooks: { on_start: [${task("s")}, ${task("t", "s")}], on_success: [${task("y", "x")}, ${task("x")}] }
`)
    expect(workflow.ok || formatProblems(workflow.problems)).toBe(true)
    if (!workflow.ok) return
    expect(workflow.value.steps.map(({ id, needs, context, prompt }) => [id, needs, context, prompt])).toEqual([
      ["s", [], undefined, "do s"],
      ["t", ["s"], "full", "do t"],
      ["a", ["s", "t"], undefined, "do a"],
      ["y", ["s", "t", "a", "x"], undefined, "do y\n\n## x\n\n${x.output}\n"],
      ["x", ["s", "t", "a"], undefined, "do x"],
    ])
    const wrong = parse(`tasks: [${task("a")}]\nhooks:\n  on_success:\n    - ${task("h", "nonsense", "a")}\n`)
    expect(wrong.ok ? [] : wrong.problems.map(formatProblem)).toEqual([
      "w.yaml:4:75: there is no hook `nonsense` — a hook can need only other hooks, and there are none",
      "w.yaml:4:85: `a` is a task, and hooks of `on_success` run after all tasks — leave it out; the hook can read `${a.output}` without it",
    ])
  })
})
