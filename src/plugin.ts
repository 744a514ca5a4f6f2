import type { PluginModule } from "@opencode-ai/plugin"
import { createPlugin, refuseOpenCode2 } from "./opencode/plugin.ts"

/**
 * The server half, as OpenCode loads it from `opencode-baton/server`. OpenCode 1 calls `server`, and
 * OpenCode 2 calls `setup` (contract C74): it reports the error as the reason why the plugin is not
 * loaded.
 */
const plugin: PluginModule & { readonly setup: () => never } = {
  id: "opencode-baton",
  server: (input) =>
    createPlugin(input, { compose: () => import("./compose.ts"), journal: () => import("./journal.ts") }),
  setup: refuseOpenCode2,
}

export default plugin
