import { relative } from "node:path"
import { Command } from "commander"
import { type Explained, explain, type WrittenValue } from "../project/explain.ts"
import type { Project } from "../project/project.ts"
import { type GlobalOptions, projectOf } from "./context.ts"
import { problemsError } from "./exit.ts"
import { writeJson } from "./json.ts"
import { stdout } from "./terminal.ts"

interface ExplainOptions {
  readonly workflow?: string
  readonly step?: string
  readonly profile?: string
  readonly json?: boolean
}

/** `baton config`: shows the effective configuration. */
export function configCommand(): Command {
  return new Command("config").description("show the effective configuration").addCommand(explainCommand())
}

/**
 * `baton config explain KEY`: the value of a key that applies, where it was written, and which
 * values it overrides.
 */
function explainCommand(): Command {
  return new Command("explain")
    .description("show which value applies to a key, where it was written, and what it overrides")
    .argument("<key>", "a key of orchestrator.json or of a workflow: intervene, limits.budget, profiles.coder.model")
    .option("-w, --workflow <name>", "in this workflow of the project (or a path to its file)")
    .option("-s, --step <step>", "for this step of it")
    .option("-p, --profile <name>", "for this profile")
    .option("--json", "as one JSON array")
    .action((key: string, options: ExplainOptions, command: Command) => {
      if (options.step !== undefined && options.workflow === undefined)
        command.error("error: --step also needs its workflow: add --workflow NAME")
      const project = projectOf(command.optsWithGlobals<GlobalOptions>())
      const explained = answers(project, key, options)
      if (options.json) writeJson(explained)
      else stdout.write(`${explained.map((one) => format(one, project.root)).join("\n\n")}\n`)
    })
}

/** Throws UserError with every problem of the documents or the question. */
function answers(project: Project, key: string, { workflow, step, profile }: ExplainOptions): Explained[] {
  const config = project.config()
  const found = workflow === undefined ? undefined : project.checked(workflow)
  if (!config.ok || found?.ok === false)
    throw problemsError([...(config.ok ? [] : config.problems), ...(found?.ok === false ? found.problems : [])])
  const explained = explain(config.value, { key, workflow: found?.value, step, profile })
  if (!explained.ok) throw problemsError(explained.problems)
  return explained.value
}

function format({ key, of, counts, overridden, rule, means, description }: Explained, root: string): string {
  const rows = [
    ...(rule === "lowest" ? [["  the lower value applies; the other:", overridden] as const] : []),
    ...(rule === "nearest" && overridden.length > 0 ? [["  overrides:", overridden] as const] : []),
  ]
  const width = (all: readonly WrittenValue[]) => Math.max(...all.map(({ value }) => show(value).length))
  return [
    `${key}${of === null ? "" : ` (${of})`} = ${show(counts.value)}`,
    `  ${whereOf(counts, root)}`,
    ...means.map((one) => `  ${one.level} is ${show(one.value)}, ${placeOf(one, root)}`),
    ...rows.flatMap(([title, all]) => [
      title,
      ...all.map((one) => `    ${show(one.value).padEnd(width(all))}  ${whereOf(one, root)}`),
    ]),
    `  ${description}`,
  ].join("\n")
}

function show(value: unknown): string {
  if (value === null) return "none"
  return typeof value === "string" ? value : JSON.stringify(value)
}

function whereOf({ level, file, line }: WrittenValue, root: string): string {
  return file === null ? level : `${level}, ${placeOf({ file, line }, root)}`
}

function placeOf({ file, line }: Pick<WrittenValue, "file" | "line">, root: string): string {
  return `${relative(root, file ?? "")}:${line}`
}
