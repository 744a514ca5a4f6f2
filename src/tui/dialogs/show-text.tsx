import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Guard } from "../host/guard.ts"
import type { Paint } from "../host/theme.ts"
import { TextDialog } from "./text-dialog.tsx"
import type { TextDocument } from "./text-document.ts"

/** What a text dialog can do besides scrolling. */
interface TextKeys {
  readonly keys?: Readonly<Record<string, () => void>>
  /** The last line of the dialog, instead of the help for closing it. */
  readonly help?: string
  /** Called when the person closes the dialog, by whichever key. */
  readonly closed?: () => void
}

/** Shows a text in a dialog that scrolls. */
export function showText(
  {
    api,
    guard,
    paint,
  }: { readonly api: Pick<TuiPluginApi, "keymap" | "ui">; readonly guard: Guard; readonly paint: Paint },
  document: TextDocument,
  { keys, help, closed = () => undefined }: TextKeys = {},
): void {
  const { dialog } = api.ui
  const bindKeys = (keys: Readonly<Record<string, () => void>>) => {
    const bindings = Object.entries(keys).map(([key, run]) => ({ key, cmd: () => guard.sync(undefined, run) }))
    return api.keymap.registerLayer({ mode: "modal", bindings })
  }
  const close = () => {
    dialog.clear()
    closed()
  }
  dialog.replace(
    () => (
      <TextDialog
        paint={paint}
        document={document}
        bindKeys={bindKeys}
        close={close}
        {...(keys === undefined ? {} : { keys })}
        {...(help === undefined ? {} : { help })}
      />
    ),
    closed,
  )
  dialog.setSize("large")
}
