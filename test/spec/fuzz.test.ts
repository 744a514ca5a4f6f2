import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Problem } from "../../src/core/model/problem.ts"
import type { StepScope } from "../../src/core/ports/ports.ts"
import { convertWorkflow } from "../../src/spec/convert-document.ts"
import type { KnownNames } from "../../src/spec/names.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"
import { checkTemplate, checkValue, render, resultOf } from "../../src/spec/template.ts"
import { timesToTry } from "../support/scale.ts"

/**
 * Tests that any document or expression is read or refused, and that every problem has a position
 * in it: 2,000 of them in every run, 100,000 with `BATON_RUNS=nightly`. The deadline only ends a
 * test that hangs; `bun bench/run.ts hostile` measures how the work grows with the length of the
 * text.
 */

const HANG_MS = 400_000
const DOCUMENTS = timesToTry(200, 10_000)
const EXPRESSIONS = timesToTry(1_000, 50_000)
const TEXTS = timesToTry(800, 40_000)

const FOLDERS = ["../fixtures/requirements", "../../workflows"].map((folder) => join(import.meta.dirname, folder))
const SEEDS = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => /\.(yaml|json)$/.test(name))
    .map((name) => readFileSync(join(folder, name), "utf8")),
)

const KEYS = [
  ...["name", "version", "metadata", "inputs", "settings", "context", "hooks", "steps", "phases", "tasks", "pipeline"],
  ...[
    "specs",
    "id",
    "type",
    "profile",
    "model",
    "prompt",
    "needs",
    "condition",
    "retry",
    "checks",
    "intervene",
    "loop",
  ],
  ...["budget", "output", "files", "schema", "proposers", "judge", "quorum", "over", "by", "route", "default", "max"],
  ...[
    "run",
    "workflow",
    "with",
    "agent",
    "parameters",
    "dependencies",
    "task",
    "depends_on",
    "file",
    "stage",
    "parallel",
  ],
  ...[
    "models",
    "routing",
    "input",
    "context_strategy",
    "variables",
    "secrets",
    "on_start",
    "on_failure",
    "ask",
    "until",
  ],
  ...["max_attempts", "delay", "timeout", "usd", "constructor", "toString", "$ref", "properties", "description", ""],
]
const WORDS = [
  ...[
    "a",
    "b",
    "a.output",
    "${a.output}",
    "${inputs.x}",
    "{feature}",
    "${feature}",
    "${",
    "${}",
    "${item.x}",
    "single",
  ],
  ...["ensemble", "routed", "parallel", "check", "workflow", "gate", "plan", "default", "x/y", "../x", "1h", "string"],
  ...[
    "string (required)",
    "{env:X}",
    "${secrets.X}",
    "${context.variables.x}",
    "${loop.round}",
    "a == 'b'",
    "[1, 2]",
    "",
  ],
]
const leaf = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 1.5, 1e9),
  fc.string({ maxLength: 12 }),
)
const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "xsmall", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 3 }),
  ),
})).value

/** Steps that are correct except for single mistakes, so that they reach every check. */
const id = fc.constantFrom("a", "b", "c", "x-y", "item", "1")
const step = fc.record(
  {
    ...{ id, name: id, stage: id, agent: fc.constantFrom("coder", "x/y", "nobody"), type: fc.constantFrom(...WORDS) },
    ...{ prompt: leaf, needs: fc.array(id, { maxLength: 3 }), dependencies: fc.array(id, { maxLength: 3 }) },
    ...{ parameters: fc.dictionary(fc.constantFrom("task", "more"), leaf), input: fc.constantFrom("a.output", "b", 7) },
    ...{
      loop: tree,
      checks: tree,
      steps: tree,
      phases: tree,
      parallel: tree,
      schema: tree,
      task: leaf,
      depends_on: tree,
    },
    ...{
      over: leaf,
      route: tree,
      proposers: tree,
      judge: leaf,
      output: leaf,
      condition: leaf,
      with: tree,
      workflow: leaf,
    },
  },
  { requiredKeys: [] },
)
const ROOTS = ["steps", "phases", "tasks", "pipeline", "specs"]
const document = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...ROOTS), fc.array(step, { maxLength: 3 }), { minKeys: 1, maxKeys: 2 }),
    fc.dictionary(fc.constantFrom("name", "inputs", "context", "settings", "hooks", "metadata", "odd"), tree, {
      maxKeys: 2,
    }),
  )
  .map(([root, rest]) => JSON.stringify({ ...rest, ...root }))

/** Correct documents in every dialect, with steps that need earlier ones. */
const right = fc
  .tuple(
    fc.constantFrom("steps", "phases", "tasks", "pipeline", "plan"),
    fc.array(
      fc.tuple(fc.nat(9), fc.constantFrom(...WORDS.filter((word) => !/[${}]/.test(word) && word !== "")), fc.nat(5)),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([form, list]) => {
    const steps = list.map(([need, words, sort], at) => {
      const before = at === 0 ? [] : [`s${need % at}`]
      const ask = `${words} \${${before[0] ?? "a_name"}${before.length > 0 ? ".output" : ""}}`
      const ofOwn = sort === 0 ? { retry: { delay: 5 } } : sort === 1 ? { on_failure: "skip" } : { budget: { usd: 1 } }
      return {
        steps: { id: `s${at}`, prompt: at === 0 ? words : ask, needs: before, ...ofOwn },
        phases: {
          name: `s${at}`,
          model: "opus",
          ...(at > 0 ? { input: `${before[0]}.output` } : {}),
          output: "a/{x}.md",
          ...ofOwn,
        },
        tasks: { id: `s${at}`, agent: "coder", parameters: { task: ask, more: sort }, dependencies: before, ...ofOwn },
        pipeline: { stage: `s${at}`, agent: "x/y", ...(sort > 3 ? { prompt: words } : {}), ...ofOwn },
        plan: { id: at, task: words, files: [`f${sort}`], depends_on: at === 0 ? [] : [need % at], ...ofOwn },
      }[form]
    })
    return JSON.stringify(form === "plan" ? { specs: [{ file: "a.md" }], tasks: steps } : { [form]: steps })
  })

/** A correct document with random changes in its text. */
const mangled = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(
      fc.tuple(fc.nat(), fc.nat(30), fc.oneof(fc.constantFrom(...WORDS, ...KEYS, "\n", "  ", ": ", "- "), fc.string())),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([seed, cuts]) =>
    cuts.reduce((text, [at, length, put]) => {
      const start = at % (text.length + 1)
      return text.slice(0, start) + put + text.slice(start + length)
    }, seed),
  )
const soup = fc.array(
  fc.constantFrom(
    ...KEYS,
    ...WORDS,
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a",
    "*a",
    "|",
    ">",
    "#",
    '"',
  ),
  {
    maxLength: 40,
  },
)
const text = fc.oneof(
  { weight: 6, arbitrary: document },
  { weight: 2, arbitrary: right },
  { weight: 3, arbitrary: tree.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: soup.map((parts) => parts.join("")) },
  { weight: 2, arbitrary: mangled },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 80 }) },
)

const WHO = { profiles: ["coder"], roles: ["opus"] }
const lookup = (name: string) =>
  name === "plan"
    ? {
        workflow: {
          name,
          inputs: { x: { type: "string", required: true } },
          settings: { maxParallel: 1, timeoutMs: 1, onFailure: "stop" },
          steps: [],
        } as const,
      }
    : { message: "there is no such workflow", hint: "write it", problems: [] }

function expectPlaces(problems: readonly Problem[], source: string): void {
  expect(problems.length).toBeGreaterThan(0)
  const lines = source.replace(/^\uFEFF/, "").split("\n")
  for (const { line, column, message } of problems) {
    if (message === "… and more problems") continue
    expect(message).not.toBe("")
    expect({ message, isInside: line >= 1 && line <= lines.length && column >= 1 }).toEqual({ message, isInside: true })
    expect({ message, column: column <= (lines[line - 1]?.length ?? 0) + 1 }).toEqual({ message, column: true })
  }
}

describe("fuzzed documents", () => {
  it(
    "are read, or refused with positions inside the text; converting a readable one does not change its meaning",
    () => {
      let good = 0
      fc.assert(
        fc.property(text, (source) => {
          const result = parseWorkflow(source, "w.yaml", { ...WHO, lookup })
          if (!result.ok) return expectPlaces(result.problems, source)
          good++
          const converted = convertWorkflow(source, "w.yaml", WHO)
          if (!converted.ok) throw new Error("a workflow that can be read could not be converted")
          expect(parseWorkflow(converted.value, "w.yaml", { ...WHO, lookup })).toEqual(result)
        }),
        { numRuns: DOCUMENTS },
      )
      // Without accepted documents the test would cover only refusals.
      expect(good).toBeGreaterThan(DOCUMENTS / 20)
    },
    HANG_MS,
  )
})

describe("fuzzed expressions", () => {
  const done: StepScope = {
    output: "text",
    status: "success",
    reason: "ok",
    session: "s",
    structured: { a: [1, { b: "c" }] },
  }
  const scope = {
    inputs: { n: 2, flag: true, topic: "tea" },
    steps: new Map([
      ["plan", done],
      ["build-ui", done],
    ]),
    variables: { list: [1, "two"], name: "x" },
    secrets: new Map([["KEY", "k"]]),
    item: { task: "t", files: ["f"] },
    round: 2,
  }
  const known: KnownNames = {
    inputs: new Set(Object.keys(scope.inputs)),
    variables: new Set(Object.keys(scope.variables)),
    steps: scope.steps,
    secrets: scope.secrets,
    hasItem: true,
    hasRound: true,
    isInText: true,
  }
  const types = {
    inputs: new Map([
      ["n", "double"],
      ["flag", "bool"],
      ["topic", "string"],
    ] as const),
    variables: new Map([["name", "string"]] as const),
  }
  const part = fc.constantFrom(
    ...[
      "inputs.n",
      "inputs.flag",
      "inputs.topic",
      "plan.output",
      "build-ui.structured",
      "plan.structured.a[1].b",
      "item",
    ],
    ...[
      "item.files",
      "loop.round",
      "context.variables.list",
      "context.variables.name",
      "secrets.KEY",
      "fn:json(",
      "fn:trim(",
    ],
    ...[
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      "?",
      ":",
      ",",
      ".",
      "+",
      "-",
      "*",
      "/",
      "%",
      "==",
      "!=",
      "&&",
      "||",
      "!",
      "<",
      ">=",
      "in",
    ],
    ...[
      "'a'",
      '"b"',
      "'",
      '"',
      "1",
      "0",
      "1.5",
      "9223372036854775807",
      "true",
      "null",
      "has(",
      "size(",
      ".map(x, x)",
      ".filter(x,",
    ],
    ...[
      ".contains('t')",
      ".startsWith(",
      "b'x'",
      "timestamp('2026-01-01T00:00:00Z')",
      "duration('1h')",
      "type(",
      "int(",
      "x",
      "é",
      "\n",
    ],
  )
  const expression = fc.oneof(
    fc.array(part, { maxLength: 14 }).map((parts) => parts.join(" ")),
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
    fc.string({ maxLength: 30 }),
    fc.string({ unit: "binary", maxLength: 20 }),
  )

  function expectInside(problems: readonly { readonly offset: number; readonly message: string }[], source: string) {
    for (const { offset, message } of problems) {
      expect({ message, isInside: offset >= 0 && offset <= source.length }).toEqual({ message, isInside: true })
      expect(message).not.toBe("")
    }
  }

  it(
    "have problems only at positions inside them, and evaluate to a value or a problem",
    () => {
      fc.assert(
        fc.property(expression, (source) => {
          expectInside(checkValue(source, known, types, "bool").problems, source)
          expectInside(checkValue(source, known, types, "list").problems, source)
          const result = resultOf(source, scope)
          if (result.ok) JSON.stringify(result.value)
          else expectPlaces(result.problems, source)
        }),
        { numRuns: EXPRESSIONS },
      )
    },
    HANG_MS,
  )

  it(
    "inside templates are filled in, or are problems with their positions",
    () => {
      const template = fc
        .array(
          fc.oneof(
            fc.string({ maxLength: 8 }),
            expression.map((one) => `\${${one}}`),
          ),
          { maxLength: 4 },
        )
        .map((parts) => parts.join(""))
      fc.assert(
        fc.property(template, (source) => {
          const { problems } = checkTemplate(source, known, types)
          expectInside(problems, source)
          const result = render(source, scope)
          if (!result.ok) expectPlaces(result.problems, source)
        }),
        { numRuns: TEXTS },
      )
    },
    HANG_MS,
  )
})
