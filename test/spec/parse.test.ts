import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatProblem } from "../../src/core/model/problem.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"

function problemsOf(text: string, profiles?: string[]): string[] {
  const result = parseWorkflow(text, "w.yaml", profiles ? { profiles } : {})
  return result.ok ? [] : result.problems.map(formatProblem)
}

function parsed(text: string, file = "w.yaml") {
  const result = parseWorkflow(text, file)
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"))
  return result.value
}

/** A workflow of one step `a`, with these further lines in the step. */
const step = (...lines: string[]) =>
  ["steps:", "  - id: a", "    prompt: p", ...lines.map((one) => `    ${one}`)].join("\n")
/** A workflow whose step `b` needs `a` and has this prompt, which begins at 6:13. */
const prompt = (text: string) =>
  `inputs: { topic: string, n: number, flag: boolean }\nsteps:\n  - { id: a, prompt: p }\n  - id: b\n    needs: [a]\n    prompt: ${text}\n  - { id: build-ui, prompt: p }\n`

describe("a parsed document", () => {
  it("has every default filled in", () => {
    expect(parsed("steps: [{ id: a, prompt: do it }]")).toEqual({
      name: "w",
      inputs: {},
      settings: { maxParallel: 3, timeoutMs: 14_400_000, onFailure: "stop" },
      steps: [{ id: "a", type: "single", profile: "default", prompt: "do it", needs: [] }],
    })
  })

  it("has every key that is written", () => {
    const text = `
name: feature-build
description: builds a feature
version: 1.2
inputs:
  feature: { type: string, description: what to build }
  count: { type: integer, default: 3, enum: [1, 3] }
  note: { required: false }
  loud: boolean
settings: { max_parallel: 2, timeout: 1h, on_failure: continue }
steps:
  - { id: survey, profile: docs, prompt: "look at \${inputs.feature}" }
  - id: build-ui
    type: single
    description: the screen
    needs: [survey]
    timeout: 20m
    idle_timeout: 90
    prompt: |
      \${survey.output}
`
    expect(parsed(text)).toEqual({
      name: "feature-build",
      description: "builds a feature",
      version: "1.2",
      inputs: {
        feature: { type: "string", required: true, description: "what to build" },
        count: { type: "integer", required: false, default: 3, enum: [1, 3] },
        note: { type: "string", required: false },
        loud: { type: "boolean", required: true },
      },
      settings: { maxParallel: 2, timeoutMs: 3_600_000, onFailure: "continue" },
      steps: [
        { id: "survey", type: "single", profile: "docs", prompt: "look at ${inputs.feature}", needs: [] },
        {
          id: "build-ui",
          type: "single",
          description: "the screen",
          profile: "default",
          prompt: "${survey.output}\n",
          needs: ["survey"],
          timeoutMs: 1_200_000,
          idleTimeoutMs: 90_000,
        },
      ],
    })
  })

  it("is the same from JSON, and with a byte order mark", () => {
    expect(parsed('\uFEFF{"steps": [{"id": "a", "prompt": "p"}]}', "x/plan.json").name).toBe("plan")
  })

  it("can share text between steps through anchors", () => {
    const workflow = parsed("steps:\n  - { id: a, prompt: &p same }\n  - { id: b, prompt: *p }\n")
    expect(workflow.steps.map((one) => one.prompt)).toEqual(["same", "same"])
  })
})

describe("one mistake in the document is one problem", () => {
  const cases: [name: string, text: string, problem: string][] = [
    ["an empty file", "", "w.yaml:1:1: the file is empty — write a workflow with `steps:`"],
    ["only a comment", "# soon\n", "w.yaml:1:1: the file is empty — write a workflow with `steps:`"],
    ["no object", "hello", "w.yaml:1:1: the document must be an object, not text"],
    [
      "no steps",
      "name: x",
      "w.yaml:1:1: `steps` is missing — add `steps`: The steps; their order is given by `needs`.",
    ],
    ["an empty list of steps", "steps: []", "w.yaml:1:8: `steps` must not be empty"],
    ["a tab", "steps:\n\t- id: a", "w.yaml:2:1: tabs are not allowed as indentation"],
    [
      "a key written twice",
      "name: x\nname: y\nsteps: [{ id: a, prompt: p }]",
      "w.yaml:2:1: `name` is written twice — keep one of the two",
    ],
    [
      "a time for nobody",
      step("asks: { policy: deny, timeout: 5m }"),
      "w.yaml:4:27: `timeout` is how long a person has, but with `deny` nobody is asked — use the policy `ask`, or leave it out",
    ],
    [
      "an answer after a time that nobody has",
      step("asks: { policy: allow-listed, otherwise: deny }"),
      "w.yaml:4:35: `otherwise` is the answer when a person's time is over, but with `allow-listed` nobody is asked — use the policy `ask`, or leave it out",
    ],
    [
      "a time for nobody at a gate",
      "steps: [{ id: a, type: gate, prompt: p, asks: { policy: deny, timeout: 5m } }]",
      "w.yaml:1:41: a step of type `gate` cannot have `asks` — a gate has no worker; leave it out",
    ],
    ["an unknown key", step("profle: x"), "w.yaml:4:5: unknown key `profle` — did you mean `profile`?"],
    ["an unknown top key", `${step()}\nsetings: {}`, "w.yaml:4:1: unknown key `setings` — did you mean `settings`?"],
    [
      "no id",
      "steps: [{ prompt: p }]",
      "w.yaml:1:9: `id` is missing — add `id`: Name of the step, unique in the workflow. Later steps read `${id.output}`.",
    ],
    [
      "a bad id",
      "steps: [{ id: 1a, prompt: p }]",
      "w.yaml:1:15: `id` must be letters, digits, `-` and `_`, beginning with a letter",
    ],
    ["a number for an id", "steps: [{ id: 7, prompt: p }]", "w.yaml:1:15: `id` must be text, not `7`"],
    [
      "a reserved id",
      "steps: [{ id: inputs, prompt: p }]",
      "w.yaml:1:15: a step cannot be called `inputs` — expressions use this word for something else; rename it",
    ],
    [
      "two steps of one id",
      "steps:\n  - { id: a, prompt: p }\n  - { id: a, prompt: q }",
      "w.yaml:3:11: there are two steps `a` — rename one of them; the other is on line 2",
    ],
    ["an empty prompt", 'steps: [{ id: a, prompt: "" }]', "w.yaml:1:26: `prompt` must not be empty"],
    ["needs as text", step("needs: b"), "w.yaml:4:12: `needs` must be a list, not text"],
    ["a number in needs", step("needs: [7]"), "w.yaml:4:13: item 1 of `needs` must be text, not `7`"],
    ["a step of its own", step("needs: [a]"), "w.yaml:4:13: step `a` needs itself — remove it"],
    ["an unknown step, alone", step("needs: [b]"), "w.yaml:4:13: there is no step `b` — there are no other steps"],
    [
      "a misspelt step",
      `${step("needs: [surve]")}\n  - { id: survey, prompt: p }`,
      "w.yaml:4:13: there is no step `surve` — did you mean `survey`?",
    ],
    [
      "a step needed twice",
      `${step("needs: [b, b]")}\n  - { id: b, prompt: p }`,
      "w.yaml:4:16: `b` is needed twice — remove one",
    ],
    [
      "a cycle",
      "steps:\n  - { id: a, needs: [c], prompt: p }\n  - { id: b, needs: [a], prompt: p }\n  - { id: c, needs: [b], prompt: p }",
      "w.yaml:3:22: dependency cycle: a → c → b → a — remove one of these `needs`",
    ],
    [
      "a bad duration",
      step("timeout: soon"),
      "w.yaml:4:14: `timeout` must be a duration from 1s to 24d — like `90s`, `5m`, `1h30m`, or a number of seconds",
    ],
    [
      "a duration of nothing",
      step("timeout: 0"),
      "w.yaml:4:14: `timeout` must be a duration from 1s to 24d — like `90s`, `5m`, `1h30m`, or a number of seconds",
    ],
    [
      "a duration that no worker can keep",
      step("idle_timeout: 1ms"),
      "w.yaml:4:19: `idle_timeout` must be a duration from 1s to 24d — like `90s`, `5m`, `1h30m`, or a number of seconds",
    ],
    [
      "a whole number that is too large",
      step("retry: { max_attempts: 99999999999999999999 }"),
      "w.yaml:4:28: `99999999999999999999` is too large to be exact — at most 9007199254740991, or in quotes when it is text",
    ],
    [
      "a whole number without a limit that is too large",
      step("budget: { tokens: 99999999999999999999 }"),
      "w.yaml:4:23: `99999999999999999999` is too large to be exact — at most 9007199254740991, or in quotes when it is text",
    ],
    ["a number that is too large", step("budget: { usd: 1e400 }"), "w.yaml:4:20: `usd` is too large a number"],
    [
      "a default that is too large",
      `inputs: { a: { type: integer, default: 99999999999999999999 } }\n${step()}`,
      "w.yaml:1:40: `99999999999999999999` is too large to be exact — at most 9007199254740991, or in quotes when it is text",
    ],
    [
      "a default for an input that must be given",
      `inputs: { a: { required: true, default: x } }\n${step()}`,
      "w.yaml:1:26: `required` cannot be true with a `default` — leave one of the two out",
    ],
    [
      "an allowed value of another type",
      `inputs: { a: { type: integer, enum: [x] } }\n${step()}`,
      "w.yaml:1:38: item 1 of `enum` must be a whole number — or change `type`",
    ],
    [
      "a growing wait without a wait",
      step("retry: { max_attempts: 3, backoff: exponential }"),
      "w.yaml:4:40: `backoff` multiplies the `delay`, and there is none — add `delay: 5s`, or leave it out",
    ],
    [
      "a wait before a try that there is not",
      step("retry: { max_attempts: 1, delay: 5s }"),
      "w.yaml:4:38: `delay` is the wait before a second try, but there is only one — raise `max_attempts`, or leave it out",
    ],
    [
      "a key of the category where there are no categories",
      step("type: routed", "over: '[1]'", "by: kind", "default: x"),
      "w.yaml:6:5: `by` chooses among the workers of `route`, and there is no `route` — add `route`, or leave `by` out",
    ],
    ["too parallel", `settings: { max_parallel: 65 }\n${step()}`, "w.yaml:1:27: `max_parallel` must be at most 64"],
    [
      "a wrong policy",
      `settings: { on_failure: contnue }\n${step()}`,
      "w.yaml:1:25: `on_failure` cannot be `contnue` — did you mean `continue`?",
    ],
    [
      "a wrong type of input",
      `inputs: { a: strng }\n${step()}`,
      "w.yaml:1:14: `a` cannot be `strng` — did you mean `string`?",
    ],
    [
      "a list for an input",
      `inputs: { a: [] }\n${step()}`,
      "w.yaml:1:14: `a` must be `string` or `number` or `integer` or `boolean` or an object, not a list",
    ],
    [
      "a bad name of an input",
      `inputs: { a-b: string }\n${step()}`,
      "w.yaml:1:11: name `a-b` must be letters, digits and `_`, beginning with a letter",
    ],
    [
      "a default of another type",
      `inputs: { a: { type: integer, default: 1.5 } }\n${step()}`,
      "w.yaml:1:40: `default` must be a whole number — or change `type`",
    ],
    [
      "a default outside",
      `inputs: { a: { default: x, enum: [y, z] } }\n${step()}`,
      "w.yaml:1:25: `default` must be one of `enum` — y, z",
    ],
    [
      "a number that may be nothing",
      `inputs: { a: { type: number, required: false } }\n${step()}`,
      "w.yaml:1:40: `required` cannot be false without a `default` — add `default:`; only an input of type `string` without `enum` can be left empty",
    ],
    [
      "an ensemble without a judge",
      step("type: ensemble", "proposers: [x, y]"),
      "w.yaml:2:5: `judge` is missing — add `judge`: With `ensemble`: who judges the proposals; in a list, each entry stands in when the one before it fails.",
    ],
    ["an unknown type", step("type: ensembel"), "w.yaml:4:11: `type` cannot be `ensembel` — did you mean `ensemble`?"],
    ["a name with a space", `name: my flow\n${step()}`, "w.yaml:1:7: `name` must be letters, digits, `.`, `-` and `_`"],
    ["an alias to nothing", "steps: *x", "w.yaml:1:8: there is no anchor `&x` before this alias"],
    ["a tag", "steps: !run x", "w.yaml:1:8: unresolved tag: !run"],
    ["a prototype key", `${step()}\n__proto__: {}`, "w.yaml:4:1: `__proto__` cannot be a key"],
    ["a key that is a list", `${step()}\n[a]: 1`, "w.yaml:4:1: a key must be plain text"],
  ]
  it.each(cases)("%s", (_name, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })
})

describe("mistakes in an expression", () => {
  const cases: [name: string, text: string, problem: string][] = [
    ["an undeclared input", "${inputs.topc}", "w.yaml:6:15: unknown input `topc` — did you mean `topic`?"],
    ["an input of another world", "${inputs.zzz}", "w.yaml:6:15: unknown input `zzz` — declare it under `inputs`"],
    ["inputs as a whole", "${inputs}", "w.yaml:6:15: `inputs` is not a value — name one: `inputs.x`"],
    ["an unknown field", "${a.outptu}", "w.yaml:6:15: a step has no `outptu` — did you mean `output`?"],
    ["a step as a whole", "hi ${a}", "w.yaml:6:18: `a` is a step — read one of its fields: `a.output`"],
    [
      "an unknown name",
      "${zzzz.output}",
      "w.yaml:6:15: unknown name `zzzz` — for a plain `${` write `$${`; known names: `inputs`, `a`, `b`, `build-ui`",
    ],
    [
      "a misspelt name with a hyphen",
      "${bild-ui.output}",
      "w.yaml:6:15: unknown name `bild-ui` — did you mean `build-ui`?",
    ],
    [
      "a step that is not needed",
      "x ${build-ui.output}",
      "w.yaml:6:17: `build-ui` may not have run yet — add `build-ui` to `needs`",
    ],
    ["itself", "${b.output}", "w.yaml:6:15: step `b` reads itself — read an earlier step"],
    [
      "an unknown function",
      "${fn:upper(a.output)}",
      "w.yaml:6:15: unknown function `fn:upper` — did you mean `uppercase`?",
    ],
    ["a function of another type", "${fn:trim(inputs.n)}", "w.yaml:6:15: there is no `fn:trim(number)`"],
    ["types that do not meet", "${inputs.n + inputs.flag}", "w.yaml:6:15: `number + bool` has no meaning"],
    ["a comparison of two types", "${a.output == 1}", "w.yaml:6:15: `string == int` has no meaning"],
    ["a condition that is none", '"${a.output ? 1 : 2}"', "w.yaml:6:16: ternary condition must be bool, got 'string'"],
    ["nothing", "${}", "w.yaml:6:15: `${}` is empty"],
    ["half an expression", "${a.output +}", "w.yaml:6:25: the expression ends too early"],
    ["no end", "x ${a.output", "w.yaml:6:15: `${` is not closed — close it with `}`; for a plain `${` write `$${`"],
    [
      "a regular expression",
      "${a.output.matches('x')}",
      "w.yaml:6:15: `matches` is not allowed; use `contains`, `startsWith` or `endsWith`",
    ],
    [
      "lists in lists in lists",
      '"${[1].map(x, [1].map(y, [1].map(z, z)))}"',
      "w.yaml:6:38: `map` is nested more than 2 deep",
    ],
    ["a secret", "${secrets.KEY}", "w.yaml:6:15: unknown secret `KEY` — declare it under `context.secrets`"],
    [
      "a variable",
      "${context.variables.x}",
      "w.yaml:6:15: unknown variable `x` — declare it under `context.variables`",
    ],
    ["another context", "${context.x}", "w.yaml:6:15: there is no `context.x` — write `context.variables.x`"],
    [
      "an item",
      "${item.x}",
      "w.yaml:6:15: `item` is not available here — only `prompt`, `files`, `output` and `ask` of a `routed` step have one, and not `output` of a loop",
    ],
    [
      "a round",
      "${loop.round}",
      "w.yaml:6:15: `loop` is not available here — only the rounds of a step with `loop` have it: its `prompt`, its `until`, and the steps inside it",
    ],
    [
      "code",
      "${a.constructor}",
      "w.yaml:6:15: a step has no `constructor` — known fields: `output`, `status`, `reason`, `session`, `structured`",
    ],
  ]
  it.each(cases)("%s", (_name, text, problem) => {
    expect(problemsOf(prompt(text))).toEqual([problem])
  })

  it("a correct expression has no problem", () => {
    const text = `
      \${inputs.topic} \${a.output} \${ a . status } \${fn:uppercase(fn:trim(a.output))} $\${HOME}
      \${a.status == 'success' ? 'yes' : 'no'} \${inputs.n + 1} \${inputs.n == 3} \${'}' + a.reason} \${fn:json([1])}
      \${inputs.flag && inputs.n > 2 ? "a" : a.session + 1}`
    expect(problemsOf(prompt(`|${text}`))).toEqual([])
  })

  it("an expression may read a step that is needed indirectly", () => {
    const text =
      "steps:\n  - { id: a, prompt: p }\n  - { id: b, needs: [a], prompt: p }\n  - { id: c, needs: [b], prompt: '${a.output}' }"
    expect(problemsOf(text)).toEqual([])
  })

  it("several mistakes in one prompt are all reported", () => {
    expect(problemsOf(prompt("${inputs.x1} ${foo + bar} ${"))).toEqual([
      expect.stringContaining("w.yaml:6:15: unknown input `x1`"),
      expect.stringContaining("w.yaml:6:28: unknown name `foo`"),
      expect.stringContaining("w.yaml:6:34: unknown name `bar`"),
      expect.stringContaining("w.yaml:6:39: `${` is not closed"),
    ])
  })
})

describe("the position of a mistake inside a text", () => {
  const bad = "${nope.output}"
  const cases: [style: string, text: string, place: string][] = [
    ["plain", `hello ${bad}`, "6:21"],
    ["plain over two lines", `hello\n      over ${bad}`, "7:14"],
    ["single quotes", `'it''s ${bad}'`, "6:22"],
    ["double quotes with escapes", `"\\u00e9\\t\\"q\\" ${bad}"`, "6:30"],
    ["double quotes over lines", `"one\n      two\\n \\\n      three ${bad}"`, "8:15"],
    ["a literal block", `|\n      one\n\n        two ${bad}\n      three`, "9:15"],
    ["a literal block with a comment and a strip", `|- # why\n      ${bad}`, "7:9"],
    ["a literal block that begins with empty lines", `|\n\n\n      ${bad}`, "9:9"],
    ["a folded block", `>\n      one\n      two ${bad}\n\n      three`, "8:13"],
  ]
  it.each(cases)("%s", (_style, text, place) => {
    expect(problemsOf(prompt(text))).toEqual([expect.stringContaining(`w.yaml:${place}: unknown name \`nope\``)])
  })

  it("is right with Windows line ends", () => {
    expect(problemsOf(prompt(`|\n      one\n      two ${bad}`).replaceAll("\n", "\r\n"))).toEqual([
      expect.stringContaining("w.yaml:8:13: unknown name `nope`"),
    ])
  })
})

it("worker names are checked only when the profiles are given", () => {
  const text = "steps:\n  - { id: a, prompt: p }\n  - { id: b, profile: writr, prompt: p }"
  expect(problemsOf(text)).toEqual([])
  expect(problemsOf(text, ["writer"])).toEqual(["w.yaml:3:23: unknown profile `writr` — did you mean `writer`?"])
})

it("problems of every kind are reported all at once", () => {
  const text = `
inputs: { x: strng }
settings: { max_parallel: no }
steps:
  - { id: a, needs: [b, zz], profile: ghost, prompt: "\${inputs.y}" }
  - { id: b, needs: [a], prompt: 7, files: x }
`
  expect(problemsOf(text, []).map((one) => one.split(": ")[0])).toEqual([
    "w.yaml:2:14",
    "w.yaml:3:27",
    "w.yaml:6:34",
    "w.yaml:6:44",
    "w.yaml:5:25",
    "w.yaml:6:22",
    "w.yaml:5:39",
    "w.yaml:5:57",
  ])
})

describe("graphs of any shape", () => {
  /** Edges of a random graph without cycles: each step may need any of the steps before it. */
  const dag = fc.integer({ min: 2, max: 25 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      edges: fc.array(
        fc.tuple(fc.nat(size - 1), fc.nat(size - 1)).filter(([from, to]) => from > to),
        { maxLength: 60 },
      ),
    }),
  )
  const text = (size: number, edges: readonly (readonly [number, number])[]) => {
    const needs = (at: number) =>
      [...new Set(edges.filter(([from]) => from === at).map(([, to]) => `s${to}`))].join(", ")
    return `steps:\n${Array.from({ length: size }, (_, at) => `  - { id: s${at}, needs: [${needs(at)}], prompt: p }`).join("\n")}`
  }

  it("parse when they have no cycle", () => {
    fc.assert(
      fc.property(dag, ({ size, edges }) => {
        expect(problemsOf(text(size, edges))).toEqual([])
      }),
    )
  })

  it("with a cycle are refused, with one real cycle for each edge that closes one", () => {
    const withBackEdge = dag
      .filter(({ edges }) => edges.length > 0)
      .chain((one) => fc.tuple(fc.constant(one), fc.nat(one.edges.length - 1)))
    fc.assert(
      fc.property(withBackEdge, ([{ size, edges }, at]) => {
        const [from, to] = edges[at] as [number, number]
        const all = [...edges, [to, from] as const]
        const problems = problemsOf(text(size, all))
        expect(problems.length).toBeGreaterThan(0)
        for (const problem of problems) {
          const path =
            /cycle: (.*) — /
              .exec(problem)?.[1]
              ?.split(" → ")
              .map((id) => Number(id.slice(1))) ?? []
          expect(path.length).toBeGreaterThan(2)
          expect(path[0]).toBe(path.at(-1))
          const isEdge = (a: number, b: number | undefined) => all.some(([x, y]) => x === a && y === b)
          expect(path.slice(0, -1).every((node, index) => isEdge(node, path[index + 1]))).toBe(true)
        }
      }),
    )
  })
})

describe("hostile documents", () => {
  /**
   * A deadline far above the usual time, which only a hang exceeds. `bun bench/run.ts hostile`
   * measures how the work grows.
   */
  const HANG_MS = 60_000
  const bomb = [
    "a: &a [1,1,1,1,1,1,1,1,1,1]",
    ..."bcdefghi".split("").map((name, at) => `${name}: &${name} [${`*${"abcdefghi"[at]},`.repeat(10)}]`),
  ]
  const many = (count: number, line: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => line(at)).join("\n")
  const cases: [name: string, text: string, problem: RegExp][] = [
    ["an alias bomb", bomb.join("\n"), /aliases expand to too many values/],
    ["an alias to what it stands in", "steps: &s [*s]", /contains itself/],
    ["brackets nested deep", "[".repeat(100_000), /nested too deeply/],
    ["indentation nested deep", many(600, (at) => `${" ".repeat(at)}a:`), /nested too deeply here/],
    ["a huge file", "x".repeat(5_000_000), /too large/],
    ["very many keys", many(30_000, (at) => `k${at}: 1`), /`steps` is missing/],
    ...["a-", "inputs.n + ", "b.output + ", "zzz, ", "}${zzz", "("].map((part): [string, string, RegExp] => [
      `very many of \`${part}\` in expressions`,
      JSON.stringify({ steps: [{ id: "a", prompt: `\${${part.repeat(9_800 / part.length)}}`.repeat(20) }] }),
      /w.yaml:1:\d+: /,
    ]),
    [
      "very many broken steps",
      `steps:\n${many(8_000, (at) => `  - { id: s${at}, needs: [t${at}], x: 1 }`)}`,
      /unknown key/,
    ],
    [
      "very many unknown needs",
      `steps:\n${many(8_000, (at) => `  - { id: s${at}, needs: [t${at}], prompt: p }`)}`,
      /there is no step/,
    ],
  ]
  it.each(cases)(
    "%s: it is reported as a problem",
    (_name, text, problem) => {
      const problems = problemsOf(text)
      expect(problems[0]).toMatch(problem)
      expect(problems.length).toBeLessThanOrEqual(101)
    },
    HANG_MS,
  )

  it("are read without changing any prototype", () => {
    problemsOf(
      "steps: [{ id: a, prompt: p }]\n__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }",
    )
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(
      problemsOf(
        "inputs: { constructor: string, toString: number }\nsteps: [{ id: a, prompt: '${inputs.toString + 1} ${inputs.constructor}' }]",
      ),
    ).toEqual([])
  })

  it("a long chain of steps is parsed", () => {
    const text = `steps:\n${many(3_000, (at) => `  - { id: s${at}, needs: [${at === 0 ? "" : `s${at - 1}`}], prompt: p }`)}`
    expect(problemsOf(text)).toEqual([])
  })
})
