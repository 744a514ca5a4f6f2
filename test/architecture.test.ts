import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

/**
 * The shape of src/ (docs/architecture.md, "Who may import whom"), kept by a machine. Type imports count.
 * There is no list of exceptions, on purpose.
 */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const SRC = join(ROOT, "src")

/** What each folder may import besides itself. A folder that is not here may not exist. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  spec: ["core"],
  config: ["core"],
  engine: ["core"],
  store: ["core"],
  context: ["core"],
  report: ["core"],
  checks: ["core", "host"],
  host: ["core"],
  workers: ["core", "host"],
  tui: ["core"],
  project: ["core", "spec", "config", "engine", "report"],
  opencode: ["core", "spec", "config", "engine", "host", "project", "report"],
  cli: ["core", "spec", "config", "engine", "host", "project", "report"],
  "compose.ts": ["core", "spec", "config", "engine", "store", "workers", "context", "checks", "host", "project"],
  "plugin.ts": ["core", "compose.ts", "opencode"],
  "tui.tsx": ["core", "tui"],
  "cli.ts": ["core", "compose.ts", "cli"],
  "types.ts": ["core", "cli"],
}
/** npm packages that stay in their folder. A name ending in `/` or `:` is a prefix. */
const PACKAGES: Record<string, readonly string[]> = {
  yaml: ["spec"],
  "@marcbachmann/cel-js": ["spec"],
  ajv: ["spec"],
  "ajv-formats": ["spec"],
  zod: ["spec", "config", "opencode"],
  "jsonc-parser": ["config"],
  "@dagrejs/dagre": ["report"],
  commander: ["cli"],
  picocolors: ["cli"],
  "solid-js": ["tui", "tui.tsx"],
  "@opentui/": ["tui", "tui.tsx"],
  "@opencode-ai/sdk": ["host", "workers", "opencode", "compose.ts", "cli"],
  "@opencode-ai/plugin": ["opencode", "tui", "plugin.ts", "tui.tsx"],
  "bun:": ["store"],
  "write-file-atomic": ["checks"],
  picomatch: ["checks"],
}
const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 60
const ENTRY_LINES = 80
const ENTRIES = ["plugin.ts", "tui.tsx", "cli.ts", "types.ts"]

const files = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
const text = (file: string) => readFileSync(file, "utf8")
const placeOf = (file: string) => relative(SRC, file).split("/")[0] as string
const show = (file: string) => relative(ROOT, file)

function importsOf(file: string): string[] {
  const pattern = /^[^/*\n]*\bfrom\s+["']([^"']+)["']|^[^/*\n]*\bimport\s*\(?\s*["']([^"']+)["']/gm
  return [...text(file).matchAll(pattern)].map((match) => (match[1] ?? match[2]) as string)
}

it("src holds only the folders and entries of the layout", () => {
  const unknown = files.map(placeOf).filter((place) => !(place in MAY_IMPORT))
  expect([...new Set(unknown)]).toEqual([])
})

it("nothing imports against the direction", () => {
  const breaches = files.flatMap((file) => {
    const from = placeOf(file)
    return importsOf(file)
      .filter((name) => name.startsWith("."))
      .map((name) => placeOf(resolve(dirname(file), name)))
      .filter((to) => to !== from && !(MAY_IMPORT[from] ?? []).includes(to))
      .map((to) => `${show(file)} imports ${to}`)
  })
  expect(breaches).toEqual([])
})

it("worker backends do not import each other, only the shared session code", () => {
  const breaches = files
    .filter((file) => placeOf(file) === "workers")
    .flatMap((file) => {
      const own = relative(SRC, file).split("/")[1]
      return importsOf(file)
        .filter((name) => name.startsWith("."))
        .map((name) => relative(SRC, resolve(dirname(file), name)).split("/"))
        .filter(([place, folder]) => place === "workers" && folder !== own && folder !== "session")
        .map((to) => `${show(file)} imports ${to.join("/")}`)
    })
  expect(breaches).toEqual([])
})

it("core imports nothing at all, and packages stay in their folder", () => {
  const breaches = files.flatMap((file) => {
    const place = placeOf(file)
    return importsOf(file)
      .filter((name) => !name.startsWith("."))
      .filter((name) => {
        if (place === "core") return true
        const rule = Object.entries(PACKAGES).find(
          ([prefix]) =>
            name === prefix || name.startsWith(`${prefix}/`) || (/[/:]$/.test(prefix) && name.startsWith(prefix)),
        )
        return rule !== undefined && !rule[1].includes(place)
      })
      .map((name) => `${show(file)} imports ${name}`)
  })
  expect(breaches).toEqual([])
})

it("core reads no clock, no randomness and no process", () => {
  const breaches = files
    .filter((file) => placeOf(file) === "core")
    .filter((file) =>
      /\bDate\.now\b|\bnew Date\(\)|Math\.random|\bprocess\.|\bsetTimeout\b|performance\.now/.test(text(file)),
    )
  expect(breaches.map(show)).toEqual([])
})

it(`no file is longer than ${MAX_FILE_LINES} lines, no entry longer than ${ENTRY_LINES}`, () => {
  const tooLong = files
    .map((file) => ({ file, lines: text(file).split("\n").length, place: placeOf(file) }))
    .filter(({ lines, place }) => lines > (ENTRIES.includes(place) ? ENTRY_LINES : MAX_FILE_LINES))
  expect(tooLong.map(({ file, lines }) => `${show(file)}: ${lines}`)).toEqual([])
})

it(`no function is longer than ${MAX_FUNCTION_LINES} lines`, () => {
  expect(files.flatMap((file) => longFunctions(file))).toEqual([])
})

/** Blocks opened on a line that starts a function, measured by indentation: the formatter guarantees it means nesting. */
function longFunctions(file: string): string[] {
  const lines = text(file).split("\n")
  const starts =
    /\bfunction\b.*\{$|=>\s*\{$|^\s+(?:private |public |static |async |get |set |\*)*[\w$#]+(?:<[^>]*>)?\(.*\).*\{$|^\s*\).*(?:=>)?\s*\{$/
  const found: string[] = []
  lines.forEach((line, index) => {
    if (!starts.test(line) || /^\s*(?:if|for|while|switch|catch|describe|\} else)\b/.test(line)) return
    const indent = line.length - line.trimStart().length
    const end = lines.findIndex(
      (other, at) => at > index && other.length - other.trimStart().length === indent && /^\s*[}\])]/.test(other),
    )
    if (end - index + 1 > MAX_FUNCTION_LINES) found.push(`${show(file)}:${index + 1}: ${end - index + 1} lines`)
  })
  return found
}

it("nothing writes to the terminal inside OpenCode, and no error is swallowed", () => {
  const breaches = files.flatMap((file) => {
    const quiet = !["cli", "cli.ts"].includes(placeOf(file))
    const found: string[] = []
    if (quiet && /console\.(log|error|warn|info)|process\.(stdout|stderr)\.write/.test(text(file)))
      found.push(`${show(file)} writes to the terminal`)
    if (/catch\s*(\([^)]*\))?\s*\{\s*\}|\.catch\(\(\)\s*=>\s*(\{\s*\}|undefined|null)\)/.test(text(file)))
      found.push(`${show(file)} swallows an error`)
    return found
  })
  expect(breaches).toEqual([])
})
