import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatProblem } from "../../src/core/model/problem.ts"
import type { Scope } from "../../src/core/ports/ports.ts"
import type { KnownNames } from "../../src/spec/names.ts"
import { checkTemplate, checkValue, holds, render } from "../../src/spec/template.ts"
import { timesToTry } from "../support/scale.ts"

/**
 * A deadline far above the usual time, which only a hang exceeds. `bun bench/run.ts hostile`
 * measures how the work grows.
 */
const HANG_MS = 60_000

const scope: Scope = {
  inputs: { topic: "tides", n: 3, half: 0.5, flag: true, empty: "" },
  steps: new Map(
    Object.entries({
      survey: { output: " Rising\n", status: "success", reason: "ok", session: "ses_1" },
      "build-ui": { output: "done", status: "failed", reason: "empty", session: "" },
      map: { output: "m", status: "success", reason: "ok", session: "" },
    }),
  ),
}

function text(template: string, of: Scope = scope): string {
  const result = render(template, of)
  return result.ok ? result.value : result.problems.map(formatProblem).join("\n")
}

describe("filling in a template", () => {
  it.each([
    ["nothing to do", "nothing to do"],
    ["", ""],
    ["about ${inputs.topic}.", "about tides."],
    ["${inputs.n} ${inputs.half} ${inputs.flag} ${inputs.empty}|", "3 0.5 true |"],
    ["${inputs.n + 1} ${inputs.n / 2} ${inputs.n % 2 == 1} ${1 + 2}", "4 1.5 true 3"],
    ["[${survey.output}]", "[ Rising\n]"],
    ["${build-ui.output} ${build-ui.status} ${build-ui.reason} ${survey.session}", "done failed empty ses_1"],
    ["${fn:trim(survey.output)} ${fn:uppercase(inputs.topic)} ${fn:lowercase('ABC')}", "Rising TIDES abc"],
    ["${fn:json(survey.output)} ${fn:json([1, 'a', {'k': inputs.n}])}", '" Rising\\n" [1,"a",{"k":3}]'],
    ["${build-ui.status == 'success' ? 'yes' : 'no'}", "no"],
    ["${inputs.n > 2 && inputs.flag ? inputs.topic + '!' : ''}", "tides!"],
    ["${'n=' + inputs.n + 1}", "n=31"],
    ["$${inputs.topic} costs $5, ${inputs.topic}$", "${inputs.topic} costs $5, tides$"],
    ["${'}' + \"{\"} ${'build-ui.output'}", "}{ build-ui.output"],
    ["${map.output} ${[1,2].map(x, x * 2)}", "m [2,4]"],
    ["${inputs.topic == 'tides'} ${inputs.topic.size() - inputs.n}", "true 2"],
    ["${null}|", "|"],
    ["${[1,2].exists(x, [2,3].exists(y, x == y))}", "true"],
  ])("%j", (template, expected) => {
    expect(text(template)).toBe(expected)
  })

  it("does not evaluate inserted values that look like templates", () => {
    const output = "${inputs.topic} $${x} ${"
    const steps = new Map([["a", { output, status: "success", reason: "ok", session: "" }]])
    expect(text("${a.output}!", { inputs: {}, steps })).toBe(`${output}!`)
  })
})

it("filling in returns any text without `${` unchanged", () => {
  fc.assert(
    fc.property(
      fc.string().filter((one) => !one.includes("${")),
      (one) => {
        expect(text(one)).toBe(one)
      },
    ),
  )
})

it("filling in returns the plain `${` of any text that escapes it", () => {
  const hostile = fc
    .array(fc.constantFrom("${", "}", "a", "'", '"', "{", "\n", " "), { maxLength: 20 })
    .map((parts) => parts.join(""))
  fc.assert(
    fc.property(hostile, (one) => {
      expect(text(one.replaceAll("${", () => "$${"))).toBe(one)
    }),
  )
})

it("filling in never throws, whatever is in the braces", () => {
  const part = fc.constantFrom(
    "inputs.n",
    "survey.output",
    "build-ui",
    "fn:json(",
    ")",
    "(",
    "[",
    "]",
    ".",
    "+",
    "?",
    ":",
    "'",
    '"',
    "1",
    "{",
    "}",
    "size(",
    "-",
    "in",
    "\\",
  )
  const source = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(" "))
  fc.assert(
    fc.property(source, (one) => {
      expect(typeof text(`\${${one}}`)).toBe("string")
    }),
    { numRuns: 500 },
  )
})

describe("an integer literal combined with a number input", () => {
  const types = new Map([
    ["n", "double"],
    ["flag", "bool"],
    ["topic", "string"],
  ] as const)
  const known: KnownNames = { inputs: new Set(Object.keys(scope.inputs)), steps: scope.steps, isInText: true }
  const problemsOf = (template: string) =>
    checkTemplate(template, known, { inputs: types, variables: new Map() }).problems.map(({ message }) => message)

  it.each([
    ["${inputs.n in [1, 2]} ${inputs.n in [1, 3]} ${3 in [inputs.n]}", "false true true"],
    ["${[inputs.n] == [3]} ${[[3], [1]] != [[inputs.n], [2]]} ${{'a': inputs.n} == {'a': 3}}", "true true true"],
    ["${inputs.flag ? inputs.n : 0} ${!inputs.flag ? inputs.n : -1} ${inputs.flag ? [1] : [inputs.n]}", "3 -1 [1]"],
    ["${inputs.n in [1, 3] ? [4, 5][1] : inputs.n} ${inputs.topic.substring(1) == 'ides' ? inputs.n : 1}", "5 3"],
    ["${size([1]) in [1, 2]} ${[size([1])] == [1]}", "true true"],
  ])("%j passes the check and can be evaluated", (template, expected) => {
    expect(problemsOf(template)).toEqual([])
    expect(text(template)).toBe(expected)
  })

  it.each([
    ["${inputs.topic in [1]}", "`string in list<int>` has no meaning"],
    ["${inputs.flag ? inputs.topic : 0}", "ternary branches must have the same type, got 'string' and 'int'"],
    ["${[1, 2][inputs.n]}", "list index must be int, got 'number'"],
    ["${inputs.n in [1] && nope == 1}", "unknown name `nope`"],
    ["${inputs.n in [1] && inputs.topic > 1}", "`string > number` has no meaning"],
  ])("%j is refused by the check", (template, expected) => {
    expect(problemsOf(template)).toEqual([expected])
  })
})

describe("an expression that cannot be filled in is a problem", () => {
  it.each([
    ["a ${inputs.nope}", "prompt:1:5: unknown input `nope` — declare it under `inputs`"],
    ["a\nbc ${1 / 0}", "prompt:2:6: division by zero"],
    ["${gone.output}", "prompt:1:3: unknown variable: gone"],
    ["${survey.output.constructor}", "prompt:1:17: no such key: constructor"],
    ["${timestamp('2024-01-01T00:00:00Z')}", "prompt:1:3: the result is not text, a number or a list"],
    ["${duration('1h')}", "prompt:1:3: the result is not text, a number or a list"],
    [
      "${survey.output.matches('(a+)+$')}",
      "prompt:1:3: `matches` is not allowed; use `contains`, `startsWith` or `endsWith`",
    ],
  ])("%j", (template, expected) => {
    expect(text(template)).toBe(expected)
  })

  it("all of them are reported", () => {
    const result = render("${inputs.a} ${inputs.topic} ${inputs.b}", scope)
    expect(result.ok ? 0 : result.problems.length).toBe(2)
  })
})

describe("a condition", () => {
  function verdict(condition: string): boolean | string {
    const result = holds(condition, scope)
    return result.ok ? result.value : result.problems.map(formatProblem).join("\n")
  }

  it.each([
    ["survey.status == 'success'", true],
    ["${survey.status == 'success'}", true],
    ["  ${ build-ui.status == 'success' }  ", false],
    ["${inputs.flag}", true],
    ["!inputs.flag", false],
    ["inputs.n > 2 && survey.output.contains('Rising')", true],
    ["'}' == '${' || inputs.topic == 'tides'", true],
    ["${'}' == inputs.topic}", false],
    ["build-ui.status == 'success' || build-ui.reason == 'empty'", true],
    ["true", true],
    ["[inputs.topic, survey.output].exists(x, x == 'tides')", true],
  ])("%j is %s", (condition, expected) => {
    expect(verdict(condition)).toBe(expected)
  })

  it.each([
    ["inputs.topic", "condition:1:1: it evaluates to `tides`, which is neither true nor false"],
    ["${'true'}", "condition:1:3: it evaluates to `true`, which is neither true nor false"],
    ["null", "condition:1:1: it evaluates to ``, which is neither true nor false"],
    ["inputs.nope == 1", "condition:1:1: unknown input `nope` — declare it under `inputs`"],
    ["\n ${\n  1 / 0 == 1}", "condition:3:3: division by zero"],
    ["[1].all(x, y == 1)", "condition:1:12: unknown variable: y"],
    ["${inputs.flag} && ${inputs.flag}", "condition:1:1: unexpected character: $"],
  ])("%j is a problem with its position", (condition, expected) => {
    expect(verdict(condition)).toBe(expected)
  })

  it("a long wrong value is shortened to one line", () => {
    expect(String(verdict(`'${"x".repeat(1_000)}'`)).length).toBeLessThan(200)
  })
})

describe("conditions of any shape", () => {
  const part = fc.constantFrom(
    ...["inputs.n", "inputs.flag", "inputs.topic", "survey.status", "build-ui.output", "gone.output", "secrets.X"],
    ...[
      "${",
      "}",
      "$${",
      "'",
      '"',
      "\\",
      "(",
      ")",
      "[",
      "]",
      "{",
      ".",
      ",",
      "?",
      ":",
      "==",
      "&&",
      "||",
      "!",
      "-",
      "in",
    ],
    ...[
      "true",
      "null",
      "1",
      "'x'",
      "fn:json(",
      "size(",
      ".map(x, ",
      ".exists(y, ",
      "matches(",
      "\n",
      " ",
      "é",
      "\u0000",
    ],
  )
  const pieced = fc.array(part, { maxLength: 25 }).map((parts) => parts.join(" "))
  const types = new Map([
    ["n", "double"],
    ["flag", "bool"],
    ["topic", "string"],
  ] as const)
  const names: KnownNames = { inputs: new Set(Object.keys(scope.inputs)), steps: scope.steps }

  it(
    "are accepted or refused at a position inside them, and evaluate to true, false or one problem",
    () => {
      fc.assert(
        fc.property(fc.oneof(pieced, fc.string({ maxLength: 60 }), fc.string({ unit: "binary" })), (condition) => {
          const { problems } = checkValue(condition, names, { inputs: types, variables: new Map() }, "bool")
          for (const { offset } of problems) {
            expect(offset).toBeGreaterThanOrEqual(0)
            expect(offset).toBeLessThanOrEqual(condition.length)
          }
          const result = holds(condition, scope)
          if (result.ok) expect(typeof result.value).toBe("boolean")
          else expect(result.problems).toHaveLength(1)
        }),
        { numRuns: timesToTry(500, 10_000) },
      )
    },
    HANG_MS,
  )

  it.each([
    ["brackets nested deep", "(", ""],
    ["nots without end", "!", "true"],
    ["a long chain", "inputs.flag && ", "inputs.flag"],
    ["quotes without end", "'", ""],
    ["braces without end", "${", ""],
    ["a bare name without end", "a-", ""],
    ["dots without end", "inputs.n .", ""],
    ["blanks and a dot without end", " .", ""],
    ["lists in lists", "[", ""],
  ])(
    "%s: it is reported as a problem",
    (_name, part, end) => {
      for (const length of [9_800, 500_000]) {
        const condition = `${part.repeat(length / part.length)}${part === "'" ? "'" : ""}${end}`
        expect(
          checkValue(condition, names, { inputs: types, variables: new Map() }, "bool").problems.length,
        ).toBeGreaterThan(0)
        expect(holds(condition, scope).ok).toBe(false)
      }
    },
    HANG_MS,
  )
})
