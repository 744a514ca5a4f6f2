import type { ScrollBoxRenderable } from "@opentui/core"
import { useTerminalDimensions } from "@opentui/solid"
import { createSignal, For, onCleanup, onMount, Show } from "solid-js"
import type { Paint } from "../host/theme.ts"
import { widthOf } from "../state/text.ts"
import type { TextDocument } from "./text-document.ts"

/** Rows a dialog needs besides its text: the host starts it at a quarter of the screen; title, key help and padding. */
const CHROME_ROWS = 7

/**
 * A dialog with text of any length: it wraps, scrolls with the arrow and page keys, and closes with escape or return.
 * Fits a terminal of 80x24. To be shown in a dialog of the host.
 */
export function TextDialog(props: {
  readonly paint: Paint
  /** Binds keys while the dialog is open; returns the function that unbinds them. */
  readonly bindKeys: (keys: Readonly<Record<string, () => void>>) => () => void
  readonly close: () => void
  readonly document: TextDocument
  /** Keys besides those for scrolling and closing. */
  readonly keys?: Readonly<Record<string, () => void>>
  /** What they do, for the last line. */
  readonly help?: string
}) {
  const size = useTerminalDimensions()
  const rows = () => Math.max(3, Math.floor((size().height * 3) / 4) - CHROME_ROWS)
  // A scroll box takes all the room it is given: it starts with one row and grows to its text once that is laid out.
  const [textRows, setTextRows] = createSignal(1)
  let box: ScrollBoxRenderable | undefined
  const by = (amount: () => number) => () => box?.scrollBy(amount())
  const page = () => rows() - 1
  onMount(() => {
    const unbind = props.bindKeys({
      up: by(() => -1),
      down: by(() => 1),
      pageup: by(() => -page()),
      pagedown: by(page),
      home: () => box?.scrollTo(0),
      end: () => box?.scrollTo(box.scrollHeight),
      return: props.close,
      ...props.keys,
    })
    onCleanup(unbind)
  })
  const label = () => Math.max(0, ...props.document.facts.map((fact) => widthOf(fact.label))) + 2
  return (
    <box paddingLeft={4} paddingRight={4} paddingBottom={1} gap={1}>
      <box flexDirection="row" justifyContent="space-between" gap={2}>
        <text fg={props.paint(props.document.tone)} flexShrink={1} wrapMode="word">
          <b>{props.document.title}</b>
        </text>
        <text fg={props.paint("muted")}>esc</text>
      </box>
      <scrollbox
        ref={(element: ScrollBoxRenderable) => {
          box = element
          watchHeight(element, () => setTextRows(element.scrollHeight))
        }}
        height={Math.min(rows(), textRows())}
        scrollbarOptions={{ visible: false }}
      >
        <For each={props.document.facts}>
          {(fact) => (
            <box flexDirection="row">
              <text width={label()} flexShrink={0} fg={props.paint("muted")}>
                {fact.label}
              </text>
              <text flexGrow={1} flexShrink={1} wrapMode="word" fg={props.paint(fact.tone)}>
                {fact.value}
              </text>
            </box>
          )}
        </For>
        <For each={props.document.sections}>
          {(section, index) => (
            <box paddingTop={!section.isRow && (index() > 0 || props.document.facts.length > 0) ? 1 : 0}>
              <Show when={section.heading}>
                <text wrapMode="word" fg={props.paint(section.headingTone ?? "muted")}>
                  {section.heading}
                </text>
              </Show>
              <Show when={!section.isRow || section.text !== ""}>
                <box paddingLeft={section.isRow ? 4 : 0}>
                  <text wrapMode="word" fg={props.paint(section.tone)}>
                    {section.text}
                  </text>
                </box>
              </Show>
            </box>
          )}
        </For>
      </scrollbox>
      <text fg={props.paint("muted")}>
        {[textRows() > rows() ? "↑↓ scroll" : "", props.help ?? "", "return close"].filter(Boolean).join(" · ")}
      </text>
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
