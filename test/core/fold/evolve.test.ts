import { describe, expect, it } from "vitest"
import { evolve } from "../../../src/core/fold/evolve.ts"
import type { RunEvent } from "../../../src/core/model/events.ts"
import { drive } from "../../support/drive.ts"
import { result, step } from "../../support/runs.ts"

describe("a worker whose session has grown too large", () => {
  const took = { tokens: { input: 7, output: 3 }, cost: 0.5 }
  const far = (r: ReturnType<typeof drive>, text: string) =>
    r.send({ type: "checkpointed", step: "a", attempt: 1, text, took })

  it("continues in a new session with the progress it wrote down, and nothing else of the old one", () => {
    const r = drive([step("a")])
    r.open("a")
    r.send({ type: "steered", step: "a", attempt: 1, by: "ann", action: "message", id: "m1", text: "use bun" })
    expect(r.step("a").messages).toMatchObject([{ id: "m1", text: "use bun" }])
    far(r, "half done")
    expect(r.step("a")).toMatchObject({ status: "running", checkpoint: { count: 1, text: "half done" } })
    for (const key of ["session", "prompt", "inputHash", "messages"]) expect(r.step("a")).not.toHaveProperty(key)
    r.open("a")
    far(r, "nearly done")
    expect(r.step("a").checkpoint).toEqual({ count: 2, text: "nearly done" })
  })

  it("keeps the usage of its old session", () => {
    const r = drive([step("a")])
    r.open("a")
    far(r, "half done")
    expect(r.run.spent).toMatchObject(took)
    r.end("a")
    expect(r.run.spent).toMatchObject({ tokens: { input: 17, output: 8 }, cost: 0.75 })
  })
})

it("counts the usage of delegated runs once when an answered step ends before it is judged", () => {
  const delegated = { tokens: { input: 7, output: 2 }, cost: 0.5 }
  const r = drive([{ ...step("a"), checks: [{ type: "command", run: "true", expect: "pass", severity: "error" }] }])
  r.send({ type: "ended", step: "a", attempt: 1, result: result(), delegated })
  const counted = r.run.delegated
  expect(counted).toMatchObject({ cost: 0.5 })
  r.send({ type: "ended", step: "a", attempt: 1, result: result({ reason: "aborted" }), delegated })
  expect(r.statuses()).toEqual({ a: "cancelled" })
  expect(r.run.delegated).toEqual(counted)
})

it("only steering with a message is recorded as a message to the worker", () => {
  const r = drive([step("a")])
  r.open("a")
  r.send({ type: "steered", step: "a", attempt: 1, by: "ann", action: "interrupt" })
  expect(r.step("a").messages).toBeUndefined()
})

describe("the state of the project's files", () => {
  const seen = { type: "seen", commit: "c1", dirty: {} } as const
  const types = (events: readonly RunEvent[]) => events.map(({ type }) => type)

  it("is recorded once, before the first worker", () => {
    const r = drive([step("a")])
    expect(types(r.send(seen).events)).toEqual(["run.seen"])
    expect(r.run.seen).toEqual({ commit: "c1", dirty: {} })
    expect(r.send(seen)).toMatchObject({ events: [], refused: "it was seen before" })
  })

  it("is compared once the run has ended", () => {
    const r = drive([step("a")])
    expect(r.send({ type: "changed", files: ["a.ts"] })).toMatchObject({ events: [], refused: "it has not ended yet" })
    r.end("a")
    expect(types(r.send({ type: "changed", files: ["a.ts"] }).events)).toEqual(["run.changed"])
  })
})

it.each(["run.of-a-later-version", "toString"])("the unknown event %s is an error that names the run", (type) => {
  const { run } = drive([step("a")])
  const event = { type, at: 1 } as unknown as RunEvent
  expect(() => evolve(run, event)).toThrow(`run ${run.id} has the event \`${type}\`, which this version does not know`)
})

it("why git could not be asked is recorded, and changes nothing else of the run", () => {
  const r = drive([step("a")])
  const before = r.run
  expect(r.send({ type: "unseen", why: "too many files" }).events).toMatchObject([{ type: "run.unseen" }])
  expect(r.run).toEqual(before)
})

it("a run of a later format is not read, and one of this format is", () => {
  const r = drive([step("a")])
  const run = r.run
  expect(evolve(run, { type: "run.format", at: 1, format: 1 })).toBe(run)
  expect(() => evolve(run, { type: "run.format", at: 1, format: 99 })).toThrow(
    "was written by a newer version of Baton (format 99, this one reads up to",
  )
})
