import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Guard } from "../host/guard.ts"
import type { Paint } from "../host/theme.ts"
import { TextDialog } from "./text-dialog.tsx"
import type { TextDocument } from "./text-document.ts"

/** Shows a text in a dialog that scrolls. */
export function showText(
  {
    api,
    guard,
    paint,
  }: { readonly api: Pick<TuiPluginApi, "keymap" | "ui">; readonly guard: Guard; readonly paint: Paint },
  document: TextDocument,
): void {
  const { dialog } = api.ui
  const bindKeys = (keys: Readonly<Record<string, () => void>>) => {
    const bindings = Object.entries(keys).map(([key, run]) => ({ key, cmd: () => guard.sync(undefined, run) }))
    return api.keymap.registerLayer({ mode: "modal", bindings })
  }
  dialog.replace(() => <TextDialog paint={paint} document={document} bindKeys={bindKeys} close={dialog.clear} />)
  dialog.setSize("large")
}
