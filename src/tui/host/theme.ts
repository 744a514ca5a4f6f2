import type { TuiThemeCurrent } from "@opencode-ai/plugin/tui"
import type { RGBA } from "@opentui/core"
import type { Tone } from "../state/view-model.ts"

/** The colour of a tone. Reactive inside a Solid view, so that a change of theme is seen at once. */
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

/** What is behind the text of a full screen. */
export type Ground = "page" | "chosen"

/** The colours behind the text. */
export function themeGround(theme: { readonly current: TuiThemeCurrent }): (ground: Ground) => RGBA {
  return (ground) => (ground === "page" ? theme.current.background : theme.current.backgroundElement)
}

/** Paints in the colours of the user's theme. */
export function themePaint(theme: { readonly current: TuiThemeCurrent }): Paint {
  return (tone) => theme.current[COLOUR[tone]]
}
