import { readdirSync, statSync } from "node:fs"
import { dirname, isAbsolute, join, normalize, posix, relative, sep } from "node:path"
import picomatch from "picomatch"
import { readText } from "../files/read.ts"
import { isWithin } from "./files.ts"
import { namesIn } from "./words.ts"

/**
 * The files that a command check trusts: those of the project that its line names, in any position.
 * A step that changes one of them has changed what it is judged by.
 */

export interface Protected {
  /** Relative to the project, with `/`. */
  readonly path: string
  /** Of a package.json, only what can change what these scripts do counts. */
  readonly scripts?: readonly string[]
  /** Set when the file is missing but would be used if it appeared. */
  readonly isMissing?: true
}

export interface Protection {
  readonly files: readonly Protected[]
  /** Folders and patterns that the line names: what is in them is not protected. */
  readonly open: readonly string[]
}

/** Programs that run what a file of a fixed name says; several names are alternatives. */
const RUNNERS: Readonly<Record<string, readonly string[]>> = {
  npm: ["package.json", ".npmrc"],
  npx: ["package.json", ".npmrc"],
  pnpm: ["package.json", ".npmrc", ".pnpmfile.cjs"],
  yarn: ["package.json", ".npmrc", ".yarnrc", ".yarnrc.yml"],
  bun: ["package.json", "bunfig.toml"],
  bunx: ["package.json", "bunfig.toml"],
  "--run": ["package.json"],
  deno: ["deno.json", "deno.jsonc"],
  make: ["GNUmakefile", "makefile", "Makefile"],
  gmake: ["GNUmakefile", "makefile", "Makefile"],
  just: ["justfile", "Justfile", ".justfile"],
  task: ["Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml"],
  rake: ["rakefile", "Rakefile", "rakefile.rb", "Rakefile.rb"],
  tox: ["tox.ini"],
  nox: ["noxfile.py"],
}
/** Short names of npm's scripts. */
const SHORT: Readonly<Record<string, string>> = { t: "test", tst: "test" }
/** Endings that interpreters add to a name. */
const ENDINGS = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".sh", ".py", ".rb"]
const MODULE = /^[A-Za-z_]\w*(?:\.\w+)+$/
const MOST_FOLDERS = 50
const MOST_PATHS = 20_000
const MOST_SCRIPTS = 50

/** What the files and folders of the project are, looked up at most `MOST_PATHS` times. */
class Lookup {
  readonly #root: string
  readonly #known = new Map<string, "file" | "folder" | undefined>()

  constructor(root: string) {
    this.#root = root
  }

  kind(path: string): "file" | "folder" | undefined {
    if (!this.#known.has(path) && this.#known.size < MOST_PATHS) this.#known.set(path, this.#look(path))
    return this.#known.get(path)
  }

  #look(path: string) {
    try {
      const found = statSync(join(this.#root, path), { throwIfNoEntry: false })
      return found?.isFile() ? "file" : found?.isDirectory() ? "folder" : undefined
    } catch (error) {
      // The name is too long, or a file is where a folder should be: nothing has that name.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      return undefined
    }
  }
}

interface Search {
  readonly root: string
  readonly lookup: Lookup
  readonly found: Map<string, Protected>
  readonly open: Set<string>
  /** The package files whose scripts were followed, with the scripts. */
  readonly scripts: Map<string, Set<string>>
}

/** The files of the project in `root` that a command line names, and those that they name as scripts. */
export function protectionOf(root: string, line: string): Protection {
  const search: Search = { root, lookup: new Lookup(root), found: new Map(), open: new Set(), scripts: new Map() }
  follow(search, line, [""], 0)
  for (const [path, names] of search.scripts) search.found.set(path, { path, scripts: [...names].sort() })
  return { files: [...search.found.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), open: [...search.open] }
}

/** Follows a line that runs in one of the folders. */
function follow(search: Search, line: string, from: readonly string[], depth: number): void {
  const names = namesIn(line)
  const folders = foldersOf(search, names, from)
  for (const name of names) for (const folder of folders) look(search, folder, name)
  const programs = new Set(names.map((name) => name.slice(name.lastIndexOf("/") + 1)))
  for (const [program, files] of Object.entries(RUNNERS)) {
    if (!programs.has(program)) continue
    for (const folder of withParents(folders)) addRunner(search, folder, files)
    if (files.includes("package.json") && depth < 5) followScripts(search, names, withParents(folders), depth)
  }
}

/** The folders in which a name of the line can be: those it starts from, and those that it names. */
function foldersOf({ lookup, root }: Search, names: readonly string[], from: readonly string[]): string[] {
  const folders = new Set(from)
  for (const folder of folders) {
    for (const name of names) {
      const path = within(root, folder, name)
      if (path !== undefined && folders.size < MOST_FOLDERS && lookup.kind(path) === "folder") folders.add(path)
    }
  }
  return [...folders]
}

function withParents(folders: readonly string[]): string[] {
  const all = new Set<string>()
  for (const folder of folders)
    for (let at = folder; ; at = dirname(at)) {
      all.add(at === "." ? "" : at)
      if (at === "" || at === ".") break
    }
  return [...all]
}

/** Adds the file that a name means in a folder, if there is one. */
function look(search: Search, folder: string, name: string): void {
  const { root, lookup, found, open } = search
  if (/[*?[]/.test(name)) {
    lookForPattern(search, folder, name)
    return
  }
  const path = within(root, folder, name)
  if (path === undefined || path === "") return
  const kind = lookup.kind(path)
  if (kind === "file") found.set(path, { path })
  if (kind === "folder" && !path.split("/").includes("node_modules")) open.add(`${path}/`)
  if (kind !== undefined) return
  const module = MODULE.test(name) ? modulesOf(name) : []
  const others = [...ENDINGS.map((ending) => `${path}${ending}`), ...module.map((one) => join(folder, one))]
  for (const other of others) if (lookup.kind(other) === "file") found.set(other, { path: other })
}

/** A dotted name can be a module of Python, with the names of a class and a test after it. */
function modulesOf(name: string): string[] {
  const parts = name.split(".")
  return parts.flatMap((_, at) => {
    const path = parts.slice(0, at + 1).join("/")
    return [`${path}.py`, `${path}/__main__.py`]
  })
}

/** `?` and `[…]` stand for one name. `*` can mean all sources of a project, so it protects nothing. */
function lookForPattern({ root, lookup, found, open }: Search, folder: string, name: string): void {
  const path = within(root, folder, name)
  const base = path === undefined ? "" : posix.dirname(path).replace(/^\.$/, "")
  if (path === undefined) return
  if (/[*]|[?[].*\//.test(path)) {
    if (folder === "" && /^[\w.*?[\]/-]+$/.test(path) && lookup.kind(picomatch.scan(path).base) === "folder")
      open.add(path)
    return
  }
  if (lookup.kind(base) !== "folder") return
  const matches = picomatch(path, { dot: true })
  for (const entry of readdirSync(join(root, base)).slice(0, MOST_PATHS)) {
    const file = base === "" ? entry : `${base}/${entry}`
    if (matches(file) && lookup.kind(file) === "file") found.set(file, { path: file })
  }
}

/** The path of a name in a folder, relative to the project; undefined when it is not inside. */
function within(root: string, folder: string, name: string): string | undefined {
  if (name.includes("\0") || name.length > 1_000) return undefined
  const path = isAbsolute(name) ? relative(root, normalize(name)) : normalize(join(folder, name))
  if (isAbsolute(path) || !isWithin(root, join(root, path))) return undefined
  const plain = path.split(sep).join("/").replace(/\/$/, "")
  return plain === "." ? "" : plain
}

function addRunner({ lookup, found }: Search, folder: string, files: readonly string[]): void {
  const paths = files.map((file) => (folder === "" ? file : `${folder}/${file}`))
  if (!paths.some((path) => lookup.kind(path) === "file")) return
  for (const path of paths) {
    if (lookup.kind(path) === "file") found.set(path, { path })
    else if (!found.has(path)) found.set(path, { path, isMissing: true })
  }
}

/** Follows the scripts of the package files in these folders that the names of a line call. */
function followScripts(search: Search, names: readonly string[], folders: readonly string[], depth: number): void {
  for (const folder of folders) {
    const path = folder === "" ? "package.json" : `${folder}/package.json`
    if (search.lookup.kind(path) !== "file") continue
    const all = scriptsIn(packageAt(search.root, path))
    const done = search.scripts.get(path) ?? new Set<string>()
    search.scripts.set(path, done)
    const called = names.map((name) => SHORT[name] ?? name).filter((name) => Object.hasOwn(all, name))
    for (const name of called.flatMap((one) => [`pre${one}`, one, `post${one}`])) {
      if (done.has(name) || done.size >= MOST_SCRIPTS) continue
      done.add(name)
      const script = Object.hasOwn(all, name) ? all[name] : undefined
      // A script can call another one by the program that runs it, or by another such program.
      if (typeof script === "string") follow(search, script, [folder], depth + 1)
    }
  }
}

/** A package.json as data; undefined when it holds none, as npm itself would say. */
export function packageAt(root: string, path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const data: unknown = JSON.parse(readText(join(root, path)))
    return typeof data === "object" && data !== null ? (data as Record<string, unknown>) : undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof SyntaxError || code === undefined || code === "ENOENT") return undefined
    throw error
  }
}

export function scriptsIn(data: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> {
  const scripts = data?.scripts
  return typeof scripts === "object" && scripts !== null ? (scripts as Record<string, unknown>) : {}
}
