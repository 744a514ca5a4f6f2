import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parse } from "jsonc-parser"
import { readText } from "../files/read.ts"

/**
 * Finds the OpenCode configs that load Baton: opencode.json its server half, tui.json its TUI half.
 */

/**
 * The first config file of the project or the global folder that names Baton as a plugin, if any
 * does.
 */
export function loadedBy(name: "opencode" | "tui", root: string, globalDir: string): string | undefined {
  const folders = [root, join(root, ".opencode"), globalDir]
  const files = folders.flatMap((folder) => [`${name}.json`, `${name}.jsonc`].map((file) => join(folder, file)))
  return files.find((file) => pluginsOf(textOf(file)).some(isBaton))
}

/**
 * The plugins that an OpenCode config names; none for a file with syntax errors, which OpenCode
 * itself reports.
 */
function pluginsOf(text: string): string[] {
  const config: unknown = parse(text, [], { allowTrailingComma: true })
  const plugins = typeof config === "object" && config !== null && "plugin" in config ? config.plugin : []
  const entries: unknown[] = Array.isArray(plugins) ? plugins : []
  return entries.flatMap((entry) => {
    const name: unknown = Array.isArray(entry) ? entry[0] : entry
    return typeof name === "string" ? [name] : []
  })
}

/**
 * True for `opencode-baton`, with or without a version, and for a path to a folder of that package.
 */
function isBaton(plugin: string): boolean {
  if (/^opencode-baton(@.*)?$/.test(plugin) || /(^|\/)opencode-baton\/?$/.test(plugin)) return true
  const folder = plugin.startsWith("file:") ? fileURLToPath(plugin) : plugin
  const manifest = join(folder, "package.json")
  return /"name":\s*"opencode-baton"/.test(textOf(manifest))
}

/** The text of a file; empty when it cannot be read, which OpenCode itself reports. */
function textOf(file: string): string {
  try {
    return readText(file)
  } catch {
    // OpenCode reads the same file when it starts, and says what is wrong with it.
    return ""
  }
}
