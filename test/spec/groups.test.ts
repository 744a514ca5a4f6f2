import { describe, expect, it } from "vitest"
import { formatProblem } from "../../src/core/model/problem.ts"
import type { StepScope } from "../../src/core/ports/ports.ts"
import { compileSchema } from "../../src/spec/json-schema.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"
import { render, resultOf } from "../../src/spec/template.ts"

/** Tests groups, loops, context, files, and structured answers. */

function problemsOf(text: string): string[] {
  const result = parseWorkflow(text, "w.yaml")
  return result.ok ? [] : result.problems.map(formatProblem)
}

function stepsOf(text: string) {
  const result = parseWorkflow(text, "w.yaml")
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"))
  return result.value.steps
}

const lines = (...rest: string[]) => ["steps:", "  - id: g", ...rest.map((one) => `    ${one}`)].join("\n")
const stepOf = (...rest: string[]) => stepsOf(lines(...rest))[0]

describe("a group", () => {
  it("ensemble: it has proposers and a judge, and its default quorum is a majority", () => {
    expect(stepOf("type: ensemble", "prompt: p", "proposers: [a, b, c]", "judge: o")?.group).toEqual({
      type: "ensemble",
      proposers: ["a", "b", "c"],
      judges: ["o"],
      mode: "parallel",
      verdict: "synthesize",
      quorum: 2,
    })
    const written = ["judge: [o, o2]", "mode: sequential", "verdict: pick", "quorum: 1"]
    expect(stepOf("type: ensemble", "prompt: p", "proposers: [a, b]", ...written)?.group).toMatchObject({
      judges: ["o", "o2"],
      mode: "sequential",
      verdict: "pick",
      quorum: 1,
    })
  })

  it("routed: it has a list, a worker for each category, and a maximum", () => {
    const text = lines(
      "type: routed",
      "over: ${[1, 2]}",
      "route: { ui: gemini }",
      "default: sonnet",
      "prompt: do ${item.task} (${item.kind})",
      "files: ['${item.folder}/**']",
      "output: out/${item.id}.md",
    )
    expect(stepsOf(text)[0]).toMatchObject({
      files: ["${item.folder}/**"],
      output: "out/${item.id}.md",
      group: {
        type: "routed",
        over: "${[1, 2]}",
        by: "category",
        route: { ui: "gemini" },
        otherwise: "sonnet",
        max: 50,
      },
    })
  })

  it("parallel: it contains steps with their own ids, also groups", () => {
    const text = `
steps:
  - { id: plan, prompt: p }
  - id: build
    type: parallel
    needs: [plan]
    steps:
      - { id: ui, prompt: "do \${plan.output}" }
      - id: all
        needs: [ui]
        type: parallel
        steps: [{ id: api, prompt: "after \${ui.output}, as \${plan.output}" }]
  - { id: end, needs: [build], prompt: "\${build.output}" }
`
    const group = stepsOf(text)[1]?.group
    expect(group).toMatchObject({
      type: "parallel",
      steps: [
        { id: "ui", needs: [] },
        { id: "all", needs: ["ui"], group: { type: "parallel", steps: [{ id: "api", prompt: expect.any(String) }] } },
      ],
    })
  })

  it("check: the step is a command with further checks", () => {
    expect(stepOf("type: check", "run: npm test", "checks: [{ file: out.txt }]")).toEqual({
      id: "g",
      type: "check",
      profile: "default",
      prompt: "",
      needs: [],
      checks: [
        { type: "command", run: "npm test", expect: "pass", severity: "error" },
        { type: "file", path: "out.txt", severity: "error", exists: true },
      ],
    })
  })

  it("a step can have a loop, context, schema, budget, opinions and its own model", () => {
    const step = stepOf(
      "prompt: round ${loop.round}, so far ${g.output}",
      "model: quick",
      "loop: { max: 5, until: \"${g.output.contains('DONE')}\" }",
      "context: distilled",
      "schema: { type: object, required: [tasks] }",
      "budget: { usd: 1, time: 10m, workers: 3 }",
      "checks: [npm test, { ask: 'Is ${g.output} clear?', profile: critic, severity: warning }]",
    )
    expect(step).toMatchObject({
      model: "quick",
      loop: { max: 5, until: "${g.output.contains('DONE')}", stagnant: 3 },
      context: "distilled",
      schema: { type: "object", required: ["tasks"] },
      budget: { usd: 1, timeMs: 600_000, workers: 3 },
      checks: [{ type: "command" }],
      opinions: [{ ask: "Is ${g.output} clear?", profile: "critic", severity: "warning" }],
    })
  })

  it("the end condition of a loop over a group can read the steps inside", () => {
    const until = "loop: { max: 3, until: \"${review.output == 'ok' && g.status == 'success'}\" }"
    expect(stepOf("type: parallel", until, "steps: [{ id: review, prompt: p }]")?.loop?.max).toBe(3)
  })

  it("the workflow can have variables, secrets and a distiller", () => {
    const text = `
context:
  variables: { env: staging, n: 2, list: [a] }
  secrets: { KEY: "{env:MY_KEY}", TOKEN: { env: T }, CERT: { file: ~/cert.pem } }
settings: { distill: quick }
steps:
  - id: a
    prompt: "\${context.variables.env} \${context.variables.n + 1} \${context.variables.list[0]} \${secrets.KEY}"
`
    const result = parseWorkflow(text, "w.yaml")
    expect(result.ok && result.value).toMatchObject({
      variables: { env: "staging", n: 2, list: ["a"] },
      secrets: { KEY: { env: "MY_KEY" }, TOKEN: { env: "T" }, CERT: { file: "~/cert.pem" } },
      distiller: "quick",
    })
  })
})

describe("one mistake is one problem", () => {
  const cases: [name: string, text: string, problem: string][] = [
    [
      "an ensemble with a profile",
      lines("type: ensemble", "prompt: p", "proposers: [a]", "judge: o", "profile: x"),
      "w.yaml:7:5: a step of type `ensemble` cannot have `profile` — `proposers` and `judge` name the workers; leave it out",
    ],
    [
      "more votes than proposers",
      lines("type: ensemble", "prompt: p", "proposers: [a]", "judge: o", "quorum: 2"),
      "w.yaml:7:13: `quorum` is 2, but there are only 1 proposers — lower it, or add proposers",
    ],
    [
      "tries of a group",
      lines("type: parallel", "steps: [{ id: a, prompt: p }]", "retry: {}"),
      "w.yaml:5:5: a step of type `parallel` cannot have `retry` — put it on its steps",
    ],
    [
      "a group that is to be tried again",
      lines("type: parallel", "steps: [{ id: a, prompt: p }]", "on_failure: retry"),
      "w.yaml:5:5: a step of type `parallel` cannot be retried as a whole — put `retry` on its steps, or use `loop: { max: 2 }`",
    ],
    [
      "a workflow that is to be tried again",
      lines("type: workflow", "workflow: other", "on_failure: retry"),
      "w.yaml:5:5: a step of type `workflow` cannot be retried as a whole — put `retry` on the steps of that workflow, or use `loop: { max: 2 }`",
    ],
    [
      "a key of another type",
      lines("prompt: p", "proposers: [a]"),
      "w.yaml:4:5: a step of type `single` cannot have `proposers` — set `type: ensemble`, or leave it out",
    ],
    [
      "nobody for the items",
      lines("type: routed", "prompt: p", "over: ${[1]}"),
      "w.yaml:2:5: `route` is missing — add `route`, which names a worker for each category, or `default`",
    ],
    [
      "a list that is none",
      lines("type: routed", "prompt: p", "default: x", "over: ${1 + 1}"),
      "w.yaml:6:13: this must be a list, not a number",
    ],
    [
      "a check that checks nothing",
      lines("type: check"),
      "w.yaml:2:5: `run` is missing — add `run`, a command, or `checks`",
    ],
    [
      "a command that is filled in",
      lines("type: check", "run: echo ${inputs.x}"),
      "w.yaml:4:10: expressions are not filled in here — a check is used exactly as written; `${…}` works in `prompt`",
    ],
    [
      "rounds without an end",
      lines("prompt: p", "loop: {}"),
      "w.yaml:4:5: `max` is missing — add `max`: Maximum number of rounds, 1 to 100.",
    ],
    [
      "a step of its own without rounds",
      lines("prompt: ${g.output}"),
      "w.yaml:3:15: step `g` reads itself — read an earlier step",
    ],
    [
      "the group from inside",
      lines("type: parallel", "steps: [{ id: a, prompt: '${g.output}' }]"),
      "w.yaml:4:33: this is inside `g`, which has not ended yet — read a step that is also inside `g`",
    ],
    [
      "a name inside that is outside too",
      lines("type: parallel", "steps: [{ id: g, prompt: p }]"),
      "w.yaml:4:19: a step outside this group is also called `g` — rename one of the two: inside it the name would be ambiguous",
    ],
    [
      "an inner step that needs an outer one",
      `${lines("type: parallel", "steps: [{ id: a, needs: [h], prompt: p }]")}\n  - { id: h, prompt: p }`,
      "w.yaml:4:30: there is no step `h` inside `g` — add it to the `needs` of `g`: what is inside then waits for it, too",
    ],
    [
      "an inner step that reads an outer one too early",
      `${lines("type: parallel", "steps: [{ id: a, prompt: '${h.output}' }]")}\n  - { id: h, prompt: p }`,
      "w.yaml:4:33: `h` may not have run yet — add `h` to `needs` of `g`",
    ],
    [
      "an inner cycle",
      lines("type: parallel", "steps: [{ id: a, needs: [b], prompt: p }, { id: b, needs: [a], prompt: p }]"),
      "w.yaml:4:64: dependency cycle: a → b → a — remove one of these `needs`",
    ],
    [
      "a file outside",
      lines("prompt: p", "output: ../x.md"),
      "w.yaml:4:13: `output` must be a path inside the project, relative to its folder — like `docs/plan.md`",
    ],
    [
      "a secret in a path",
      `context: { secrets: { K: { env: K } } }\n${lines("prompt: p", "output: a/${secrets.K}")}`,
      "w.yaml:5:17: secrets can be used only in the `prompt` of a worker — leave it out here",
    ],
    [
      "a secret that is written down",
      `context: { secrets: { K: abc } }\n${lines("prompt: p")}`,
      "w.yaml:1:26: `K` must be `{env:NAME}`, and never the secret itself",
    ],
    [
      "a schema of no type",
      lines("prompt: p", "schema: { type: objekt }"),
      'w.yaml:4:21: `type` must be one of "array", "boolean", "integer", "null", "number", "object", "string"',
    ],
    [
      "a keyword that is none",
      lines("prompt: p", "schema: { type: object, propertis: {} }"),
      "w.yaml:4:40: `propertis` is not a keyword of JSON Schema; did you mean `properties`?",
    ],
    [
      "a reference to nothing",
      lines("prompt: p", 'schema: { items: { $ref: "#/$defs/x" } }'),
      "w.yaml:4:30: `$ref` cannot be used: can't resolve reference #/$defs/x from id #",
    ],
  ]
  it.each(cases)("%s", (_name, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })
})

describe("a JSON Schema of a user", () => {
  it("both drafts are accepted, formats included, and faults are reported with their place", () => {
    const tasks = { type: "object", required: ["tasks"], properties: { at: { format: "date" } } }
    const check = compileSchema(tasks)
    expect(check({ tasks: [], at: "2026-01-31" })).toEqual([])
    expect(check({ at: "soon" })).toEqual(["/ must have required property 'tasks'", '/at must match format "date"'])
    const tuple = { $schema: "http://json-schema.org/draft-07/schema#", items: [{ type: "string" }] }
    expect(compileSchema(tuple)([7])).toEqual(["/0 must be string"])
    const newer = { $schema: "https://json-schema.org/draft/2020-12/schema", prefixItems: [{ type: "string" }] }
    expect(compileSchema(newer)([7])).toEqual(["/0 must be string"])
  })
})

describe("evaluating expressions in a run", () => {
  const step: StepScope = { output: "text", status: "success", reason: "ok", session: "s" }
  const scope = {
    inputs: {},
    steps: new Map<string, StepScope>([
      ["plan", { ...step, structured: { tasks: [{ n: 1, at: ["a", "b"] }, { n: 2 }] } }],
      ["talk", step],
    ]),
    variables: { list: [1, 2], name: "x" },
    item: { task: "do it", deep: { ok: true } },
    round: 3,
  }

  it("an expression can have any value, also a list", () => {
    expect(resultOf("${plan.structured.tasks}", scope)).toEqual({
      ok: true,
      value: [{ n: 1, at: ["a", "b"] }, { n: 2 }],
    })
    expect(resultOf("plan.structured.tasks.filter(t, t.n > 1)", scope)).toEqual({ ok: true, value: [{ n: 2 }] })
    expect(resultOf("${context.variables.list.map(x, x * 2)}", scope)).toEqual({ ok: true, value: [2, 4] })
    expect(resultOf("1 + 1", scope)).toEqual({ ok: true, value: 2 })
    expect(resultOf("plan.structured.nope", scope)).toEqual({
      ok: false,
      problems: [expect.objectContaining({ file: "condition", line: 1 })],
    })
  })

  it("a template reads parts of answers, variables, the item and the round", () => {
    const text =
      "${plan.structured.tasks[0].at[1]} ${context.variables.name} ${item.task} ${item.deep.ok ? 1 : 2} ${loop.round}"
    expect(render(text, scope)).toEqual({ ok: true, value: "b x do it 1 3" })
  })

  it("a secret is filled in only where the scope provides it", () => {
    expect(render("${secrets.KEY}", { ...scope, secrets: new Map([["KEY", "s3cret"]]) })).toEqual({
      ok: true,
      value: "s3cret",
    })
    expect(render("${secrets.KEY}", scope)).toMatchObject({ ok: false })
  })

  it("reading the data of a plain text answer is a problem", () => {
    expect(render("[${talk.structured}]", scope)).toEqual({ ok: true, value: "[]" })
    expect(render("${talk.structured.x}", scope)).toMatchObject({ ok: false })
  })
})

describe("the limit of a routed step is in the schema of the answer that has its list", () => {
  const routed = (over: string, more = "") =>
    `{ id: build, needs: [cut], type: routed, default: default, over: "${over}", prompt: p${more} }`
  const schemaOf = (schema: string, step: string) =>
    stepsOf(`steps: [{ id: cut, prompt: p, schema: ${schema} }, ${step}]`)[0]?.schema
  const TASKS = "{ type: object, properties: { tasks: { type: array, minItems: 1 } } }"
  const tasks = (schema: unknown) => ({ type: "object", properties: { tasks: schema } })

  it.each([
    ["of its own", "${cut.structured.tasks}", ", max: 7", 7],
    ["by default", "cut.structured.tasks", "", 50],
  ])("%s", (_what, over, more, maxItems) => {
    expect(schemaOf(TASKS, routed(over, more))).toEqual(tasks({ type: "array", minItems: 1, maxItems }))
  })

  it("also when the answer itself is the list, and when two steps read the same list: the lower one", () => {
    expect(schemaOf("{ type: array }", routed("cut.structured"))).toEqual({ type: "array", maxItems: 50 })
    const two = `${routed("cut.structured", ", max: 9")}, ${routed("cut.structured", ", max: 8").replace("build", "other")}`
    expect(schemaOf("{ type: array }", two)).toEqual({ type: "array", maxItems: 8 })
    expect(schemaOf("{ type: array, maxItems: 3 }", two)).toEqual({ type: "array", maxItems: 3 })
  })

  it("also when the routed step is inside a group, and beside a `$ref`", () => {
    const inside = `{ id: g, needs: [cut], type: parallel, steps: [${routed("cut.structured.a.b").replace("needs: [cut], ", "")}] }`
    const schema = "{ $ref: '#/$defs/x', $defs: { x: { properties: { a: { properties: { b: { type: array } } } } } } }"
    const capped = schemaOf(schema, inside)
    expect(capped).toMatchObject({ allOf: [{ properties: { a: { properties: { b: { maxItems: 50 } } } } }] })
    const check = compileSchema(capped ?? {})
    expect(check({ a: { b: Array(50).fill(1) } })).toEqual([])
    expect(check({ a: { b: Array(51).fill(1) } })).toEqual(["/a/b must NOT have more than 50 items"])
  })

  it("and not when the list is computed from the answer", () => {
    expect(schemaOf(TASKS, routed("cut.structured.tasks.filter(t, t.n > 1)"))).toEqual(
      tasks({ type: "array", minItems: 1 }),
    )
  })

  it("and in the schema that `phases:` derives for a decomposition", () => {
    const text = `
phases:
  - { name: decompose, model: a, prompt: p }
  - { name: execute, type: routed, default: a, max: 12 }
`
    expect(stepsOf(text)[0]?.schema).toMatchObject({ properties: { tasks: { minItems: 1, maxItems: 12 } } })
    expect(stepsOf(text.replace(", max: 12", ""))[0]?.schema).toMatchObject({ properties: { tasks: { maxItems: 50 } } })
  })
})

describe("a key of a group or a check reaches what it is about", () => {
  it("`intervene` of a group is that of the steps inside which have none, at any depth", () => {
    const inner = "{ id: x, prompt: p }, { id: y, prompt: p, intervene: never }, { id: z, type: gate, prompt: p }"
    const deep = `{ id: w, type: parallel, steps: [{ id: v, prompt: p }] }`
    const [step] = stepsOf(`steps: [{ id: g, type: parallel, intervene: always, steps: [${inner}, ${deep}] }]`)
    expect(step?.group).toMatchObject({
      steps: [
        { id: "x", intervene: "always" },
        { id: "y", intervene: "never" },
        { id: "z" },
        { id: "w", intervene: "always", group: { steps: [{ id: "v", intervene: "always" }] } },
      ],
    })
    expect(JSON.stringify(step?.group)).not.toMatch(/"id":"z"[^}]*intervene/)
  })

  it("`timeout` of a step of type `check` is that of its commands which have none", () => {
    const checks = "checks: [npm run lint, { run: npm run slow, timeout: 2h }, { file: a.md }]"
    expect(stepOf("type: check", "run: npm test", "timeout: 30m", checks)?.checks).toMatchObject([
      { run: "npm test", timeoutMs: 1_800_000 },
      { run: "npm run lint", timeoutMs: 1_800_000 },
      { run: "npm run slow", timeoutMs: 7_200_000 },
      { path: "a.md" },
    ])
    expect(stepOf("prompt: p", "timeout: 30m", "checks: [npm test]")?.checks?.[0]).not.toHaveProperty("timeoutMs")
  })

  it("`description` of a stage with parts is that of its parts which have none", () => {
    const parts = "[{ agent: a }, { agent: b, description: only this }]"
    const steps = stepsOf(`pipeline: [{ stage: look, description: look around, parallel: ${parts} }]`)
    expect(steps.map(({ description }) => description)).toEqual(["look around", "only this"])
    expect(steps[0]?.prompt).toContain("\nlook around")
  })
})
