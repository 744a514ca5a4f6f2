import { describe, expect, it } from "vitest"
import { checkConfig } from "../../src/config/load.ts"
import { formatProblems } from "../../src/core/model/problem.ts"
import { bindInputs } from "../../src/spec/inputs.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"

/** Values that JavaScript would silently turn into others. */

const problemsIn = (yaml: string) => {
  const read = parseWorkflow(yaml, "w.yaml")
  return read.ok ? "" : formatProblems(read.problems, "")
}

describe("an integer that a number cannot hold exactly", () => {
  it.each(["9007199254740993", "-9007199254740993", "+123456789012345678901", "0x20000000000001"])(
    "is refused in a workflow, with its place: %s",
    (number) => {
      const said = problemsIn(`name: w\nsteps: [{ id: a, prompt: x, with: { n: ${number} } }]`)
      expect(said).toContain(
        `\`${number}\` is too large to be exact — at most 9007199254740991, or in quotes when it is text`,
      )
      expect(said).toMatch(/^w\.yaml:2:/)
    },
  )

  it("is refused in orchestrator.json", () => {
    const read = checkConfig('{\n  "limits": { "max_workers": 9007199254740993 } }', "o.json", {})
    expect(read.ok ? "" : formatProblems(read.problems, "")).toContain(
      "o.json:2:30: `9007199254740993` is too large to be exact",
    )
  })

  it("is refused as an input on the command line, and one in scientific notation is not", () => {
    const read = parseWorkflow("name: w\ninputs: { n: number }\nsteps: [{ id: a, prompt: '${inputs.n}' }]", "w.yaml")
    if (!read.ok) throw new Error(formatProblems(read.problems, ""))
    const given = (n: string) => bindInputs(read.value, { n })
    expect(given("9007199254740993")).toMatchObject({ ok: false })
    expect(given("1e300")).toMatchObject({ ok: true, value: { n: 1e300 } })
    expect(given("9007199254740991")).toMatchObject({ ok: true, value: { n: 9007199254740991 } })
  })
})

describe("keys that every JavaScript object has", () => {
  const names = ["constructor", "toString", "hasOwnProperty", "valueOf"]

  it.each(names)("are ordinary names of inputs and steps: %s", (name) => {
    const read = parseWorkflow(
      `name: w\ninputs: { ${name}: { type: string, default: d } }\nsteps:\n  - { id: ${name}, prompt: "\${inputs.${name}}" }\n  - { id: b, needs: [${name}], prompt: "\${${name}.output}" }`,
      "w.yaml",
    )
    if (!read.ok) throw new Error(formatProblems(read.problems, ""))
    expect(bindInputs(read.value, {})).toMatchObject({ ok: true, value: { [name]: "d" } })
    expect(read.value.steps.map(({ id }) => id)).toEqual([name, "b"])
    expect(bindInputs(read.value, { [`${name}x`]: "1" })).toMatchObject({ ok: false })
  })

  it.each(names)("are no names that exist by themselves: %s", (name) => {
    expect(problemsIn(`name: w\nsteps: [{ id: a, prompt: "\${inputs.${name}}" }]`)).toContain(name)
    expect(problemsIn(`name: w\nsteps: [{ id: a, needs: [${name}], prompt: x }]`)).toContain(name)
    expect(problemsIn(`name: w\nsteps: [{ id: a, ${name}: x, prompt: x }]`)).toContain(name)
    const config = checkConfig(JSON.stringify({ profiles: { [name]: { kind: "agent" } } }), "o.json", {})
    expect(config.ok && Object.keys(config.value.profiles).sort()).toEqual([name, "default"].sort())
  })

  it("cannot be the one that is no key at all", () => {
    expect(problemsIn("name: w\ninputs: { __proto__: string }\nsteps: [{ id: a, prompt: x }]")).toContain(
      "`__proto__` cannot be a key",
    )
    const read = checkConfig('{ "profiles": { "__proto__": { "kind": "agent" } } }', "o.json", {})
    expect(read.ok ? "" : formatProblems(read.problems, "")).toContain("`__proto__` cannot be a key")
  })
})
