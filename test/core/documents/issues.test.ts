import { describe, expect, it } from "vitest"
import { askProblems } from "../../../src/core/documents/ask-policy.ts"
import {
  firstProblems,
  issuesToProblems,
  notYet,
  type Path,
  problemAt,
  type SchemaIssue,
  type SourceDocument,
  valueAt,
} from "../../../src/core/documents/issues.ts"
import { Lines } from "../../../src/core/documents/lines.ts"
import type { Problem } from "../../../src/core/model/problem.ts"

/** A document in which every key is on line 1 and every value on line 2. */
const documentOf = (value: unknown): SourceDocument => ({
  file: "w.yaml",
  value,
  place: (path, part) => ({ line: part === "key" ? 1 : 2, column: path.length }),
})

const SCHEMA = {
  $defs: {
    step: {
      properties: {
        id: { description: "what it is called" },
        prompt: {},
        cli: { description: "Runs a program. Not available in this version." },
      },
    },
  },
  properties: {
    name: { description: "" },
    steps: { items: { $ref: "#/$defs/step" } },
    profiles: { additionalProperties: { anyOf: [{ properties: { model: {} } }, { properties: { kind: {} } }] } },
    limits: { allOf: [{ properties: { workers: {} } }] },
  },
}

/** Returns the messages for issues of a document, each with `key` or `value` as its position. */
function told(value: unknown, ...issues: SchemaIssue[]): string[] {
  return [...issuesToProblems(documentOf(value), issues, () => SCHEMA)].map(
    ({ line, message, hint }) => `${line === 1 ? "key" : "value"}: ${message}${hint === undefined ? "" : ` — ${hint}`}`,
  )
}
const issue = (path: Path, more: Partial<SchemaIssue> = {}): SchemaIssue => ({ path, message: "is odd", ...more })

describe("an unknown key", () => {
  const unknown = (path: Path, ...keys: string[]) => issue(path, { code: "unrecognized_keys", keys })

  it("is reported with a similar key, and each one separately", () => {
    expect(told({ nmae: 1, stps: 2 }, unknown([], "nmae", "stps"))).toEqual([
      "key: unknown key `nmae` — did you mean `name`?",
      "key: unknown key `stps` — did you mean `steps`?",
    ])
  })

  it("is compared with the keys of its object, through references", () => {
    expect(told({}, unknown(["steps", 0], "promt"))).toEqual(["key: unknown key `promt` — did you mean `prompt`?"])
  })

  it("is compared with the keys of all alternatives", () => {
    expect(told({}, unknown(["profiles", "a"], "modle"))).toEqual(["key: unknown key `modle` — did you mean `model`?"])
    expect(told({}, unknown(["profiles", "a"], "knd"))).toEqual(["key: unknown key `knd` — did you mean `kind`?"])
    expect(told({}, unknown(["limits"], "wokers"))).toEqual(["key: unknown key `wokers` — did you mean `workers`?"])
  })

  it("is not compared with keys of a later version, nor when no keys are known", () => {
    expect(told({}, unknown(["steps", 0], "clii"))).toEqual(["key: unknown key `clii` — known keys: `id`, `prompt`"])
    expect(told({}, unknown(["nowhere", 0], "x"))).toEqual(["key: unknown key `x` — there are no keys"])
    expect(told({}, unknown(["steps", "length"], "x"))).toEqual(["key: unknown key `x` — there are no keys"])
  })

  it("is cut when it is very long", () => {
    const key = "k".repeat(61)
    expect(told({}, unknown(["nowhere"], key))[0]).toContain(`\`${"k".repeat(59)}…\``)
    expect(told({}, unknown(["nowhere"], "k".repeat(60)))[0]).toContain(`\`${"k".repeat(60)}\``)
  })
})

describe("a missing key", () => {
  it("is reported with its description from the schema", () => {
    const missing = (path: Path, value: unknown) =>
      told(value, issue(path, { code: "invalid_type", expected: "string" }))
    expect(missing(["steps", 0, "id"], { steps: [{}] })).toEqual(["key: `id` is missing — add `id`: what it is called"])
    expect(missing(["name"], {})).toEqual(["key: `name` is missing"])
    expect(told({}, issue(["kind"], { code: "invalid_value", values: ["a"] }))).toEqual(["key: `kind` is missing"])
    expect(told({}, issue(["kind"], { code: "custom" }))).toEqual(["value: `kind` is odd"])
  })
})

describe("a wrong value", () => {
  const type = (value: unknown, expected: string) =>
    told({ a: value }, issue(["a"], { code: "invalid_type", expected }))

  it.each([
    [7, "string", "value: `a` must be text, not `7`"],
    ["x", "number", "value: `a` must be a number, not text"],
    ["x", "int", "value: `a` must be a whole number, not text"],
    [null, "boolean", "value: `a` must be true or false, not empty"],
    [[], "object", "value: `a` must be an object, not a list"],
    [true, "record", "value: `a` must be an object, not `true`"],
    [{}, "array", "value: `a` must be a list, not an object"],
    [1n, "date", "value: `a` must be date, not bigint"],
  ])("of another type is reported: %s for %s", (value, expected, text) => {
    expect(type(value, expected)).toEqual([text])
  })

  it("of a type without a plain name is reported", () => {
    expect(told({ a: 1 }, issue(["a"], { code: "invalid_type" }))).toEqual([
      "value: `a` must be something else, not `1`",
    ])
  })

  it("outside a list of allowed values is reported", () => {
    const values = ["stop", "skip"]
    expect(told({ a: "stpo" }, issue(["a"], { code: "invalid_value", values }))).toEqual([
      "value: `a` cannot be `stpo` — did you mean `stop`?",
    ])
    expect(told({ a: 7 }, issue(["a"], { code: "invalid_value", values }))).toEqual([
      "value: `a` must be `stop` or `skip`, not `7`",
    ])
    expect(told({ a: 7 }, issue(["a"], { code: "invalid_value" }))).toEqual(["value: `a` must be , not `7`"])
  })

  it.each<[Partial<SchemaIssue>, string]>([
    [{ code: "too_small", minimum: 1, origin: "array" }, "must not be empty"],
    [{ code: "too_small", minimum: 1, origin: "string" }, "must not be empty"],
    [{ code: "too_small", minimum: 1, origin: "number" }, "must be at least 1"],
    [{ code: "too_small", minimum: 2, origin: "array" }, "must be at least 2 items"],
    [{ code: "too_big", maximum: 8, origin: "string" }, "must be at most 8 characters"],
    [{ code: "too_big", maximum: 8, origin: "number" }, "must be at most 8"],
    [{ code: "custom", message: "must be even" }, "must be even"],
    [{ code: "custom", message: "must be even", params: { hint: "try 2" } }, "must be even — try 2"],
  ])("out of bounds is reported: %j", (more, text) => {
    expect(told({ a: [1] }, issue(["a"], more))).toEqual([`value: \`a\` ${text}`])
  })

  it("is named by its position: an item of a list, or the whole document", () => {
    expect(told({ needs: [7] }, issue(["needs", 0]))).toEqual(["value: item 1 of `needs` is odd"])
    expect(told([7], issue([0]))).toEqual(["value: item 1 of `the document` is odd"])
    expect(told(7, issue([]))).toEqual(["value: the document is odd"])
  })
})

it("an invalid name is reported with the reason, if it is known", () => {
  const name = (issues?: SchemaIssue[]) =>
    told({ steps: { "1": 2 } }, issue(["steps", "1"], { code: "invalid_key", ...(issues ? { issues } : {}) }))
  expect(name([issue([], { message: "begins with a letter" })])).toEqual(["key: name `1` begins with a letter"])
  expect(name()).toEqual(["key: name `1` is not valid"])
  expect(name([])).toEqual(["key: name `1` is not valid"])
  expect(told({}, issue(["a", "b", "c"], { code: "invalid_key" }))).toEqual(["key: name `c` is not valid"])
})

describe("a union", () => {
  const text = issue([], { code: "invalid_type", expected: "string" })
  const list = issue([], { code: "invalid_type", expected: "array" })
  const inside = issue(["model"], { code: "invalid_type", expected: "string" })
  const either = (...errors: SchemaIssue[][]) => issue(["a"], { code: "invalid_union", errors })

  it("is reported as the form that was meant", () => {
    expect(told({ a: { model: 7 } }, either([text], [inside]))).toEqual(["value: `model` must be text, not `7`"])
  })

  it("names all forms when none was meant", () => {
    expect(
      told(
        { a: 7 },
        either([text], [list], [text], [issue(["model"], { code: "invalid_type", expected: "int" }), list]),
      ),
    ).toEqual(["value: `a` must be text or a list, not `7`"])
  })

  it("distinguishes words from numbers: only a word can be misspelt", () => {
    const words = issue([], { code: "invalid_value", values: ["low", "high"] })
    expect(told({ a: "hgih" }, either([list], [words]))).toEqual(["value: `a` cannot be `hgih` — did you mean `high`?"])
    expect(told({ a: 7 }, either([list], [words]))).toEqual(["value: `a` must be a list or `low` or `high`, not `7`"])
  })

  it("may contain another union", () => {
    const inner = issue(["model"], { code: "invalid_union", errors: [[text], [list]] })
    expect(told({ a: { model: 7 } }, either([text], [inner]))).toEqual([
      "value: `model` must be text or a list, not `7`",
    ])
    const nested = issue([], { code: "invalid_union", errors: [[text]] })
    expect(told({ a: 7 }, either([nested]))).toEqual(["value: `a` must be something else, not `7`"])
  })

  it("takes a form of the same type with a refused value as the one that was meant", () => {
    expect(told({ a: 7 }, either([list], [issue([], { code: "custom", message: "must be even" })]))).toEqual([
      "value: `a` must be even",
    ])
  })

  it("without any form is reported as it is", () => {
    expect(told({ a: 7 }, issue(["a"], { code: "invalid_union" }))).toEqual(["value: `a` must be , not `7`"])
  })
})

describe("a feature of a later version", () => {
  const refused = (path: Path, ...rest: Parameters<typeof notYet>) =>
    issue(path, { code: "custom", ...notYet(...rest), message: "" })

  it("is refused with an alternative, for a key and for a value", () => {
    expect(told({ cli: 1 }, refused(["cli"], "key", "use `server`"))).toEqual([
      "key: `cli` is not available in this version of Baton — use `server`",
    ])
    expect(told({ kind: "cli" }, refused(["kind"], "value", "use `server`"))).toEqual([
      "value: kind `cli` is not available in this version of Baton — use `server`",
    ])
  })

  it("is refused even when its type is wrong, for a key but not for a value", () => {
    expect(notYet("key", "x").when?.()).toBe(true)
    expect(notYet("value", "x")).not.toHaveProperty("when")
    expect(notYet("value", "x").message).toBe("is not available")
  })

  it("silences the problems inside it, and none beside it", () => {
    const inside = issue(["cli", "path"])
    const beside = issue(["name"])
    expect(told({ cli: {}, name: 1 }, inside, beside, refused(["cli"], "key", "x"))).toEqual([
      "value: `name` is odd",
      "key: `cli` is not available in this version of Baton — x",
    ])
  })

  it("silences the neighbours that it names, or all of them, but no unknown key", () => {
    const kind = refused(["p", "kind"], "value", "x", ["command"])
    const value = { p: { kind: "cli", command: 1, model: 1 }, q: 1 }
    const issues = [issue(["p", "command"]), issue(["p", "model"]), issue(["q"])]
    expect(told(value, ...issues, kind)).toHaveLength(3)
    const all = refused(["p", "kind"], "value", "x", "all")
    expect(told(value, ...issues, all)).toEqual([
      "value: `q` is odd",
      "value: kind `cli` is not available in this version of Baton — x",
    ])
    const deep = refused(["o", "p", "kind"], "value", "x", ["command"])
    expect(
      told({}, issue(["o", "p", "command"]), issue(["o", "command"]), deep).map((text) => text.split(" ")[1]),
    ).toEqual(["`command`", "kind"])
    const unknown = issue(["p"], { code: "unrecognized_keys", keys: ["z"] })
    expect(told(value, unknown, all)[0]).toBe("key: unknown key `z` — there are no keys")
  })
})

it("a problem without a hint has no hint key", () => {
  const document = documentOf({})
  expect(problemAt(document, ["a"], "key", "m")).toStrictEqual({ file: "w.yaml", line: 1, column: 1, message: "m" })
  expect(problemAt(document, ["a"], "value", "m", "h")).toStrictEqual({
    file: "w.yaml",
    line: 2,
    column: 1,
    message: "m",
    hint: "h",
  })
})

it("a value is found by its path, through own properties only", () => {
  expect(valueAt({ a: [{ b: 7 }] }, ["a", 0, "b"])).toBe(7)
  expect(valueAt({ a: null }, ["a", "b"])).toBeUndefined()
  expect(valueAt({ a: "text" }, ["a", "length"])).toBeUndefined()
  expect(valueAt({}, ["constructor"])).toBeUndefined()
  expect(valueAt(7, [])).toBe(7)
})

it("a hundred problems are listed, and a line that there are more", () => {
  const problem: Problem = { file: "w", line: 1, column: 1, message: "m" }
  const many = (count: number) => Array.from({ length: count }, () => problem)
  expect(firstProblems("w", many(60), many(40))).toHaveLength(100)
  const more = firstProblems("w", many(60), many(41))
  expect(more).toHaveLength(101)
  expect(more.at(-1)).toEqual({ file: "w", line: 0, column: 0, message: "… and more problems" })
})

describe("a policy for requests", () => {
  const problems = (asks: unknown) =>
    [...askProblems(documentOf({ asks }), { asks }, ["asks"])].map(({ message, hint }) => `${message}; ${hint}`)

  it.each(["deny", "allow-listed"])("of %s rejects the keys that only concern a person", (policy) => {
    expect(problems({ policy, timeout: "5m", otherwise: "deny" })).toEqual([
      `\`timeout\` is how long a person has, but with \`${policy}\` nobody is asked; use the policy \`ask\`, or leave it out`,
      `\`otherwise\` is the answer when a person's time is over, but with \`${policy}\` nobody is asked; use the policy \`ask\`, or leave it out`,
    ])
    expect(problems({ policy })).toEqual([])
  })

  it("that asks a person accepts these keys", () => {
    expect(problems({ policy: "ask", timeout: "5m" })).toEqual([])
    expect(problems({ timeout: "5m" })).toEqual([])
    expect(problems({ policy: "ask", timeout: "5m", otherwise: "allow" })).toEqual([])
    expect(problems({ policy: "ask", otherwise: "allow" })).toEqual([
      "`otherwise` is the answer when a person's time is over, but without `timeout` it is never over; add `timeout`, or leave it out",
    ])
  })
})

it.each([
  [0, 1, 1],
  [1, 1, 2],
  [2, 1, 3],
  [3, 2, 1],
  [4, 3, 1],
  [6, 3, 3],
])("the character at offset %i is in line %i, column %i", (offset, line, column) => {
  expect(new Lines("ab\n\ncd").placeOf(offset)).toEqual({ line, column })
})

it("of two maxima that the same number exceeds, only the lower one is told", () => {
  const tooBig = (path: Path, maximum: number) =>
    issue(path, { code: "too_big", maximum, origin: "number", message: "x" })
  const document = { limits: { workers: 1e30 } }
  expect(told(document, tooBig(["limits", "workers"], 2 ** 53), tooBig(["limits", "workers"], 8))).toEqual([
    "value: `workers` must be at most 8",
  ])
  expect(told(document, tooBig(["limits", "workers"], 9), tooBig(["limits"], 8))).toHaveLength(2)
})
