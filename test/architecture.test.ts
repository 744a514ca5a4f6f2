import { expect, it } from "vitest"
import {
  againstRows,
  cyclesOf,
  importsOf,
  impurities,
  lineCount,
  localImports,
  longFunctions,
  packagesOutside,
  type Source,
  type Spot,
  swallowedErrors,
  terminalWrites,
} from "./support/source.ts"
import { sourcesBelow } from "./support/sources.ts"

/** Checks the shape of src/ (docs/architecture.md, "Who may import whom"). Type imports count.
 *  There is no list of exceptions, on purpose. */
/** What each folder may import besides itself. A folder without a row here may not exist. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  files: ["core"],
  git: ["files"],
  state: ["files"],
  trust: ["core", "files", "state"],
  shapes: ["core"],
  spec: ["core", "files", "shapes"],
  config: ["core", "files", "shapes"],
  engine: ["core"],
  store: ["core"],
  context: ["core"],
  report: ["core"],
  checks: ["core", "files", "git", "host"],
  wall: ["core", "files"],
  guard: ["core", "wall"],
  host: ["core", "files", "wall"],
  workers: ["core", "host", "wall"],
  tui: ["core"],
  project: ["core", "files", "shapes", "spec", "config", "engine", "report", "checks", "trust"],
  opencode: ["core", "files", "guard", "spec", "config", "engine", "host", "project", "report", "state", "trust"],
  cli: ["core", "files", "spec", "config", "engine", "host", "project", "report", "state", "trust"],
  "journal.ts": ["config", "state", "store"],
  "compose.ts": [
    "core",
    "journal.ts",
    "spec",
    "config",
    "engine",
    "store",
    "workers",
    "context",
    "checks",
    "git",
    "host",
    "project",
    "state",
  ],
  "plugin.ts": ["core", "compose.ts", "journal.ts", "opencode"],
  "guard.ts": ["core", "guard", "spec"],
  "tui.tsx": ["core", "tui"],
  "cli.ts": ["core", "compose.ts", "cli"],
  "types.ts": ["core", "cli"],
}
/** What a folder inside core, tui or engine may import of its neighbours. A file beside these
 *  folders may import all of them. */
const INSIDE: Record<string, readonly string[]> = {
  "core/base": [],
  "core/model": ["base"],
  "core/rights": ["model"],
  "core/ports": ["model"],
  "core/documents": ["base", "model"],
  "core/fold": ["base", "model"],
  "core/groups": ["base", "model", "ports"],
  "core/schedule": ["base", "model", "ports", "rights", "fold", "groups"],
  "core/view": ["base", "model"],

  "tui/state": [],
  "tui/host": ["state"],
  "tui/dialogs": ["host", "state"],
  "tui/status-line": ["host", "state"],
  "tui/trace": ["dialogs", "state"],
  "tui/workers": ["dialogs", "host", "state"],
  "tui/inbox": ["dialogs", "host", "state"],
  "tui/sidebar": ["inbox", "host", "state"],
  "tui/dashboard": ["inbox", "workers", "dialogs", "host", "state"],

  "engine/dispatch": [],
  "engine/task": [],
  "engine/answer": ["task", "dispatch"],
  "engine/drive": ["answer", "task", "dispatch"],
}
/**
 * npm packages and the only folder that may import each. A name ending in `/` or `:` is a prefix.
 */
const PACKAGES: Record<string, readonly string[]> = {
  yaml: ["spec"],
  "@marcbachmann/cel-js": ["spec"],
  ajv: ["spec"],
  "ajv-formats": ["spec"],
  zod: ["shapes", "spec", "config", "guard", "opencode"],
  "jsonc-parser": ["config", "wall"],
  "@dagrejs/dagre": ["report"],
  commander: ["cli"],
  "solid-js": ["tui", "tui.tsx"],
  "@opentui/": ["tui", "tui.tsx"],
  "@opencode-ai/sdk": ["host", "workers", "opencode", "compose.ts", "cli"],
  "@opencode-ai/plugin": ["opencode", "guard", "tui", "plugin.ts", "guard.ts", "tui.tsx"],
  "bun:": ["store", "guard"],
  "write-file-atomic": ["checks", "state", "trust", "wall"],
  picomatch: ["checks"],
}
const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 60
const ENTRY_LINES = 80
const ENTRIES = ["plugin.ts", "guard.ts", "tui.tsx", "cli.ts", "types.ts"]

const sources = sourcesBelow("src")
const edges = sources.flatMap(localImports)
/** `src/core/base/time.ts` is in `core`, `src/cli.ts` in `cli.ts`. */
const placeOf = (path: string) => path.split("/")[1] as string
/** `src/core/base/time.ts` is in `core/base`, `src/tui/start.tsx` in `tui/start.tsx`. */
const roomOf = (path: string) => path.split("/").slice(1, 3).join("/")
const spots = (source: Source, found: readonly Spot[]) =>
  found.map(({ line, what }) => `${source.path}:${line}: ${what}`)

it("src holds only the folders and entries of the layout", () => {
  const unknown = sources.map(({ path }) => placeOf(path)).filter((place) => !(place in MAY_IMPORT))
  expect([...new Set(unknown)]).toEqual([])
})

it("nothing imports against the direction", () => {
  expect(againstRows(edges, MAY_IMPORT, placeOf)).toEqual([])
})

it("every file of core, tui and engine is in a folder that has a row, or beside these folders", () => {
  const divided = [...new Set(Object.keys(INSIDE).map((room) => room.split("/")[0]))]
  const strays = sources
    .map(({ path }) => path)
    .filter((path) => divided.includes(placeOf(path)) && !(roomOf(path) in INSIDE))
    .filter((path) => placeOf(path) === "core" || path.split("/").length > 3)
  expect(divided).toEqual(["core", "tui", "engine"])
  expect(strays).toEqual([])
  const rooms = new Set(sources.map(({ path }) => roomOf(path)))
  expect(Object.keys(INSIDE).filter((room) => !rooms.has(room))).toEqual([])
})

it("nothing imports against the direction inside core, tui and engine", () => {
  const within = edges.filter(({ from, to }) => placeOf(from) === placeOf(to))
  const rows = Object.entries(INSIDE).map(([room, names]) => [
    room,
    names.map((name) => `${placeOf(`/${room}`)}/${name}`),
  ])
  expect(againstRows(within, Object.fromEntries(rows), roomOf)).toEqual([])
})

it("no import cycle exists, type imports included", () => {
  expect(cyclesOf(edges)).toEqual([])
})

it("worker backends do not import each other, only the shared session code", () => {
  const breaches = edges
    .filter(({ from, to }) => placeOf(from) === "workers" && placeOf(to) === "workers")
    .filter(({ from, to }) => roomOf(to) !== roomOf(from) && roomOf(to) !== "workers/session")
  expect(breaches).toEqual([])
})

it("core imports nothing at all, and packages stay in their folder", () => {
  const inCore = sources
    .filter(({ path }) => placeOf(path) === "core")
    .flatMap((source) => importsOf(source).map((name) => ({ path: source.path, name })))
    .filter(({ name }) => !name.startsWith("."))
  expect(inCore).toEqual([])
  expect(sources.flatMap((source) => packagesOutside(source, PACKAGES, placeOf(source.path)))).toEqual([])
})

it("core reads no clock, no randomness and no process", () => {
  const core = sources.filter(({ path }) => placeOf(path) === "core")
  expect(core.flatMap((source) => spots(source, impurities(source)))).toEqual([])
})

it(`no file is longer than ${MAX_FILE_LINES} lines, no entry longer than ${ENTRY_LINES}`, () => {
  const tooLong = sources
    .map((source) => ({ path: source.path, lines: lineCount(source) }))
    .filter(({ path, lines }) => lines > (ENTRIES.includes(placeOf(path)) ? ENTRY_LINES : MAX_FILE_LINES))
  expect(tooLong).toEqual([])
})

it(`no function is longer than ${MAX_FUNCTION_LINES} lines`, () => {
  expect(sources.flatMap((source) => spots(source, longFunctions(source, MAX_FUNCTION_LINES)))).toEqual([])
})

it("nothing writes to the terminal inside OpenCode, and no error is swallowed", () => {
  const inside = sources.filter(({ path }) => !["cli", "cli.ts"].includes(placeOf(path)))
  expect(inside.flatMap((source) => spots(source, terminalWrites(source)))).toEqual([])
  expect(sources.flatMap((source) => spots(source, swallowedErrors(source)))).toEqual([])
})

it("in the command line only the writer that escapes what others wrote writes to the terminal", () => {
  const own = sources.filter(({ path }) => ["cli", "cli.ts"].includes(placeOf(path)))
  const writers = own.filter((source) => terminalWrites(source).length > 0).map(({ path }) => path)
  expect(writers).toEqual(["src/cli/terminal.ts"])
})
