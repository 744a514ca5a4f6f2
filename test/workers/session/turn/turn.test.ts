import { expect, it } from "vitest"
import { promptMessage } from "../../../../src/workers/session/outbox.ts"
import type { TurnSetup } from "../../../../src/workers/session/turn/state.ts"
import { Turn } from "../../../../src/workers/session/turn/turn.ts"
import { recordReport } from "../../../support/workers.ts"
import { openTarget } from "../support.ts"
import { SETUP } from "./support.ts"

function openTurn(setup: Partial<TurnSetup> = {}) {
  const opened = openTarget()
  const report = recordReport()
  const controller = new AbortController()
  const turn = new Turn(
    opened.target,
    {
      setup: { ...SETUP, ...setup },
      address: { session: "main", task: "task", agent: "build" },
      own: [promptMessage({ session: "main", task: "task" }, "do it")],
      asks: { policy: "ask", otherwise: "deny" },
      rules: [],
      isPriced: true,
    },
    report,
    controller.signal,
  )
  return { ...opened, turn, report, controller }
}

it("a turn is stopped only once its prompt is sent, so that no prompt is left at work", async () => {
  const { turn, calls, aborted, sent, busy, controller } = openTurn()
  const send = calls["session.promptAsync"]
  const arrived = Promise.withResolvers<void>()
  calls["session.promptAsync"] = async (given: never) => {
    await arrived.promise
    return send?.(given)
  }
  const result = turn.run()
  controller.abort()
  expect(aborted).toEqual([])
  arrived.resolve()
  expect(await result).toMatchObject({ reason: "aborted", detail: "stopped" })
  expect([sent.length, aborted, busy.size]).toEqual([1, ["main"], 0])
})

it("a steer that comes before the prompt is done after it, and each gets its own answer", async () => {
  const { turn, sent, say, controller } = openTurn()
  const result = turn.run()
  const answers = [
    turn.steer({ type: "message", message: { id: "one", text: "and this" } }),
    turn.steer({ type: "resume" }),
    turn.steer({ type: "handback" }),
  ]
  expect(await Promise.all(answers)).toEqual([
    undefined,
    "it is not interrupted, so there is nothing to resume",
    "it works in the background and hands back by itself when it is done",
  ])
  expect(sent.map(({ parts }) => parts[0]?.text)).toEqual(["do it", "and this"])
  say("answer to the second")
  controller.abort()
  await result
  expect(await turn.steer({ type: "interrupt" })).toBe("its task has just ended")
})

it("the worker's silence ends it when its time has come, and nothing of it is left", async () => {
  const { turn, clock, sent } = openTurn({ idleTimeoutMs: 5_000 })
  const reasons: string[] = []
  void turn.run().then(({ reason }) => reasons.push(reason))
  await expect.poll(() => sent.length).toBe(1)
  await expect
    .poll(() => {
      clock.advance(500)
      return reasons
    })
    .toEqual(["idle"])
  expect(clock.now()).toBeGreaterThanOrEqual(5_000)
  expect(clock.pending()).toBe(0)
})

it("a report that throws ends the turn with its error", async () => {
  const { turn, report, emit } = openTurn()
  const result = turn.run()
  report.throttled = () => {
    throw new Error("the engine is gone")
  }
  emit("session.status", { sessionID: "main", status: { type: "retry", attempt: 1, message: "", next: 1_000 } })
  await expect(result).rejects.toThrow("the engine is gone")
})

it("an open permission request keeps a silent worker from being ended", async () => {
  const { turn, report, clock, emit, controller } = openTurn({ idleTimeoutMs: 1_000 })
  const result = turn.run()
  await expect.poll(() => report.activities.length).toBeGreaterThan(0)
  const request = { id: "per_1", sessionID: "main", permission: "bash", patterns: ["ls"], metadata: {}, always: [] }
  emit("permission.asked", request)
  await expect.poll(() => clock.pending()).toBe(1)
  clock.advance(10_000)
  controller.abort()
  expect(await result).toMatchObject({ reason: "aborted" })
  expect(report.asks.size).toBe(0)
})
