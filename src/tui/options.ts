import { suggest } from "../core/nearest.ts"

/** Keys as the user set them in tui.json, `["opencode-baton", { "keybinds": { "jump": "<leader>j" } }]`. */
export interface Keys {
  readonly jump: string
  readonly workflow: string
  readonly status: string
  readonly pause: string
  readonly continue: string
  readonly resume: string
  readonly workers: string
  readonly inbox: string
  readonly message: string
  readonly handback: string
}

/** OpenCode 1.18.33 binds nothing to w, k, i, p and d after its leader. The others are in the command palette. */
export const DEFAULT_KEYS: Keys = {
  jump: "<leader>w",
  workflow: "none",
  status: "none",
  pause: "none",
  continue: "none",
  resume: "none",
  workers: "<leader>k",
  inbox: "<leader>i",
  message: "<leader>p",
  handback: "<leader>d",
}

/** Reads the plugin options. What is wrong is left at its default and told in `problems`, one sentence each. */
export function readKeys(options: unknown): { readonly keys: Keys; readonly problems: readonly string[] } {
  const given = isRecord(options) ? options.keybinds : undefined
  if (given === undefined) return { keys: DEFAULT_KEYS, problems: [] }
  if (!isRecord(given)) return { keys: DEFAULT_KEYS, problems: ["`keybinds` must be an object of name to key"] }
  const known = Object.keys(DEFAULT_KEYS)
  const problems: string[] = []
  const keys: Record<string, string> = { ...DEFAULT_KEYS }
  for (const [name, key] of Object.entries(given)) {
    if (!known.includes(name)) problems.push(`unknown keybind \`${name}\`: ${suggest(name, known, "keybinds")}`)
    else if (typeof key !== "string")
      problems.push(`keybind \`${name}\` must be a string such as "<leader>w", or "none"`)
    else keys[name] = key
  }
  return { keys: keys as unknown as Keys, problems }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
