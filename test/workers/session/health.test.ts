import { expect, it } from "vitest"
import type { HostEvent } from "../../../src/host/host.ts"
import { Health } from "../../../src/workers/session/health.ts"

const patience = { idleTimeoutMs: 100, toolTimeoutMs: 1_000 }
const tool = (status: string, name = "bash", callID = "call") =>
  ({
    type: "message.part.updated",
    properties: { part: { type: "tool", tool: name, callID, state: { status } } },
  }) as unknown as HostEvent
const status = (value: object) => ({ type: "session.status", properties: { status: value } }) as unknown as HostEvent
const delta = { type: "message.part.delta", properties: {} } as unknown as HostEvent

it("counts silence from the last sign of life", () => {
  const health = new Health(0)
  expect(health.verdict(99, patience)).toBeUndefined()
  health.hear(delta, 99)
  expect(health.verdict(198, patience)).toBeUndefined()
  expect(health.verdict(199, patience)?.reason).toBe("idle")
})

it("gives an open tool call a limit of its own, and no other", () => {
  const health = new Health(0)
  health.hear(tool("running"), 10)
  expect(health.activity(true)).toMatchObject({ phase: "tool", tool: "bash" })
  expect(health.verdict(1_009, patience)).toBeUndefined()
  expect(health.verdict(1_010, patience)).toEqual({
    reason: "timeout",
    detail: "`bash` has given no sign of life for 1 s",
  })
  health.hear(tool("completed"), 1_010)
  expect(health.verdict(1_109, patience)).toBeUndefined()
  expect(health.verdict(1_110, patience)?.reason).toBe("idle")
})

it("does not take a model that stalls while it writes a call for a tool at work", () => {
  const health = new Health(0)
  health.hear(tool("pending"), 0)
  expect(health.verdict(100, patience)?.reason).toBe("idle")
})

it("leaves a tool that waits for another worker to that worker's deadlines", () => {
  const health = new Health(0)
  health.hear(tool("running", "worker_ask"), 0)
  expect(health.verdict(1_000_000, patience)).toBeUndefined()
})

it("takes OpenCode's own wait for life until it is over", () => {
  const health = new Health(0)
  health.hear(status({ type: "retry", attempt: 1, message: "slow down", next: 5_000 }), 0)
  expect(health.activity(true).phase).toBe("retrying")
  expect(health.verdict(5_099, patience)).toBeUndefined()
  expect(health.verdict(5_100, patience)?.reason).toBe("idle")
})

it("does not count what a person took", () => {
  const health = new Health(0)
  health.hear(tool("running"), 0)
  health.excuse(900)
  expect(health.verdict(1_899, patience)).toBeUndefined()
  expect(health.verdict(1_900, patience)?.reason).toBe("timeout")
})

it("adds up what every model step took; an unknown price is null", () => {
  const health = new Health(0)
  const answer = (id: string) =>
    ({
      type: "message.updated",
      properties: {
        info: {
          id,
          role: "assistant",
          time: {},
          cost: 0.5,
          tokens: { input: 10, output: 1, reasoning: 1, cache: { read: 0, write: 0 } },
        },
      },
    }) as unknown as HostEvent
  for (const id of ["one", "two", "two"]) health.hear(answer(id), 1)
  expect(health.activity(true)).toMatchObject({ phase: "working", tokens: { input: 20, output: 4 }, cost: 1 })
  expect(health.activity(false).cost).toBeNull()
})
