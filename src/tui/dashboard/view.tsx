import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import { type BoxRenderable, type MouseEvent, StyledText, TextAttributes, type TextRenderable } from "@opentui/core"
import { useTerminalDimensions } from "@opentui/solid"
import { createEffect, createMemo, Index, onCleanup, onMount } from "solid-js"
import type { Ground, Paint } from "../host/theme.ts"
import type { Live } from "../state/live.ts"
import { widthOf } from "../state/text.ts"
import type { Dashboard } from "./state.ts"
import type { TableLine } from "./table.ts"

/** OpenCode's key mode while the dashboard is open. It keeps the keys of the prompt inactive. */
export const DASHBOARD_MODE = "baton.dashboard"

export interface DashboardProps {
  readonly api: Pick<TuiPluginApi, "mode">
  readonly dashboard: Dashboard
  readonly live: Live
  readonly paint: Paint
  readonly ground: (ground: Ground) => ReturnType<Paint>
  /** The session that was on the screen before the dashboard. */
  readonly session: () => string | undefined
}

/** Full-screen view (a route of OpenCode) with the project's runs and the steps of one of them. */
export function DashboardView(props: DashboardProps) {
  const size = useTerminalDimensions()
  onMount(() => {
    const leave = props.api.mode.push(DASHBOARD_MODE)
    props.dashboard.show(props.session())
    onCleanup(() => {
      props.dashboard.hide()
      leave()
    })
  })
  // The status line takes a row only while a line waits for its answer.
  const rows = () => size().height - (props.live.waiting().length > 0 ? 1 : 0)
  const lines = createMemo(() => props.dashboard.frame(size().width, rows()))
  const scroll = (event: MouseEvent) => {
    if (event.scroll) props.dashboard.move(event.scroll.direction === "up" ? -1 : 1)
  }
  const click = ({ x, y }: MouseEvent) => {
    const line = lines()[y]
    if (line?.pick && x < (line.reach ?? size().width)) props.dashboard.pick(line.pick)
  }
  return (
    <box
      width={size().width}
      height={rows()}
      flexShrink={0}
      flexDirection="column"
      backgroundColor={props.ground("page")}
      ref={(element: BoxRenderable) => {
        element.onMouseDown = click
        element.onMouseScroll = scroll
      }}
    >
      <Index each={lines()}>{(line) => <Row {...props} line={line()} />}</Index>
    </box>
  )
}

function Row(props: DashboardProps & { readonly line: TableLine }) {
  // Most lines do not change between two frames, and equal lines are not drawn again.
  const line = createMemo(() => props.line, undefined, { equals: isSame })
  const styled = () => {
    const { cells, isChosen, reach = Number.POSITIVE_INFINITY } = line()
    let at = 0
    return new StyledText(
      cells.map(({ text, tone, isBold }) => {
        const ground = isChosen && at < reach ? "chosen" : "page"
        at += widthOf(text)
        return {
          __isChunk: true as const,
          text,
          fg: props.paint(tone),
          bg: props.ground(ground),
          ...(isBold ? { attributes: TextAttributes.BOLD } : {}),
        }
      }),
    )
  }
  let drawn: TextRenderable | undefined
  // `content` is set here, because the JSX property would convert the styled text to a string.
  createEffect(() => {
    if (drawn) drawn.content = styled()
  })
  return (
    <text
      ref={(element: TextRenderable) => {
        drawn = element
      }}
      wrapMode="none"
      height={1}
      flexShrink={0}
    />
  )
}

function isSame(a: TableLine, b: TableLine): boolean {
  if (a.isChosen !== b.isChosen || a.cells.length !== b.cells.length) return false
  return a.cells.every((one, at) => {
    const other = b.cells[at]
    return one.text === other?.text && one.tone === other.tone && one.isBold === other.isBold
  })
}
