import type { TuiThemeCurrent } from "@opencode-ai/plugin/tui"
import type { RGBA } from "@opentui/core"
import type { Tone } from "../state/view-model.ts"

/**
 * Returns the colour of a tone. Reactive inside a Solid view, so that a change of theme is visible
 * at once.
 */
export type Paint = (tone: Tone) => RGBA

const COLOUR = {
  text: "text",
  muted: "textMuted",
  border: "border",
  active: "primary",
  success: "success",
  warning: "warning",
  error: "error",
} as const satisfies Record<Tone, keyof TuiThemeCurrent>

/** The kind of background behind the text of a full screen. */
export type Ground = "page" | "chosen"

/** Returns the background colours of the user's theme. */
export function themeGround(theme: { readonly current: TuiThemeCurrent }): (ground: Ground) => RGBA {
  return (ground) => (ground === "page" ? theme.current.background : theme.current.backgroundElement)
}

/** Returns the text colours of the user's theme. */
export function themePaint(theme: { readonly current: TuiThemeCurrent }): Paint {
  return (tone) => theme.current[COLOUR[tone]]
}
