import type { PluginModule } from "@opencode-ai/plugin"
import { createPlugin } from "./opencode/plugin.ts"

/** The server half, as OpenCode loads it from `opencode-baton/server`. */
const plugin: PluginModule = {
  id: "opencode-baton",
  server: (input) =>
    createPlugin(input, { compose: () => import("./compose.ts"), journal: () => import("./journal.ts") }),
}

export default plugin
