import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { RunEvent } from "../../src/core/model/events.ts"
import type { Store } from "../../src/core/ports/ports.ts"
import { createdEvent, startedEvent } from "../support/runs.ts"

/** Requirements of every store. Each call of `open` returns a new, empty one. */
export function storeContract(open: () => Store): void {
  let store: Store
  beforeEach(() => {
    store = open()
  })
  afterEach(() => store.close())

  it("returns the events of a run in order and unchanged", () => {
    const events: RunEvent[] = [createdEvent("r1"), startedEvent("a"), startedEvent("b")]
    store.append("r1", events.slice(0, 2))
    store.append("r1", events.slice(2))
    expect(store.read("r1")).toEqual(events)
  })

  it("returns only the events after those that a reader has, and says how many there are", () => {
    expect(store.extent("r1")).toBeUndefined()
    store.append("r1", [createdEvent("r1", { at: 5 }), startedEvent("a"), startedEvent("b")])
    expect(store.extent("r1")).toEqual({ createdAt: 5, events: 3 })
    expect(store.read("r1", 1)).toEqual([startedEvent("a"), startedEvent("b")])
    expect(store.read("r1", 3)).toEqual([])
    store.remove("r1")
    expect(store.extent("r1")).toBeUndefined()
  })

  it("returns the events of all runs in the order in which they were written, without a gap", () => {
    store.append("r1", [createdEvent("r1")])
    store.append("r2", [createdEvent("r2"), startedEvent("a")])
    store.append("r1", [startedEvent("a")])
    const all = store.readAll(0, 100)
    expect(all.map(({ run, event }) => `${run} ${event?.type}`)).toEqual([
      "r1 run.created",
      "r2 run.created",
      "r2 step.started",
      "r1 step.started",
    ])
    const positions = all.map(({ position }) => position)
    expect(positions).toEqual(positions.map((_, at) => (positions[0] as number) + at))
    const paged: typeof all = []
    for (let page = store.readAll(0, 1); page.length > 0; page = store.readAll(paged.at(-1)?.position ?? 0, 1))
      paged.push(...page)
    expect(paged).toEqual(all)
  })

  it("gives no position twice, also after the last run was removed", () => {
    store.append("r1", [createdEvent("r1")])
    store.append("r2", [createdEvent("r2")])
    const last = store.readAll(0, 100).at(-1)?.position as number
    store.remove("r2")
    expect(store.readAll(last, 100)).toEqual([])
    store.append("r3", [createdEvent("r3")])
    expect(store.readAll(last, 100).map(({ run, position }) => [run, position])).toEqual([["r3", last + 1]])
  })

  it("lists the runs whose last event does not end them, newest first", () => {
    const ended = { type: "run.ended", at: 9, status: "failed" } as const
    for (const [at, run] of ["r1", "r2", "r3", "r4", "r5", "r6"].entries())
      store.append(run, [createdEvent(run, { at })])
    store.append("r2", [ended])
    store.append("r3", [ended, { type: "run.changed", at: 9, files: [] }])
    store.append("r4", [ended, { type: "run.resumed", at: 9, by: "p" }])
    const unseen = { type: "run.unseen", at: 9, why: "too many files" } as const
    store.append("r5", [ended, unseen])
    store.append("r6", [unseen])
    expect(store.unended()).toEqual([
      { id: "r6", workflow: "w", createdAt: 5 },
      { id: "r4", workflow: "w", createdAt: 3 },
      { id: "r1", workflow: "w", createdAt: 0 },
    ])
  })

  it("keeps runs separate and lists the newest first", () => {
    store.append("r1", [createdEvent("r1", { at: 1 })])
    store.append("r2", [createdEvent("r2", { at: 2 })])
    store.append("r1", [startedEvent("a")])
    expect(store.read("r2")).toHaveLength(1)
    expect(store.list()).toEqual([
      { id: "r2", workflow: "w", createdAt: 2 },
      { id: "r1", workflow: "w", createdAt: 1 },
    ])
  })

  it("has no events of an unknown run, and refuses to append to it", () => {
    expect(store.read("nope")).toEqual([])
    expect(() => store.append("nope", [startedEvent("a")])).toThrow("no run nope")
    expect(store.list()).toEqual([])
  })

  it("refuses a second creation of the same run and keeps the first", () => {
    store.append("r1", [createdEvent("r1")])
    expect(() => store.append("r1", [createdEvent("r1"), startedEvent("a")])).toThrow()
    expect(store.read("r1")).toHaveLength(1)
  })

  it("removes one run with all its events, and no other", () => {
    for (const run of ["r1", "r2"]) store.append(run, [createdEvent(run), startedEvent("a")])
    store.remove("r1")
    expect(store.read("r1")).toEqual([])
    expect(store.list().map((run) => run.id)).toEqual(["r2"])
    expect(store.read("r2")).toHaveLength(2)
    store.append("r1", [createdEvent("r1")])
    expect(store.read("r1")).toHaveLength(1)
  })

  it("lists the runs that workers started, with the parent session", () => {
    store.append("r1", [createdEvent("r1", { parent: "ses_main" })])
    store.append("r2", [createdEvent("r2", { at: 7, parent: "ses_worker", depth: 1 })])
    expect(store.delegated()).toEqual([{ id: "r2", parent: "ses_worker", createdAt: 7 }])
  })

  it("remembers kept workers by name until they are forgotten", () => {
    const docs = { name: "docs", profile: "docs", kind: "agent", session: "ses_1", parent: null, createdAt: 2 } as const
    const coder = { ...docs, name: "coder", session: "ses_2", parent: "ses_0", createdAt: 1 }
    store.keep(docs)
    store.keep(coder)
    expect(store.kept()).toEqual([coder, docs])
    store.keep({ ...docs, session: "ses_3" })
    store.unkeep("coder")
    expect(store.kept()).toEqual([{ ...docs, session: "ses_3" }])
  })

  describe("the command queue", () => {
    const pause = { run: "r1", key: "k1", command: { type: "pause", by: "p" } } as const
    const raise = { run: "r2", key: "k1", command: { type: "raise", budget: { usd: 2 }, by: "p" } } as const
    const abort = { run: "r1", key: "k2", command: { type: "abort", by: "p" } } as const
    beforeEach(() => {
      for (const run of ["r1", "r2"]) store.append(run, [createdEvent(run)])
    })

    it("returns queued commands in order until they are done or refused", () => {
      for (const entry of [pause, raise, abort]) store.post(entry)
      expect(store.queued()).toEqual([pause, raise, abort])
      expect(store.outcomeOf("r1", "k1")).toBeUndefined()
      store.append("r1", [startedEvent("a")], "k1")
      expect(store.queued()).toEqual([raise, abort])
      expect(store.outcomeOf("r1", "k1")).toEqual({})
      store.refuse("r1", "k2", "not now")
      store.append("r2", [], "k1")
      expect(store.queued()).toEqual([])
      expect(store.outcomeOf("r1", "k2")).toEqual({ refused: "not now" })
      expect(store.outcomeOf("r2", "k1")).toEqual({})
      expect(store.read("r1")).toHaveLength(2)
      expect(store.read("r2")).toHaveLength(1)
    })

    it("ignores a key that it knows, and keeps the outcome of an ended command", () => {
      store.post(pause)
      store.post({ ...pause, command: abort.command })
      expect(store.queued()).toEqual([pause])
      store.append("r1", [startedEvent("a")], "k1")
      store.refuse("r1", "k1", "too late")
      store.post(pause)
      expect(store.queued()).toEqual([])
      expect(store.outcomeOf("r1", "k1")).toEqual({})
    })

    it("withdraws a command only while it waits", () => {
      store.post(pause)
      store.post(abort)
      expect(store.withdraw("r1", "k1")).toEqual(pause.command)
      expect(store.withdraw("r1", "k1")).toBeUndefined()
      store.append("r1", [startedEvent("a")], "k2")
      expect(store.withdraw("r1", "k2")).toBeUndefined()
      expect(store.outcomeOf("r1", "k2")).toEqual({})
      expect(store.queued()).toEqual([])
    })

    it("drops the commands of a removed run", () => {
      for (const entry of [pause, raise]) store.post(entry)
      store.remove("r1")
      expect(store.queued()).toEqual([raise])
      expect(store.outcomeOf("r1", "k1")).toBeUndefined()
    })
  })

  describe("claims", () => {
    it("allow one owner of a run at a time, and the next one after a release", () => {
      const claim = store.claim("r1")
      expect(claim).toBeDefined()
      expect(store.isClaimed("r1")).toBe(true)
      expect(store.claim("r1")).toBeUndefined()
      claim?.release()
      expect(store.isClaimed("r1")).toBe(false)
      expect(store.claim("r1")).toBeDefined()
    })

    it("are independent for each run", () => {
      expect(store.claim("r1")).toBeDefined()
      expect(store.isClaimed("r2")).toBe(false)
      expect(store.claim("r2")).toBeDefined()
    })
  })
}
