import { describe, expect, it } from "vitest"
import { formatProblem } from "../../src/core/model/problem.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"

/** What people bring from other tools, and from one of Baton's forms into another. */

const problemsOf = (text: string): string[] => {
  const result = parseWorkflow(text, "w.yaml")
  return result.ok ? [] : result.problems.map(formatProblem)
}

const FORMS: Readonly<Record<string, (key: string) => string>> = {
  steps: (key) => `steps:\n  - id: a\n    prompt: p\n    ${key}: x\n`,
  tasks: (key) => `tasks:\n  - id: a\n    agent: default\n    parameters: { task: p }\n    ${key}: x\n`,
  pipeline: (key) => `pipeline:\n  - stage: a\n    agent: default\n    ${key}: x\n`,
  phases: (key) => `phases:\n  - name: a\n    model: default\n    ${key}: x\n`,
  plan: (key) => `specs: []\ntasks:\n  - id: a\n    task: p\n    ${key}: x\n`,
}

/** The word of each form for what a person wrote; undefined when the form has that key itself. */
const WORDS: readonly (readonly [string, Readonly<Record<string, string | undefined>>])[] = [
  ["if", { steps: "condition", tasks: "condition", pipeline: "condition", phases: "condition", plan: "condition" }],
  ["when", { steps: "condition", tasks: "condition", pipeline: "condition", phases: "condition", plan: "condition" }],
  ["depends_on", { steps: "needs", pipeline: "needs", phases: "input" }],
  ["dependsOn", { steps: "needs", tasks: "dependencies", pipeline: "needs", phases: "input", plan: "depends_on" }],
  ["dependencies", { steps: "needs", pipeline: "needs", phases: "input", plan: "depends_on" }],
  ["needs", { tasks: "dependencies", phases: "input", plan: "depends_on" }],
  ["agent", { steps: "profile", phases: "model" }],
  ["profile", { tasks: "agent", pipeline: "agent", phases: "model", plan: "agent" }],
  ["worker", { steps: "profile", tasks: "agent", pipeline: "agent", phases: "model", plan: "agent" }],
  ["name", { steps: "id", tasks: "id", pipeline: "stage", plan: "id" }],
  ["task", { steps: "prompt", pipeline: "prompt", phases: "prompt" }],
  ["instructions", { steps: "prompt", pipeline: "prompt", phases: "prompt", plan: "task" }],
  ["continue-on-error", { steps: "on_failure", tasks: "on_failure", phases: "on_failure" }],
  ["timeout_minutes", { steps: "timeout", pipeline: "timeout" }],
  ["routing", { steps: "route" }],
  ["foreach", { steps: "over", phases: "over" }],
  ["context_strategy", { steps: "context", tasks: "context", pipeline: "context", plan: "context" }],
  ["verify", { steps: "checks", tasks: "checks", pipeline: "checks", phases: "checks", plan: "checks" }],
]

describe("a key of another tool or form is named as the document calls it", () => {
  const rows = WORDS.flatMap(([key, words]) => Object.entries(words).map(([form, word]) => [key, form, word] as const))
  it.each(rows)("%s in %s is %s", (key, form, word) => {
    const text = FORMS[form]?.(key) ?? ""
    const line = text.split("\n").findIndex((one) => one.trim().startsWith(`${key}:`)) + 1
    expect(problemsOf(text)[0]).toBe(`w.yaml:${line}:5: unknown key \`${key}\` — here it is called \`${word}\``)
  })

  it.each([
    ["retries: 3", "write `retry: { max_attempts: 3 }`, which counts the first try too"],
    ["env: { A: b }", "write `context: { variables: … }` at the top"],
    ["approval: true", "write `intervene: always`, or a step of `type: gate` that asks a person"],
    ["uses: x", "write `type: workflow` and `workflow: NAME`"],
    ["tools: [x]", "it belongs to the worker: write it in a profile of orchestrator.json, as far as profiles have it"],
    ["dependson: [x]", "here it is called `needs`"],
    ["tiemout: 5", "did you mean `timeout`?"],
  ])("a step with `%s`", (line, hint) => {
    const text = `steps:\n  - id: a\n    prompt: p\n    ${line}\n`
    expect(problemsOf(text)).toEqual([`w.yaml:4:5: unknown key \`${line.split(":")[0]}\` — ${hint}`])
  })

  it.each([
    ["on: push", "a workflow runs when somebody starts it; leave it out"],
    ["jobs: {}", "here it is called `steps`"],
    ["params: {}", "here it is called `inputs`"],
    ["concurrency: 2", "write it under `settings`"],
    ["timeout: 5m", "write it under `settings`"],
    ["x-base: 1", "only keys of Baton can stand here; set an anchor where its value is used first"],
  ])("a document with `%s`", (line, hint) => {
    const text = `${line}\nsteps: [{ id: a, prompt: p }]\n`
    expect(problemsOf(text)).toEqual([`w.yaml:1:1: unknown key \`${line.split(":")[0]}\` — ${hint}`])
  })

  it("a task with `prompt`", () => {
    expect(problemsOf("tasks:\n  - id: a\n    agent: x\n    prompt: p\n")[0]).toBe(
      "w.yaml:4:5: unknown key `prompt` — write `parameters: { task: … }`",
    )
  })
})

describe("the syntax of other tools", () => {
  const HINT = "write `${…}`, with one pair of braces"
  it.each([
    ["a prompt", "inputs: { x: string }\nsteps:\n  - { id: a, prompt: 'do ${{ inputs.x }} now' }\n", "3:28"],
    ["a prompt with an unknown name", "steps:\n  - { id: a, prompt: 'do ${{ github.ref }}' }\n", "2:28"],
    [
      "a condition",
      "inputs: { x: string }\nsteps:\n  - { id: a, prompt: p, condition: \"${{ inputs.x == 'a' }}\" }\n",
      "3:39",
    ],
    ["a bare name of a task", "tasks:\n  - { id: a, agent: x, parameters: { task: 'do ${{ topic }}' } }\n", "2:50"],
  ])("`${{ … }}` in %s", (_what, text, place) => {
    expect(problemsOf(text)).toEqual([`w.yaml:${place}: \`\${{…}}\` is not an expression — ${HINT}`])
  })

  it("a map in an expression is still a map", () => {
    expect(problemsOf("steps: [{ id: a, prompt: \"${{'k': 1}}\" }]")).toEqual([])
    expect(problemsOf("steps: [{ id: a, prompt: \"${{'k': nope.x}}\" }]")[0]).toContain("unknown name `nope`")
  })

  it("merge keys are refused wherever they stand, and a quoted `<<` is an ordinary key", () => {
    const text = "metadata: { base: &base { a: 1 } }\nsteps:\n  - <<: *base\n    id: a\n    prompt: p\n"
    expect(problemsOf(text)).toEqual([
      "w.yaml:3:5: keys cannot be merged — write them out here; `*name` can stand for one value",
    ])
    expect(problemsOf('metadata: { "<<": 1 }\nsteps: [{ id: a, prompt: p }]')).toEqual([])
    expect(problemsOf("metadata: { <<: { a: 1 } }\nsteps: [{ id: a, prompt: p }]")).toHaveLength(1)
  })

  it("two documents in one file are named with the line of the second", () => {
    const one = "steps:\n  - { id: a, prompt: p }\n"
    expect(problemsOf(`${one}---\n${one}`)).toEqual([
      "w.yaml:3:1: a second document begins here — a file has one workflow: put each in a file of its own",
    ])
    expect(problemsOf(`---\n${one}`)).toEqual([])
    expect(problemsOf(`---\n${one}---\n`)).toHaveLength(1)
  })
})
