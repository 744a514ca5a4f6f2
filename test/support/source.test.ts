import { describe, expect, it } from "vitest"
import {
  againstRows,
  cyclesOf,
  declaredNames,
  importsOf,
  impurities,
  lineCount,
  localImports,
  longFunctions,
  packagesOutside,
  sourceOf,
  swallowedErrors,
  terminalWrites,
} from "./source.ts"

/**
 * Tests that the rules of test/architecture.test.ts can fail. Each rule is given code that breaks
 * it and code that does not.
 */

const file = (text: string, path = "src/core/a.ts") => sourceOf(path, text)
const whats = (found: readonly { readonly what: string }[]) => found.map(({ what }) => what)

describe("the imports of a file", () => {
  it.each([
    ["a value", `import { b } from "./b.ts"`],
    ["a value over several lines", `import {\n  b,\n  c,\n} from\n  "./b.ts"`],
    ["an effect", `import "./b.ts"`],
    ["a type", `import type { B } from "./b.ts"`],
    ["a type among values", `import { type B } from "./b.ts"`],
    ["a type in place", `type B = import("./b.ts").B`],
    ["a value again exported", `export { b } from "./b.ts"`],
    ["a type again exported", `export type { B } from "./b.ts"`],
    ["everything again exported", `export * from "./b.ts"`],
    ["a module at run time", `const b = () => import("./b.ts")`],
    ["a module of CommonJS", `import b = require("./b.ts")`],
    ["a call of require", `const b = require("./b.ts")`],
  ])("include %s", (_what, text) => {
    expect(importsOf(file(text))).toEqual(["./b.ts"])
  })

  it("leave out imports in comments and strings", () => {
    expect(importsOf(file(`// import "./b.ts"\nconst text = 'import "./b.ts"'\n/* from "./b.ts" */`))).toEqual([])
  })

  it("are resolved from the folder of the file", () => {
    expect(localImports(file(`import "../spec/b.ts"; import "yaml"`))).toEqual([
      { from: "src/core/a.ts", to: "src/spec/b.ts" },
    ])
  })
})

describe("the rule for import directions", () => {
  const placeOf = (path: string) => path.split("/")[1] as string

  it("refuses a type import from a place that is not in the row", () => {
    const edges = localImports(file(`import type { B } from "../spec/b.ts"`))
    expect(againstRows(edges, { core: [] }, placeOf)).toEqual(["src/core/a.ts imports src/spec/b.ts"])
    expect(againstRows(edges, { core: ["spec"] }, placeOf)).toEqual([])
  })

  it("lets a place without a row import everything, and be imported only where a row names it", () => {
    expect(againstRows([{ from: "src/a.ts", to: "src/spec/b.ts" }], { spec: [] }, placeOf)).toEqual([])
    expect(againstRows([{ from: "src/spec/b.ts", to: "src/a.ts" }], { spec: [] }, placeOf)).toHaveLength(1)
  })

  it("allows packages only in the places that own them", () => {
    const owners = { yaml: ["spec"], "@opentui/": ["tui"], "bun:": ["store"] }
    const all = file(`import "yaml"; import "yaml/util"; import "@opentui/core"; import "bun:sqlite"; import "node:fs"`)
    expect(packagesOutside(all, owners, "core")).toHaveLength(4)
    expect(packagesOutside(all, owners, "spec")).toHaveLength(2)
  })

  it("refuses a module whose name is computed at run time", () => {
    expect(packagesOutside(file("const load = (name: string) => import(name)"), {}, "core")).toHaveLength(1)
  })
})

describe("the import cycles", () => {
  const edges = (...pairs: string[]) => pairs.map((pair) => ({ from: pair[0] as string, to: pair[1] as string }))

  it("are chains that return to their start, each listed once", () => {
    expect(cyclesOf(edges("ab", "bc", "ca", "cd"))).toEqual(["a → b → c → a"])
    expect(cyclesOf(edges("aa"))).toEqual(["a → a"])
    expect(cyclesOf(edges("ab", "ba", "bc", "cb"))).toEqual(["a → b → a", "c → b → c"])
  })

  it("do not include two paths to one file", () => {
    expect(cyclesOf(edges("ab", "ac", "bd", "cd"))).toEqual([])
  })

  it("include type imports", () => {
    const a = localImports(file(`import type { B } from "./b.ts"`, "src/a.ts"))
    const b = localImports(file(`export type B = import("./a.ts").A`, "src/b.ts"))
    expect(cyclesOf([...a, ...b])).toEqual(["src/a.ts → src/b.ts → src/a.ts"])
  })
})

describe("the length of a function", () => {
  const lines = (count: number, line: string) => Array.from({ length: count }, () => line).join("\n")

  it("includes the parameters of a component: 85 lines are too many although its body has 57", () => {
    const component = [
      "export function TextDialog(props: {",
      lines(26, "  readonly one: string"),
      "}) {",
      lines(56, "  use(props.one)"),
      "}",
    ].join("\n")
    expect(longFunctions(file(component, "src/tui/dialog.tsx"), 60)).toEqual([{ line: 1, what: "85 lines" }])
  })

  it.each([
    ["an arrow", (body: string) => `const a = () => {\n${body}\n}`],
    ["an arrow that gives an expression", (body: string) => `const a = () => [\n${body.replaceAll("b()", "b(),")}\n]`],
    ["a method", (body: string) => `class A {\n  async *m(): X {\n${body}\n}\n}`],
    ["a private method", (body: string) => `class A {\n  #m() {\n${body}\n}\n}`],
    ["a constructor", (body: string) => `class A {\n  constructor() {\n${body}\n}\n}`],
    ["a getter", (body: string) => `class A {\n  get m() {\n${body}\n}\n}`],
    ["a method of an object", (body: string) => `const a = {\n  m() {\n${body}\n}\n}`],
    ["a static block", (body: string) => `class A {\n  static {\n${body}\n}\n}`],
    ["a function as an argument", (body: string) => `use(function () {\n${body}\n})`],
  ])("is measured for %s", (_what, write) => {
    expect(longFunctions(file(write(lines(59, "b()"))), 60)).toHaveLength(1)
    expect(longFunctions(file(write(lines(58, "b()"))), 60)).toHaveLength(0)
  })

  it("is not measured for a class or a table", () => {
    expect(longFunctions(file(`class A {\n${lines(80, "  m() {}")}\n}`), 60)).toEqual([])
  })
})

it("the newline at the end of a file starts no line", () => {
  expect(lineCount(file("const a = 1\nconst b = 2\n"))).toBe(2)
})

describe("a swallowed error", () => {
  it.each([
    "try { a() } catch {}",
    "try { a() } catch (error) { /* never mind */ }",
    "a().catch(() => {})",
    "a().catch(() => undefined)",
    "a().catch((error) => null)",
    "a().catch(() => void 0)",
    "a().catch(async () => {\n  return\n})",
    "a().catch(function () {})",
    "a().then(use, () => {})",
    "a()?.catch(() => {})",
  ])("is found in: %s", (text) => {
    expect(swallowedErrors(file(text))).toHaveLength(1)
  })

  it.each(["try { a() } catch { return false }", "a().catch(() => false)", "a().catch(log)", "a().then(() => {})"])(
    "%s is none",
    (text) => {
      expect(swallowedErrors(file(`function f() { ${text} }`))).toEqual([])
    },
  )
})

describe("a write to the terminal", () => {
  it.each([
    "console.log(1)",
    `console["debug"](1)`,
    "const { log } = console",
    "globalThis.console.log(1)",
    "process.stdout.write(text)",
    "process.stderr.write(text)",
    "Bun.write(Bun.stdout, text)",
  ])("is found in: %s", (text) => {
    expect(terminalWrites(file(text))).toHaveLength(1)
  })

  it("is not found for a name that the file declares, nor in strings and comments", () => {
    expect(terminalWrites(file(`const console = { log }\nconsole.log("process.stdout.write") // console.log`))).toEqual(
      [],
    )
  })
})

describe("the impure globals of a file", () => {
  it.each([
    ["Date.now()", "Date.now"],
    ["new Date()", "new Date()"],
    ["Date()", "Date"],
    ["Math.random()", "Math.random"],
    ["const { random } = Math", "Math"],
    ["performance.now()", "performance.now"],
    ["setTimeout(a, 1)", "setTimeout"],
    ["queueMicrotask(a)", "queueMicrotask"],
    ["process.env.HOME", "process.env"],
    ["fetch(url)", "fetch"],
    ["crypto.randomUUID()", "crypto.randomUUID"],
    ["globalThis.a", "globalThis.a"],
    ["Bun.file(a)", "Bun.file"],
    ["console.log(a)", "console.log"],
  ])("include the one in: %s", (text, what) => {
    expect(whats(impurities(file(`function f(a, url) { return () => { ${text} } }`)))).toEqual([what])
  })

  it("leave out types, declared names and pure globals", () => {
    const text = `
      import type { Process } from "./b.ts"
      interface Clock { readonly now: typeof Date.now }
      function f(fetch: () => Process, process: Clock): process is Clock { fetch(); return process.now === undefined }
      const at = (ms: number) => new Date(ms).toISOString() + Math.max(1, Date.parse("2026-01-01")) + JSON.stringify([])
    `
    expect(impurities(file(text))).toEqual([])
  })
})

it("the names that a file declares are its functions, types, variables and members, and not those it uses", () => {
  const text = `
    import { imported } from "./b.ts"
    export function called() { const inner = used(); return { given: 1, inner } }
    export const { taken, other: renamed } = imported
    export type Alias = Used
    export interface Port { method(): void; readonly field: string }
    class Loop { #start() {} get state() { return 1 } kept = 1 }
    const table = { event: async () => {}, listen() {} }
  `
  expect([...declaredNames(file(text))].sort()).toEqual(
    [
      "#start",
      "Alias",
      "Loop",
      "Port",
      "called",
      "event",
      "field",
      "given",
      "inner",
      "kept",
      "listen",
      "method",
    ].concat(["renamed", "state", "table", "taken"]),
  )
})
