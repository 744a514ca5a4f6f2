import { Document, isScalar, visit } from "yaml"
import type { Result } from "../core/model/problem.ts"
import { toCanonical } from "./dialects/read.ts"
import { parseYaml } from "./document.ts"
import { nameOfFile, type ParseOptions, parseWorkflow } from "./parse.ts"

/**
 * Keys in the order in which people write and read them; all others follow in their original order.
 */
const ORDER = [
  "$schema",
  "name",
  "description",
  "version",
  "metadata",
  "inputs",
  "settings",
  "context",
  "steps",
  "hooks",
]

/**
 * Converts a workflow document of any dialect to YAML in the canonical form, or returns its
 * problems. The result describes the same graph. Comments are not kept, because the parts they
 * belong to may not exist in the result.
 */
export function convertWorkflow(text: string, file: string, options: ParseOptions): Result<string> {
  const checked = parseWorkflow(text, file, options)
  if (!checked.ok) return checked
  const parsed = parseYaml(text, file)
  if (!parsed.ok) return parsed
  const value = toCanonical(parsed.value).source.value as Record<string, unknown>
  const named = { name: nameOfFile(file), ...value }
  const keys = [...ORDER.filter((key) => key in named), ...Object.keys(named).filter((key) => !ORDER.includes(key))]
  const document = new Document(Object.fromEntries(keys.map((key) => [key, named[key as keyof typeof named]])), {
    aliasDuplicateObjects: false,
  })
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === "string" && node.value.includes("\n")) node.type = "BLOCK_LITERAL"
    },
  })
  return { ok: true, value: document.toString({ lineWidth: 0 }) }
}
