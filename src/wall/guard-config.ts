import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type ParseError, parse } from "jsonc-parser"

/** What the guard of a server is told when it is loaded. */
export interface GuardOptions {
  /** Variables that Baton has set for the server alone, with the values that its tools get. */
  readonly restore?: Readonly<Record<string, string>>
}

/**
 * Returns the configuration that a server reads from OPENCODE_CONFIG_CONTENT, with the guard added:
 * OpenCode loads the plugins of all its configurations (contract C76). A text that is not a
 * configuration is returned as it is, because OpenCode reports it.
 */
export function withGuard(content: string | undefined, options: GuardOptions): string {
  const errors: ParseError[] = []
  const given: unknown = content ? parse(content, errors, { allowTrailingComma: true }) : {}
  if (errors.length > 0 || typeof given !== "object" || given === null || Array.isArray(given)) return content ?? ""
  const { plugin } = given as { plugin?: unknown }
  const plugins = Array.isArray(plugin) ? plugin : []
  return JSON.stringify({ ...given, plugin: [...plugins, [guardAddress(), options]] })
}

/** The address under which OpenCode loads the guard. */
function guardAddress(): string {
  return pathToFileURL(join(packageFolder(), "dist", "guard.js")).href
}

/** The folder of Baton's own package, found above `dist` or `src`, wherever this code runs. */
export function packageFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json")
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name === "opencode-baton") return folder
  }
  throw new Error("Baton does not find its own package: install it again")
}
