import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { ScrollBoxRenderable } from "@opentui/core"
import { useTerminalDimensions } from "@opentui/solid"
import { createSignal, For, onCleanup, onMount, Show } from "solid-js"
import { widthOf } from "./format.ts"
import { colour } from "./theme.ts"
import type { TextDocument } from "./trace.ts"

/** Rows a dialog needs besides its text: the host starts it at a quarter of the screen; title, key help and padding. */
const CHROME_ROWS = 7

/**
 * A dialog with text of any length: it wraps, scrolls with the arrow and page keys, and closes with escape or return.
 * Fits a terminal of 80x24. To be shown with `api.ui.dialog.replace`.
 */
export function TextDialog(props: {
  readonly api: Pick<TuiPluginApi, "theme" | "keymap" | "ui">
  readonly document: TextDocument
}) {
  const size = useTerminalDimensions()
  const rows = () => Math.max(3, Math.floor((size().height * 3) / 4) - CHROME_ROWS)
  const [isLong, setIsLong] = createSignal(false)
  let box: ScrollBoxRenderable | undefined
  const by = (amount: () => number) => () => box?.scrollBy(amount())
  const page = () => rows() - 1
  onMount(() => {
    const close = () => props.api.ui.dialog.clear()
    const keys = {
      up: by(() => -1),
      down: by(() => 1),
      pageup: by(() => -page()),
      pagedown: by(page),
      home: () => box?.scrollTo(0),
      end: () => box?.scrollTo(box.scrollHeight),
      return: close,
    }
    const bindings = Object.entries(keys).map(([key, cmd]) => ({ key, cmd: () => void cmd() }))
    onCleanup(props.api.keymap.registerLayer({ mode: "modal", bindings }))
  })
  const label = () => Math.max(0, ...props.document.facts.map((fact) => widthOf(fact.label))) + 2
  return (
    <box paddingLeft={4} paddingRight={4} paddingBottom={1} gap={1}>
      <box flexDirection="row" justifyContent="space-between">
        <text fg={colour(props.api, props.document.tone)} wrapMode="none">
          <b>{props.document.title}</b>
        </text>
        <text fg={colour(props.api, "muted")}>esc</text>
      </box>
      <scrollbox
        ref={(element: ScrollBoxRenderable) => {
          box = element
          watchHeight(element, () => setIsLong(element.scrollHeight > rows()))
        }}
        flexGrow={0}
        maxHeight={rows()}
        scrollbarOptions={{ visible: false }}
      >
        <For each={props.document.facts}>
          {(fact) => (
            <box flexDirection="row">
              <text width={label()} flexShrink={0} fg={colour(props.api, "muted")}>
                {fact.label}
              </text>
              <text flexGrow={1} flexShrink={1} wrapMode="word" fg={colour(props.api, fact.tone)}>
                {fact.value}
              </text>
            </box>
          )}
        </For>
        <For each={props.document.sections}>
          {(section, index) => (
            <box paddingTop={index() > 0 || props.document.facts.length > 0 ? 1 : 0}>
              <Show when={section.heading}>
                <text fg={colour(props.api, "muted")}>{section.heading}</text>
              </Show>
              <text wrapMode="word" fg={colour(props.api, section.tone)}>
                {section.text}
              </text>
            </box>
          )}
        </For>
      </scrollbox>
      <text fg={colour(props.api, "muted")}>{isLong() ? "↑↓ scroll · return close" : "return close"}</text>
    </box>
  )
}

/** Calls `fn` after every layout that changes the height of what is in the box, and keeps the box's own listener. */
function watchHeight(box: ScrollBoxRenderable, fn: () => void): void {
  const own = box.content.onSizeChange
  box.content.onSizeChange = () => {
    own?.call(box.content)
    fn()
  }
}
