import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Guard } from "./guard.ts"
import type { Keys } from "./options.ts"
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
  jump(): void
  /** Says something to the worker on the screen. */
  message(): void
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

/** Adds Baton's commands to the command palette and binds their keys. Returns the function that takes them away. */
export function registerCommands(api: KeyApi, keys: Keys, actions: Actions, guard: Guard): () => void {
  const commands = [
    { id: "workflow", title: "Workflow: run…", run: () => actions.submit("/workflow") },
    { id: "status", title: "Workflow: status", run: () => actions.submit("/workflow status") },
    { id: "pause", title: "Workflow: pause", run: () => actions.submit("/workflow pause") },
    { id: "continue", title: "Workflow: continue", run: () => actions.submit("/workflow continue") },
    { id: "resume", title: "Workflow: resume", run: () => actions.submit("/workflow resume") },
    { id: "jump", title: "Workflow: open the running step / back", run: actions.jump },
    { id: "workers", title: "Workers: who is at work", run: () => actions.submit("/workers") },
    { id: "inbox", title: "Workers: what needs you (inbox)", run: () => actions.submit("/inbox") },
    { id: "message", title: "Workers: message the worker on the screen", run: actions.message },
    { id: "handback", title: "Workers: hand the result back", run: () => actions.submit("/handback") },
  ] as const
  const offCommands = api.keymap.registerLayer({
    commands: commands.map(({ id, title, run }) => ({
      namespace: "palette",
      name: `baton.${id}`,
      title,
      category: "Baton",
      run: () => guard.sync(undefined, run),
    })),
  })
  const bindings = commands
    .filter(({ id }) => keys[id] !== "none")
    .map(({ id, title }) => ({ key: keys[id], cmd: `baton.${id}`, desc: title }))
  const offBindings = KEY_MODES.map((mode) => api.keymap.registerLayer({ mode, bindings }))
  return () => {
    for (const off of offBindings) off()
    offCommands()
  }
}

/** The key of one of our commands as the user presses it (`ctrl+x w`), or undefined when it is unbound. */
export function keyLabel(api: Pick<TuiPluginApi, "keymap" | "keys">, id: keyof Keys): string | undefined {
  const command = `baton.${id}`
  const bindings = api.keymap.getCommandBindings({ visibility: "registered", commands: [command] })
  return api.keys.formatBindings(bindings.get(command) ?? [])
}
