import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import { type BoxRenderable, type MouseEvent, StyledText, TextAttributes, type TextRenderable } from "@opentui/core"
import { useTerminalDimensions } from "@opentui/solid"
import { createEffect, createMemo, Index, onCleanup, onMount } from "solid-js"
import type { Ground, Paint } from "../host/theme.ts"
import type { Live } from "../state/live.ts"
import { widthOf } from "../state/text.ts"
import type { Dashboard } from "./state.ts"
import type { Line } from "./table.ts"

/** The mode of OpenCode's keys while the dashboard is on the screen: none of the prompt's work. */
export const DASHBOARD_MODE = "baton.dashboard"

export interface DashboardProps {
  readonly api: Pick<TuiPluginApi, "mode">
  readonly dashboard: Dashboard
  readonly live: Live
  readonly paint: Paint
  readonly ground: (ground: Ground) => ReturnType<Paint>
  /** The session one came from. */
  readonly session: () => string | undefined
}

/** The runs of the project and the steps of one of them, on the whole screen (a route of OpenCode's). */
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
  // The status line has a row only where something waits to be answered.
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

function Row(props: DashboardProps & { readonly line: Line }) {
  // Most lines of a new frame are what they were: they cost nothing.
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
  // As a property the view would make a string of it.
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

function isSame(a: Line, b: Line): boolean {
  if (a.isChosen !== b.isChosen || a.cells.length !== b.cells.length) return false
  return a.cells.every((one, at) => {
    const other = b.cells[at]
    return one.text === other?.text && one.tone === other.tone && one.isBold === other.isBold
  })
}
