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

/** Everything a run is made of, checked: what `plan` shows and `run` starts. */
export interface Prepared {
  /** File the workflow was read from. */
  readonly file: string
  /** What the journal keeps of it; `profiles` are those its steps name. */
  readonly definition: Pick<RunCreated, "workflow" | "inputs" | "profiles" | "limits">
  /** Where `settings.intervene` of that workflow was written, if anywhere: orchestrator.json counts where it says nothing. */
  readonly interveneOf: "workflow" | "config"
}

/**
 * A project's documents, read anew each time they are asked for: a file the user just saved counts at once. The same
 * checks for everybody: TUI and command line differ only in where the result is shown.
 */
export class Project {
  readonly root: string
  readonly #options: LoadOptions

  constructor(options: LoadOptions) {
    this.#options = options
    this.root = projectRoot(options)
  }

  config(): Result<LoadedConfig> {
    return loadConfig(this.#options)
  }

  /** Whether the end of a run may show a toast; a broken config does not silence it. */
  toasts(): boolean {
    const config = this.config()
    return !config.ok || config.value.toasts
  }

  /** Every workflow of the project for a list, the broken ones with what is wrong with them. */
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

  /** A workflow as its document says, or every problem of it; nothing is asked of its inputs or of the config. */
  workflow(name: string): Result<Workflow> {
    const found = resolveWorkflow(name, { root: this.root, directory: this.#options.directory })
    return found.ok ? { ok: true, value: found.value.workflow } : found
  }

  /** A workflow with the file it is in, its names checked against orchestrator.json, or everything that is wrong with it. */
  checked(name: string): ReturnType<typeof resolveWorkflow> {
    const { directory } = this.#options
    return resolveWorkflow(name, { root: this.root, directory, ...knownIn(this.config()) })
  }

  /** A workflow ready to start, or every problem of the config, the document, the inputs and the models given for this
   *  run (by role or profile) at once. */
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
    return { ok: true, value: { file: found.value.file, definition, interveneOf: isConfigs ? "config" : "workflow" } }
  }

  /** A run's workflow, profiles and limits as they are written now, for the inputs it has. */
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
      const checked = checkConfigFile(file, this.#options.env)
      return checked.ok ? [] : checked.problems
    })
    return { files, problems: distinct(problems) }
  }

  /** The text of a workflow file in the canonical form, whichever it is written in, or everything wrong with it. */
  convert(file: string, text: string): Result<string> {
    return convertWorkflow(text, file, knownIn(this.config()))
  }

  /** An id for a run: short enough to type, random enough not to meet another. */
  newRunId(): string {
    return nanoid(10).replaceAll(/[-_]/g, "x")
  }
}

/** Who can be named; nobody's name is checked while the config is broken. */
function knownIn(config: Result<LoadedConfig>) {
  if (!config.ok) return {}
  return { profiles: Object.keys(config.value.profiles), roles: Object.keys(config.value.config.models) }
}

/** Each problem once: a workflow that is part of another one is read for both. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((one) => [formatProblem(one), one])).values()]
}

/** The workflow with the config's word on when to pause, where it has none of its own: a run keeps what counted. */
function withDefault(workflow: Workflow, intervene: Intervene | undefined): Workflow {
  const { settings } = workflow
  if (intervene === undefined || settings.intervene !== undefined) return workflow
  return { ...workflow, settings: { ...settings, intervene } }
}
