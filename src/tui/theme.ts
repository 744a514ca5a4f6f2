import type { TuiThemeCurrent } from "@opencode-ai/plugin/tui"
import type { RGBA } from "@opentui/core"
import type { Tone } from "./view-model.ts"

/** The colour of a tone. Reactive inside a Solid view, so that a change of theme is seen at once. */
export type Paint = (tone: Tone) => RGBA

const COLOUR = {
  text: "text",
  muted: "textMuted",
  active: "primary",
  success: "success",
  warning: "warning",
  error: "error",
} as const satisfies Record<Tone, keyof TuiThemeCurrent>

/** Paints in the colours of the user's theme. */
export function themePaint(theme: { readonly current: TuiThemeCurrent }): Paint {
  return (tone) => theme.current[COLOUR[tone]]
}
