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

/** Higher than the priority of the host's own layers, which is 0. */
export const OVER_HOST = 100
/**
 * Key modes of the host in which the global keys work: any screen, including one where a question
 * replaces the prompt.
 */
const KEY_MODES = ["base", "question"] as const

export interface Actions {
  /** Handles a line that is a command of Baton. */
  submit(line: string): void
  /** Called when the host is about to submit a prompt of its own. */
  otherPrompt(): void
  /** Runs the command of a global key. */
  act(id: GlobalKey): void
  /** Runs the command of a dashboard key. */
  actInDashboard(id: DashboardKey): void
}

type KeyApi = Pick<TuiPluginApi, "keymap" | "renderer" | "tuiConfig">

/**
 * Handles the submit key before the host does. Commands of Baton are removed from the prompt and
 * handled; all other input is left to the host. Returns a function that removes the key layer.
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
 * Adds Baton's commands to the command palette and binds their keys. The dashboard's keys are bound
 * in its own mode, where the global ones work too. Returns a function that removes all of it.
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

/**
 * The key of one of Baton's commands as the user presses it (`ctrl+x w`); undefined when it is
 * unbound.
 */
export function keyLabel(api: Pick<TuiPluginApi, "keymap" | "keys">, id: GlobalKey): string | undefined {
  const command = `baton.${id}`
  const bindings = api.keymap.getCommandBindings({ visibility: "registered", commands: [command] })
  return api.keys.formatBindings((bindings.get(command) ?? []).slice(0, 1))
}
