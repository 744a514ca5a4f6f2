import { suggest } from "../../core/base/nearest.ts"
import { DEFAULT_KEYS, type Keys } from "./key-table.ts"

const COMMAND = /^baton\./

/**
 * Reads the plugin options of tui.json, for example `["opencode-baton", { "keybinds": { "jump":
 * "<leader>j" } }]`. Keys are named by the id of their command, with or without the prefix
 * `baton.`. An invalid entry keeps its default and adds a sentence to `problems`.
 */
export function readKeys(options: unknown): { readonly keys: Keys; readonly problems: readonly string[] } {
  const given = isRecord(options) ? options.keybinds : undefined
  if (given === undefined) return { keys: DEFAULT_KEYS, problems: [] }
  if (!isRecord(given)) return { keys: DEFAULT_KEYS, problems: ["`keybinds` must be an object of name to key"] }
  const known = Object.keys(DEFAULT_KEYS)
  const problems: string[] = []
  const keys: Record<string, string> = { ...DEFAULT_KEYS }
  for (const [written, key] of Object.entries(given)) {
    const name = written.replace(COMMAND, "")
    if (!known.includes(name)) problems.push(`unknown keybind \`${written}\`: ${suggest(name, known, "keybinds")}`)
    else if (typeof key !== "string")
      problems.push(`keybind \`${written}\` must be a string such as "<leader>w", or "none"`)
    else keys[name] = key
  }
  return { keys: keys as unknown as Keys, problems }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
