import { expect, it } from "vitest"
import type { Claim, Store } from "../../src/core/ports/ports.ts"
import { decode, type NoticeMessage, type OpenMessage, type StateMessage } from "../../src/core/view/protocol.ts"
import type { Host } from "../../src/host/host.ts"
import { BY_MODEL } from "../../src/opencode/command-context.ts"
import { stateOf, watchRuns } from "../../src/opencode/live.ts"
import { startQuestionRun } from "../../src/project/question-run.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent } from "../support/runs.ts"
import { openDesk } from "./support.ts"

const CONFIG = { limits: { max_workers: 20 }, profiles: { docs: { mode: "foreground", keep: true }, coder: {} } }
const WIDE = Array.from({ length: 20 }, (_, at) => `s${at}`)
const FLOWS = {
  wide: `settings: { max_parallel: 20 }\nsteps: [${WIDE.map((id) => `{ id: ${id}, prompt: ${id} }`).join(", ")}]`,
  flow: "steps: [{ id: build, profile: coder, prompt: build it }]",
  careful:
    "settings: { intervene: on-error }\nsteps: [{ id: review, prompt: review it }, { id: build, prompt: build it }]",
  seat: "steps: [{ id: refine, profile: docs, prompt: refine it }]",
}

/** A watched engine, and the messages that a TUI would get about it. */
function watch(isLoud = true) {
  const context = openDesk(CONFIG, FLOWS)
  const sent: (StateMessage | OpenMessage | NoticeMessage)[] = []
  const toasts: { title?: string; message: string }[] = []
  const tui = {
    async publish({ body }: { body: { properties: { command: string } } }) {
      sent.push(decode(body.properties.command) as StateMessage)
      return { data: true }
    },
    async showToast(toast: { title?: string; message: string }) {
      toasts.push(toast)
      return { data: true }
    },
  }
  const host = { client: { tui }, directory: "/", isAttended: true, subscribe: () => () => undefined }
  const { engine, clock } = context
  const log = { error: (message: string) => context.errors.push(message) }
  const stop = watchRuns({ host: host as unknown as Host, engine, log, clock, toasts: () => isLoud })
  const notices = () => sent.filter((message) => message.kind === "notice")
  const states = () => sent.filter((message) => message.kind === "state")
  return { ...context, sent, states, notices, toasts, stop }
}

it("requests are published at once, and activity at most twice a second", async () => {
  const { type, backend, clock, states } = watch()
  await type("/workflow run flow")
  const job = await backend.job("build")
  clock.advance(1_000)
  const before = states().length
  const activity = { phase: "working", tool: null, tokens: { input: 1, output: 1 }, cost: null } as const
  for (let at = 0; at < 2_000; at += 50) {
    job.report.activity({ ...activity, lastActivityAt: at })
    clock.advance(50)
  }
  expect(states().length - before).toBe(4)
  job.report.asked({
    id: "per_1",
    kind: "permission",
    session: "s",
    title: "x".repeat(1_000),
    details: Array.from({ length: 50 }, () => "y".repeat(1_000)),
    questions: [],
    askedAt: 0,
    expiresAt: null,
  })
  clock.advance(0)
  const state = states().at(-1)
  expect(state?.asks).toMatchObject([{ id: "per_1", worker: "build" }])
  expect(JSON.stringify(state).length).toBeLessThan(6_000)
})

it("the TUI opens the session of a worker that a person works with, and no other", async () => {
  const { type, backend, sent } = watch()
  await type("/workflow run flow")
  await backend.job("build")
  await type("/workflow run seat")
  const { task } = await backend.job("refine")
  expect(sent.filter(({ kind }) => kind === "open")).toEqual([
    { kind: "open", session: `ses_${task.key}`, parent: "main" },
  ])
})

it("a paused run causes one toast with the reason and the way out", async () => {
  const { type, backend, toasts, engine, clock } = watch()
  await type("/workflow run flow")
  const job = await backend.job("build")
  job.finish({ reason: "quota", detail: "used up", outage: { cause: "quota", model: "a/b" } })
  await expect.poll(() => toasts.length).toBe(1)
  const run = engine.find(undefined)
  expect(run?.status).toBe("paused")
  expect(toasts[0]?.title).toBe("flow · paused")
  expect(toasts[0]?.message).toMatch(/^a is out of quota: used up · go on with\n\/workflow resume \w+$/)
  clock.advance(1_000)
  expect(stateOf(engine, "/").runs[0]).toMatchObject({ status: "paused", hold: { cause: "quota" } })
  expect((await type("/workflow resume")).tone).toBe("success")
  ;(await backend.job("build", 1)).finish()
  await expect.poll(() => toasts.map(({ title }) => title)).toEqual(["flow · paused", "flow · success"])
})

it("the toast of a run includes the cost of runs that its workers started", async () => {
  const { type, backend, toasts, engine, project } = watch()
  await type("/workflow run flow")
  const job = await backend.job("build")
  job.report.opened({ session: "ses_build", model: "a/b" })
  const question = { worker: "coder", text: "x", parent: "ses_build", depth: 1, by: BY_MODEL, usesFolder: true }
  await startQuestionRun(project, engine, question)
  ;(await backend.job("ask")).finish({ tokens: { input: 500, output: 7 }, cost: 0.5 })
  await expect.poll(() => engine.live()[0]?.status).toBe("success")
  job.finish({ session: "ses_build", tokens: { input: 100, output: 1 }, cost: 0.25 })
  await expect.poll(() => toasts[0]?.message).toBe("1 step done · 600 tokens in, 8 out, $0.75")
})

it("a gate that opens causes one toast with step, reason and ways out, and the pause that follows causes none", async () => {
  const { type, backend, toasts, engine } = watch()
  await type("/workflow run careful")
  const sibling = await backend.job("build")
  ;(await backend.job("review")).finish({ reason: "empty", detail: `it said nothing ${"x".repeat(500)}` })
  await expect.poll(() => toasts.length).toBe(1)
  // The run pauses only now, which needs no second toast.
  sibling.finish()
  await expect.poll(() => engine.find(undefined)?.status).toBe("paused")
  expect(toasts).toHaveLength(1)
  expect(toasts[0]?.title).toBe("careful · review waits for you")
  expect(toasts[0]?.message).toMatch(
    /^review failed \(empty\): it said nothing\nx+…\n\/workflow retry review · \/inbox$/,
  )
  expect(toasts[0]?.message.length).toBeLessThan(170)
})

it("a pause causes a toast only if it does not follow at once from the person's command", async () => {
  const { type, backend, toasts, engine } = watch()
  await type("/workflow run flow")
  const job = await backend.job("build")
  await type("/workflow pause")
  expect(toasts).toEqual([])
  job.finish()
  await expect.poll(() => engine.find(undefined)?.status).not.toBe("running")
  expect(toasts).toHaveLength(1)
})

it("a paused run that is aborted causes one toast", async () => {
  const { type, backend, toasts } = watch()
  await type("/workflow run flow")
  ;(await backend.job("build")).finish({ reason: "quota", outage: { cause: "quota", model: "a/b" } })
  await expect.poll(() => toasts.length).toBe(1)
  expect((await type("/workflow abort")).view).toMatchObject({ type: "started" })
  await expect.poll(() => toasts.map(({ title }) => title)).toEqual(["flow · paused", "flow · cancelled"])
})

it("a worker's answer causes a toast if a person asked, and none if a model asked", async () => {
  const { type, backend, toasts, project, engine } = watch()
  await type("/workers ask coder how")
  ;(await backend.job("ask")).finish({ output: "so" })
  await expect.poll(() => toasts.map(({ title }) => title)).toEqual(["coder · success"])
  const question = { worker: "coder", text: "x", parent: "main", depth: 0, by: BY_MODEL, usesFolder: true }
  const asked = await startQuestionRun(project, engine, question)
  ;(await backend.job("ask", 1)).finish({ output: "so" })
  if (asked.ok) await engine.finished(asked.run)
  expect(toasts).toHaveLength(1)
})

/** Another process over the journal of this one, whose claims end when it is killed. */
function otherProcess(journal: Store) {
  const claims: (Claim | undefined)[] = []
  const claim = (run: string) => claims[claims.push(journal.claim(run)) - 1]
  const kill = () => {
    for (const held of claims) held?.release()
  }
  return { ...handDriven({ now: 90_000, store: { ...journal, claim } }), kill }
}

it("what another process changes in a run, a claim or a kept worker reaches the TUI without a command", async () => {
  const { type, backend, clock, states, engine, store } = watch()
  await type("/workflow run flow")
  ;(await backend.job("build")).finish({ reason: "error" })
  await expect.poll(() => engine.find(undefined)?.status).toBe("failed")
  const [run] = engine.live()
  const told = () => {
    clock.advance(1_200)
    return states().at(-1)
  }
  const statuses = () => told()?.runs.map(({ status }) => status)
  expect(statuses()).toEqual(["failed"])
  const other = otherProcess(store)
  other.engine.decide(run?.id ?? "", { step: "build", action: "retry", by: "baton retry" })
  expect(statuses()).toEqual(["running"])
  ;(await other.backend.job("build")).finish()
  await other.engine.finished(run?.id ?? "")
  expect(statuses()).toEqual(["success"])

  const { type: _, at: __, ...created } = createdEvent("elsewhere")
  other.engine.start(created)
  await other.backend.job("a")
  expect(statuses()).toEqual(["running", "success"])
  other.kill()
  expect(statuses()).toEqual(["interrupted", "success"])
  store.keep({ name: "docs", profile: "docs", kind: "agent", session: "ses_9", parent: null, createdAt: 1 })
  expect(told()?.workers.map(({ name }) => name)).toEqual(["docs"])
  store.unkeep("docs")
  expect(told()?.workers).toEqual([])
})

it("while nothing happens the journal is asked for one number a second, and nothing is published", async () => {
  const { type, clock, states, store, stop, engine } = watch()
  await type("/workflow run flow")
  await type("/workflow abort")
  await engine.finished(engine.live()[0]?.id ?? "")
  clock.advance(5_000)
  const before = states().length
  const asked: string[] = []
  for (const name of Object.keys(store) as (keyof Store)[]) {
    const of = store[name] as (...given: unknown[]) => unknown
    Object.assign(store, {
      [name]: (...given: unknown[]) => {
        asked.push(name)
        return of(...given)
      },
    })
  }
  clock.advance(60_000)
  expect(states()).toHaveLength(before)
  expect(asked.filter((name) => name !== "version")).toEqual([])
  expect(asked).toHaveLength(60)
  stop()
  clock.advance(10_000)
  expect(asked).toHaveLength(60)
})

it("nothing is published once the watch is stopped", async () => {
  const { type, backend, clock, sent, stop } = watch()
  await type("/workflow run flow")
  await backend.job("build")
  stop()
  clock.advance(10_000)
  expect(sent).toEqual([])
})

const asking = (id: string) =>
  ({
    id,
    kind: "permission",
    session: "s",
    title: "bash: npm test",
    details: [],
    questions: [],
    askedAt: 0,
    expiresAt: null,
  }) as const

it("a person is notified once when a run starts needing input, however many workers ask, and once at its end", async () => {
  const { type, backend, toasts, notices } = watch()
  await type("/workflow run wide")
  const jobs = await Promise.all(WIDE.map((step) => backend.job(step)))
  for (const [at, job] of jobs.entries()) job.report.asked(asking(`per_${at}`))
  expect(toasts).toEqual([
    expect.objectContaining({ title: "wide · s0 needs you", message: "bash: npm test · /inbox" }),
  ])
  for (const [at, job] of jobs.entries()) job.report.answered(`per_${at}`)
  jobs[7]?.report.asked(asking("per_again"))
  expect(toasts.map(({ title }) => title)).toEqual(["wide · s0 needs you", "wide · s7 needs you"])
  jobs[7]?.report.answered("per_again")
  for (const job of jobs) job.finish()
  await expect.poll(() => toasts.length).toBe(3)
  // OpenCode's notification says the same.
  expect(notices().map(({ about, title }) => [about, title])).toEqual([
    ["needs-you", "wide · s0 needs you"],
    ["needs-you", "wide · s7 needs you"],
    ["done", "wide · success"],
  ])
})

it("a second waiting step of a run causes no further notification", async () => {
  const { type, backend, toasts } = watch()
  await type("/workflow run careful")
  const [review, build] = [await backend.job("review"), await backend.job("build")]
  review.finish({ reason: "empty" })
  build.finish({ reason: "empty" })
  await expect.poll(() => toasts.length).toBe(1)
  await type("/workflow skip review")
  await type("/workflow retry build")
  ;(await backend.job("build", 1)).finish({ reason: "empty" })
  await expect
    .poll(() => toasts.map(({ title }) => title))
    .toEqual(["careful · review waits for you", "careful · build waits for you"])
})

it("no person is notified with `toasts` off", async () => {
  const { type, backend, toasts, notices } = watch(false)
  await type("/workflow run flow")
  const job = await backend.job("build")
  job.report.asked(asking("per_1"))
  job.report.answered("per_1")
  job.finish({ reason: "quota", outage: { cause: "quota", model: "a/b" } })
  await type("/workflow run careful")
  ;(await backend.job("review")).finish({ reason: "empty" })
  await type("/workflow abort")
  expect([toasts, notices()]).toEqual([[], []])
})
