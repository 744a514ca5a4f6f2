/** Writes the `orchestrator.jsonc` that `baton init` creates. */

/** The models that the user's OpenCode offers. */
export interface Offered {
  /** Every `provider/model`. */
  readonly models: readonly string[]
  /** The model that OpenCode uses by default. */
  readonly standard?: string | undefined
}

/** Roles that the built-in workflows use, with patterns of suitable models, the best first. */
const ROLES: readonly { readonly role: string; readonly what: string; readonly suits: readonly RegExp[] }[] = [
  {
    role: "planner",
    what: "plans, judges, decides",
    suits: [/opus/, /gpt-5(\.\d+)?$/, /gemini.*pro/, /sonnet/, /large/],
  },
  { role: "backend", what: "writes most of the code", suits: [/sonnet/, /codex/, /gpt-5/, /gemini.*pro/] },
  { role: "frontend", what: "writes what people see", suits: [/gemini.*pro/, /sonnet/, /gpt-5/] },
  { role: "debugger", what: "finds causes of failures", suits: [/gpt-5(\.\d+)?$/, /gpt-4o$/, /\/o\d/, /sonnet/] },
  {
    role: "reviewer",
    what: "reviews the work of others",
    suits: [/opus/, /gpt-5(\.\d+)?$/, /gemini.*pro/, /sonnet/, /large/],
  },
  { role: "quick", what: "small things, fast and cheap", suits: [/haiku/, /flash/, /mini/, /nano/, /small/, /lite/] },
]

/** Returns the text of the file, which is JSON with comments. */
export function starterConfig({ models, standard }: Offered): string {
  const fallback = standard ?? models[0]
  const rows = ROLES.map(({ role, what, suits }, at) => {
    const model =
      suits.map((one) => models.find((name) => one.test(name.toLowerCase()))).find((name) => name) ?? fallback
    const line = `${JSON.stringify(role)}: ${JSON.stringify(model ?? "provider/model")}`
    return `    ${model === undefined ? "// " : ""}${line}${at < ROLES.length - 1 ? "," : ""} // ${what}`
  })
  const found =
    models.length === 0
      ? "OpenCode has no provider yet (`opencode auth login`): fill these in when it has, `opencode models` lists them."
      : `Chosen from what this OpenCode offers (${models.length} models, \`opencode models\` lists them).`
  return `{
  "$schema": "./node_modules/opencode-baton/schema/orchestrator.schema.json",

  // Roles: a name and the model it stands for. Workflows use the names, so changing a model is one
  // line here. ${found}
  "models": {
${rows.join("\n")}
  },

  // Profiles: workers with more settings than a model. A step that names none uses \`default\`.
  "profiles": {
    // "default": { "permission": { "bash": "ask" } },
    // "docs": { "purpose": "knows the documentation", "permission": "read-only", "keep": true },
    // "coder": { "model": "backend", "fallback": ["planner"], "timeout": "45m" }
  },

  // When a run pauses for you after a step: never, on-error, on-warning, always.
  "intervene": "on-error",

  // Limits that no workflow can exceed.
  "limits": {
    "max_workers": 4
    // "budget": { "usd": 10 }
  }
}
`
}
