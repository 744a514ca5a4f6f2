import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Guard } from "./guard.ts"
import {
  DASHBOARD_KEYS,
  type DashboardKey,
  GLOBAL_KEYS,
  type GlobalKey,
  type KeyEntry,
  type Keys,
} from "./key-table.ts"
import { isOurs } from "./prompt-line.ts"

/** Above the host's own layers, whose priority is 0. */
export const OVER_HOST = 100
/** Where our keys work: on every screen, also while OpenCode shows a question in the place of the prompt. */
const KEY_MODES = ["base", "question"] as const

export interface Actions {
  /** Handles a line of ours. */
  submit(line: string): void
  /** The host is about to submit a prompt of its own. */
  otherPrompt(): void
  /** What a key does. */
  act(id: GlobalKey): void
  /** What a key of the dashboard does. */
  actInDashboard(id: DashboardKey): void
}

type KeyApi = Pick<TuiPluginApi, "keymap" | "renderer" | "tuiConfig">

/**
 * Puts Baton before the host on the submit key: lines of ours are taken off the prompt and handled, everything else
 * is left to the host. Returns the function that takes the layer away.
 */
export function listenToPrompt(api: KeyApi, actions: Actions, guard: Guard): () => void {
  const onSubmit = () => {
    const editor = api.renderer.currentFocusedEditor
    const text = editor?.plainText ?? ""
    if (editor === null || !isOurs(text)) {
      if (text.trim() !== "") actions.otherPrompt()
      return false
    }
    editor.clear()
    actions.submit(text.trim())
    return true
  }
  const cmd = () => guard.sync(false, onSubmit)
  const bindings = api.tuiConfig.keybinds.get("input.submit").map(({ key }) => ({ key, cmd }))
  return api.keymap.registerLayer({ mode: "base", priority: OVER_HOST, bindings })
}

/**
 * Adds Baton's commands to the command palette and binds their keys, those of the dashboard in its own mode, where the
 * others work too. Returns the function that takes them away.
 */
export function registerCommands(
  api: KeyApi,
  keys: Keys,
  dashboardMode: string,
  actions: Actions,
  guard: Guard,
): () => void {
  const { keymap } = api
  const offs = [
    keymap.registerLayer({
      commands: GLOBAL_KEYS.map(({ id, title }) => ({
        namespace: "palette",
        name: `baton.${id}`,
        title,
        category: "Baton",
        run: () => guard.sync(undefined, () => actions.act(id)),
      })),
    }),
    keymap.registerLayer({
      commands: DASHBOARD_KEYS.map(({ id, title }) => ({
        name: `baton.${id}`,
        title,
        run: () => guard.sync(undefined, () => actions.actInDashboard(id)),
      })),
    }),
    ...KEY_MODES.map((mode) => keymap.registerLayer({ mode, bindings: bindingsOf(GLOBAL_KEYS, keys) })),
    keymap.registerLayer({
      mode: dashboardMode,
      bindings: [...bindingsOf(GLOBAL_KEYS, keys), ...bindingsOf(DASHBOARD_KEYS, keys)],
    }),
  ]
  return () => {
    for (const off of offs.reverse()) off()
  }
}

function bindingsOf(table: readonly KeyEntry[], keys: Keys) {
  return table.flatMap(({ id, title }) => {
    const key = keys[id as keyof Keys]
    return key === "none" ? [] : [{ key, cmd: `baton.${id}`, desc: title }]
  })
}

/** The key of one of our commands as the user presses it (`ctrl+x w`), or undefined when it is unbound. */
export function keyLabel(api: Pick<TuiPluginApi, "keymap" | "keys">, id: GlobalKey): string | undefined {
  const command = `baton.${id}`
  const bindings = api.keymap.getCommandBindings({ visibility: "registered", commands: [command] })
  return api.keys.formatBindings((bindings.get(command) ?? []).slice(0, 1))
}
