import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { parseDocument } from "yaml"

/** Keeps what surrounds the code true by machine: .github, the OpenCode contract, the decisions. */

const ROOT = join(import.meta.dirname, "..")
const read = (file: string) => readFileSync(join(ROOT, file), "utf8")
const below = (folder: string, ending: RegExp) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => ending.test(file))
    .map((file) => join(folder, file))
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] as string)

it.each(below(".github", /\.yml$/))("%s is YAML without a mistake", (file) => {
  const { errors, warnings } = parseDocument(read(file))
  expect([...errors, ...warnings]).toEqual([])
})

describe.each(below(".github", /\.(yml|md)$/))("%s", (file) => {
  const text = read(file)

  it("names scripts and files that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> }
    const used = all(text, /\bnpm run ([\w:]+)/g)
    expect(used.filter((name) => !(name in scripts))).toEqual([])
    const files = all(text, /(?<![\w./-])((?:(?:docs|test|src|\.github)\/|[A-Z_]+\.md\b)[\w./-]*\w)/g)
    expect(files.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
  })

  it("uses actions of a named major version, and workflows that exist", () => {
    const used = all(text, /\buses: (\S+)/g)
    const isKnown = (name: string) =>
      name.startsWith("./") ? existsSync(join(ROOT, name)) : /^actions\/[\w-]+@v\d+$/.test(name)
    expect(used.filter((name) => !isKnown(name))).toEqual([])
  })
})

describe("the OpenCode contract", () => {
  const text = read("docs/opencode-contract.md")
  const facts = all(text, /^- \*\*(C\d+)\. /gm)

  it("gives every number once, and leaves none out", () => {
    const numbers = facts.map((fact) => Number(fact.slice(1))).sort((a, b) => a - b)
    expect(numbers).toEqual(numbers.map((_, at) => at + 1))
  })

  it("says of every fact where it is used, and how it was seen", () => {
    const entries = text.split(/^- /m).slice(1)
    const isWhole = (entry: string) => entry.includes("Used in `") && /Shown by `|measured\s+by\s+hand/i.test(entry)
    expect(entries.filter((entry) => !isWhole(entry))).toEqual([])
  })

  it("names tests that exist", () => {
    const plain = text.replace(/\s+/g, " ")
    const named = [...plain.matchAll(/`(test\/[^`]+)` "([^"]+)"/g)]
    expect(named.length).toBeGreaterThan(30)
    const missing = named.filter(([, file, title]) => !read(file as string).includes(`"${title}"`))
    expect(missing.map(([whole]) => whole)).toEqual([])
  })

  it("has every number that code and documents cite", () => {
    const cited = [...below("src", /\.tsx?$/), ...below("docs", /\.md$/)].flatMap((file) => {
      const text = read(file)
      const inDocs = file.startsWith("docs/adr") ? all(text, /\b(C\d+)\b/g) : []
      return [...all(text, /\bcontract (C\d+)/g), ...inDocs].map((fact) => ({ file, fact }))
    })
    expect(cited.length).toBeGreaterThan(20)
    expect(cited.filter(({ fact }) => !facts.includes(fact))).toEqual([])
  })
})

describe("the decisions", () => {
  const records = below("docs/adr", /^\d{4}-.*\.md$/).sort()

  it("are numbered without a gap, and all in the index", () => {
    expect(records.map((file) => file.slice("docs/adr/".length, "docs/adr/".length + 4))).toEqual(
      records.map((_, at) => String(at + 1).padStart(4, "0")),
    )
    const index = read("docs/adr/README.md")
    expect(records.filter((file) => !index.includes(`(${file.slice("docs/adr/".length)})`))).toEqual([])
  })

  it.each(records)("%s has a title in the index, a status, and the usual parts", (file) => {
    const text = read(file)
    const [, number, title] = /^# (\d{4})\. (.+)$/m.exec(text) ?? []
    expect(file).toContain(`/${number}-`)
    expect(read("docs/adr/README.md")).toContain(`) | ${title} |`)
    expect(text).toMatch(/^Status: (accepted|superseded by \[\d{4}\])/m)
    for (const part of ["Context", "Decision", "Consequences"]) expect(text).toContain(`\n## ${part}\n`)
  })
})
