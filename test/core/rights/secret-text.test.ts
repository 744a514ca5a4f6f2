import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Step } from "../../../src/core/model/workflow.ts"
import { formsOf, mapTexts, markOf, secretsOf } from "../../../src/core/rights/secret-text.ts"
import { step, workflow } from "../../support/runs.ts"

describe("the forms of a secret", () => {
  it("are the value itself, escaped in JSON, escaped in a URL, in hexadecimal digits, and in base64", () => {
    const forms = formsOf(' pass"word 1\n')
    for (const form of [
      ' pass"word 1\n',
      'pass"word 1',
      'pass\\"word 1',
      'pass\\\\\\"word 1',
      "pass%22word%201",
      "pass%22word+1",
      "7061737322776f72642031",
      "7061737322776F72642031",
      "cGFzcyJ3b3JkIDE=",
      "cGFzcyJ3b3JkIDE",
    ])
      expect(forms).toContain(form)
  })

  it("are found in the base64 of a longer text, wherever the value stands in it, also in that of addresses", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 8 }).filter((value) => value === value.trim()),
        fc.string(),
        fc.string(),
        (value, before, after) => {
          const text = btoa(String.fromCharCode(...new TextEncoder().encode(`${before}${value}${after}`)))
          const forms = formsOf(value)
          expect(forms.some((form) => text.includes(form))).toBe(true)
          expect(forms.some((form) => text.replaceAll("+", "-").replaceAll("/", "_").includes(form))).toBe(true)
        },
      ),
    )
  })

  it("are not those of fewer than eight characters as they stand", () => {
    expect(formsOf("1234567")).not.toContain("1234567")
    expect(formsOf("12345678")).toContain("12345678")
    expect(formsOf("1234567").every((form) => form.length >= 8)).toBe(true)
  })

  it("exist for a value that is no well-formed text", () => {
    expect(formsOf("pass\ud800word")).toContain("pass%EF%BF%BDword")
  })

  it("include each long line of a secret with several lines", () => {
    const line = "0123456789abcdef"
    expect(formsOf(`-----\r\n  ${line}\nshort line here`)).toContain(line)
    expect(formsOf(`-----\n${line}\nshort line here`)).not.toContain("short line here")
    expect(formsOf("é".repeat(8)).some((form) => form === btoa("\u00c3\u00a9".repeat(8)))).toBe(true)
  })
})

describe("removing a secret from a value", () => {
  const hide = (text: string) => text.replaceAll("12345678", markOf("pin"))

  it("changes every string, including keys", () => {
    expect(mapTexts({ a: ["x 12345678"], "12345678": { b: null, c: true } }, hide)).toEqual({
      a: ["x [secret pin]"],
      "[secret pin]": { b: null, c: true },
    })
  })

  it("replaces a number that equals the secret, and no number that only contains it", () => {
    expect(mapTexts([12345678, 123456789, 1234567, 0.5], hide)).toEqual(["[secret pin]", 123456789, 1234567, 0.5])
  })
})

describe("the secrets of a workflow", () => {
  const from = (variable: string) => ({ env: variable })
  const withSecrets = (secrets: object, steps: readonly Step[]) => ({ ...workflow(steps), secrets: secrets as never })

  it("are its own and those of its nested workflows; its own take precedence", () => {
    const deep = withSecrets({ deep: from("D"), pin: from("INNER") }, [step("x")])
    const nested: Step = { ...step("n"), type: "workflow", group: { type: "workflow", workflow: deep, with: {} } }
    const all: Step = { ...step("p"), type: "parallel", group: { type: "parallel", steps: [nested] } }
    const outer = withSecrets({ pin: from("OUTER") }, [step("a"), all])
    expect(secretsOf(outer)).toEqual({ deep: from("D"), pin: from("OUTER") })
    expect(secretsOf(outer)).toBe(secretsOf(outer))
  })

  it("are none when it declares none", () => {
    expect(secretsOf(workflow([step("a")]))).toEqual({})
  })
})
