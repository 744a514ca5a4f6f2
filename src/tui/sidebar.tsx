import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import { createMemo, Index, Show } from "solid-js"
import { Parts } from "./bar.tsx"
import type { Live } from "./live.ts"
import { colour } from "./theme.ts"
import { type Row, sidebar } from "./view-model.ts"

/** Columns OpenCode's sidebar leaves for content: 42 less its padding and scrollbar. */
const WIDTH = 37

/** The runs of one session, step by step (slot `sidebar_content`). Nothing for a session without a run. */
export function RunsPanel(props: {
  readonly api: Pick<TuiPluginApi, "theme">
  readonly live: Live
  readonly session: string
}) {
  const panels = createMemo(() => sidebar(props.live.runs(), props.session, props.live.now(), WIDTH))
  return (
    <Index each={panels()}>
      {(panel) => (
        <box flexDirection="column" width={WIDTH}>
          <text fg={colour(props.api, "text")} wrapMode="none">
            <b>{panel().title}</b>
          </text>
          <PanelRow api={props.api} row={panel().state} />
          <Index each={panel().rows}>{(row) => <PanelRow api={props.api} row={row()} />}</Index>
          <Show when={panel().total !== ""}>
            <text fg={colour(props.api, "muted")} wrapMode="none">
              {panel().total}
            </text>
          </Show>
        </box>
      )}
    </Index>
  )
}

function PanelRow(props: { readonly api: Pick<TuiPluginApi, "theme">; readonly row: Row }) {
  return (
    <box flexDirection="row" justifyContent="space-between" height={1}>
      <Parts api={props.api} parts={[props.row.icon, { text: ` ${props.row.left.text}`, tone: props.row.left.tone }]} />
      <Parts api={props.api} parts={[props.row.right]} />
    </box>
  )
}
