import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Clock } from "../../core/ports/ports.ts"

/** Time without a key after which a person is no longer typing. */
export const PAUSE_MS = 700
/** Pause between two looks whether the person has stopped. */
const LOOK_MS = 250

/** Waits for the person at the prompt. */
export interface Typing {
  /**
   * Calls `fn` once nothing is typed in the prompt and no key was pressed for a while. A later call
   * replaces one that still waits.
   */
  whenDone(fn: () => void): void
  close(): void
}

/**
 * Watches whether a person types. A screen that changes by itself would take what they type: it
 * moves the text into the prompt of the session that it shows (contract C69), and enter sends it
 * there.
 */
export function watchTyping(api: Pick<TuiPluginApi, "keymap" | "renderer">, clock: Clock): Typing {
  let lastKeyAt = Number.NEGATIVE_INFINITY
  let cancel = () => {}
  const off = api.keymap.intercept("key", () => {
    lastKeyAt = clock.now()
  })
  const isTyping = () =>
    clock.now() - lastKeyAt < PAUSE_MS || (api.renderer.currentFocusedEditor?.plainText ?? "") !== ""
  const whenDone = (fn: () => void) => {
    cancel()
    if (isTyping()) cancel = clock.after(LOOK_MS, () => whenDone(fn))
    else fn()
  }
  return {
    whenDone,
    close() {
      cancel()
      off()
    },
  }
}
