import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Reply } from "../../core/view/protocol.ts"
import type { Guard } from "../host/guard.ts"
import type { Paint } from "../host/theme.ts"
import type { Live } from "../state/live.ts"

/** Dependencies of the dialogs. */
export interface ReplyDeps {
  readonly api: Pick<TuiPluginApi, "keymap" | "renderer" | "ui">
  readonly live: Live
  readonly guard: Guard
  readonly paint: Paint
  /** When a choice that appears by itself takes its first answer (milliseconds since 1970). */
  readonly readyAt?: number
  /** Handles a line as if the person had typed it. */
  submit(line: string): void
  /** Sends a line and returns its reply without showing it. */
  send(line: string): Promise<Reply>
  /** Shows a reply. */
  showReply(reply: Reply): void
  /** Puts a step's session on the screen. */
  open(session: string): void
  /** Opens the dashboard at the run or step of a reply. */
  openDashboard(reply: Reply): void
}
