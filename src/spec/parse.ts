import { basename, extname } from "node:path"
import { firstProblems, issuesToProblems, valueAt } from "../core/documents/issues.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import type { Problem, Result } from "../core/model/problem.ts"
import type { Workflow } from "../core/model/workflow.ts"
import { checkCombinations } from "./combinations.ts"
import { toCanonical } from "./dialects/read.ts"
import { parseYaml } from "./document.ts"
import { checkEmbedded, type Lookup } from "./embedded.ts"
import { foreignKeyHint } from "./foreign-keys.ts"
import { checkGraph } from "./graph.ts"
import { outlineOf } from "./outline.ts"
import { checkExpressions } from "./references.ts"
import { canonicalJsonSchema, workflowSchema } from "./schema.ts"
import { toWorkflow } from "./to-workflow.ts"
import { checkWorkers } from "./workers.ts"

export interface ParseOptions {
  /** Names of the existing profiles; undefined skips the check of worker names. */
  readonly profiles?: readonly string[]
  /** Roles that `models` declares. */
  readonly roles?: readonly string[]
  /**
   * Looks up the workflow that a step of type `workflow` names; without it such a step stays empty.
   */
  readonly lookup?: Lookup
}

/**
 * Parses a YAML or JSON text into a workflow, or returns all its problems: syntax, shape, graph and
 * expressions. `file` is named in problems and gives the workflow its name when the document has
 * none. Runs nothing and never throws.
 */
export function parseWorkflow(text: string, file: string, options: ParseOptions = {}): Result<Workflow> {
  const description = descriptionIn(text, file)
  if (description) return { ok: false, problems: [description] }
  const parsed = parseYaml(text, file)
  if (!parsed.ok) return parsed
  const { source, problems: inItsForm, isComplete } = toCanonical(parsed.value)
  const result = isComplete ? workflowSchema.safeParse(source.value) : undefined
  const outline = outlineOf(source)
  const problems = firstProblems(
    file,
    inItsForm,
    result?.error ? issuesToProblems(source, result.error.issues, canonicalJsonSchema, foreignKeyHint) : [],
    checkGraph(outline),
    isComplete ? checkCombinations(outline) : [],
    options.profiles ? checkWorkers(outline, { profiles: options.profiles, roles: options.roles ?? [] }) : [],
    options.lookup ? checkEmbedded(outline, options.lookup) : [],
    checkExpressions(outline),
    checkName(source.value, file),
  )
  if (problems.length > 0 || !result?.success) return { ok: false, problems }
  const embed = (name: string) => {
    const found = options.lookup?.(name)
    return found !== undefined && "workflow" in found ? found.workflow : unresolved(name)
  }
  return { ok: true, value: toWorkflow(result.data, nameOfFile(file), embed) }
}

/**
 * The problem of a text that describes a workflow format, with types in place of values; undefined
 * for any other text. It works on the text because such a description need not be valid YAML.
 */
function descriptionIn(text: string, file: string): Problem | undefined {
  const found = /^name:[ \t]*string \(required\)/m.exec(text)
  if (!found) return undefined
  const line = text.slice(0, found.index).split("\n").length
  const hint = "write values instead of types; schema/workflow.schema.json describes Baton's own format"
  return { file, line, column: 1, message: "this describes a workflow format; it is not a workflow", hint }
}

/** An empty workflow in place of one that could not be looked up. */
const unresolved = (name: string): Workflow => ({
  name,
  inputs: {},
  settings: { maxParallel: DEFAULTS.maxParallel, timeoutMs: DEFAULTS.runTimeoutMs, onFailure: "stop" },
  steps: [],
})

/** The default name of a workflow: its file's name without the extension. */
export function nameOfFile(file: string): string {
  return basename(file, extname(file))
}

/** The name of a document that may be broken: its `name` if that can be read, else the file's. */
export function claimedName(text: string, file: string): string {
  const parsed = parseYaml(text, file)
  const name = parsed.ok ? valueAt(parsed.value.value, ["name"]) : undefined
  return typeof name === "string" ? name : nameOfFile(file)
}

function checkName(value: unknown, file: string): Problem[] {
  if (valueAt(value, ["name"]) !== undefined || workflowSchema.shape.name.safeParse(nameOfFile(file)).success) return []
  return [{ file, line: 1, column: 1, message: "the file's name cannot be a workflow's name", hint: "add `name:`" }]
}
