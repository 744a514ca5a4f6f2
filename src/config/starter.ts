/** The `orchestrator.jsonc` that `baton init` writes, for somebody who has none yet. */

/** What the user's OpenCode offers. */
export interface Offered {
  /** Every `provider/model`. */
  readonly models: readonly string[]
  /** The one OpenCode uses where nobody names another. */
  readonly standard?: string | undefined
}

/** Roles that the built-in workflows ask for, and names of models that suit them, the best first. */
const ROLES: readonly { readonly role: string; readonly what: string; readonly suits: readonly RegExp[] }[] = [
  {
    role: "planner",
    what: "plans, judges, decides",
    suits: [/opus/, /gpt-5(\.\d+)?$/, /gemini.*pro/, /sonnet/, /large/],
  },
  { role: "backend", what: "writes most of the code", suits: [/sonnet/, /codex/, /gpt-5/, /gemini.*pro/] },
  { role: "frontend", what: "writes what people see", suits: [/gemini.*pro/, /sonnet/, /gpt-5/] },
  { role: "debugger", what: "finds out why", suits: [/gpt-5(\.\d+)?$/, /gpt-4o$/, /\/o\d/, /sonnet/] },
  {
    role: "reviewer",
    what: "looks at the work of others",
    suits: [/opus/, /gpt-5(\.\d+)?$/, /gemini.*pro/, /sonnet/, /large/],
  },
  { role: "quick", what: "small things, fast and cheap", suits: [/haiku/, /flash/, /mini/, /nano/, /small/, /lite/] },
]

/** The text of the file: JSON with comments, checked by the same rules as any other. */
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

  // Roles: a name and the model it means. Workflows name them, so that a change of model is one line here.
  // ${found}
  "models": {
${rows.join("\n")}
  },

  // Profiles: who can work, where a role is not enough. What a step says nothing of is done by \`default\`.
  "profiles": {
    // "default": { "permission": { "bash": "ask" } },
    // "docs": { "purpose": "knows the documentation", "permission": "read-only", "keep": true },
    // "coder": { "model": "backend", "fallback": ["planner"], "timeout": "45m" }
  },

  // When a run pauses for you after a step: never, on-error, on-warning, always.
  "intervene": "on-error",

  // What no workflow can exceed.
  "limits": {
    "max_workers": 4
    // "budget": { "usd": 10 }
  }
}
`
}
