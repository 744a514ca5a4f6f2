import { readdirSync, readFileSync, statSync } from "node:fs"
import { extname, join, resolve } from "node:path"
import type { Path, SourceDocument } from "../core/issues.ts"
import type { Workflow } from "../core/model.ts"
import { suggest } from "../core/nearest.ts"
import type { Checked, Problem } from "../core/problem.ts"
import { parseYaml } from "./document.ts"
import { outlineOf } from "./outline.ts"
import { claimedName, nameOfFile, type ParseOptions, parseWorkflow } from "./parse.ts"

/** The workflows of a project, from its folders. */

const FOLDERS = [".opencode/workflows", ".claude/workflows"] as const
const ENDINGS = [".yaml", ".yml", ".json"]
/** Bytes; a larger file is refused before it is read. */
const MAX_BYTES = 4 * 1024 * 1024

export interface LoadedWorkflow {
  readonly name: string
  /** Absolute. */
  readonly file: string
  /** Absent when there are problems. */
  readonly workflow?: Workflow
  readonly problems: readonly Problem[]
}

export interface FoundWorkflows {
  /** By name. */
  readonly workflows: readonly LoadedWorkflow[]
  /** Absolute paths of the folders that were looked in, whether they exist or not. */
  readonly searched: readonly string[]
}

export interface FindOptions extends ParseOptions {
  /** The project root. */
  readonly root: string
}

/** Reads every workflow of a project. A broken one is listed with its problems; two of one name are both broken. */
export function findWorkflows({ root, ...options }: FindOptions): FoundWorkflows {
  const searched = FOLDERS.map((folder) => join(resolve(root), folder))
  const loaded = searched.flatMap(filesIn).map((file) => loadWorkflow(file, options))
  const workflows = loaded.map((one) => {
    const twin = loaded.find((other) => other !== one && other.name === one.name)
    return twin ? broken(one, twin) : one
  })
  return { workflows: workflows.sort((a, b) => a.name.localeCompare(b.name)), searched }
}

function filesIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder)
    .filter((name) => ENDINGS.includes(extname(name)) && !name.startsWith("."))
    .sort()
    .map((name) => join(folder, name))
}

function broken({ name, file, problems }: LoadedWorkflow, twin: LoadedWorkflow): LoadedWorkflow {
  const message = `${twin.file} is called \`${name}\` too`
  return { name, file, problems: [{ file, line: 0, column: 0, message, hint: "rename one of the two" }, ...problems] }
}

/** Reads one workflow file. */
export function loadWorkflow(file: string, options: ParseOptions = {}): LoadedWorkflow {
  const text = read(file)
  if (!text.ok) return { name: nameOfFile(file), file, problems: text.problems }
  const parsed = parseWorkflow(text.value, file, options)
  if (parsed.ok) return { name: parsed.value.name, file, workflow: parsed.value, problems: [] }
  return { name: claimedName(text.value, file), file, problems: parsed.problems }
}

/** A workflow file as it was written, with its places, and where in it each step stands; nothing of it is checked. */
export function workflowDocument(
  file: string,
): Checked<{ readonly document: SourceDocument; readonly stepPath: (id: string) => Path | undefined }> {
  const text = read(file)
  if (!text.ok) return text
  const parsed = parseYaml(text.value, file)
  if (!parsed.ok) return parsed
  const { byId } = outlineOf(parsed.value)
  return { ok: true, value: { document: parsed.value, stepPath: (id) => byId.get(id)?.path } }
}

function read(file: string): Checked<string> {
  const failed = (message: string): Checked<never> => ({
    ok: false,
    problems: [{ file, line: 0, column: 0, message }],
  })
  try {
    const size = statSync(file).size
    return size > MAX_BYTES
      ? failed("the file is too large for a workflow")
      : { ok: true, value: readFileSync(file, "utf8") }
  } catch (error) {
    return failed(`cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

export interface ResolveOptions extends FindOptions {
  /** Folder that a path is relative to; default: the project root. */
  readonly directory?: string
}

/**
 * The workflow of that name in the project, or in the file when `nameOrPath` is a path (it has a `/` or ends in
 * .yaml, .yml or .json). A name that is not there is a problem with the nearest match, what there is, and where it
 * was looked for.
 */
export function resolveWorkflow(
  nameOrPath: string,
  options: ResolveOptions,
): Checked<LoadedWorkflow & { readonly workflow: Workflow }> {
  const { root, directory = root, ...rest } = options
  const isPath = /[\\/]/.test(nameOrPath) || ENDINGS.includes(extname(nameOrPath))
  if (isPath) return usable(loadWorkflow(resolve(directory, nameOrPath), rest))
  const { workflows, searched } = findWorkflows({ root, ...rest })
  const found = workflows.find((one) => one.name === nameOrPath)
  if (found) return usable(found)
  const names = [...new Set(workflows.map((one) => one.name))]
  const hint = `${suggest(nameOrPath, names, "workflows")} (looked in ${searched.join(", ")})`
  return { ok: false, problems: [{ file: nameOrPath, line: 0, column: 0, message: "there is no such workflow", hint }] }
}

function usable(loaded: LoadedWorkflow): Checked<LoadedWorkflow & { readonly workflow: Workflow }> {
  const { workflow } = loaded
  return workflow ? { ok: true, value: { ...loaded, workflow } } : { ok: false, problems: loaded.problems }
}
