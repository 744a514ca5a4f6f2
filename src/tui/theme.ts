import type { TuiPluginApi, TuiThemeCurrent } from "@opencode-ai/plugin/tui"
import type { Tone } from "./view-model.ts"

const COLOUR = {
  text: "text",
  muted: "textMuted",
  active: "primary",
  success: "success",
  warning: "warning",
  error: "error",
} as const satisfies Record<Tone, keyof TuiThemeCurrent>

/** The user's theme colour for a tone; reactive inside a Solid view. */
export function colour(api: Pick<TuiPluginApi, "theme">, tone: Tone) {
  return api.theme.current[COLOUR[tone]]
}
