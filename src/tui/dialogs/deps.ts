import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Reply } from "../../core/view/protocol.ts"
import type { Guard } from "../host/guard.ts"
import type { Paint } from "../host/theme.ts"
import type { Live } from "../state/live.ts"

/** What the dialogs need. */
export interface ReplyDeps {
  readonly api: Pick<TuiPluginApi, "keymap" | "renderer" | "ui">
  readonly live: Live
  readonly guard: Guard
  readonly paint: Paint
  /** Takes a line as if it had been typed. */
  submit(line: string): void
  /** Sends a line and gives its answer without showing it. */
  send(line: string): Promise<Reply>
  /** Shows an answer. */
  showReply(reply: Reply): void
  /** Puts a step's session on the screen. */
  open(session: string): void
  /** Shows the dashboard at what an answer is about. */
  openDashboard(reply: Reply): void
}
