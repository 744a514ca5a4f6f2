import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { checkConfig } from "../../src/config/load.ts"
import { formatProblem } from "../../src/core/model/problem.ts"
import { convertWorkflow } from "../../src/spec/convert-document.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"

/** Tests the dialects of workflow documents: their source documents, and what they convert to. */

const FOLDER = join(import.meta.dirname, "../fixtures/requirements")
const fixture = (name: string) => readFileSync(join(FOLDER, name), "utf8")

/** The blocks that each document contains, in its order. */
const BLOCKS: Record<string, readonly string[]> = {
  "iteration-2.md": ["pipeline.yaml"],
  "iteration-3.md": ["feature-build.yaml"],
  "plan-001.md": ["workflow.schema.yaml", "full-stack-feature.yaml", "bug-fix.yaml"],
  "handoff.md": ["plan.json", "oh-my-opencode.jsonc"],
}

/** The workers that the blocks name. */
const WHO = {
  profiles: ["plan", "build", "planner", "backend", "frontend", "coder", "checker", "researcher", "auditor", "claude"],
  roles: ["claude-sonnet", "claude-opus", "gemini-pro", "gpt-4o"],
}

function problemsOf(text: string, file = "w.yaml"): string[] {
  const result = parseWorkflow(text, file, WHO)
  return result.ok ? [] : result.problems.map(formatProblem)
}

function parsed(text: string, file = "w.yaml") {
  const result = parseWorkflow(text, file, WHO)
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"))
  return result.value
}

const graphOf = (text: string, file?: string) =>
  Object.fromEntries(parsed(text, file).steps.map(({ id, profile, needs }) => [id, [profile, ...needs]]))

describe("documents in the dialects of other tools", () => {
  it.each(Object.entries(BLOCKS))("%s contains its blocks, byte for byte", (document, files) => {
    const blocks = [...fixture(document).matchAll(/^```(?:yaml|jsonc?)\n([\s\S]*?)^```$/gm)].map((match) => match[1])
    expect(blocks).toEqual(files.map(fixture))
  })

  it("phases: feature-build is converted to steps", () => {
    const workflow = parsed(fixture("feature-build.yaml"))
    expect(Object.fromEntries(workflow.steps.map(({ id, type, needs }) => [id, [type, ...needs]]))).toEqual({
      workshop: ["ensemble"],
      plan: ["ensemble", "workshop"],
      decompose: ["single", "plan"],
      execute: ["routed", "decompose"],
      integrate: ["single", "execute"],
      audit: ["single", "plan", "integrate"],
    })
    expect(workflow.inputs).toMatchObject({ feature: { required: true }, task: { required: false } })
    const [workshop, , decompose, execute, integrate, audit] = workflow.steps
    expect(workshop?.group).toMatchObject({
      proposers: ["claude-sonnet", "gemini-pro", "gpt-4o"],
      judges: ["claude-opus"],
    })
    expect(workshop?.output).toBe("docs/ai/${inputs.feature}/workshop/direction.md")
    expect(decompose?.schema).toMatchObject({
      properties: { tasks: { items: { properties: { category: { enum: ["frontend", "backend", "test"] } } } } },
    })
    expect(execute).toMatchObject({
      context: "scoped",
      group: { over: "${decompose.structured.tasks}", route: { frontend: "gemini-pro", test: "claude-sonnet" } },
    })
    expect(integrate?.prompt).toContain("${execute.output}")
    expect(audit).toMatchObject({ profile: "claude-opus", output: "docs/ai/${inputs.feature}/audits/verdict.md" })
    expect(audit?.prompt).toMatch(/\$\{plan\.output\}[\s\S]*\$\{integrate\.output\}/)
  })

  it("tasks: full-stack-feature and bug-fix are converted to steps", () => {
    const text = fixture("full-stack-feature.yaml")
    expect(graphOf(text)).toEqual({
      design: ["planner"],
      api: ["backend", "design"],
      ui: ["frontend", "design"],
      integrate: ["coder", "api", "ui"],
      test: ["checker", "integrate"],
    })
    expect(parsed(text).inputs).toEqual({ feature_name: { type: "string", required: true } })
    expect(parsed(text).steps[1]).toMatchObject({ prompt: "Implement API for ${inputs.feature_name}", context: "full" })
    expect(parsed(fixture("bug-fix.yaml")).inputs).toHaveProperty("bug_description")
  })

  it("pipeline: stages, and parts that others name, are converted to steps", () => {
    const text = fixture("pipeline.yaml")
    expect(graphOf(text)).toEqual({
      plan: ["plan"],
      backend: ["backend", "plan"],
      frontend: ["frontend", "plan"],
      integrate: ["build", "backend", "frontend"],
      audit: ["auditor", "integrate"],
    })
    expect(parsed(text).steps[0]?.output).toBe("plan.md")
    expect(parsed(text).inputs).toMatchObject({ task: { required: true } })
  })

  it("plan JSON: specifications come first, then tasks that own files", () => {
    const text = fixture("plan.json")
    expect(graphOf(text, "plan.json")).toEqual({
      "spec-api": ["default"],
      "spec-db": ["default"],
      "task-1": ["claude", "spec-api", "spec-db"],
    })
    expect(parsed(text, "plan.json").steps[2]).toMatchObject({
      files: ["src/api/auth.ts", "tests/api/auth.test.ts"],
      context: "scoped",
    })
  })

  it("the description of a format and the configuration of another tool are recognised and refused", () => {
    expect(problemsOf(fixture("workflow.schema.yaml"))).toEqual([
      "w.yaml:3:1: this describes a workflow format; it is not a workflow — write values instead of types; schema/workflow.schema.json describes Baton's own format",
    ])
    const config = checkConfig(fixture("oh-my-opencode.jsonc"), "orchestrator.jsonc", {})
    expect(config.ok ? [] : config.problems.map(formatProblem)).toEqual([
      "orchestrator.jsonc:3:3: this configures oh-my-opencode, not Baton — write each agent under `profiles`, with its `model`, and `prompt` for its `promptAppend`",
    ])
  })
})

describe("tasks", () => {
  const FULL = `
version: "1.0"
name: nightly
metadata: { author: me, tags: [a] }
settings: { max_parallel: 2, timeout: 3600, on_failure: continue }
context:
  variables: { env: staging, flag: true }
  secrets: { KEY: "{env:KEY}" }
tasks:
  - id: build-it
    agent: coder
    description: builds
    parameters: { task: "Build \${target} for \${env} with \${secrets.KEY}", level: 3, note: "as \${fn:uppercase(env)}" }
    retry: { max_attempts: 3, delay: 5, backoff: exponential }
    timeout: 60
    on_failure: skip
  - id: ship
    agent: coder
    dependencies: [build-it]
    parameters: { task: "Ship: \${build-it.output}" }
    condition: build-it.status == 'success' && flag && env == 'staging'
hooks:
  on_start: [{ id: hello, agent: checker, parameters: { task: "say hi to \${target}" } }]
  on_failure: [{ id: bye, agent: checker, description: say bye }]
`
  it("a document with every key is converted to steps", () => {
    const workflow = parsed(FULL)
    expect(workflow).toMatchObject({
      inputs: { target: { type: "string", required: true } },
      variables: { env: "staging", flag: true },
      settings: { maxParallel: 2, timeoutMs: 3_600_000, onFailure: "continue" },
    })
    const [hello, build, ship, bye] = workflow.steps
    expect(hello).toMatchObject({ id: "hello", prompt: "say hi to ${inputs.target}", needs: [] })
    expect(build).toMatchObject({
      prompt:
        "Build ${inputs.target} for ${context.variables.env} with ${secrets.KEY}\n\nlevel: 3\n\nnote: as ${fn:uppercase(context.variables.env)}",
      retry: { maxAttempts: 3, delayMs: 5_000, backoff: "exponential" },
      timeoutMs: 60_000,
      onFailure: "skip",
      needs: ["hello"],
    })
    expect(ship?.condition).toBe(
      "build-it.status == 'success' && context.variables.flag && context.variables.env == 'staging'",
    )
    expect(ship).not.toHaveProperty("context")
    expect(bye).toMatchObject({ hook: "failure", prompt: "say bye" })
  })

  const task = (...rest: string[]) => ["tasks:", "  - id: a", ...rest.map((one) => `    ${one}`)].join("\n")
  const ok = ["agent: coder", "parameters: { task: do it }"]
  const cases: [name: string, text: string, problem: string][] = [
    [
      "no agent",
      task("parameters: { task: x }"),
      "w.yaml:2:5: `agent` is missing — add `agent`: The task's worker: a profile of orchestrator.json, a role of its `models`, or `provider/model`.",
    ],
    [
      "an unknown agent",
      task("agent: codr", "parameters: { task: x }"),
      "w.yaml:3:12: unknown agent `codr` — did you mean `coder`?",
    ],
    [
      "nothing to do",
      task("agent: coder"),
      "w.yaml:2:5: item 1 of `tasks` must say what is to be done — `parameters: { task: … }`",
    ],
    [
      "an unknown key",
      task(...ok, "dependncies: [b]"),
      "w.yaml:5:5: unknown key `dependncies` — did you mean `dependencies`?",
    ],
    [
      "an unknown dependency",
      task(...ok, "dependencies: [b]"),
      "w.yaml:5:20: there is no task `b` — there are no other tasks",
    ],
    [
      "a cycle",
      `${task(...ok, "dependencies: [b]")}\n  - { id: b, agent: coder, dependencies: [a], parameters: { task: x } }`,
      "w.yaml:6:43: dependency cycle: a → b → a — remove one of these `dependencies`",
    ],
    [
      "a task that has not run",
      `${task("agent: coder", "parameters: { task: 'x ${b.output}' }")}\n  - { id: b, agent: coder, parameters: { task: x } }`,
      "w.yaml:4:30: `b` may not have run yet — add `b` to `dependencies`",
    ],
    [
      "a field that is none, after a name that is written out",
      task("agent: coder", "parameters: { task: 'do ${what} and ${a.outptu}' }"),
      "w.yaml:4:43: a task has no `outptu` — did you mean `output`?",
    ],
    [
      "a mistake in another parameter",
      task("agent: coder", "parameters: { task: x, more: 'y ${nope.output}' }"),
      "w.yaml:4:39: unknown name `nope` — for a plain `${` write `$${`; known names: `inputs`, `a`",
    ],
    [
      "a bad delay",
      task(...ok, "retry: { delay: soon }"),
      "w.yaml:5:21: `delay` must be a duration of at most 1h — like `5s`, `2m`, or a number of seconds; 0 for none",
    ],
  ]
  it.each(cases)("%s", (_name, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })
})

describe("phases", () => {
  it("a phase waits for the one before it unless its input says otherwise; phases inside parallel do not wait for each other", () => {
    const text = `
phases:
  - { name: a, model: claude-opus }
  - { name: b, model: claude-opus }
  - { name: c, model: claude-opus, input: a.output }
  - name: d
    type: parallel
    phases:
      - { name: x, model: gemini-pro, prompt: "look at \${topic}" }
      - { name: y, model: gpt-4o, input: x.output }
  - { name: e, type: routed, default: gpt-4o, over: "\${[1]}", prompt: "do \${item}", input: [d.outputs, b] }
`
    const { steps, inputs } = parsed(text)
    expect(steps.map(({ id, needs, context }) => [id, needs, context])).toEqual([
      ["a", [], undefined],
      ["b", ["a"], "full"],
      ["c", ["a"], undefined],
      ["d", ["c"], "full"],
      ["e", ["d", "b"], undefined],
    ])
    expect(steps[3]?.group).toMatchObject({
      steps: [
        { id: "x", needs: [] },
        { id: "y", needs: ["x"] },
      ],
    })
    expect(Object.keys(inputs)).toEqual(["topic", "task"])
  })

  it("a phase inside parallel is told the inputs of the parallel phase, unless it has its own", () => {
    const text = `
phases:
  - { name: a, model: gpt-4o }
  - { name: b, model: gpt-4o }
  - name: c
    type: parallel
    input: b.output
    phases:
      - { name: x, model: gemini-pro }
      - { name: y, model: gemini-pro, prompt: Look at it., input: x.output }
      - { name: z, type: parallel, phases: [{ name: deep, model: gpt-4o, prompt: Look. }] }
  - { name: d, type: parallel, input: b.output, context_strategy: full, phases: [{ name: w, model: gpt-4o, prompt: w }] }
`
    const [c, d] = parsed(text).steps.slice(2)
    expect([c?.context, d?.context]).toEqual([undefined, "full"])
    const [x, y, z] = c?.group?.type === "parallel" ? c.group.steps : []
    expect(x?.prompt).toMatch(/\n## b\n\n\$\{b\.output\}\n$/)
    expect(y?.prompt).toBe("Look at it.\n\n## x\n\n${x.output}\n")
    expect(z?.context).toBeUndefined()
    expect(z?.group).toMatchObject({ steps: [{ prompt: "Look.\n\n## b\n\n${b.output}\n" }] })
    expect(d?.group).toMatchObject({ steps: [{ prompt: "w" }] })
  })

  it("only the phase that a routed phase takes its tasks from must answer with tasks", () => {
    const categoriesOf = (text: string) =>
      Object.fromEntries(
        parsed(text).steps.map(({ id, schema }) => {
          const category = /"category":\{"enum":(\[[^\]]*\])/.exec(JSON.stringify(schema) ?? "")?.[1]
          return [id, category === undefined ? null : JSON.parse(category)]
        }),
      )
    const cut = `
phases:
  - { name: plan, model: gpt-4o }
  - { name: cut, model: gpt-4o }
`
    const routed = (name: string, category: string, input = "") =>
      `  - { name: ${name}, type: routed, routing: { ${category}: gpt-4o }${input === "" ? "" : `, input: ${input}`} }\n`
    expect(categoriesOf(cut + routed("do", "ui"))).toEqual({ plan: null, cut: ["ui"], do: null })
    expect(categoriesOf(cut + routed("do", "ui", "[cut.output, plan.output]"))).toEqual({
      plan: null,
      cut: ["ui"],
      do: null,
    })
    const both = `${cut}  - { name: recut, model: gpt-4o }\n${routed("one", "ui", "cut.output")}${routed("two", "api", "recut.output")}`
    expect(categoriesOf(both)).toMatchObject({ cut: ["ui"], recut: ["api"] })
  })

  it("a phase is told its inputs, also when it has a prompt of its own", () => {
    const text = `
phases:
  - { name: plan, model: gpt-4o }
  - { name: cut, model: gpt-4o }
  - { name: build, model: gpt-4o, prompt: Build it., input: plan.output }
  - { name: look, model: gpt-4o, prompt: "Compare with \${cut.output}", input: [plan.output, cut.output] }
  - { name: fresh, model: gpt-4o, prompt: Look at it., input: plan.output, context_strategy: fresh }
  - { name: do, type: routed, routing: { ui: gpt-4o }, input: [cut.output, plan.output] }
  - { name: each, type: routed, default: gpt-4o, over: "cut.structured.tasks", input: [cut.output, plan.output], prompt: "\${item.task}" }
`
    const prompts = Object.fromEntries(parsed(text).steps.map(({ id, prompt }) => [id, prompt]))
    expect(prompts).toMatchObject({
      build: "Build it.\n\n## plan\n\n${plan.output}\n",
      look: "Compare with ${cut.output}",
      fresh: "Look at it.",
      do: expect.stringMatching(/Your task: \$\{item\.task\}[\s\S]*## plan\n\n\$\{plan\.output\}\n$/),
      each: "${item.task}\n\n## plan\n\n${plan.output}\n",
    })
    expect(prompts.do).not.toContain("cut.output")
  })

  const one = (...rest: string[]) => `phases:\n  - { name: a, ${rest.join(", ")} }`
  const cases: [name: string, text: string, problem: string][] = [
    ["an unknown model", one("model: gemini"), "w.yaml:2:23: unknown model `gemini` — did you mean `gemini-pro`?"],
    [
      "an ensemble of nobody",
      one("type: ensemble", "judge: gpt-4o"),
      "w.yaml:2:5: item 1 of `phases` of type `ensemble` must have `models` — add `models`",
    ],
    [
      "an ensemble without a judge",
      one("type: ensemble", "models: [gpt-4o]"),
      "w.yaml:2:5: item 1 of `phases` of type `ensemble` must have `judge` — add `judge`",
    ],
    [
      "models of a single one",
      one("models: [gpt-4o]"),
      "w.yaml:2:24: `models` is only for phases of type `ensemble` — set `type: ensemble`, or leave it out",
    ],
    [
      "an input that is none",
      `${one("model: gpt-4o")}\n  - { name: b, model: gpt-4o, input: aa.output }`,
      "w.yaml:3:38: there is no phase `aa` — did you mean `a`?",
    ],
    [
      "an unknown key",
      one("model: gpt-4o", "context: full"),
      "w.yaml:2:31: unknown key `context` — here it is called `context_strategy`",
    ],
    [
      "a bad path",
      one("model: gpt-4o", "output: '../{feature}.md'"),
      "w.yaml:2:39: `output` must be a path inside the project, relative to its folder — like `docs/plan.md`",
    ],
  ]
  it.each(cases)("%s", (_name, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })
})

describe("pipeline", () => {
  it("a stage without needs waits for all of the stage before it, and a stage can be needed by its name", () => {
    const text = `
pipeline:
  - { stage: build, parallel: [{ agent: coder }, { agent: coder, name: coder-2 }] }
  - { stage: look, agent: checker }
  - { stage: end, agent: checker, needs: [build], prompt: "end \${what}" }
  - { stage: aside, agent: checker, needs: [] }
`
    expect(graphOf(text)).toEqual({
      coder: ["coder"],
      "coder-2": ["coder"],
      look: ["checker", "coder", "coder-2"],
      end: ["checker", "coder", "coder-2"],
      aside: ["checker"],
    })
  })

  it("a stage with a prompt of its own is given the earlier answers, unless it reads some or sets its context", () => {
    const text = `
pipeline:
  - { stage: plan, agent: planner, prompt: Plan it. }
  - { stage: build, agent: coder, prompt: Build it. }
  - { stage: look, agent: checker, prompt: "Look at \${build.output}" }
  - { stage: end, agent: checker, prompt: End it., context: fresh }
`
    const contexts = parsed(text).steps.map(({ id, context }) => [id, context])
    expect(contexts).toEqual([
      ["plan", undefined],
      ["build", "full"],
      ["look", undefined],
      ["end", "fresh"],
    ])
  })

  it.each([
    [
      "nobody",
      "pipeline: [{ stage: a }]",
      "w.yaml:1:12: item 1 of `pipeline` must have `agent` or `parallel` — `agent: NAME`",
    ],
    [
      "twice the same agent",
      "pipeline: [{ stage: a, parallel: [{ agent: coder }, { agent: coder }] }]",
      "w.yaml:1:62: there are two stages `coder` — rename one of them; the other is on line 1",
    ],
    [
      "an unknown stage",
      "pipeline: [{ stage: aa, agent: coder }, { stage: b, agent: coder, needs: [ab] }]",
      "w.yaml:1:75: there is no stage `ab` — did you mean `aa`?",
    ],
    [
      "a model that is no name",
      "pipeline: [{ stage: a, parallel: [{ agent: x/y }] }]",
      "w.yaml:1:44: `agent` cannot be the name of this part — add `name`",
    ],
  ])("%s", (_name, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })
})

describe("a plan", () => {
  it("expressions in a specification's description are filled in, and the inputs that only it names are declared", () => {
    const spec = { file: "specs/api.md", description: "API of ${feature}, in ${lang}" }
    const { steps, inputs } = parsed(JSON.stringify({ specs: [spec], tasks: [{ id: 1, task: "build ${feature}" }] }))
    expect(steps[0]?.prompt).toContain(
      "`specs/api.md`, and no other file: API of ${inputs.feature}, in ${inputs.lang}.",
    )
    expect(inputs).toMatchObject({ feature: { required: true }, lang: { required: true } })
  })

  it.each([
    [
      "an unknown task",
      '{"tasks": [{"id": 1, "task": "x", "depends_on": [2]}]}',
      "w.yaml:1:50: there is no task `task-2` — there are no other tasks",
    ],
    [
      "two of one number",
      '{"tasks": [{"id": 1, "task": "x"}, {"id": 1, "task": "y"}]}',
      "w.yaml:1:43: there are two tasks `task-1` — rename one of them; the other is on line 1",
    ],
    [
      "a file outside",
      '{"specs": [{"file": "/etc/x"}], "tasks": [{"id": 1, "task": "x"}]}',
      "w.yaml:1:21: `file` must be a path inside the project, relative to its folder — like `specs/api.md`",
    ],
    [
      "a file with a name in it",
      '{"specs": [{"file": "specs/${feature}.md"}], "tasks": [{"id": 1, "task": "x"}]}',
      "w.yaml:1:21: `file` is used exactly as written; expressions are not filled in here — write the path out, or make it a task with `output`",
    ],
    [
      "no task",
      '{"specs": []}',
      "w.yaml:1:1: `tasks` is missing — add `tasks`: The tasks; their order is given by `depends_on`.",
    ],
    [
      "an unknown agent",
      '{"tasks": [{"id": 1, "task": "x", "agent": "claud"}]}',
      "w.yaml:1:44: unknown agent `claud` — did you mean `claude`?",
    ],
  ])("%s", (_name, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })
})

describe("a bare name", () => {
  const RIGHT = "docs/${inputs.feature}-${context.variables.env}.md"
  const keys = `output: "docs/\${feature}-\${env}.md", files: ["src/\${feature}/**"], checks: [npm test, { ask: "Is \${feature} there?" }], loop: { max: 2, until: "a.output.contains(feature)" }, condition: "env in regions && (flag ? env:feature) != ''"`
  const head = "context: { variables: { env: eu, regions: [eu, us], flag: true } }\n"
  const hooks = `\nhooks: { on_start: [{ id: h, prompt: "go \${feature}", files: ["\${env}/*"], condition: "env in regions" }] }`
  it.each([
    ["tasks", `${head}tasks: [{ id: a, agent: coder, parameters: { task: x }, ${keys} }]`],
    ["phases", `${head}phases: [{ name: a, model: gpt-4o, prompt: x, ${keys} }]${hooks}`],
    ["pipeline", `${head}pipeline: [{ stage: a, agent: coder, prompt: x, ${keys} }]${hooks}`],
    ["a plan", `${head}specs: []\ntasks: [{ id: a, agent: coder, task: x, ${keys} }]${hooks}`],
  ])("is a variable or an input in every template: %s", (_form, text) => {
    const { inputs, steps } = parsed(text)
    expect(inputs.feature).toMatchObject({ type: "string", required: true })
    expect(steps.find(({ id }) => id === "a")).toMatchObject({
      output: RIGHT,
      files: ["src/${inputs.feature}/**"],
      checks: [{ run: "npm test" }],
      opinions: [{ ask: "Is ${inputs.feature} there?" }],
      loop: { until: "a.output.contains(inputs.feature)" },
      condition:
        "context.variables.env in context.variables.regions && (context.variables.flag ? context.variables.env:inputs.feature) != ''",
    })
    if (!text.includes("hooks")) return
    expect(steps.find(({ id }) => id === "h")).toMatchObject({
      prompt: "go ${inputs.feature}",
      files: ["${context.variables.env}/*"],
      condition: "context.variables.env in context.variables.regions",
    })
  })

  it("an unknown one is reported where it was written, and braces in a phase's output are inputs", () => {
    expect(problemsOf('tasks: [{ id: a, agent: coder, parameters: { task: x }, output: "d/${a}/${nope.x}" }]')).toEqual(
      [
        "w.yaml:1:70: `a` is a task — read one of its fields: `a.output`",
        "w.yaml:1:75: unknown name `nope` — for a plain `${` write `$${`; known names: `inputs`, `a`",
      ],
    )
    const [phase] = parsed('phases: [{ name: a, model: gpt-4o, output: "d/{one}/${two}/{three}.md" }]').steps
    expect(phase?.output).toBe("d/${inputs.one}/${inputs.two}/${inputs.three}.md")
  })
})

it("a document with `steps` is canonical, and the keys of the other forms are unknown in it", () => {
  for (const key of ["phases: [{ name: b, model: gpt-4o }]", "tasks: []", "stages: {}"]) {
    expect(problemsOf(`steps: [{ id: a, prompt: x }]\n${key}`)).toEqual([
      expect.stringContaining(`w.yaml:2:1: unknown key \`${key.split(":")[0]}\``),
    ])
  }
})

describe("converting", () => {
  const files = ["feature-build.yaml", "full-stack-feature.yaml", "bug-fix.yaml", "pipeline.yaml", "plan.json"]
  it.each(files)("%s gives an equivalent document in the canonical form", (name) => {
    const text = fixture(name)
    const converted = convertWorkflow(text, name, WHO)
    if (!converted.ok) throw new Error(converted.problems.map(formatProblem).join("\n"))
    expect(converted.value).toMatch(/^name: /)
    expect(converted.value).toContain("\nsteps:\n")
    expect(parsed(converted.value, name)).toEqual(parsed(text, name))
  })

  it("a document with problems is refused, and all problems are reported", () => {
    expect(convertWorkflow("phases: [{ name: a, modle: x }]", "w.yaml", WHO)).toMatchObject({
      ok: false,
      problems: [{ line: 1, column: 21 }],
    })
  })
})
