import * as z from "zod"
import { issuesToProblems } from "../../core/documents/issues.ts"
import type { Problem } from "../../core/model/problem.ts"
import type { WorkflowSource } from "../document.ts"
import { foreignKeyHint } from "../foreign-keys.ts"
import { jsonSchemaOf, workflowSchema } from "../schema.ts"
import type { Form } from "./form.ts"
import { isObject } from "./form.ts"
import { phases } from "./phases.ts"
import { pipeline } from "./pipeline.ts"
import { plan } from "./plan.ts"
import { tasks } from "./tasks.ts"

/** Recognises the dialect of a document and converts it to the canonical form. */

export interface Canonical {
  /** The document in the canonical form, with the positions of the original. */
  readonly source: WorkflowSource
  /** The problems of the document in its own dialect. */
  readonly problems: Iterable<Problem>
  /**
   * False when the document does not fit its dialect, so that its canonical form may lack
   * something.
   */
  readonly isComplete: boolean
}

/** Converts a document of any dialect to the canonical form. */
export function toCanonical(source: WorkflowSource): Canonical {
  const form = formOf(source.value)
  if (form === undefined) return { source, problems: [], isComplete: true }
  const result = form.schema.safeParse(source.value)
  const problems = result.success
    ? []
    : issuesToProblems(source, result.error.issues, () => jsonSchemaOf(form.schema), foreignKeyHint)
  return { source: form.draw(source).source(source, form.vocabulary), problems, isComplete: result.success }
}

/** Every dialect, in the order of the schema. The first that recognises a document converts it. */
const FORMS: readonly Form[] = [phases, tasks, pipeline, plan]

/** The dialect of a document; undefined when it is canonical, or none recognises it. */
function formOf(value: unknown): Form | undefined {
  return !isObject(value) || "steps" in value ? undefined : FORMS.find((form) => form.recognises(value))
}

/** The JSON Schema of a workflow document in any dialect, for editors and for `schema/`. */
export function workflowJsonSchema(): object {
  const forms = [workflowSchema, ...FORMS.map((form) => form.schema)]
  return jsonSchemaOf(z.union(forms).describe("A Baton workflow, in any of its dialects."))
}
