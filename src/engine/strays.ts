import type { Step, StepResult, Warning } from "../core/model.ts"
import { owns } from "../core/paths.ts"

/** Files that are named in one warning. */
const NAMED = 10

/** What a person should know of a worker that wrote files its step does not own; undefined: it wrote none. */
export function strayWarning(step: Step | undefined, { files = [] }: StepResult): Warning | undefined {
  const { files: owned } = step ?? {}
  if (owned === undefined) return undefined
  const strays = files.filter((file) => !owns(owned, file))
  if (strays.length === 0) return undefined
  const more = strays.length > NAMED ? ` and ${strays.length - NAMED} more` : ""
  return { kind: "files", text: `it wrote outside its files: ${strays.slice(0, NAMED).join(", ")}${more}` }
}
