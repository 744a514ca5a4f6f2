import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import Ajv from "ajv"
import { describe, expect, it } from "vitest"
import { parse as parseYaml } from "yaml"
import { schemaFiles } from "../../scripts/schema.ts"
import { parseJsonc } from "../../src/config/jsonc.ts"
import { checkConfig } from "../../src/config/load.ts"

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const read = (path: string) => readFileSync(join(ROOT, path), "utf8")

describe.each(Object.entries(schemaFiles()))("schema/%s", (name, text) => {
  it("is what the code generates", () => {
    expect(read(`schema/${name}`)).toBe(text)
  })

  it("describes every key", () => {
    const bare: string[] = []
    const visit = (schema: unknown, path: string) => {
      if (typeof schema !== "object" || schema === null) return
      for (const [key, value] of Object.entries(schema)) visit(value, `${path}.${key}`)
      const { properties } = schema as { properties?: Record<string, { description?: string }> }
      // A key for a later version is described as a whole, not key by key.
      const { description } = schema as { description?: unknown }
      if (typeof description === "string" && description.endsWith("Not available in this version.")) return
      for (const [key, value] of Object.entries(properties ?? {})) if (!value.description) bare.push(`${path}.${key}`)
    }
    visit(JSON.parse(text), "")
    const inner = bare.filter((path) => !/\.(retry|budget|checks|hooks)\./.test(path))
    expect(inner).toEqual([])
  })
})

describe.each([
  ["orchestrator.schema.json", "orchestrator.json"],
  ["orchestrator.schema.json", "examples/demo/.opencode/orchestrator.json"],
  ["workflow.schema.json", "examples/demo/.opencode/workflows/demo.yaml"],
])("%s", (schema, file) => {
  it(`accepts ${file}, as an editor would check it`, () => {
    const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
      JSON.parse(schemaFiles()[schema] ?? ""),
    )
    const document = file.endsWith(".yaml") ? parseYaml(read(file)) : jsonc(read(file))
    validate(document)
    expect(validate.errors ?? []).toEqual([])
  })
})

function jsonc(text: string): unknown {
  const parsed = parseJsonc(text, "file")
  if (!parsed.ok) throw new Error("not JSONC")
  return parsed.value.value
}

it.each(["orchestrator.json", "examples/demo/.opencode/orchestrator.json"])("loads %s", (file) => {
  expect(checkConfig(read(file), file, {})).toMatchObject({ ok: true })
})
