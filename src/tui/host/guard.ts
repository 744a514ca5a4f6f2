import type { TuiPluginApi } from "@opencode-ai/plugin/tui"

/**
 * Wraps callbacks that the host calls, so that an error in Baton becomes a toast and does not reach
 * the host (G10).
 */
export interface Guard {
  /** Runs `fn`. When it throws, shows the error and returns `fallback`. */
  sync<T>(fallback: T, fn: () => T): T
  /** Starts `fn` without waiting for it. When it rejects, shows the error. */
  start(fn: () => Promise<unknown>): void
}

export function createGuard(ui: Pick<TuiPluginApi["ui"], "toast">): Guard {
  const show = (error: unknown) =>
    ui.toast({ variant: "error", title: "Baton", message: error instanceof Error ? error.message : String(error) })
  return {
    sync(fallback, fn) {
      try {
        return fn()
      } catch (error) {
        show(error)
        return fallback
      }
    },
    start(fn) {
      Promise.resolve().then(fn).catch(show)
    },
  }
}
