import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parse } from "jsonc-parser"

/** Where OpenCode is told to load Baton: its server half in opencode.json, its TUI half in tui.json. */

/** The first of these files that names Baton as a plugin, of the project or the user's global folder; undefined: none. */
export function loadedBy(name: "opencode" | "tui", root: string, globalDir: string): string | undefined {
  const folders = [root, join(root, ".opencode"), globalDir]
  const files = folders.flatMap((folder) => [`${name}.json`, `${name}.jsonc`].map((file) => join(folder, file)))
  return files.find((file) => existsSync(file) && pluginsOf(readFileSync(file, "utf8")).some(isBaton))
}

/** The plugins that a config file of OpenCode's names; a file that cannot be read names none, and OpenCode says why. */
function pluginsOf(text: string): string[] {
  const config: unknown = parse(text, [], { allowTrailingComma: true })
  const plugins = typeof config === "object" && config !== null && "plugin" in config ? config.plugin : []
  const entries: unknown[] = Array.isArray(plugins) ? plugins : []
  return entries.flatMap((entry) => {
    const name: unknown = Array.isArray(entry) ? entry[0] : entry
    return typeof name === "string" ? [name] : []
  })
}

/** `opencode-baton`, with or without a version, or a path to a folder of that package. */
function isBaton(plugin: string): boolean {
  if (/^opencode-baton(@.*)?$/.test(plugin) || /(^|\/)opencode-baton\/?$/.test(plugin)) return true
  const folder = plugin.startsWith("file:") ? fileURLToPath(plugin) : plugin
  const manifest = join(folder, "package.json")
  return existsSync(manifest) && /"name":\s*"opencode-baton"/.test(readFileSync(manifest, "utf8"))
}
