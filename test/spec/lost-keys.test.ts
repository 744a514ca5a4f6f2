import { describe, expect, it } from "vitest"
import { checkConfig } from "../../src/config/load.ts"
import { configJsonSchema } from "../../src/config/schema.ts"
import { NOT_YET, valueAt } from "../../src/core/documents/issues.ts"
import { formatProblem } from "../../src/core/model/problem.ts"
import { workflowJsonSchema } from "../../src/spec/dialects/read.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"

/**
 * A key that is accepted has an effect: for every key of every form, of every type of step and of
 * every kind of profile, a document with the key is refused, or is another workflow than without.
 */

/** A value of each key that differs from its default. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  ...{ description: "other words", profile: "docs", agent: "docs", needs: ["first"], dependencies: ["first"] },
  ...{ depends_on: ["first"], input: ["first.output"], condition: "1 > 2", timeout: "7m", idle_timeout: "8m" },
  ...{ retry: { max_attempts: 4 }, on_failure: "skip", checks: ["true"], intervene: "always", asks: "deny" },
  ...{ loop: { max: 2 }, budget: { usd: 3 }, output: "out.md", prompt: "other", model: "a/b", effects: "external" },
  ...{
    context: "distilled",
    context_strategy: "distilled",
    files: ["src/**"],
    schema: { type: "array" },
    run: "false",
  },
  ...{ proposers: ["a/x", "a/y", "a/z"], models: ["a/x", "a/y", "a/z"], judge: "a/z", mode: "sequential" },
  ...{ verdict: "pick", quorum: 1, over: "[1, 2]", by: "kind", route: { x: "docs" }, routing: { x: "docs" } },
  ...{ default: "docs", max: 3, workflow: "other", with: { y: "z" }, parallel: [{ agent: "docs" }] },
  ...{ steps: [{ id: "in", prompt: "q" }], phases: [{ name: "in", model: "docs", prompt: "q" }] },
  ...{ parameters: { task: "other" }, task: "other", type: "gate", id: "renamed", name: "renamed", stage: "renamed" },
  ...{ file: "spec/b.md" },
}

/** The least step of each type, in each form. */
const STEPS: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  step: {
    single: { prompt: "p" },
    ensemble: { type: "ensemble", prompt: "p", proposers: ["docs", "docs"], judge: "docs" },
    routed: { type: "routed", prompt: "p", over: "[1]", route: { a: "docs" } },
    parallel: { type: "parallel", steps: [{ id: "inner", prompt: "p" }] },
    workflow: { type: "workflow", workflow: "nested", with: { y: "a" } },
    check: { type: "check", run: "true" },
    gate: { type: "gate", prompt: "p" },
  },
  task: { task: { agent: "default", parameters: { task: "p" } } },
  stage: { stage: { agent: "default", prompt: "p" }, "with parts": { parallel: [{ agent: "coder" }] } },
  part: { part: { agent: "default", prompt: "p" } },
  phase: {
    single: { model: "default", prompt: "p" },
    ensemble: { type: "ensemble", prompt: "p", models: ["docs", "docs"], judge: "docs" },
    routed: { type: "routed", prompt: "p", over: "[1]", routing: { a: "docs" } },
    parallel: { type: "parallel", phases: [{ name: "inner", model: "docs", prompt: "p" }] },
  },
  planned: { task: { task: "p" } },
  spec: { spec: { file: "spec/a.md" } },
}
const FORMS: Readonly<Record<string, (step: object) => object>> = {
  step: (step) => ({
    steps: [
      { id: "first", prompt: "p" },
      { id: "own", ...step },
    ],
  }),
  task: (step) => ({
    tasks: [
      { id: "first", agent: "docs", description: "p" },
      { id: "own", ...step },
    ],
  }),
  stage: (step) => ({
    pipeline: [
      { stage: "first", agent: "docs" },
      { stage: "mid", agent: "docs" },
      { stage: "own", ...step },
    ],
  }),
  part: (part) => ({
    pipeline: [
      { stage: "first", agent: "docs" },
      { stage: "mid", agent: "docs" },
      { stage: "own", parallel: [{ name: "one", ...part }] },
    ],
  }),
  phase: (phase) => ({
    phases: [
      { name: "first", model: "docs", prompt: "p" },
      { name: "mid", model: "docs", prompt: "p" },
      { name: "own", ...phase },
    ],
  }),
  planned: (task) => ({
    specs: [],
    tasks: [
      { id: "first", task: "p" },
      { id: "own", ...task },
    ],
  }),
  spec: (spec) => ({ specs: [spec], tasks: [{ id: "first", task: "p" }] }),
  // A hook is written as a step; in `tasks` it is written as a task.
  hook: (step) => ({
    steps: [{ id: "first", prompt: "p" }],
    hooks: {
      on_success: [
        { id: "early", prompt: "p" },
        { id: "own", ...step },
      ],
    },
  }),
  "hook task": (task) => ({
    tasks: [{ id: "first", agent: "docs", description: "p" }],
    hooks: {
      on_success: [
        { id: "early", agent: "docs", description: "p" },
        { id: "own", ...task },
      ],
    },
  }),
}

const nested = (name: string) => {
  const text = `name: ${name}\ninputs: { y: { default: a } }\nsteps: [{ id: deep, prompt: "do \${inputs.y}" }]\n`
  const found = parseWorkflow(text, `${name}.yaml`)
  return found.ok ? { workflow: found.value } : { message: "", hint: "", problems: [] }
}
const parse = (document: object) => parseWorkflow(JSON.stringify(document), "w.yaml", { lookup: nested })

/** Keys of an object in the schema of all forms. */
const keysOf = (name: string) =>
  Object.keys((valueAt(workflowJsonSchema(), ["definitions", name, "properties"]) ?? {}) as object)

const rows = Object.entries(FORMS).flatMap(([form, documentOf]) => {
  const shape = form === "hook" ? "step" : form === "hook task" ? "task" : form
  return Object.entries(STEPS[shape] ?? {}).flatMap(([type, least]) =>
    keysOf(form === "hook" ? "hook" : shape).map((key) => ({ form, type, key, least, documentOf })),
  )
})

describe("every key of a step is refused or changes the workflow", () => {
  it("knows every shape of a step, and a value of each key", () => {
    const keys = new Set(rows.map(({ key }) => key))
    for (const form of Object.keys(FORMS)) expect(rows.some((row) => row.form === form)).toBe(true)
    expect([...keys].filter((key) => !(key in SAMPLES))).toEqual([])
  })

  const types = [...new Set(rows.map(({ form, type }) => `${form} ${type}`))]
  it.each(types)("%s", (name) => {
    const own = rows.filter(({ form, type }) => `${form} ${type}` === name)
    const lost = own.flatMap(({ key, least, documentOf, form }) => {
      const without = parse(documentOf(least))
      if (!without.ok) return [`${name}: ${without.problems.map(formatProblem).join("; ")}`]
      const isHook = form.startsWith("hook") && (key === "needs" || key === "dependencies")
      const sample = isHook ? ["early"] : SAMPLES[key]
      const written = { ...least, [key]: sample }
      if (JSON.stringify(written) === JSON.stringify(least)) return []
      const result = parse(documentOf(written))
      return result.ok && JSON.stringify(result.value) === JSON.stringify(without.value) ? [key] : []
    })
    expect(lost).toEqual([])
  })
})

describe("every key at the top of a document is refused or changes the workflow", () => {
  const TOP: Readonly<Record<string, object>> = {
    name: { name: "other" },
    description: { description: "words" },
    version: { version: 2 },
    metadata: { metadata: { author: "Ann" } },
    inputs: { inputs: { x: "string" } },
    "context.variables": { context: { variables: { v: 1 } } },
    "context.secrets": { context: { secrets: { S: "{env:S}" } } },
    ...Object.fromEntries(
      Object.entries({
        ...{ max_parallel: 7, timeout: "7h", on_failure: "continue", intervene: "always", budget: { usd: 1 } },
        ...{ gate: { timeout: "1h" }, distill: "docs" },
      }).map(([key, value]) => [`settings.${key}`, { settings: { [key]: value } }]),
    ),
  }
  const documents = ["step", "task", "stage", "phase", "planned"].map((form) => {
    const least = Object.values(STEPS[form] ?? {})[0] ?? {}
    return [form, FORMS[form]?.(least) ?? {}] as const
  })
  it.each(documents)("of a document with a %s", (_form, document) => {
    const without = JSON.stringify(parse(document))
    const lost = Object.entries(TOP).filter(([, more]) => JSON.stringify(parse({ ...document, ...more })) === without)
    expect(lost).toEqual([])
    const settings = valueAt(workflowJsonSchema(), ["anyOf", 0, "properties", "settings", "properties"])
    for (const key of Object.keys(settings as object)) expect(TOP).toHaveProperty([`settings.${key}`])
  })
})

describe("every key of a profile is refused or changes the profile", () => {
  const KEYS: Readonly<Record<string, unknown>> = {
    ...{
      kind: "agent",
      backend: "agent",
      model: "a/b",
      agent: "plan",
      prompt: "p",
      purpose: "p",
      permission: "read-only",
    },
    ...{ mode: "foreground", start: "brief", keep: true, fallback: ["a/c"], pin: true, concurrency: 2, asks: "deny" },
    ...{ timeout: "7m", idle_timeout: "8m", tool_timeout: "9m", idle_stop: "3m", intervene: "always" },
    ...{ url: "http://localhost:1", password: "x", directory: "/x", checkpoint: 30_000, env: ["CI"] },
  }
  const schema = configJsonSchema()
  const properties = valueAt(schema, ["properties", "profiles", "additionalProperties"]) as object
  const keys = Object.entries((valueAt(properties, ["properties"]) ?? {}) as Record<string, { description?: string }>)
    .filter(([, { description }]) => !description?.endsWith(NOT_YET))
    .map(([key]) => key)
  const read = (profile: object) => checkConfig(JSON.stringify({ profiles: { own: profile } }), "o.json", {})

  it.each(["subagent", "agent", "server"])("%s", (kind) => {
    expect(keys.length).toBeGreaterThan(15)
    expect(keys.filter((key) => !(key in KEYS))).toEqual([])
    const without = read({ kind })
    const lost = keys.filter((key) => {
      if (key === "kind" || key === "backend") return false
      const result = read({ kind, [key]: KEYS[key] })
      const facts = (one: typeof result) => one.ok && JSON.stringify([one.value.profiles, one.value.passwords])
      return result.ok && facts(result) === facts(without)
    })
    expect(lost).toEqual([])
  })
})
