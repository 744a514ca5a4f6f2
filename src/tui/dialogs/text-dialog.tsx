import type { ScrollBoxRenderable } from "@opentui/core"
import { useTerminalDimensions } from "@opentui/solid"
import { createSignal, For, onCleanup, onMount, Show } from "solid-js"
import type { Paint } from "../host/theme.ts"
import { widthOf } from "../state/text.ts"
import type { TextDocument, TextSection } from "./text-document.ts"

/**
 * Rows of a dialog besides its text: title, key help and padding. The host places dialogs a quarter
 * of the screen down.
 */
const CHROME_ROWS = 7

interface TextDialogProps {
  readonly paint: Paint
  /** Binds keys while the dialog is open, and returns a function that unbinds them. */
  readonly bindKeys: (keys: Readonly<Record<string, () => void>>) => () => void
  readonly close: () => void
  readonly document: TextDocument
  /** Further keys besides those for scrolling and closing. */
  readonly keys?: Readonly<Record<string, () => void>>
  /** Help text for the further keys and for closing, shown on the last line. */
  readonly help?: string
}

/**
 * A dialog for text of any length, for use inside a dialog of the host. It wraps, scrolls with the
 * arrow and page keys, closes with escape or return, and fits a terminal of 80x24.
 */
export function TextDialog(props: TextDialogProps) {
  const size = useTerminalDimensions()
  const rows = () => Math.max(3, Math.floor((size().height * 3) / 4) - CHROME_ROWS)
  // A scroll box takes all the height it is given, so it starts with one row and grows to its text
  // after the layout.
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
        <Facts paint={props.paint} facts={props.document.facts} />
        <For each={props.document.sections}>
          {(section, index) => (
            <Section
              paint={props.paint}
              section={section}
              hasGap={!section.isRow && (index() > 0 || props.document.facts.length > 0)}
            />
          )}
        </For>
      </scrollbox>
      <text fg={props.paint("muted")}>
        {[textRows() > rows() ? "↑↓ scroll" : "", props.help ?? "return close"].filter(Boolean).join(" · ")}
      </text>
    </box>
  )
}

/** Labels in one column, with their values beside them. */
function Facts(props: { readonly paint: Paint; readonly facts: TextDocument["facts"] }) {
  const label = () => Math.max(0, ...props.facts.map((fact) => widthOf(fact.label))) + 2
  return (
    <For each={props.facts}>
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
  )
}

/** A heading with its text. `hasGap` adds an empty line before it. */
function Section(props: { readonly paint: Paint; readonly section: TextSection; readonly hasGap: boolean }) {
  return (
    <box paddingTop={props.hasGap ? 1 : 0}>
      <Show when={props.section.heading}>
        <text wrapMode="word" fg={props.paint(props.section.headingTone ?? "muted")}>
          {props.section.heading}
        </text>
      </Show>
      <Show when={!props.section.isRow || props.section.text !== ""}>
        <box paddingLeft={props.section.isRow ? 4 : 0}>
          <text wrapMode="word" fg={props.paint(props.section.tone)}>
            {props.section.text}
          </text>
        </box>
      </Show>
    </box>
  )
}

/**
 * Calls `fn` after each layout that changes the height of the content, and keeps the box's own
 * listener.
 */
function watchHeight(box: ScrollBoxRenderable, fn: () => void): void {
  const own = box.content.onSizeChange
  box.content.onSizeChange = () => {
    own?.call(box.content)
    fn()
  }
}
