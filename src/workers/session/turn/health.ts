import type { Activity } from "../../../core/ports/ports.ts"
import type { Entry } from "../../../host/entries.ts"
import type { Failure } from "../failure.ts"
import type { Heard } from "./heard.ts"

export interface Patience {
  readonly idleTimeoutMs: number
  readonly toolTimeoutMs: number
}

interface OpenTool {
  readonly call: string
  readonly tool: string
  readonly activeAt: number
}

/**
 * The condition of a worker, as its session's events report it: running tools and last activity.
 */
export interface Health {
  /** The running tool calls, in the order they began. */
  readonly tools: readonly OpenTool[]
  readonly activeAt: number
  /** When OpenCode asks the provider again (contract C21); undefined while it does not wait. */
  readonly retryUntil?: number
  readonly isBusy: boolean
  readonly hasBegun: boolean
}

/** Tools that wait for another worker of Baton, which has its own deadlines. */
const BOUNDED_TOOLS = new Set(["worker_ask", "workflow_run"])

export function newHealth(now: number): Health {
  return { tools: [], activeAt: now, isBusy: false, hasBegun: false }
}

/** Updates the condition. Every event of the session is a sign of life. */
export function afterHeard(health: Health, heard: Heard, now: number): Health {
  const { retryUntil: _, ...alive } = { ...health, activeAt: Math.max(health.activeAt, now) }
  switch (heard.type) {
    case "busy":
      return { ...alive, isBusy: true }
    case "paused":
      return { ...alive, isBusy: false }
    case "retry":
      // OpenCode itself waits until then (contract C20), so the worker is not to blame for the
      // silence.
      return { ...alive, isBusy: true, retryUntil: heard.next, activeAt: Math.max(alive.activeAt, heard.next) }
    case "idle":
      return { ...alive, isBusy: false, tools: [] }
    case "answer":
      return { ...health, activeAt: alive.activeAt, hasBegun: true }
    case "tool":
      return { ...health, activeAt: alive.activeAt, tools: afterCall(health.tools, heard, now) }
    default:
      return { ...health, activeAt: alive.activeAt }
  }
}

/**
 * While a call is `pending` the model still writes it, so the silence is the model's. Only
 * `running` counts as a tool.
 */
function afterCall(
  tools: readonly OpenTool[],
  { call, tool, isRunning }: { readonly call: string; readonly tool: string; readonly isRunning: boolean },
  now: number,
): readonly OpenTool[] {
  if (!isRunning) return tools.filter((open) => open.call !== call)
  const running = { call, tool, activeAt: now }
  const isKnown = tools.some((open) => open.call === call)
  return isKnown ? tools.map((open) => (open.call === call ? running : open)) : [...tools, running]
}

/** Starts over with what the session's messages say, because events may have been missed. */
export function relearned(health: Health, entries: readonly Entry[], isBusy: boolean, now: number): Health {
  const tools = entries
    .flatMap(({ parts }) => parts)
    .flatMap((part) =>
      part.type === "tool" && part.state.status === "running"
        ? [{ call: part.callID, tool: part.tool, activeAt: now }]
        : [],
    )
  return { ...health, tools, isBusy, activeAt: Math.max(health.activeAt, now) }
}

/** Excludes the time up to now, because a person or a pause took it. */
export function excused(health: Health, now: number): Health {
  const tools = health.tools.map((open) => ({ ...open, activeAt: now }))
  return { ...health, tools, activeAt: Math.max(health.activeAt, now) }
}

/**
 * Returns why the worker has run out of time: a tool that hangs, or silence outside every tool
 * (contract C23).
 */
export function overdue(health: Health, patience: Patience, now: number): Failure | undefined {
  const { at, tool } = deadlineOf(health, patience)
  if (now < at) return undefined
  if (tool === undefined) return { reason: "idle", detail: `no sign of life for ${patience.idleTimeoutMs / 1_000} s` }
  return {
    reason: "timeout",
    detail: `\`${tool}\` has given no sign of life for ${patience.toolTimeoutMs / 1_000} s`,
  }
}

/** Returns when `overdue` will report a failure unless more is heard, and the tool it will name. */
export function deadlineOf(
  { tools, activeAt }: Health,
  { idleTimeoutMs, toolTimeoutMs }: Patience,
): { readonly at: number; readonly tool?: string } {
  if (tools.length === 0) return { at: activeAt + idleTimeoutMs }
  return tools
    .filter(({ tool }) => !BOUNDED_TOOLS.has(tool))
    .map((open) => ({ at: open.activeAt + toolTimeoutMs, tool: open.tool }))
    .reduce<{ at: number; tool?: string }>((first, one) => (one.at < first.at ? one : first), {
      at: Number.POSITIVE_INFINITY,
    })
}

/** Returns what the worker does, as far as its events tell. */
export function doing({ tools, retryUntil, hasBegun }: Health): Pick<Activity, "phase" | "tool"> {
  if (retryUntil !== undefined) return { phase: "retrying", tool: null }
  const tool = tools.at(-1)?.tool
  if (tool !== undefined) return { phase: "tool", tool }
  return { phase: hasBegun ? "working" : "starting", tool: null }
}
