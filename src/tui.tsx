import type { TuiPlugin, TuiPluginModule } from "@opencode-ai/plugin/tui"
import { startTui } from "./tui/start.tsx"

const tui: TuiPlugin = async (api, options) => startTui(api, options)

export default { id: "opencode-baton", tui } satisfies TuiPluginModule
