/**
 * All keys of Baton in one table. Each key runs the command `baton.ID`, and tui.json can rebind it
 * under that name.
 */

export interface KeyEntry {
  readonly id: string
  /** Label in the command palette and in the help. */
  readonly title: string
  /**
   * Default key, to which OpenCode 1.18.33 binds nothing else. A command with `none` is only in the
   * palette.
   */
  readonly key: string
}

/** Keys that work on every screen. */
export const GLOBAL_KEYS = [
  { id: "status", title: "Workflow: dashboard", key: "<leader>o" },
  { id: "jump", title: "Workflow: open the running step / back", key: "<leader>w" },
  { id: "next", title: "Workers: session of the next worker", key: "<leader>right" },
  { id: "previous", title: "Workers: session of the previous worker", key: "<leader>left" },
  { id: "parent", title: "Workers: session that started this one", key: "<leader>up" },
  { id: "inbox", title: "Workers: what needs you (inbox)", key: "<leader>i" },
  { id: "workers", title: "Workers: running and kept workers", key: "<leader>k" },
  { id: "message", title: "Workers: message the worker on the screen", key: "<leader>p" },
  { id: "handback", title: "Workers: hand the result back", key: "<leader>d" },
  { id: "workflow", title: "Workflow: run…", key: "none" },
  { id: "plan", title: "Workflow: plan…", key: "none" },
  { id: "graph", title: "Workflow: draw…", key: "none" },
  { id: "decide", title: "Workflow: retry, skip or continue what waits", key: "none" },
  { id: "trace", title: "Workflow: trace of the worker on the screen", key: "none" },
  { id: "pause", title: "Workflow: pause", key: "none" },
  { id: "continue", title: "Workflow: continue", key: "none" },
  { id: "resume", title: "Workflow: resume", key: "none" },
  { id: "abort", title: "Workflow: abort", key: "none" },
  { id: "report", title: "Workflow: report", key: "none" },
] as const satisfies readonly KeyEntry[]

/** Keys that work in the dashboard. */
export const DASHBOARD_KEYS = [
  { id: "dashboard.up", title: "the step above", key: "up,k" },
  { id: "dashboard.down", title: "the step below", key: "down,j" },
  { id: "dashboard.page-up", title: "a page up", key: "pageup,ctrl+b" },
  { id: "dashboard.page-down", title: "a page down", key: "pagedown,ctrl+f" },
  { id: "dashboard.first", title: "the first step", key: "home,g" },
  { id: "dashboard.last", title: "the last step", key: "end,shift+g" },
  { id: "dashboard.previous-run", title: "the run above", key: "left,h" },
  { id: "dashboard.next-run", title: "the run below", key: "right,l" },
  { id: "dashboard.fold", title: "fold or open a group", key: "space" },
  { id: "dashboard.open", title: "open the step's session", key: "return" },
  { id: "dashboard.trace", title: "everything about the step (/trace)", key: "t" },
  { id: "dashboard.answer", title: "answer or decide what needs you", key: "a" },
  { id: "dashboard.retry", title: "retry the step", key: "r" },
  { id: "dashboard.retry-with", title: "retry it with a message", key: "shift+r" },
  { id: "dashboard.skip", title: "skip the step", key: "s" },
  { id: "dashboard.message", title: "send its worker a message", key: "m" },
  { id: "dashboard.pause", title: "pause or continue the run", key: "p" },
  { id: "dashboard.abort", title: "abort the run", key: "x" },
  { id: "dashboard.copy", title: "copy the step's answer", key: "y" },
  { id: "dashboard.inbox", title: "everything that needs you", key: "i" },
  { id: "dashboard.help", title: "these keys", key: "?" },
  { id: "dashboard.close", title: "back to where you were", key: "escape,q" },
] as const satisfies readonly KeyEntry[]

export type GlobalKey = (typeof GLOBAL_KEYS)[number]["id"]
export type DashboardKey = (typeof DASHBOARD_KEYS)[number]["id"]
/** The key of each command, from the user's configuration or from the table. */
export type Keys = Readonly<Record<GlobalKey | DashboardKey, string>>

export const DEFAULT_KEYS = Object.fromEntries(
  [...GLOBAL_KEYS, ...DASHBOARD_KEYS].map(({ id, key }) => [id, key]),
) as unknown as Keys

/**
 * The first key of a binding in readable form, such as `R`, `enter` or `↑`. Undefined when it is
 * unbound.
 */
export function shortKey(binding: string): string | undefined {
  const first = binding.split(",")[0] ?? ""
  const upper = /^shift\+([a-z])$/.exec(first)?.[1]?.toUpperCase()
  const names: Record<string, string> = { return: "enter", escape: "esc", up: "↑", down: "↓", left: "←", right: "→" }
  return first === "none" || first === "" ? undefined : (upper ?? names[first] ?? first)
}
