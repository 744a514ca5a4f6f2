import { describe, expect, it } from "vitest"
import type { Render, Store, WorkerBackend } from "../../src/core/ports/ports.ts"
import { createMemoryStore } from "../../src/store/memory/store.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, result, step, workflow } from "../support/runs.ts"

/** Evaluates only `${step.output}`, which is enough to see what the engine hands over. */
const render: Render = (template, scope) => {
  const missing = [...template.matchAll(/\$\{(\w+)\.output\}/g)].find((match) => !scope.steps.has(match[1] as string))
  if (missing) return { ok: false, problems: [{ file: "w", line: 1, column: 1, message: `unknown ${missing[0]}` }] }
  return { ok: true, value: template.replace(/\$\{(\w+)\.output\}/g, (_, id) => scope.steps.get(id)?.output ?? "") }
}

function setUp(store: Store = createMemoryStore()) {
  const driven = handDriven({ store, render })
  const start = (...steps: Parameters<typeof workflow>) => {
    const { type, at, ...created } = createdEvent("r", { workflow: workflow(...steps) })
    return driven.engine.start(created)
  }
  return { ...driven, start }
}

/** Makes every worker one that never ends, even when it is stopped; resolves when the first has
 *  started. */
function deafWorker(backend: WorkerBackend): Promise<void> {
  const begun = Promise.withResolvers<void>()
  backend.run = () => {
    begun.resolve()
    return new Promise(() => undefined)
  }
  return begun.promise
}

describe("a run", () => {
  it("proceeds step by step, hands outputs on, and ends", async () => {
    const { engine, backend, start, store } = setUp()
    start([step("a"), { ...step("b", "a"), prompt: "with ${a.output}" }])
    const a = await backend.job("a")
    expect(a.task).toMatchObject({ key: "r/a/1", prompt: "do a", resumed: false })
    a.finish({ output: "A!" })
    const b = await backend.job("b")
    expect(b.task.prompt).toBe("with A!")
    b.finish({ output: "B!", cost: 0.5, tokens: { input: 3, output: 4 } })
    const { view } = await engine.finished("r")
    expect(view).toMatchObject({ status: "success", tokens: { input: 3, output: 4 }, cost: null })
    expect(view?.steps.map((s) => [s.id, s.status, s.output, s.session])).toEqual([
      ["a", "success", "A!", "ses_r/a/1"],
      ["b", "success", "B!", "ses_r/b/1"],
    ])
    expect(store.read("r").map((event) => event.type)).toEqual([
      "run.created",
      "run.format",
      "step.started",
      "step.opened",
      "step.ended",
      "step.started",
      "step.opened",
      "step.ended",
      "run.ended",
    ])
    expect(store.isClaimed("r")).toBe(false)
  })

  it("fails a step whose prompt cannot be evaluated, without starting a worker", async () => {
    const { engine, backend, start } = setUp()
    start([{ ...step("a"), prompt: "${nobody.output}" }])
    const { view } = await engine.finished("r")
    expect(view?.steps[0]).toMatchObject({ status: "failed", reason: "error" })
    expect(view?.steps[0]?.detail).toContain("unknown ${nobody.output}")
    expect(backend.jobs).toHaveLength(0)
  })

  it("is refused when another run has its id, and commands for an unknown run are refused", () => {
    const { engine, start } = setUp()
    start([step("a")])
    expect(start([step("a")])).toEqual({ ok: false, why: "there is already a run r" })
    expect(engine.resume("nope", "t")).toEqual({ ok: false, why: "there is no run nope" })
  })

  it("is found by its id, by an unambiguous prefix of it, and as the newest", () => {
    const { engine } = setUp()
    const { type, at, ...created } = createdEvent("r", { workflow: workflow([step("a")]) })
    for (const run of ["abc", "abd", "ab"]) engine.start({ ...created, run })
    expect(engine.find("ab")?.id).toBe("ab")
    expect(engine.find("abc")?.id).toBe("abc")
    expect(engine.find("abd")?.id).toBe("abd")
    expect(engine.find("a")).toBeUndefined()
    expect(engine.find("x")).toBeUndefined()
    expect(engine.find(undefined)?.id).toBe("ab")
    expect(setUp().engine.find(undefined)).toBeUndefined()
  })

  it("is not touched by a second engine while the first drives it", () => {
    const first = setUp()
    first.start([step("a")])
    const second = setUp(first.store)
    expect(second.engine.resume("r", "t")).toMatchObject({ ok: true, handed: [expect.any(String)] })
    expect(second.backend.jobs).toEqual([])
    expect(second.engine.view("r")?.status).toBe("running")
  })
})

describe("deadlines", () => {
  it("the run's deadline stops its workers and fails the run", async () => {
    const { engine, backend, clock, start } = setUp()
    start([step("a"), step("b", "a")], { timeoutMs: 1_000 })
    const a = await backend.job("a")
    clock.advance(1_000)
    const { view } = await engine.finished("r")
    expect(a.isStopped).toBe(true)
    expect(view).toMatchObject({ status: "failed", cause: "deadline" })
    expect(view?.steps.map((s) => s.status)).toEqual(["cancelled", "cancelled"])
    expect(clock.pending()).toBe(0)
  })

  it("a worker that never answers is given up as lost after its own deadline", async () => {
    const { engine, backend, clock, start } = setUp()
    const begun = deafWorker(backend)
    start([{ ...step("a"), timeoutMs: 10_000 }])
    await begun
    clock.advance(14_999)
    expect(engine.view("r")?.status).toBe("running")
    clock.advance(1)
    const { view } = await engine.finished("r")
    expect(view?.steps[0]).toMatchObject({ status: "failed", reason: "worker-lost" })
  })

  it("a worker that does not stop when it is aborted is given up after the grace", async () => {
    const { engine, backend, clock, start } = setUp()
    const begun = deafWorker(backend)
    start([step("a")])
    await begun
    engine.abort("r", "user")
    clock.advance(6_000)
    const { view } = await engine.finished("r")
    expect(view).toMatchObject({ status: "cancelled" })
  })
})

describe("a backend that breaks its contract and throws", () => {
  it("fails its step, is logged, and the run ends", async () => {
    const { engine, backend, errors, start } = setUp()
    backend.run = () => Promise.reject(new Error("boom"))
    start([step("a")])
    const { view } = await engine.finished("r")
    expect(view?.steps[0]).toMatchObject({ status: "failed", reason: "error", detail: "Error: boom" })
    expect(errors).toEqual(["a worker backend broke its contract and threw"])
  })
})

describe("after a crash", () => {
  /** The store as a SIGKILL leaves it after the `n`-th event: the journal so far, and no claim. */
  async function journalOfThreeSteps() {
    const { engine, backend, start, store } = setUp()
    start([step("a"), step("b", "a"), step("c", "b")])
    for (const id of ["a", "b", "c"]) (await backend.job(id)).finish({ output: id.toUpperCase() })
    await engine.finished("r")
    return store.read("r")
  }

  it("at every point of the journal, a resumed run repeats no finished step, loses nothing and ends the same", async () => {
    const events = await journalOfThreeSteps()
    expect(events).toHaveLength(12)
    for (let cut = 1; cut < events.length; cut++) {
      const store = createMemoryStore()
      store.append("r", events.slice(0, cut))
      const { engine, backend } = setUp(store)
      expect(engine.view("r")?.status).toBe("interrupted")
      expect(engine.resume("r", "user").ok).toBe(true)
      const done = events.slice(0, cut).flatMap((event) => (event.type === "step.ended" ? [event.step] : []))
      for (const id of ["a", "b", "c"].filter((step) => !done.includes(step))) {
        const job = await backend.job(id)
        const opened = events.slice(0, cut).find((event) => event.type === "step.opened" && event.step === id)
        expect(job.task.session).toBe(opened ? `ses_r/${id}/1` : undefined)
        expect(job.task.resumed).toBe(events.slice(0, cut).some((e) => e.type === "step.started" && e.step === id))
        job.finish({ output: id.toUpperCase() })
      }
      const { view } = await engine.finished("r")
      expect(view?.status).toBe("success")
      expect(view?.steps.map((s) => s.output)).toEqual(["A", "B", "C"])
      expect(backend.jobs.map((job) => job.task.step)).toEqual(["a", "b", "c"].filter((id) => !done.includes(id)))
    }
  })

  it("a new engine drives no run until somebody asks it to", async () => {
    const events = await journalOfThreeSteps()
    const store = createMemoryStore()
    store.append("r", events.slice(0, 4))
    const { engine, backend } = setUp(store)
    expect(engine.live()).toEqual([])
    expect(engine.list().map((run) => run.id)).toEqual(["r"])
    expect(backend.jobs).toHaveLength(0)
  })

  it("aborting the leftover run stops the session that may still be working", async () => {
    const events = await journalOfThreeSteps()
    const store = createMemoryStore()
    store.append("r", events.slice(0, 4))
    const { engine, backend } = setUp(store)
    engine.abort("r", "user")
    const { view } = await engine.finished("r")
    expect(backend.stopped).toEqual(["ses_r/a/1"])
    expect(view).toMatchObject({ status: "cancelled" })
  })
})

describe("a run that was being aborted when its process was killed", () => {
  it.each(["abort", "resume"] as const)(
    "is over after its %s, with its session stopped and its usage unknown",
    async (word) => {
      const { engine, backend, start, store } = setUp()
      start([step("a")])
      await backend.job("a")
      engine.abort("r", "user")
      const events = store.read("r")
      expect(events.at(-1)?.type).toBe("run.stopping")
      const journal = createMemoryStore()
      journal.append("r", events)
      const next = setUp(journal)
      expect(next.engine[word]("r", "user").ok).toBe(true)
      const { view } = await next.engine.finished("r")
      expect(next.backend.stopped).toEqual(["ses_r/a/1"])
      expect(view).toMatchObject({ status: "cancelled", cost: null })
    },
  )
})

describe("interrupting and resuming in one process", () => {
  it("stops the workers, keeps finished steps, and continues where the run was", async () => {
    const { engine, backend, start } = setUp()
    start([step("a"), step("b"), step("c", "a", "b")])
    ;(await backend.job("a")).finish({ output: "A" })
    const b = await backend.job("b")
    await engine.interrupt("ctrl-c")
    expect(b.isStopped).toBe(true)
    expect(engine.view("r")?.status).toBe("interrupted")
    expect(engine.resume("r", "user").ok).toBe(true)
    const again = await backend.job("b", 1)
    expect(again.task).toMatchObject({ resumed: true, attempt: 1, session: "ses_r/b/1" })
    again.finish()
    ;(await backend.job("c")).finish()
    expect((await engine.finished("r")).view?.status).toBe("success")
    expect(backend.jobs.map((job) => job.task.step)).toEqual(["a", "b", "b", "c"])
  })
})

describe("a journal that cannot be written", () => {
  it("stops the run instead of continuing without a record, and says so", async () => {
    const store = createMemoryStore()
    let isFull = false
    const { engine, backend, errors, start } = setUp({
      ...store,
      append(run, events) {
        if (isFull) throw new Error("disk full")
        store.append(run, events)
      },
    })
    start([step("a"), step("b", "a")])
    const a = await backend.job("a")
    isFull = true
    a.finish(result())
    const { view, broken } = await engine.finished("r")
    expect(broken).toContain("disk full")
    expect(view?.status).toBe("interrupted")
    expect(errors).toHaveLength(1)
    isFull = false
    expect(engine.resume("r", "user").ok).toBe(true)
    // The worker's answer is in its session, so it is not prompted again.
    ;(await backend.job("b")).finish()
    expect((await engine.finished("r")).view?.status).toBe("success")
    expect(backend.jobs.map((job) => job.task.step)).toEqual(["a", "b"])
  })
})
