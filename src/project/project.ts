import { basename } from "node:path"
import { nanoid } from "nanoid"
import { findConfig, projectRoot } from "../config/find.ts"
import { checkConfigFile, type LoadedConfig, type LoadOptions, loadConfig } from "../config/load.ts"
import type { Definition, RunCreated } from "../core/model/events.ts"
import { formatProblem, formatProblems, type Problem, type Result } from "../core/model/problem.ts"
import type { InputValue, Intervene, Workflow } from "../core/model/workflow.ts"
import type { WorkflowItem } from "../core/view/protocol.ts"
import { convertWorkflow } from "../spec/convert-document.ts"
import { findWorkflows, loadWorkflow, resolveWorkflow } from "../spec/files.ts"
import { bindInputs } from "../spec/inputs.ts"
import { type Models, resolveProfiles } from "./workers.ts"

/** A checked run definition, which `plan` shows and `run` starts. */
export interface Prepared {
  /** File from which the workflow was read. */
  readonly file: string
  /** The part that the journal keeps; `profiles` holds those that the steps name. */
  readonly definition: Pick<RunCreated, "workflow" | "inputs" | "profiles" | "limits">
  /**
   * Where `settings.intervene` comes from: orchestrator.json applies when the workflow does not set
   * it.
   */
  readonly interveneOf: "workflow" | "config"
  /** The project's root folder. */
  readonly root: string
}

/**
 * A project's documents. They are read again for each request, so that a saved file applies at
 * once. TUI and command line use the same checks and differ only in how they show the result.
 */
export class Project {
  readonly root: string
  readonly #options: LoadOptions
  readonly #usesFolder: boolean

  /**
   * With `usesFolder` false, only the user's own documents exist: the global orchestrator.json, the
   * built-in workflows, and files outside of the project.
   */
  constructor(options: LoadOptions, usesFolder = true) {
    this.#options = options
    this.#usesFolder = usesFolder
    this.root = projectRoot(options)
  }

  /** The same project with or without what is in its folder. */
  using(usesFolder: boolean): Project {
    return usesFolder === this.#usesFolder ? this : new Project(this.#options, usesFolder)
  }

  config(): Result<LoadedConfig> {
    return loadConfig(this.#options, this.#usesFolder)
  }

  /** True when the end of a run may show a toast, also while the config is broken. */
  toasts(): boolean {
    const config = this.config()
    return !config.ok || config.value.toasts
  }

  /** Every workflow of the project for a list; broken ones carry their problems. */
  workflows(): WorkflowItem[] {
    return findWorkflows({ root: this.root }).workflows.map(({ name, isBuiltIn, workflow, problems }) => ({
      name,
      ...(isBuiltIn ? { isBuiltIn } : {}),
      description: workflow?.description ?? "",
      inputs: Object.entries(workflow?.inputs ?? {})
        .map(([input, spec]) => ({ name: input, required: spec.required, description: spec.description ?? "" }))
        .sort((a, b) => Number(b.required) - Number(a.required)),
      ...(problems.length > 0 ? { broken: formatProblems(problems, this.root) } : {}),
    }))
  }

  /**
   * Reads a workflow, or returns the problems of its document. Inputs and config are not checked.
   */
  workflow(name: string): Result<Workflow> {
    const found = resolveWorkflow(name, { root: this.root, directory: this.#options.directory })
    return found.ok ? { ok: true, value: found.value.workflow } : found
  }

  /**
   * Reads a workflow and its file, with worker names checked against orchestrator.json, or returns
   * its problems.
   */
  checked(name: string): ReturnType<typeof resolveWorkflow> {
    const { directory } = this.#options
    const { root } = this
    return resolveWorkflow(name, { root, directory, usesFolder: this.#usesFolder, ...knownIn(this.config()) })
  }

  /**
   * Prepares a run, or returns all problems of the config, the document, the inputs and the models
   * given for this run (by role or profile) at once.
   */
  prepare(
    name: string,
    raw: Readonly<Record<string, InputValue>>,
    task: string,
    models: Models = {},
  ): Result<Prepared> {
    const config = this.config()
    const found = this.checked(name)
    const problems: Problem[] = [...(config.ok ? [] : config.problems), ...(found.ok ? [] : found.problems)]
    const inputs = found.ok ? bindInputs(found.value.workflow, raw, task === "" ? undefined : task) : undefined
    if (inputs && !inputs.ok) problems.push(...inputs.problems)
    const resolved = config.ok && found.ok ? resolveProfiles(found.value.workflow, config.value, models) : []
    if (!("workflow" in resolved)) problems.push(...resolved)
    if (!config.ok || !found.ok || !inputs?.ok || !("workflow" in resolved)) return { ok: false, problems }
    const { limits, intervene } = config.value
    const { workflow, profiles } = resolved
    const definition = { workflow: withDefault(workflow, intervene), inputs: inputs.value, profiles, limits }
    const isConfigs = workflow.settings.intervene === undefined && intervene !== undefined
    return {
      ok: true,
      value: { file: found.value.file, definition, interveneOf: isConfigs ? "config" : "workflow", root: this.root },
    }
  }

  /** The current workflow, profiles and limits of a run that was started with these inputs. */
  edited(workflow: string, inputs: RunCreated["inputs"]): Result<Definition> {
    const prepared = this.prepare(workflow, inputs, "")
    if (!prepared.ok) return prepared
    const { inputs: _, ...definition } = prepared.value.definition
    return { ok: true, value: definition }
  }

  /** Checks the given files, or the project's config and all its workflows. */
  check(files?: readonly string[]): { readonly files: readonly string[]; readonly problems: readonly Problem[] } {
    const config = this.config()
    const options = { root: this.root, ...knownIn(config) }
    if (files === undefined) {
      const workflows = findWorkflows(options).workflows.filter((one) => !one.isBuiltIn)
      const found = findConfig(this.root, this.#options.globalDir)
      const problems = [...(config.ok ? [] : config.problems), ...workflows.flatMap((one) => one.problems)]
      const configFile = found.ok && found.value !== null ? [found.value] : []
      return { files: [...configFile, ...workflows.map((one) => one.file)], problems: distinct(problems) }
    }
    const problems = files.flatMap((file) => {
      if (!/^orchestrator\.jsonc?$/.test(basename(file))) return loadWorkflow(file, options).problems
      const checked = checkConfigFile(file, this.#options.env, this.#options.onVariable)
      return checked.ok ? [] : checked.problems
    })
    return { files, problems: distinct(problems) }
  }

  /** Converts a workflow text of any dialect to the canonical form, or returns its problems. */
  convert(file: string, text: string): Result<string> {
    return convertWorkflow(text, file, knownIn(this.config()))
  }

  /** A new key from which the nonces of a run's prompts are derived. */
  newNonceKey(): string {
    return nanoid(32)
  }

  /** A new run id: short enough to type, random enough to be unique. */
  newRunId(): string {
    return nanoid(10).replaceAll(/[-_]/g, "x")
  }
}

/** The worker names that exist. While the config is broken it is empty, and no name is checked. */
function knownIn(config: Result<LoadedConfig>) {
  if (!config.ok) return {}
  return { profiles: Object.keys(config.value.profiles), roles: Object.keys(config.value.config.models) }
}

/** Removes duplicates, because a workflow that is part of another one is read for both. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((one) => [formatProblem(one), one])).values()]
}

/**
 * Sets the config's `intervene` in a workflow that has none, so that a run keeps the value it
 * started with.
 */
function withDefault(workflow: Workflow, intervene: Intervene | undefined): Workflow {
  const { settings } = workflow
  if (intervene === undefined || settings.intervene !== undefined) return workflow
  return { ...workflow, settings: { ...settings, intervene } }
}
