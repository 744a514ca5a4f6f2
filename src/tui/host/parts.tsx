import { For } from "solid-js"
import type { TextSpan } from "../state/view-model.ts"
import type { Paint } from "./theme.ts"

/** Draws the pieces of one line, each in the colour of its tone. */
export function Parts(props: { readonly paint: Paint; readonly parts: readonly TextSpan[] }) {
  return (
    <text wrapMode="none" height={1} flexShrink={0}>
      <For each={props.parts}>{(part) => <span style={{ fg: props.paint(part.tone) }}>{part.text}</span>}</For>
    </text>
  )
}
