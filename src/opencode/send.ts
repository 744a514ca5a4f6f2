import { type ChannelMessage, encode } from "../core/view/protocol.ts"
import { callHost, type Host } from "../host/host.ts"

/** Sends a message to every TUI of this server (src/core/view/protocol.ts says how it travels). */
export async function send(host: Host, message: ChannelMessage): Promise<void> {
  const properties = { command: encode(message) }
  await callHost("reach the TUI", (options) =>
    host.client.tui.publish({ body: { type: "tui.command.execute", properties } }, options),
  )
}
