import type { Reason, Tokens } from "../../core/model/result.ts"
import type { Activity } from "../../core/ports/ports.ts"
import type { Entry } from "../../host/entries.ts"
import type { HostEvent } from "../../host/host.ts"
import { Tail } from "./tail.ts"
import { tokensOf } from "./verdict.ts"

export interface Patience {
  readonly idleTimeoutMs: number
  readonly toolTimeoutMs: number
}

interface OpenTool {
  readonly tool: string
  activeAt: number
}

/** Tools that wait for a worker of Baton, which has deadlines of its own. */
const BOUNDED_TOOLS = new Set(["worker_ask", "workflow_run"])

/**
 * How a worker is, from its session's events alone: what it does, when it last gave a sign of life, what it took so far.
 * Holds no timer and reads no clock.
 */
export class Health {
  readonly #tools = new Map<string, OpenTool>()
  readonly #answers = new Map<string, Extract<Entry["info"], { role: "assistant" }>>()
  readonly #tail = new Tail()
  #activeAt: number
  #retryUntil: number | undefined
  #isBusy = false
  #hasBegun = false

  constructor(now: number) {
    this.#activeAt = now
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Takes in an event of the worker's session. */
  hear(event: HostEvent, now: number): void {
    this.#activeAt = Math.max(this.#activeAt, now)
    this.#tail.hear(event)
    switch (event.type) {
      case "session.status": {
        const { status } = event.properties
        this.#isBusy = status.type !== "idle"
        this.#retryUntil = status.type === "retry" ? status.next : undefined
        // OpenCode's own wait is no silence.
        if (status.type === "retry") this.#activeAt = Math.max(this.#activeAt, status.next)
        break
      }
      case "session.idle":
        this.#isBusy = false
        this.#retryUntil = undefined
        this.#tools.clear()
        break
      case "message.updated":
        if (event.properties.info.role !== "assistant") break
        this.#hasBegun = true
        this.#answers.set(event.properties.info.id, event.properties.info)
        break
      case "message.part.updated": {
        const { part } = event.properties
        if (part.type === "tool") this.#hearTool(part.callID, part.tool, part.state.status, now)
        break
      }
    }
  }

  #hearTool(call: string, tool: string, status: string, now: number): void {
    // `pending` is the model still writing what the tool is to do: its silence is the model's.
    if (status === "running") this.#tools.set(call, { tool, activeAt: now })
    else this.#tools.delete(call)
  }

  /** Begins anew with what the session's messages say, after events that were not heard. */
  relearn(entries: readonly Entry[], isBusy: boolean, now: number): void {
    this.#tools.clear()
    this.#isBusy = isBusy
    this.excuse(now)
    for (const { parts } of entries) {
      for (const part of parts) if (part.type === "tool") this.#hearTool(part.callID, part.tool, part.state.status, now)
    }
  }

  /** Something else than the worker took the time up to now: a person, or a pause. */
  excuse(now: number): void {
    this.#activeAt = Math.max(this.#activeAt, now)
    for (const open of this.#tools.values()) open.activeAt = now
  }

  /** Why its patience is over: a tool that hangs, or silence outside every tool. */
  verdict(now: number, patience: Patience): { reason: Reason; detail: string } | undefined {
    const deadline = this.#deadline(patience)
    if (now < deadline.at) return undefined
    if (deadline.tool !== undefined)
      return {
        reason: "timeout",
        detail: `\`${deadline.tool}\` has given no sign of life for ${patience.toolTimeoutMs / 1_000} s`,
      }
    return { reason: "idle", detail: `no sign of life for ${patience.idleTimeoutMs / 1_000} s` }
  }

  /** When `verdict` will have something to say, if nothing more is heard. */
  deadline(patience: Patience): number {
    return this.#deadline(patience).at
  }

  #deadline({ idleTimeoutMs, toolTimeoutMs }: Patience): { at: number; tool?: string } {
    if (this.#tools.size === 0) return { at: this.#activeAt + idleTimeoutMs }
    let first: { at: number; tool?: string } = { at: Number.POSITIVE_INFINITY }
    for (const { tool, activeAt } of this.#tools.values()) {
      const at = activeAt + toolTimeoutMs
      if (!BOUNDED_TOOLS.has(tool) && at < first.at) first = { at, tool }
    }
    return first
  }

  /** What it does and has taken so far. `isPriced`: whether what its model costs is known. */
  activity(isPriced: boolean): Activity {
    const answers = [...this.#answers.values()]
    const tokens: Tokens = tokensOf(answers.map((info) => ({ info })))
    return {
      ...this.#doing(),
      lastActivityAt: this.#activeAt,
      tokens,
      cost: isPriced ? answers.reduce((sum, { cost }) => sum + cost, 0) : null,
      tail: this.#tail.toString(),
    }
  }

  #doing(): Pick<Activity, "phase" | "tool"> {
    const tool = [...this.#tools.values()].at(-1)?.tool ?? null
    if (this.#retryUntil !== undefined) return { phase: "retrying", tool: null }
    if (tool !== null) return { phase: "tool", tool }
    return { phase: this.#hasBegun ? "working" : "starting", tool: null }
  }
}
