import { useTerminalDimensions } from "@opentui/solid"
import { createMemo, Show } from "solid-js"
import { Parts } from "../host/parts.tsx"
import type { Paint } from "../host/theme.ts"
import type { Live } from "../state/live.ts"
import { clip } from "../state/text.ts"
import type { TextSpan } from "../state/view-model.ts"
import { type BarKeys, statusBar } from "./parts.ts"

const PADDING = 2

/**
 * The status line under every screen (slot `app_bottom`). It is the only place that is also visible
 * in a narrow terminal and in a child session, which has neither a prompt nor a sidebar. It takes
 * no row while it is empty.
 */
export function StatusBar(props: {
  readonly paint: Paint
  readonly live: Live
  readonly session: () => string | undefined
  /** Whether a person can type into the session. */
  readonly canType: () => boolean
  readonly keys: () => BarKeys
  /** Whether the dashboard is on the screen, which already shows all of this. */
  readonly isDashboard: () => boolean
}) {
  const size = useTerminalDimensions()
  const line = createMemo(() => {
    const width = size().width - 2 * PADDING
    const late = props.live.waiting()[0]
    if (late !== undefined) return waitingLine(late, width)
    if (props.isDashboard()) return undefined
    return statusBar({
      runs: props.live.inBar(),
      session: props.session(),
      now: props.live.now(),
      width,
      workers: props.live.workers(),
      needs: props.live.needs(),
      canType: props.canType(),
      keys: props.keys(),
    })
  })
  return (
    <Show when={line()}>
      {(shown) => (
        <box flexDirection="row" justifyContent="space-between" paddingLeft={PADDING} paddingRight={PADDING} height={1}>
          <Parts paint={props.paint} parts={shown().left} />
          <Parts paint={props.paint} parts={shown().right} />
        </box>
      )}
    </Show>
  )
}

function waitingLine(line: string, width: number): { left: TextSpan[]; right: TextSpan[] } {
  const what: TextSpan = { text: `${clip(line, width - 34)} `, tone: "text" }
  return {
    left: [{ text: "… ", tone: "muted" }, what, { text: "· waiting for Baton to answer", tone: "muted" }],
    right: [],
  }
}
