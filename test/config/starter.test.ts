import { describe, expect, it } from "vitest"
import { checkConfig } from "../../src/config/load.ts"
import { starterConfig } from "../../src/config/starter.ts"
import { formatProblems } from "../../src/core/model/problem.ts"

/** The roles of the file that is written for these models. */
function rolesOf(models: string[], standard?: string) {
  const config = checkConfig(starterConfig({ models, standard }), null, {})
  if (!config.ok) throw new Error(formatProblems(config.problems))
  return config.value.config.models
}

describe("a first orchestrator.jsonc", () => {
  it("gives each role the most suitable of the available models", () => {
    const models = [
      "anthropic/claude-haiku-4-5",
      "anthropic/claude-opus-4-5",
      "anthropic/claude-sonnet-4-5",
      "google/gemini-2.5-pro",
      "openai/gpt-5.2",
    ]
    expect(rolesOf(models)).toEqual({
      planner: "anthropic/claude-opus-4-5",
      backend: "anthropic/claude-sonnet-4-5",
      frontend: "google/gemini-2.5-pro",
      debugger: "openai/gpt-5.2",
      reviewer: "anthropic/claude-opus-4-5",
      quick: "anthropic/claude-haiku-4-5",
    })
  })

  it("uses a single model for every role, and OpenCode's default where no model suits", () => {
    expect(new Set(Object.values(rolesOf(["local/llama"])))).toEqual(new Set(["local/llama"]))
    expect(rolesOf(["a/x", "b/y"], "b/y").planner).toBe("b/y")
  })

  it("says that there is no provider, and is still valid", () => {
    expect(rolesOf([])).toEqual({})
    expect(starterConfig({ models: [] })).toContain('// "planner": "provider/model"')
  })
})
