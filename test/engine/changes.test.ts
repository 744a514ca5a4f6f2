import { expect, it } from "vitest"
import type { Seen, Unseen } from "../../src/core/model/events.ts"
import type { Surveyor } from "../../src/core/ports/surveyor.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, step, workflow } from "../support/runs.ts"

const SEEN: Seen = { commit: "c0ffee", dirty: { "mine.txt": "1" } }

/** A surveyor that answers when the test tells it to. */
function setUp() {
  const looks: PromiseWithResolvers<Seen | Unseen | undefined>[] = []
  const asked: { seen: Seen; answer: PromiseWithResolvers<readonly string[] | Unseen> }[] = []
  const surveyor: Surveyor = {
    look() {
      const look = Promise.withResolvers<Seen | Unseen | undefined>()
      looks.push(look)
      return look.promise
    },
    changedSince(seen) {
      const answer = Promise.withResolvers<readonly string[] | Unseen>()
      asked.push({ seen, answer })
      return answer.promise
    },
  }
  const driven = handDriven({ surveyor })
  const start = (over = {}) => {
    const { type, at, ...created } = createdEvent("r", { workflow: workflow([step("a")]), ...over })
    return driven.engine.start(created)
  }
  const types = () => driven.store.read("r").map((event) => event.type)
  return { ...driven, looks, asked, start, types }
}

it("the project is surveyed before the first worker exists, and again when the run has ended", async () => {
  const { start, looks, asked, backend, engine, types, store } = setUp()
  start()
  await Promise.resolve()
  expect(backend.jobs).toEqual([])
  looks[0]?.resolve(SEEN)
  const job = await backend.job("a")
  job.finish({ output: "done" })
  await expect.poll(() => asked.length).toBe(1)
  expect(asked[0]?.seen).toEqual(SEEN)
  expect(engine.view("r")?.status).toBe("success")
  asked[0]?.answer.resolve(["src/a.ts"])
  await engine.finished("r")
  expect(types()).toEqual([
    "run.created",
    "run.format",
    "step.started",
    "run.seen",
    "step.opened",
    "step.ended",
    "run.ended",
    "run.changed",
  ])
  expect(store.read("r").at(-1)).toMatchObject({ files: ["src/a.ts"] })
  expect(store.isClaimed("r")).toBe(false)
})

it("a run records no changes, and waits for no survey, where git reports nothing", async () => {
  const { start, looks, asked, backend, engine, types } = setUp()
  start()
  looks[0]?.resolve(undefined)
  ;(await backend.job("a")).finish()
  await engine.finished("r")
  expect(asked).toEqual([])
  expect(types()).toEqual(["run.created", "run.format", "step.started", "step.opened", "step.ended", "run.ended"])
})

it("a run records why its changes are not known, at its beginning or at its end", async () => {
  const first = setUp()
  first.start()
  first.looks[0]?.resolve({ why: "there are too many" })
  ;(await first.backend.job("a")).finish()
  await first.engine.finished("r")
  expect(first.asked).toEqual([])
  expect(first.store.read("r")).toContainEqual({ type: "run.unseen", at: 0, why: "there are too many" })
  const last = setUp()
  last.start()
  last.looks[0]?.resolve(SEEN)
  ;(await last.backend.job("a")).finish()
  await expect.poll(() => last.asked.length).toBe(1)
  last.asked[0]?.answer.resolve({ why: "git failed" })
  await last.engine.finished("r")
  expect(last.types().slice(-2)).toEqual(["run.ended", "run.unseen"])
  expect(last.store.isClaimed("r")).toBe(false)
})

it("a resumed run that ends again is surveyed again, against the same beginning", async () => {
  const { start, looks, asked, backend, engine, types } = setUp()
  start()
  looks[0]?.resolve(SEEN)
  ;(await backend.job("a")).finish({ reason: "error" })
  await expect.poll(() => asked.length).toBe(1)
  asked[0]?.answer.resolve([])
  await engine.finished("r")
  engine.resume("r", "test")
  ;(await backend.job("a", 1)).finish({ output: "now" })
  await expect.poll(() => asked.length).toBe(2)
  asked[1]?.answer.resolve(["b"])
  await engine.finished("r")
  expect(looks).toHaveLength(1)
  expect(asked[1]?.seen).toEqual(SEEN)
  expect(types().filter((type) => type === "run.changed")).toHaveLength(2)
})

it("a question to one worker is not surveyed", async () => {
  const { start, looks, backend, engine } = setUp()
  start({ ask: "docs" })
  ;(await backend.job("a")).finish({ output: "yes" })
  await engine.finished("r")
  expect(looks).toEqual([])
})
