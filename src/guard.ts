import type { PluginModule } from "@opencode-ai/plugin"
import { createGuard } from "./guard/guard.ts"

/**
 * The guard, as OpenCode loads it from `opencode-baton/guard` in every server that Baton starts.
 * `src/wall/guard-config.ts` names it in that server's configuration.
 */
const plugin: PluginModule = {
  id: "opencode-baton-guard",
  server: (input, options) =>
    createGuard(input, options, async () => (await import("./spec/json-schema.ts")).compileSchema),
}

export default plugin
