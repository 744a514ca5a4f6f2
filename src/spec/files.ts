import { existsSync, readdirSync, statSync } from "node:fs"
import { dirname, extname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { suggest } from "../core/base/nearest.ts"
import type { Path, SourceDocument } from "../core/documents/issues.ts"
import type { Problem, Result } from "../core/model/problem.ts"
import type { Workflow } from "../core/model/workflow.ts"
import { WORKFLOW_FOLDERS } from "../core/rights/trusted-set.ts"
import { documentText } from "../files/document.ts"
import { toCanonical } from "./dialects/read.ts"
import { parseYaml } from "./document.ts"
import type { LookedUp } from "./embedded.ts"
import { outlineOf } from "./outline.ts"
import { claimedName, nameOfFile, type ParseOptions, parseWorkflow } from "./parse.ts"

/** Finds and reads the workflows in a project's folders and the built-in ones. */

const ENDINGS = [".yaml", ".yml", ".json"]

export interface LoadedWorkflow {
  readonly name: string
  /** Absolute path. */
  readonly file: string
  /** True for a workflow that comes with Baton; a project file of the same name replaces it. */
  readonly isBuiltIn: boolean
  /** Undefined when there are problems. */
  readonly workflow?: Workflow
  readonly problems: readonly Problem[]
}

export interface FoundWorkflows {
  /** Sorted by name, the built-in ones last. */
  readonly workflows: readonly LoadedWorkflow[]
  /** Absolute paths of the folders that were searched, whether they exist or not. */
  readonly searched: readonly string[]
}

export interface FindOptions extends Omit<ParseOptions, "lookup"> {
  /** The project root. */
  readonly root: string
  /** False when no workflow is looked up in the project, because its folder is not trusted. */
  readonly usesFolder?: boolean
}

/**
 * Reads every workflow of a project, and the built-in ones that no project file replaces. A broken
 * workflow is listed with its problems; two with the same name are both broken.
 */
export function findWorkflows(options: FindOptions): FoundWorkflows {
  const library = new Library(options)
  const workflows = library.files().map((file) => library.load(file))
  const order = (a: LoadedWorkflow, b: LoadedWorkflow) =>
    Number(a.isBuiltIn) - Number(b.isBuiltIn) || a.name.localeCompare(b.name)
  return { workflows: workflows.sort(order), searched: library.searched }
}

/** Reads one workflow file. The workflows that its steps name are looked up in the project. */
export function loadWorkflow(file: string, options: FindOptions): LoadedWorkflow {
  return new Library(options).load(file)
}

export interface ResolveOptions extends FindOptions {
  /** Folder to which a path is relative; default: the project root. */
  readonly directory?: string
}

/**
 * Finds a workflow by name in the project, or reads it from a file when `nameOrPath` is a path (it
 * contains a `/` or ends in .yaml, .yml or .json). For an unknown name the problem suggests the
 * nearest name and lists the folders that were searched.
 */
export function resolveWorkflow(
  nameOrPath: string,
  options: ResolveOptions,
): Result<LoadedWorkflow & { readonly workflow: Workflow }> {
  const { root, directory = root } = options
  const library = new Library(options)
  const isPath = /[\\/]/.test(nameOrPath) || ENDINGS.includes(extname(nameOrPath))
  if (isPath) return usable(library.load(resolve(directory, nameOrPath)))
  const found = library.named(nameOrPath)
  if (found) return usable(found)
  const hint = `${suggest(nameOrPath, library.names(), "workflows")} (looked in ${library.searched.join(", ")})`
  return { ok: false, problems: [{ file: nameOrPath, line: 0, column: 0, message: "there is no such workflow", hint }] }
}

function usable(loaded: LoadedWorkflow): Result<LoadedWorkflow & { readonly workflow: Workflow }> {
  const { workflow } = loaded
  return workflow ? { ok: true, value: { ...loaded, workflow } } : { ok: false, problems: loaded.problems }
}

/** The folder of the built-in workflows, found beside `dist` or `src`, wherever this code runs. */
function builtInFolder(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, "workflows", "feature-build.yaml"))) return join(folder, "workflows")
  }
  return undefined
}

/**
 * A snapshot of a project's workflows: each file is read once, even when several workflows use it.
 */
class Library {
  readonly searched: readonly string[]
  readonly #options: FindOptions
  readonly #builtIn: string | undefined
  readonly #texts = new Map<string, Result<string>>()
  readonly #loaded = new Map<string, LoadedWorkflow>()
  /** Files being read, outermost first; each is read because the one before it names it. */
  readonly #open: string[] = []
  #names: ReadonlyMap<string, readonly string[]> | undefined

  constructor(options: FindOptions) {
    this.#options = options
    const folders = options.usesFolder === false ? [] : WORKFLOW_FOLDERS
    this.searched = folders.map((folder) => join(resolve(options.root), folder))
    this.#builtIn = builtInFolder()
  }

  /** The project's files, and the built-in files that none of them replaces. */
  files(): string[] {
    return [...this.#files().values()].flat()
  }

  names(): string[] {
    return [...this.#files().keys()]
  }

  named(name: string): LoadedWorkflow | undefined {
    const file = this.#files().get(name)?.[0]
    return file === undefined ? undefined : this.load(file)
  }

  load(file: string): LoadedWorkflow {
    const known = this.#loaded.get(file)
    if (known) return known
    this.#open.push(file)
    const loaded = this.#read(file)
    this.#open.pop()
    this.#loaded.set(file, loaded)
    return loaded
  }

  #read(file: string): LoadedWorkflow {
    const isBuiltIn = this.#builtIn !== undefined && dirname(file) === this.#builtIn
    const text = this.#text(file)
    if (!text.ok) return { name: nameOfFile(file), file, isBuiltIn, problems: text.problems }
    const name = claimedName(text.value, file)
    const { root: _, ...options } = this.#options
    // Built-in workflows name roles that a user need not have: an unknown one means the default
    // profile.
    const who = isBuiltIn ? {} : options
    const parsed = parseWorkflow(text.value, file, { ...who, lookup: (wanted) => this.#lookup(wanted) })
    const twin = (this.#files().get(name) ?? []).find((other) => other !== file)
    const isListed = this.#files().get(name)?.includes(file) ?? false
    const problems = [
      ...(twin !== undefined && isListed ? [twice(name, file, twin)] : []),
      ...(parsed.ok ? [] : parsed.problems),
    ]
    return problems.length === 0 && parsed.ok
      ? { name: parsed.value.name, file, isBuiltIn, workflow: parsed.value, problems }
      : { name, file, isBuiltIn, problems }
  }

  #lookup(name: string): LookedUp {
    const file = this.#files().get(name)?.[0]
    if (file === undefined) {
      return {
        message: `there is no workflow \`${name}\``,
        hint: suggest(name, this.names(), "workflows"),
        problems: [],
      }
    }
    const from = this.#open.indexOf(file)
    if (from >= 0) {
      const cycle = [...this.#open.slice(from), file].map((one) => this.#nameOf(one)).join(" → ")
      const message = `workflow cycle: ${cycle}`
      return { message, hint: "remove one of these steps", problems: [] }
    }
    const loaded = this.load(file)
    if (loaded.workflow) return { workflow: loaded.workflow }
    const hint = "fix them first"
    return { message: `workflow \`${name}\` has problems of its own`, hint, problems: loaded.problems }
  }

  /** Files by workflow name. */
  #files(): ReadonlyMap<string, readonly string[]> {
    if (this.#names) return this.#names
    const byName = new Map<string, string[]>()
    for (const file of this.searched.flatMap(filesIn)) {
      const name = this.#nameOf(file)
      byName.set(name, [...(byName.get(name) ?? []), file])
    }
    for (const file of this.#builtIn === undefined ? [] : filesIn(this.#builtIn)) {
      const name = this.#nameOf(file)
      if (!byName.has(name)) byName.set(name, [file])
    }
    this.#names = byName
    return byName
  }

  #nameOf(file: string): string {
    const text = this.#text(file)
    return text.ok ? claimedName(text.value, file) : nameOfFile(file)
  }

  #text(file: string): Result<string> {
    const text = this.#texts.get(file) ?? documentText(file)
    this.#texts.set(file, text)
    return text
  }
}

function filesIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder)
    .filter((name) => ENDINGS.includes(extname(name)) && !name.startsWith("."))
    .sort()
    .map((name) => join(folder, name))
}

function twice(name: string, file: string, twin: string): Problem {
  const message = `${twin} is also called \`${name}\``
  return { file, line: 0, column: 0, message, hint: "rename one of the two" }
}

/**
 * Reads a workflow file into the canonical form without checking it. The document keeps the
 * positions of the original, and `stepPath` gives the path of the step with an id.
 */
export function workflowDocument(
  file: string,
): Result<{ readonly document: SourceDocument; readonly stepPath: (id: string) => Path | undefined }> {
  const text = documentText(file)
  if (!text.ok) return text
  const parsed = parseYaml(text.value, file)
  if (!parsed.ok) return parsed
  const { source } = toCanonical(parsed.value)
  const { steps } = outlineOf(source)
  return { ok: true, value: { document: source, stepPath: (id) => steps.find((step) => step.id === id)?.path } }
}
