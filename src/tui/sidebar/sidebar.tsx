import { createMemo, Index, Show } from "solid-js"
import { Parts } from "../host/parts.tsx"
import type { Paint } from "../host/theme.ts"
import type { Live } from "../state/live.ts"
import { type SidebarRow, sidebar } from "./rows.ts"

/** Columns that OpenCode's sidebar leaves for content: 42 minus its padding and scrollbar. */
const WIDTH = 37

/**
 * The runs of one session, step by step (slot `sidebar_content`). Draws nothing for a session
 * without a run.
 */
export function RunsPanel(props: {
  readonly paint: Paint
  readonly live: Live
  readonly session: string
  /** How to open the inbox: its key, or its command when no key is bound. */
  readonly inbox: () => string
}) {
  const panels = createMemo(() => {
    const { live, session } = props
    return sidebar(live.runs(), session, {
      now: live.now(),
      width: WIDTH,
      asks: live.asks(),
      needs: live.needs(),
      inbox: props.inbox(),
    })
  })
  return (
    <Index each={panels()}>
      {(panel) => (
        <box flexDirection="column" width={WIDTH}>
          <text fg={props.paint("text")} wrapMode="none">
            <b>{panel().title}</b>
          </text>
          <PanelRow paint={props.paint} row={panel().state} />
          <Index each={panel().rows}>{(row) => <PanelRow paint={props.paint} row={row()} />}</Index>
          <Show when={panel().total !== ""}>
            <text fg={props.paint("muted")} wrapMode="none">
              {panel().total}
            </text>
          </Show>
          <Show when={panel().more !== ""}>
            <text fg={props.paint("muted")} wrapMode="none">
              {panel().more}
            </text>
          </Show>
        </box>
      )}
    </Index>
  )
}

function PanelRow(props: { readonly paint: Paint; readonly row: SidebarRow }) {
  return (
    <box flexDirection="row" justifyContent="space-between" height={1}>
      <Parts
        paint={props.paint}
        parts={[props.row.icon, { text: ` ${props.row.left.text}`, tone: props.row.left.tone }]}
      />
      <Parts paint={props.paint} parts={[props.row.right]} />
    </box>
  )
}
