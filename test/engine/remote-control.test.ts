import { describe, expect, it } from "vitest"
import type { Claim, Store } from "../../src/core/ports/ports.ts"
import { createMemoryStore } from "../../src/store/memory/store.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, step, workflow } from "../support/runs.ts"

/**
 * Two processes over one journal: `owner` drives the run, and a person gives commands in `other`.
 */
function twoProcesses(...flow: Parameters<typeof workflow>) {
  const journal = createMemoryStore()
  const claims: (Claim | undefined)[] = []
  const store: Store = {
    ...journal,
    claim(run) {
      const claim = journal.claim(run)
      claims.push(claim)
      return claim
    },
  }
  const owner = handDriven({ store })
  const other = handDriven({ store: journal })
  const { type, at, ...created } = createdEvent("r", { workflow: workflow(...flow) })
  expect(owner.engine.start(created).ok).toBe(true)
  return {
    journal,
    owner,
    other,
    events: () => journal.read("r").map((event) => event.type),
    /** The outcome of a command that was given in `other`, once the owner has looked. */
    async settled(outcome: ReturnType<typeof other.engine.pause>) {
      owner.clock.advance(200)
      return await other.engine.settled(outcome)
    },
    /** Acts like a SIGKILL: the process does nothing more, and its claim is released. */
    kill() {
      for (const claim of claims) claim?.release()
    },
  }
}

const TWO = [step("a"), step("b", "a")]
const DONE = { ok: true, run: "r", driver: "elsewhere", isPending: false }

describe("a command for a run that another process drives", () => {
  it("is carried out once by that process, and its sender gets the outcome", async () => {
    const { owner, other, settled, events } = twoProcesses(TWO)
    const a = await owner.backend.job("a")
    expect(await settled(other.engine.pause("r", "p"))).toEqual(DONE)
    expect(owner.engine.view("r")?.hold).toMatchObject({ cause: "person", detail: "paused by p" })
    expect(await settled(other.engine.resume("r", "p"))).toEqual(DONE)
    expect(await settled(other.engine.raise("r", { usd: 3 }, "p"))).toEqual(DONE)
    owner.clock.advance(1_000)
    expect(events().filter((type) => /pausing|resumed|raised/.test(type))).toEqual([
      "run.pausing",
      "run.resumed",
      "budget.raised",
    ])
    a.finish()
    ;(await owner.backend.job("b")).finish()
    expect((await owner.engine.finished("r")).view?.status).toBe("success")
    expect(other.backend.jobs).toEqual([])
    expect(owner.clock.pending()).toBe(0)
  })

  it("decides gates of the run, or ends it with its workers", async () => {
    const gated = [{ ...step("a"), intervene: "always" as const }, step("b", "a"), step("c")]
    const { owner, other, settled, journal } = twoProcesses(gated)
    ;(await owner.backend.job("a")).finish()
    const c = await owner.backend.job("c")
    await until(() => owner.engine.view("r")?.steps[0]?.status === "waiting")
    const said = { step: "a", action: "retry", by: "p", message: "again", parent: "ses_other" } as const
    expect(await settled(other.engine.decide("r", said))).toEqual(DONE)
    const again = await owner.backend.job("a", 1)
    expect(again.task).toMatchObject({ prompt: "again", key: "r/a/2" })
    expect(again.task.parent).toBeUndefined()
    again.finish()
    await until(() => owner.engine.view("r")?.steps[0]?.status === "waiting")
    expect(await settled(other.engine.decide("r", { step: "a", action: "skip", by: "p" }))).toEqual(DONE)
    const b = await owner.backend.job("b")
    expect(await settled(other.engine.abort("r", "p"))).toEqual(DONE)
    expect([b.isStopped, c.isStopped]).toEqual([true, true])
    expect((await owner.engine.finished("r")).view?.status).toBe("cancelled")
    expect(journal.isClaimed("r")).toBe(false)
  })

  it("reaches the workers of the run, and a repeated message only once", async () => {
    const { owner, other, settled } = twoProcesses(TWO)
    const a = await owner.backend.job("a")
    const message = { type: "message", id: "m1", text: "be brief" } as const
    for (const wanted of ["a", "ses_r/a/1"]) {
      expect(other.engine.workerElsewhere(wanted)).toMatchObject({ run: "r", step: "a", attempt: 1 })
      expect(await settled(other.engine.steer(wanted, message, "p"))).toEqual(DONE)
    }
    const said = { session: "ses_r/a/1", steer: { type: "message", message: { id: "m1", text: "be brief", at: 200 } } }
    expect(owner.backend.steered).toEqual([said])
    expect(await settled(other.engine.stopWorker("a"))).toEqual(DONE)
    expect(a.isStopped).toBe(true)
    expect(other.engine.steer("b", message, "p")).toEqual({ ok: false, why: "no worker b has a task" })
  })

  it("is refused with that process's reason", async () => {
    const { owner, other, settled } = twoProcesses(TWO)
    await owner.backend.job("a")
    expect(await settled(other.engine.resume("r", "p"))).toEqual({ ok: false, why: "run r is running already" })
    const nothing = other.engine.decide("r", { step: "b", action: "skip", by: "p" })
    expect(await settled(nothing)).toEqual({ ok: false, why: "b is not waiting for a decision (it is pending)" })
  })

  it("stays queued when that process does not process it within five seconds", async () => {
    const { other, owner, journal } = twoProcesses(TWO)
    await owner.backend.job("a")
    const settling = other.engine.settled(other.engine.pause("r", "p"))
    await passing(other, 5_000)
    expect(await settling).toEqual({ ...DONE, isPending: true })
    owner.clock.advance(200)
    expect(journal.queued()).toEqual([])
    expect(owner.engine.view("r")?.hold?.cause).toBe("person")
  })
})

describe("a request of a worker of another process", () => {
  const permission = { id: "per_1", kind: "permission", title: "bash: npm test", details: ["npm test"] } as const
  const pending = { ...permission, session: "ses_r/a/1", questions: [], askedAt: 7, expiresAt: null }

  it("is listed here, and is answered here, once, by the process that its worker belongs to", async () => {
    const { owner, other, settled, journal } = twoProcesses(TWO)
    const a = await owner.backend.job("a")
    owner.clock.advance(7)
    a.report.requested(pending)
    a.report.asked(pending)
    expect(owner.engine.requests().map(({ id }) => id)).toEqual(["per_1"])
    expect(other.engine.requests()).toMatchObject([{ ...permission, worker: "a", run: "r", askedAt: 7 }])
    const answering = other.engine.answer("per_1", { type: "allow" }, "p")
    await passing(owner, 400)
    await passing(other, 200)
    expect(await answering).toBeUndefined()
    expect(owner.backend.answers).toEqual([{ ask: "per_1", answer: { type: "allow" } }])
    expect(journal.queued()).toEqual([])
    a.report.replied({ id: "per_1", answer: "allow", by: "p", from: "inbox" })
    a.report.answered("per_1")
    expect(other.engine.requests()).toEqual([])
    const late = other.engine.answer("per_1", { type: "allow" }, "p")
    expect(await late).toContain("nothing waits for an answer under per_1")
    expect((await settled(other.engine.abort("r", "p"))).ok).toBe(true)
  })

  it("with several questions is answered where its worker is, and counts no more once its process is gone", async () => {
    const { owner, other, kill } = twoProcesses(TWO)
    const a = await owner.backend.job("a")
    const question = { text: "Which one?", options: [], isMultiple: false }
    const asked = { ...pending, id: "que_1", kind: "question" as const, questions: [question, question] }
    a.report.requested(asked)
    a.report.asked(asked)
    const answering = other.engine.answer("que_1", { type: "answers", answers: [["this"]] }, "p")
    await passing(owner, 400)
    await passing(other, 200)
    expect(await answering).toBe("it has 2 questions: answer it in the OpenCode that its worker belongs to")
    expect(owner.backend.answers).toEqual([])
    kill()
    expect(other.engine.requests()).toEqual([])
  })
})

describe("a command for a run whose process is gone", () => {
  it("is carried out by its sender, and by no other process later", async () => {
    const { owner, other, kill, journal } = twoProcesses(TWO)
    await owner.backend.job("a")
    const outcome = other.engine.abort("r", "p")
    kill()
    expect(await other.engine.settled(outcome)).toEqual({ ...DONE, driver: "here" })
    expect((await other.engine.finished("r")).view?.status).toBe("cancelled")
    expect(journal.queued()).toEqual([])
    expect(other.backend.stopped).toEqual(["ses_r/a/1"])
  })

  it("is carried out by the next process that resumes the run, unless it is a pause", async () => {
    const gated = [{ ...step("a"), intervene: "always" as const }, step("b", "a"), step("c")]
    const { owner, other, kill, journal, events } = twoProcesses(gated)
    ;(await owner.backend.job("a")).finish()
    await until(() => owner.engine.view("r")?.steps[0]?.status === "waiting")
    other.engine.decide("r", { step: "a", action: "continue", by: "p" })
    other.engine.pause("r", "p")
    kill()
    const next = handDriven({ store: journal })
    expect(next.engine.view("r")?.status).toBe("interrupted")
    expect(next.engine.resume("r", "q").ok).toBe(true)
    for (const id of ["c", "b"]) (await next.backend.job(id)).finish()
    expect((await next.engine.finished("r")).view?.status).toBe("success")
    expect(events().filter((type) => type === "gate.decided" || type === "run.pausing")).toEqual(["gate.decided"])
    expect(journal.queued()).toEqual([])
  })

  it("is refused by a process that only reads", async () => {
    const { owner, kill, journal } = twoProcesses(TWO)
    await owner.backend.job("a")
    const reader = handDriven({ store: journal, isReader: true })
    const outcome = reader.engine.pause("r", "p")
    expect(outcome.ok).toBe(true)
    kill()
    const refused = { ok: false, why: "no process drives run r" }
    expect(await reader.engine.settled(outcome)).toEqual(refused)
    expect(reader.engine.resume("r", "p")).toEqual(refused)
    expect(journal.queued()).toEqual([])
    const why = "OpenCode 1.18.3 is not supported"
    const { engine } = handDriven({ store: journal, isReader: true, whyReader: why })
    expect(engine.resume("r", "p")).toEqual({ ok: false, why })
    const { type, at, ...created } = createdEvent("new", { workflow: workflow(TWO) })
    expect(engine.start(created)).toEqual({ ok: false, why })
    expect(engine.view("new")).toBeUndefined()
  })

  it("does not pause the run, and a raise does not resume it", async () => {
    const { owner, other, kill, journal } = twoProcesses(TWO)
    await owner.backend.job("a")
    const raised = other.engine.raise("r", { usd: 1 }, "p")
    kill()
    expect(await other.engine.settled(raised)).toEqual({ ...DONE, driver: "here" })
    await other.engine.finished("r")
    expect(other.engine.raise("r", { usd: 2 }, "p").ok).toBe(true)
    const why = "run r was interrupted: none of its steps is running"
    expect(other.engine.pause("r", "p")).toEqual({ ok: false, why })
    expect(other.engine.view("r")?.status).toBe("interrupted")
    expect(journal.isClaimed("r")).toBe(false)
    expect(other.backend.jobs).toEqual([])
    const raises = journal.read("r").filter((event) => event.type === "budget.raised")
    expect(raises).toMatchObject([{ budget: { usd: 1 } }, { budget: { usd: 2 } }])
    expect(journal.queued()).toEqual([])
  })

  it("is left to the next process when its process is being interrupted", async () => {
    const { owner, other, journal } = twoProcesses(TWO)
    await owner.backend.job("a")
    const interrupted = owner.engine.interrupt("Ctrl-C")
    const outcome = other.engine.resume("r", "p")
    // Its worker has not stopped yet.
    expect(journal.isClaimed("r")).toBe(true)
    owner.clock.advance(400)
    expect(journal.queued()).toHaveLength(1)
    await interrupted
    expect(await other.engine.settled(outcome)).toEqual({ ...DONE, driver: "here" })
    expect((await other.backend.job("a")).task.resumed).toBe(true)
  })
})

describe("a view of a run that another process has changed", () => {
  /** A run whose only step has failed in `owner`. */
  async function failedHere() {
    const processes = twoProcesses([step("a")])
    ;(await processes.owner.backend.job("a")).finish({ reason: "error" })
    expect((await processes.owner.engine.finished("r")).view?.status).toBe("failed")
    return processes
  }

  it("shows a run that failed here and succeeded there as it is now, at every moment", async () => {
    const { owner, other } = await failedHere()
    expect(owner.engine.live().map(({ status }) => status)).toEqual(["failed"])
    expect(other.engine.decide("r", { step: "a", action: "retry", by: "p" }).ok).toBe(true)
    const again = await other.backend.job("a")
    expect(owner.engine.view("r")).toMatchObject({ status: "running", steps: [{ attempts: 2, status: "running" }] })
    again.finish()
    await other.engine.finished("r")
    expect(owner.engine.view("r")?.status).toBe("success")
    expect(owner.engine.live().map(({ status }) => status)).toEqual(["success"])
    expect(owner.engine.find("r")?.status).toBe("success")
    expect((await owner.engine.finished("r")).view?.status).toBe("success")
    expect(owner.engine.resume("r", "p")).toEqual({ ok: false, why: "run r has ended (success)" })
  })

  it("reads only the events that were added since the last view", async () => {
    const { other, journal } = await failedHere()
    const read: number[] = []
    const store: Store = {
      ...journal,
      read(run, after) {
        const events = journal.read(run, after)
        read.push(events.length)
        return events
      },
    }
    const { engine } = handDriven({ store })
    const count = () => journal.extent("r")?.events ?? 0
    const before = count()
    for (const _ of [1, 2]) expect(engine.view("r")?.status).toBe("failed")
    expect(other.engine.decide("r", { step: "a", action: "retry", by: "p" }).ok).toBe(true)
    for (const _ of [1, 2]) expect(engine.open().map(({ status }) => status)).toEqual(["running"])
    expect(read).toEqual([before, count() - before])
  })

  it("shows that its process was killed, and that it was deleted, and created again under its id", async () => {
    const { owner, other, kill, journal } = twoProcesses(TWO)
    await owner.backend.job("a")
    expect(other.engine.open().map(({ status }) => status)).toEqual(["running"])
    kill()
    expect(other.engine.open().map(({ status }) => status)).toEqual(["interrupted"])
    other.engine.abort("r", "p")
    await other.engine.finished("r")
    expect([other.engine.open(), other.engine.view("r")?.status]).toEqual([[], "cancelled"])
    journal.remove("r")
    expect([other.engine.view("r"), other.engine.live()]).toEqual([undefined, []])
    const events = Array.from({ length: 9 }, () => ({ type: "run.seen", at: 1, commit: "c", dirty: {} }) as const)
    journal.append("r", [createdEvent("r", { at: 77, workflow: workflow([step("z")]) }), ...events])
    expect(other.engine.view("r")?.steps.map(({ id }) => id)).toEqual(["z"])
  })

  it("is not driven by a timer of a gate that another process has decided since", async () => {
    const gated = [{ ...step("a"), intervene: "always" as const }, step("b", "a")]
    const { owner, journal } = twoProcesses(gated)
    ;(await owner.backend.job("a")).finish()
    await owner.engine.finished("r")
    expect(owner.engine.view("r")?.status).toBe("paused")
    const claims: (Claim | undefined)[] = []
    const claim = (run: string) => claims[claims.push(journal.claim(run)) - 1]
    const other = handDriven({ store: { ...journal, claim } })
    expect(other.engine.decide("r", { step: "a", action: "continue", by: "p" }).ok).toBe(true)
    await other.backend.job("b")
    // It is killed: from now on the run waits for a person.
    for (const held of claims) held?.release()
    const events = journal.read("r")
    owner.clock.advance(400 * 24 * 3_600_000)
    expect(owner.engine.view("r")?.status).toBe("interrupted")
    expect(journal.read("r")).toEqual(events)
  })
})

it("a journal that cannot be read is logged once, and does not end the process", async () => {
  const journal = createMemoryStore()
  let isBroken = false
  const store: Store = {
    ...journal,
    queued() {
      if (isBroken) throw new Error("disk I/O error")
      return journal.queued()
    },
  }
  const { engine, clock, errors, backend } = handDriven({ store })
  const { type, at, ...created } = createdEvent("r", { workflow: workflow(TWO) })
  engine.start(created)
  await backend.job("a")
  isBroken = true
  clock.advance(1_000)
  expect(errors).toEqual(["queued commands could not be processed"])
  isBroken = false
  journal.post({ run: "r", key: "k", command: { type: "pause", by: "p" } })
  clock.advance(200)
  expect(journal.outcomeOf("r", "k")).toEqual({})
})

it("a delegated run that only a newer version can read costs the run above it nothing but its price", async () => {
  const { engine, backend, store } = handDriven()
  const { type, at, ...created } = createdEvent("r", { workflow: workflow([step("a")]) })
  engine.start(created)
  const a = await backend.job("a")
  const { session, startedAt } = engine.view("r")?.steps[0] ?? {}
  const delegated = { parent: session ?? "", at: startedAt ?? 0, depth: 1 }
  const child = createdEvent("child", { workflow: workflow([step("inner")]), ...delegated })
  store.append("child", [child, { type: "run.format", at: 2, format: 99 }])
  a.finish({ cost: 1 })
  const { view } = await engine.finished("r")
  expect(view).toMatchObject({ status: "success", cost: null, knownUsd: 1 })
})

/** Lets everything happen that needs no timer, until the condition holds. */
async function until(is: () => boolean): Promise<void> {
  for (let round = 0; !is(); round++) {
    if (round > 100) throw new Error("it never is")
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

/** Advances the clock of one process in small steps. */
async function passing({ clock }: ReturnType<typeof handDriven>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    clock.advance(100)
  }
}
