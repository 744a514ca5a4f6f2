import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { Command } from "commander"
import { describe, expect, it } from "vitest"
import { abortCommand } from "../src/cli/abort.ts"
import { configCommand } from "../src/cli/config.ts"
import { continueCommand } from "../src/cli/continue.ts"
import { convertCommand } from "../src/cli/convert.ts"
import { doctorCommand } from "../src/cli/doctor.ts"
import { EXIT } from "../src/cli/exit.ts"
import { graphCommand } from "../src/cli/graph.ts"
import { initCommand } from "../src/cli/init.ts"
import { listCommand } from "../src/cli/list.ts"
import { pauseCommand } from "../src/cli/pause.ts"
import { planCommand } from "../src/cli/plan.ts"
import { pruneCommand } from "../src/cli/prune.ts"
import { raiseCommand } from "../src/cli/raise.ts"
import { reportCommand } from "../src/cli/report-page.ts"
import { resumeCommand } from "../src/cli/resume.ts"
import { retryCommand } from "../src/cli/retry.ts"
import { runCommand } from "../src/cli/run.ts"
import { skipCommand } from "../src/cli/skip.ts"
import { stateCommand } from "../src/cli/state.ts"
import { statusCommand } from "../src/cli/status.ts"
import { tokenCommand } from "../src/cli/token.ts"
import { traceCommand } from "../src/cli/trace.ts"
import { trustCommand } from "../src/cli/trust.ts"
import { validateCommand } from "../src/cli/validate.ts"
import { workersCommand } from "../src/cli/workers.ts"
import { checkConfig } from "../src/config/load.ts"
import { configJsonSchema } from "../src/config/schema.ts"
import { formatProblems } from "../src/core/model/problem.ts"
import { workflowJsonSchema } from "../src/spec/dialects/read.ts"
import { parseWorkflow } from "../src/spec/parse.ts"
import { DASHBOARD_KEYS, GLOBAL_KEYS } from "../src/tui/host/key-table.ts"
import { factsNamedIn, filesNamedIn, foreignCitations, namesSaidToBeIn, shortNames } from "./support/documents.ts"
import { declaredNames, sourceOf } from "./support/source.ts"
import { sourcesBelow } from "./support/sources.ts"

/** Checks the documentation: examples parse, what is named exists, and what exists is named. */

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const read = (file: string) => readFileSync(join(ROOT, file), "utf8")
const below = (folder: string, ending: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file))

/** The environment variables that examples use. */
const ENV = { BUILD_BOX_PASSWORD: "secret" }

const GUIDE = below("docs/guide", ".md")
const CONCEPTS = "docs/guide/concepts.md"
const CONCEPTS_LINK = "concepts.md)"
const TOP = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"]
const DOCS = [...TOP, ...below("docs", ".md")]

interface Fence {
  readonly place: string
  readonly language: string
  readonly text: string
}

/** The fenced blocks of a file. A fragment is marked by a second word after its language: `yaml
 *  fragment`. */
function fencesOf(file: string): Fence[] {
  const text = read(file)
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    place: `${file}:${text.slice(0, match.index).split("\n").length}`,
    language: match[1] as string,
    text: match[2] as string,
  }))
}

const withoutFences = (file: string) => read(file).replace(/^```.*\n[\s\S]*?^```$/gm, "")
const fences = ["README.md", ...GUIDE].flatMap(fencesOf)
const examples = (language: string) => fences.filter((fence) => fence.language === language)

describe("examples", () => {
  it("exist for every format", () => {
    for (const language of ["yaml", "jsonc", "json"]) expect(examples(language).length).toBeGreaterThan(1)
  })

  const configs = examples("jsonc").flatMap(({ text }) => {
    const config = checkConfig(text, null, ENV)
    return config.ok ? [config.value] : []
  })
  const profiles = configs.flatMap((config) => Object.keys(config.profiles))
  const roles = configs.flatMap((config) => Object.keys(config.config.models))
  it.each(examples("yaml"))("$place is a workflow", ({ text }) => {
    const workflow = parseWorkflow(text, "example.yaml", { profiles, roles })
    expect(workflow.ok || formatProblems(workflow.problems)).toBe(true)
  })

  it.each(examples("jsonc"))("$place is an orchestrator.json", ({ text }) => {
    const config = checkConfig(text, null, ENV)
    expect(config.ok || formatProblems(config.problems)).toBe(true)
  })

  it.each(examples("json"))("$place is JSON that names the plugin", ({ text }) => {
    expect(JSON.stringify(JSON.parse(text))).toContain("opencode-baton")
  })
})

describe("tests that documents name", () => {
  const rows = ["docs/features.md", "docs/security.md"]
    .flatMap((page) => read(page).split("\n"))
    .flatMap((line) => {
      const row = /^\| (.+) \| `(test\/[^`]+)` \| "(.+)" \|$/.exec(line)
      return row ? [{ file: row[2] as string, title: row[3] as string }] : []
    })

  it("are named by every row of docs/features.md and by every promise of docs/security.md", () => {
    const isHead = (line: string) => /^\| (What|Promise) \| Test file |^\| --- \| --- \| --- \|$/.test(line)
    const features = read("docs/features.md").split("\n")
    const security = read("docs/security.md")
    const promises = security.slice(security.indexOf("## Promises")).split("\n")
    const lines = [...features, ...promises].filter((line) => line.startsWith("|") && !isHead(line))
    expect(lines.length).toBeGreaterThan(100)
    expect(rows).toHaveLength(lines.length)
  })

  const guarantees = read("docs/architecture.md")
    .split("\n")
    .filter((line) => /^\| G\d+ /.test(line))
  const named = guarantees.flatMap((line) =>
    [...line.matchAll(/`(test\/[^`]+)` "([^"]+)"/g)].map((match) => ({
      file: match[1] as string,
      title: match[2] as string,
    })),
  )
  it("are named by every guarantee", () => {
    expect(guarantees).toHaveLength(10)
    for (const line of guarantees) expect(line).toMatch(/`test\/[^`]+` "[^"]+" /)
  })

  it.each([...rows, ...named])("$file has «$title»", ({ file, title }) => {
    const quoted = [`"${title}"`, `\`${title}\``, `'${title}'`]
    expect(quoted.some((one) => read(file).includes(one))).toBe(true)
  })
})

describe.each(DOCS)("%s", (file) => {
  it("has links that lead somewhere", () => {
    const links = [...withoutFences(file).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string)
    const broken = links.filter((link) => !/^https?:/.test(link)).filter((link) => !leadsSomewhere(file, link))
    expect(broken).toEqual([])
  })

  it("names files and scripts that exist", () => {
    const text = read(file)
    const files = [...text.matchAll(/`((?:src|test|scripts|docs|bin|examples)\/[\w./-]*\w)`/g)].map(
      (match) => match[1] as string,
    )
    expect(files.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> }
    const used = [...text.matchAll(/\b(?:npm|bun) run ([\w:]+)|\bnpm (test)\b/g)].map((match) => match[1] ?? match[2])
    expect(used.filter((name) => name !== undefined && !(name in scripts))).toEqual([])
  })

  it("names a file for a symbol only if the file declares the symbol", () => {
    const wrong = namesSaidToBeIn(read(file)).filter(
      ({ name, file: place }) =>
        !existsSync(join(ROOT, place)) || !declaredNames(sourceOf(place, read(place))).has(name),
    )
    expect(wrong).toEqual([])
  })

  it("names files by their last part only where the same section names their folder", () => {
    const lost = shortNames(withoutFences(file)).filter(
      ({ name, folders }) => !folders.some((folder) => existsSync(join(ROOT, folder, name))),
    )
    expect(lost).toEqual([])
  })

  it("leaves the word skill to OpenCode", () => {
    const lines = read(file)
      .split("\n")
      .filter((line) => /\bskills?\b/i.test(line))
    const explained = lines.filter((line) => line.includes("OpenCode's own word"))
    // One page explains the word to users as OpenCode's own.
    if (file === CONCEPTS) expect(explained).toHaveLength(1)
    else expect(lines.filter((line) => !explained.includes(line) && !line.includes(CONCEPTS_LINK))).toEqual([])
  })
})

describe("comments", () => {
  const comments = ["src", "test", "bench", "scripts"]
    .flatMap(sourcesBelow)
    .flatMap(({ path, tree }) =>
      (tree.comments ?? []).map(({ value, loc }) => ({ path, place: `${path}:${loc?.start.line}`, text: value })),
    )

  it("name files that exist, from the root, from src or from the folder they stand in", () => {
    const lost = comments.flatMap(({ path, place, text }) =>
      filesNamedIn(text)
        .filter((name) => !["", "src", dirname(path)].some((folder) => existsSync(join(ROOT, folder, name))))
        .map((name) => `${place} names ${name}`),
    )
    expect(lost).toEqual([])
  })

  it("cite no document that is not in the repository", () => {
    const foreign = comments.flatMap(({ place, text }) =>
      foreignCitations(text).map((what) => `${place} cites ${what}`),
    )
    expect(foreign).toEqual([])
  })

  it("name facts of OpenCode that docs/opencode-contract.md has", () => {
    const facts = DOCS.flatMap((file) => [...read(file).matchAll(/\*\*(C\d+)\. /g)].map((match) => match[1]))
    const lost = comments.flatMap(({ place, text }) =>
      factsNamedIn(text)
        .filter((fact) => !facts.includes(fact))
        .map((fact) => `${place} names ${fact}`),
    )
    expect(lost).toEqual([])
  })
})

function leadsSomewhere(file: string, link: string): boolean {
  const [path = "", anchor] = link.split("#")
  const target = path === "" ? file : relative(ROOT, resolve(ROOT, dirname(file), path))
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || anchorsOf(target).includes(anchor)
}

/** The anchors that GitHub makes from headings. */
function anchorsOf(file: string): string[] {
  return [...withoutFences(file).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] as string)
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .trim()
      .replace(/\s/g, "-"),
  )
}

describe("docs/guide/command-line.md", () => {
  const nothing = () => Promise.reject(new Error("not needed for its help"))
  const commands = [
    runCommand(nothing),
    resumeCommand(nothing),
    continueCommand(nothing),
    retryCommand(nothing),
    skipCommand(nothing),
    abortCommand(nothing),
    raiseCommand(nothing),
    pauseCommand(nothing),
    planCommand(),
    validateCommand(),
    configCommand(),
    convertCommand(),
    initCommand(nothing),
    doctorCommand(nothing),
    listCommand(nothing),
    statusCommand(nothing),
    traceCommand(nothing),
    reportCommand(nothing),
    graphCommand(),
    workersCommand(nothing),
    pruneCommand(nothing),
    stateCommand(nothing),
    trustCommand(nothing),
    tokenCommand(),
  ]
  // The program's own options are taken from the text of src/cli/program.ts, because it reads its
  // version beside dist/.
  const source = read("src/cli/program.ts")
  const globals = [...source.matchAll(/"(?:-\w, )?(--[\w-]+)/g)].map((match) => match[1] as string).concat("--help")
  const text = read("docs/guide/command-line.md")
  const optionsIn = (part: string) => [...part.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map((match) => match[0])

  it("names only options that exist", () => {
    const known = [...globals, ...commands.flatMap(longOptions)]
    expect(globals).toEqual(["--version", "--directory", "--opencode", "--help"])
    expect(optionsIn(text).filter((option) => !known.includes(option) && option !== "--save-dev")).toEqual([])
  })

  it("has a section for every command, with exactly its options", () => {
    expect(commands.filter((command) => !source.includes(`${command.name()}Command`))).toEqual([])
    expect(source.match(/^ {4}\w+Command\(/gm)).toHaveLength(commands.length)
    for (const [name, command] of commands.flatMap(sectionsOf)) {
      const section = text.split(`\n## \`baton ${name}\`\n`)[1]?.split("\n## ")[0]
      const table = (section ?? "").split("\n").filter((line) => line.startsWith("| `"))
      const named = table.map((line) => optionsIn(line)[0])
      expect([name, ...named]).toEqual([name, ...longOptions(command)])
    }
  })

  it("has every exit code", () => {
    const codes = [...text.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]))
    expect(codes).toEqual(Object.values(EXIT))
  })
})

/** A command by its name, or its subcommands if it has some. */
function sectionsOf(command: Command): [string, Command][] {
  if (command.commands.length === 0) return [[command.name(), command]]
  return command.commands.map((one) => [`${command.name()} ${one.name()}`, one])
}

function longOptions(command: Command): string[] {
  return [command, ...command.commands].flatMap(({ options }) => options.flatMap((option) => option.long ?? []))
}

describe("every key of the schemas is in the guide", () => {
  it.each([
    ["docs/guide/workflows.md", workflowJsonSchema()],
    ["docs/guide/configuration.md", configJsonSchema()],
  ])("%s", (file, schema) => {
    const keys = [...new Set(keysOf(schema))]
    expect(keys.length).toBeGreaterThan(10)
    expect(keys.filter((key) => !read(file).includes(`\`${key}\``))).toEqual([])
  })
})

/** Names of all properties, including refused ones but not what is inside a refused one. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return []
  if (Array.isArray(schema)) return schema.flatMap(keysOf)
  const { properties = {}, description, ...rest } = schema as { properties?: object; description?: string }
  if (description?.endsWith("Not available in this version.")) return []
  return [
    ...Object.entries(properties).flatMap(([key, value]) => [key, ...keysOf(value)]),
    ...Object.values(rest).flatMap(keysOf),
  ]
}

it("the headings of docs/guide/troubleshooting.md quote messages of the code", () => {
  const plain = (text: string) => text.replaceAll(/[`\\]/g, "")
  const code = [...below("src", ".ts"), ...below("src", ".tsx"), ...below("bin", ".mjs")]
    .map((file) => plain(read(file)))
    .join("\n")
  const headings = [...read("docs/guide/troubleshooting.md").matchAll(/^### (`.+)$/gm)].map(
    (match) => match[1] as string,
  )
  const pieces = headings.flatMap((heading) => plain(heading).split("…")).map((piece) => piece.trim())
  expect(headings.length).toBeGreaterThan(20)
  expect(pieces.filter((piece) => !code.includes(piece))).toEqual([])
})

it("the guide names every key with its default", () => {
  const text = read("docs/guide/in-the-tui.md") + read("docs/guide/dashboard.md")
  const missing = [...GLOBAL_KEYS, ...DASHBOARD_KEYS].filter(
    ({ id, key }) => !text.includes(`\`${id}\``) || !text.includes(`\`${key}\``),
  )
  expect(missing).toEqual([])
})
