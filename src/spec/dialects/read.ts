import * as z from "zod"
import { issuesToProblems } from "../../core/documents/issues.ts"
import type { Problem } from "../../core/model/problem.ts"
import type { WorkflowSource } from "../document.ts"
import { jsonSchemaOf, workflowSchema } from "../schema.ts"
import type { Form } from "./form.ts"
import { isObject } from "./form.ts"
import { phases } from "./phases.ts"
import { pipeline } from "./pipeline.ts"
import { plan } from "./plan.ts"
import { tasks } from "./tasks.ts"

/** Which form a document is written in, and what it is in the canonical one. */

export interface Canonical {
  /** The document in the canonical form; its places are those of the original. */
  readonly source: WorkflowSource
  /** What is wrong with it in its own form. */
  readonly problems: Iterable<Problem>
  /** False: it is not what its form asks for, so that its canonical form may lack something. */
  readonly isComplete: boolean
}

/** Gives the canonical form of a document, whichever it is written in. */
export function toCanonical(source: WorkflowSource): Canonical {
  const form = formOf(source.value)
  if (form === undefined) return { source, problems: [], isComplete: true }
  const result = form.schema.safeParse(source.value)
  const problems = result.success ? [] : issuesToProblems(source, result.error.issues, () => jsonSchemaOf(form.schema))
  return { source: form.draw(source).source(source, form.vocabulary), problems, isComplete: result.success }
}

/** Every form besides the canonical one, in the order of the schema. The first that recognises a document reads it. */
const FORMS: readonly Form[] = [phases, tasks, pipeline, plan]

/** The form of a document; undefined: the canonical one, or none. */
function formOf(value: unknown): Form | undefined {
  return !isObject(value) || "steps" in value ? undefined : FORMS.find((form) => form.recognises(value))
}

/** The JSON Schema of a workflow document in any form, for editors and for `schema/`. */
export function workflowJsonSchema(): object {
  const forms = [workflowSchema, ...FORMS.map((form) => form.schema)]
  return jsonSchemaOf(z.union(forms).describe("A workflow of Baton, in any of its forms."))
}
