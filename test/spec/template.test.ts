import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Scope } from "../../src/core/ports.ts"
import { formatProblem } from "../../src/core/problem.ts"
import { render } from "../../src/spec/template.ts"

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

describe("filling in", () => {
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
  ])("%j", (template, expected) => {
    expect(text(template)).toBe(expected)
  })

  it("takes what it fills in as it is, also when it looks like a template", () => {
    const output = "${inputs.topic} $${x} ${"
    const steps = new Map([["a", { output, status: "success", reason: "ok", session: "" }]])
    expect(text("${a.output}!", { inputs: {}, steps })).toBe(`${output}!`)
  })
})

it("gives back any text without `${` unchanged", () => {
  fc.assert(
    fc.property(
      fc.string().filter((one) => !one.includes("${")),
      (one) => {
        expect(text(one)).toBe(one)
      },
    ),
  )
})

it("gives back any text whose `${` are doubled", () => {
  const hostile = fc
    .array(fc.constantFrom("${", "}", "a", "'", '"', "{", "\n", " "), { maxLength: 20 })
    .map((parts) => parts.join(""))
  fc.assert(
    fc.property(hostile, (one) => {
      expect(text(one.replaceAll("${", () => "$${"))).toBe(one)
    }),
  )
})

it("never throws, whatever stands in the braces", () => {
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

describe("what cannot be filled in is a problem", () => {
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

  it("says all of them", () => {
    const result = render("${inputs.a} ${inputs.topic} ${inputs.b}", scope)
    expect(result.ok ? 0 : result.problems.length).toBe(2)
  })
})
