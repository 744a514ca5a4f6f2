import { basename } from "node:path"
import { nanoid } from "nanoid"
import { findConfig, projectRoot } from "../config/find.ts"
import { checkConfigFile, type LoadedConfig, type LoadOptions, loadConfig } from "../config/load.ts"
import type { Definition, RunCreated } from "../core/events.ts"
import type { InputValue, Intervene, Workflow } from "../core/model.ts"
import { type Checked, formatProblems, type Problem } from "../core/problem.ts"
import type { WorkflowItem } from "../core/protocol.ts"
import { findWorkflows, loadWorkflow, resolveWorkflow } from "../spec/files.ts"
import { bindInputs } from "../spec/inputs.ts"

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

  config(): Checked<LoadedConfig> {
    return loadConfig(this.#options)
  }

  /** Whether the end of a run may show a toast; a broken config does not silence it. */
  toasts(): boolean {
    const config = this.config()
    return !config.ok || config.value.toasts
  }

  /** Every workflow of the project for a list, the broken ones with what is wrong with them. */
  workflows(): WorkflowItem[] {
    return findWorkflows({ root: this.root }).workflows.map(({ name, workflow, problems }) => ({
      name,
      description: workflow?.description ?? "",
      inputs: Object.entries(workflow?.inputs ?? {})
        .map(([input, spec]) => ({ name: input, required: spec.required, description: spec.description ?? "" }))
        .sort((a, b) => Number(b.required) - Number(a.required)),
      ...(problems.length > 0 ? { broken: formatProblems(problems, this.root) } : {}),
    }))
  }

  /** A workflow ready to start, or every problem of the config, the document and the inputs at once. */
  prepare(name: string, raw: Readonly<Record<string, InputValue>>, task: string): Checked<Prepared> {
    const config = this.config()
    const found = this.workflow(name)
    const problems: Problem[] = [...(config.ok ? [] : config.problems), ...(found.ok ? [] : found.problems)]
    const inputs = found.ok ? bindInputs(found.value.workflow, raw, task === "" ? undefined : task) : undefined
    if (inputs && !inputs.ok) problems.push(...inputs.problems)
    if (!config.ok || !found.ok || !inputs?.ok) return { ok: false, problems }
    const { workflow, file } = found.value
    const named = new Set(workflow.steps.flatMap((step) => (step.type === "gate" ? [] : step.profile)))
    const used = Object.entries(config.value.profiles).filter(([profile]) => named.has(profile))
    const { limits, intervene } = config.value
    const definition = {
      workflow: withDefault(workflow, intervene),
      inputs: inputs.value,
      profiles: Object.fromEntries(used),
      limits,
    }
    const isConfigs = workflow.settings.intervene === undefined && intervene !== undefined
    return { ok: true, value: { file, definition, interveneOf: isConfigs ? "config" : "workflow" } }
  }

  /** A workflow of the project by name or path, or everything that is wrong with it. */
  workflow(name: string): ReturnType<typeof resolveWorkflow> {
    const config = this.config()
    const profiles = config.ok ? { profiles: Object.keys(config.value.profiles) } : {}
    return resolveWorkflow(name, { root: this.root, directory: this.#options.directory, ...profiles })
  }

  /** A run's workflow, profiles and limits as they are written now, for the inputs it has. */
  edited(workflow: string, inputs: RunCreated["inputs"]): Checked<Definition> {
    const prepared = this.prepare(workflow, inputs, "")
    if (!prepared.ok) return prepared
    const { inputs: _, ...definition } = prepared.value.definition
    return { ok: true, value: definition }
  }

  /** Checks the given files, or the project's config and all its workflows. */
  check(files?: readonly string[]): { readonly files: readonly string[]; readonly problems: readonly Problem[] } {
    const config = this.config()
    const profiles = config.ok ? { profiles: Object.keys(config.value.profiles) } : {}
    if (files === undefined) {
      const { workflows } = findWorkflows({ root: this.root, ...profiles })
      const found = findConfig(this.root, this.#options.globalDir)
      const problems = [...(config.ok ? [] : config.problems), ...workflows.flatMap((one) => one.problems)]
      const configFile = found.ok && found.value !== null ? [found.value] : []
      return { files: [...configFile, ...workflows.map((one) => one.file)], problems }
    }
    const problems = files.flatMap((file) => {
      if (!/^orchestrator\.jsonc?$/.test(basename(file))) return loadWorkflow(file, profiles).problems
      const checked = checkConfigFile(file, this.#options.env)
      return checked.ok ? [] : checked.problems
    })
    return { files, problems }
  }

  /** An id for a run: short enough to type, random enough not to meet another. */
  newRunId(): string {
    return nanoid(10).replaceAll(/[-_]/g, "x")
  }
}

/** The workflow with the config's word on when to pause, where it has none of its own: a run keeps what counted. */
function withDefault(workflow: Workflow, intervene: Intervene | undefined): Workflow {
  const { settings } = workflow
  if (intervene === undefined || settings.intervene !== undefined) return workflow
  return { ...workflow, settings: { ...settings, intervene } }
}
