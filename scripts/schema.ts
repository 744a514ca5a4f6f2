// Writes schema/*.schema.json from the zod schemas. A test compares the files byte for byte.
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { configJsonSchema } from "../src/config/schema.ts"
import { workflowJsonSchema } from "../src/spec/dialects/read.ts"

/** Every generated schema: file name and text. */
export function schemaFiles(): Record<string, string> {
  const text = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`
  return {
    "orchestrator.schema.json": text(configJsonSchema()),
    "workflow.schema.json": text(workflowJsonSchema()),
  }
}

if (import.meta.main) {
  const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), "schema")
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(schemaFiles())) writeFileSync(join(folder, name), text)
}
