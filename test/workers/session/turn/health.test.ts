import { expect, it } from "vitest"
import type { Entry } from "../../../../src/host/entries.ts"
import {
  afterHeard,
  doing,
  excused,
  type Health,
  newHealth,
  overdue,
  relearned,
} from "../../../../src/workers/session/turn/health.ts"
import type { Heard } from "../../../../src/workers/session/turn/heard.ts"

const patience = { idleTimeoutMs: 100, toolTimeoutMs: 1_000 }
const tool = (isRunning: boolean, name = "bash", call = "call"): Heard => ({
  type: "tool",
  call,
  tool: name,
  messageID: "m",
  isRunning,
})
/** A worker of which this was heard, each thing at its time. */
const after = (...events: readonly [Heard, number][]): Health =>
  events.reduce((health, [heard, at]) => afterHeard(health, heard, at), newHealth(0))
const reasonAt = (health: Health, now: number) => overdue(health, patience, now)?.reason

it("silence is counted from the last sign of life", () => {
  expect(reasonAt(newHealth(0), 99)).toBeUndefined()
  const health = after([{ type: "life" }, 99])
  expect(reasonAt(health, 198)).toBeUndefined()
  expect(overdue(health, patience, 199)).toEqual({ reason: "idle", detail: "no sign of life for 0.1 s" })
})

it("a running tool has a limit of its own, and no other counts meanwhile", () => {
  const running = after([tool(true), 10])
  expect(doing(running)).toEqual({ phase: "tool", tool: "bash" })
  expect(reasonAt(running, 1_009)).toBeUndefined()
  expect(overdue(running, patience, 1_010)).toEqual({
    reason: "timeout",
    detail: "`bash` has given no sign of life for 1 s",
  })
  const ended = afterHeard(running, tool(false), 1_010)
  expect(reasonAt(ended, 1_109)).toBeUndefined()
  expect(reasonAt(ended, 1_110)).toBe("idle")
})

it("every update of a running tool gives it its limit again, and the first of several to run out is named", () => {
  const two = after([tool(true, "bash", "one"), 0], [tool(true, "grep", "two"), 500])
  expect(overdue(two, patience, 1_000)?.detail).toContain("`bash`")
  const updated = afterHeard(two, tool(true, "bash", "one"), 900)
  expect(overdue(updated, patience, 1_499)).toBeUndefined()
  expect(overdue(updated, patience, 1_500)?.detail).toContain("`grep`")
  // The last that began is shown, whichever was updated last.
  expect(doing(updated)).toEqual({ phase: "tool", tool: "grep" })
})

it("a model that stalls while it writes a call is silent, whatever tool it is about to use", () => {
  expect(reasonAt(after([tool(false), 0]), 100)).toBe("idle")
})

it("a tool that waits for another worker is left to that worker's deadlines", () => {
  expect(reasonAt(after([tool(true, "worker_ask"), 0]), 1_000_000)).toBeUndefined()
  expect(reasonAt(after([tool(true, "worker_ask"), 0], [tool(true, "bash", "two"), 0]), 1_000)).toBe("timeout")
})

it("OpenCode's own wait for the provider counts as life until it is over", () => {
  const waiting = after([{ type: "retry", message: "slow down", next: 5_000 }, 0])
  expect(doing(waiting).phase).toBe("retrying")
  expect(reasonAt(waiting, 5_099)).toBeUndefined()
  expect(reasonAt(waiting, 5_100)).toBe("idle")
  expect(doing(afterHeard(waiting, { type: "busy" }, 5_000)).phase).toBe("starting")
  expect(doing(afterHeard(waiting, { type: "life" }, 5_000)).phase).toBe("retrying")
})

it("time that a person took is not counted", () => {
  const health = excused(after([tool(true), 0]), 900)
  expect(reasonAt(health, 1_899)).toBeUndefined()
  expect(reasonAt(health, 1_900)).toBe("timeout")
  expect(reasonAt(excused(newHealth(0), 900), 999)).toBeUndefined()
  // The end of a wait that OpenCode announced is not brought forward.
  expect(excused(after([{ type: "retry", message: "", next: 5_000 }, 0]), 900).activeAt).toBe(5_000)
})

it("a session is busy from its status until it is idle, which ends every tool", () => {
  expect(after([{ type: "busy" }, 0]).isBusy).toBe(true)
  expect(after([{ type: "retry", message: "", next: 1 }, 0]).isBusy).toBe(true)
  expect(after([{ type: "busy" }, 0], [tool(true), 0], [{ type: "paused" }, 0])).toMatchObject({
    isBusy: false,
    tools: [{ tool: "bash" }],
  })
  expect(after([{ type: "busy" }, 0], [tool(true), 0], [{ type: "idle" }, 0])).toMatchObject({
    isBusy: false,
    tools: [],
  })
})

it("a worker is starting until its first answer begins", () => {
  expect(doing(after([{ type: "busy" }, 0])).phase).toBe("starting")
  expect(doing(after([{ type: "answer", isEndless: false }, 0])).phase).toBe("working")
})

it("after missed events only the tools that run in the messages run, from now on", () => {
  const call = (callID: string, status: string) => ({ type: "tool", tool: callID, callID, state: { status } })
  const entries = [{ parts: [call("done", "completed"), call("runs", "running"), call("due", "pending")] }]
  const health = relearned(after([tool(true), 0]), entries as unknown as readonly Entry[], true, 900)
  expect(health).toMatchObject({ isBusy: true, activeAt: 900, tools: [{ call: "runs", activeAt: 900 }] })
  expect(health.tools).toHaveLength(1)
  expect(relearned(health, [], false, 900)).toMatchObject({ isBusy: false, tools: [] })
})
