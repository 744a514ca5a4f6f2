import { expect, it } from "vitest"
import type { WorkerTask } from "../../../src/core/ports/ports.ts"
import { evaluate } from "../../../src/core/rights/permission.ts"
import { createSessionBackend } from "../../../src/workers/session/backend.ts"
import { profile } from "../../support/runs.ts"
import { recordReport, workerTask } from "../../support/workers.ts"
import { openTarget } from "./support.ts"

function openBackend() {
  const opened = openTarget()
  const backend = createSessionBackend(opened.target)
  const start = (over: Partial<WorkerTask>) => {
    const controller = new AbortController()
    const report = recordReport()
    const task = workerTask(over.step ?? "s", { parent: "main", ...over })
    const result = backend.run(task, report, controller.signal)
    let isOver = false
    void result.then(() => {
      isOver = true
    })
    return { result, report, abort: () => controller.abort(), isOver: () => isOver }
  }
  return { ...opened, start }
}

/** Lets time pass, a minute at most, until `isDone`: what is due comes, and what it causes. */
async function passUntil(clock: ReturnType<typeof openBackend>["clock"], isDone: () => boolean) {
  for (let step = 0; step < 600 && !isDone(); step++) {
    clock.advance(100)
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(isDone()).toBe(true)
}

it("a kept worker has at each task exactly the rights of that task", async () => {
  const { start, sessions, sent, say } = openBackend()
  const work = async (over: Partial<WorkerTask>, count: number) => {
    const { result } = start({ profile: profile("coder", { keep: true }), ...over })
    await expect.poll(() => sent.length).toBe(count)
    say("done")
    return (await result).session as string
  }
  const session = await work({ step: "a" }, 1)
  const may = (permission: string, path: string) => evaluate(sessions.get(session)?.permission ?? [], permission, path)
  expect(may("edit", "src/a.ts")).toBe("allow")
  await work({ step: "b", session, files: ["docs/**"] }, 2)
  expect([may("edit", "src/a.ts"), may("edit", "docs/a.md")]).toEqual(["deny", "allow"])
  const rules = sessions.get(session)?.permission.length
  await work({ step: "c", session, files: ["docs/**"] }, 3)
  expect(sessions.get(session)?.permission).toHaveLength(rules as number)
  // Asked from a session that may not edit, it may not either.
  await work({ step: "d", session, parent: "careful" }, 4)
  expect([may("edit", "src/a.ts"), may("edit", "docs/a.md")]).toEqual(["deny", "deny"])
  await work({ step: "e", session }, 5)
  expect(may("edit", "src/a.ts")).toBe("allow")
})

it.each(["1.18.3", "2.0.15"])("no worker is given to OpenCode %s, which is not supported", async (version) => {
  const { start, sent, sessions, calls, target } = openBackend()
  calls["global.health"] = () => ({ healthy: true, version })
  const before = sessions.size
  const detail = expect.stringContaining(`OpenCode ${version} is not supported`)
  expect(await start({}).result).toMatchObject({ reason: "error", detail, cost: 0 })
  await expect(createSessionBackend(target).open(workerTask("kept", { parent: "main" }))).rejects.toThrow(
    "is not supported",
  )
  expect([sent.length, sessions.size]).toEqual([0, before])
})

it("a worker that can no longer be observed is stopped, and its cost is unknown", async () => {
  const { start, sent, calls, aborted, emit } = openBackend()
  const { result, report } = start({})
  await expect.poll(() => sent.length).toBe(1)
  const session = await report.session
  calls["session.messages"] = () => new Response(null, { status: 500 })
  calls["session.status"] = () => new Response(null, { status: 500 })
  emit("session.idle", { sessionID: session })
  expect(await result).toMatchObject({ reason: "error", detail: expect.stringContaining("500"), session, cost: null })
  expect(aborted).toEqual([session])
})

/** A worker whose session OpenCode goes on stopping after it was told to, until `complete`. */
async function stoppedLate(answerAbort: () => unknown = () => true) {
  const opened = openBackend()
  const { start, sent, calls, busy, aborted, emit } = opened
  const messages: object[] = []
  const asked = () => ({ info: { id: sent[0]?.messageID, role: "user", time: { created: 1 } }, parts: [] })
  const answer = (id: string, over: object) => {
    const tokens = { input: 1, output: 1, reasoning: 0, cache: { read: 0, write: 0 } }
    const info = { id, role: "assistant", parentID: sent[0]?.messageID, providerID: "p", modelID: "m", tokens, cost: 1 }
    return { info: { ...info, path: { cwd: "/project" }, ...over }, parts: [{ type: "text", text: `text of ${id}` }] }
  }
  calls["session.messages"] = () => messages
  calls["session.deleteMessage"] = ({ messageID }: { messageID: string }) => {
    messages.splice(
      0,
      messages.length,
      ...messages.filter((one) => (one as { info: { id: string } }).info.id !== messageID),
    )
    return true
  }
  calls["session.abort"] = ({ sessionID }: { sessionID: string }) => {
    aborted.push(sessionID)
    return answerAbort()
  }
  const first = start({})
  await expect.poll(() => sent.length).toBe(1)
  const session = await first.report.session
  messages.push(asked(), answer("torn", { time: { created: 1 } }))
  emit("session.status", {
    sessionID: session,
    status: { type: "retry", attempt: 1, message: "slow down", next: 2_000 },
  })
  first.abort()
  await expect.poll(() => aborted.length).toBeGreaterThan(0)
  /** OpenCode has stopped: the answer is complete, and has neither an error nor an end. */
  const complete = () => {
    messages.splice(1, 1, answer("torn", { time: { created: 1, completed: 2 } }))
    busy.delete(session)
    emit("session.idle", { sessionID: session })
  }
  const say = (id: string) => {
    messages.push(answer(id, { time: { created: 3, completed: 4 }, finish: "stop" }))
    busy.delete(session)
    emit("session.idle", { sessionID: session })
  }
  return { ...opened, first, session, complete, say }
}

it("an attempt that is opened again waits until the stop of its former turn is complete", async () => {
  const { first, session, clock, start, sent, aborted, complete, say } = await stoppedLate()
  await passUntil(clock, first.isOver)
  expect(await first.result).toMatchObject({ reason: "aborted" })
  const again = start({ session, resumed: true })
  const before = aborted.length
  await passUntil(clock, () => aborted.length > before)
  expect(sent).toHaveLength(1)
  complete()
  await passUntil(clock, () => sent.length === 2)
  say("answer")
  expect(await again.result).toMatchObject({ reason: "ok", output: "text of answer" })
  expect(sent[1]?.messageID).toBe(sent[0]?.messageID)
})

it("an attempt that was given up while it is being stopped does not stop the next one", async () => {
  const abort = Promise.withResolvers<Response>()
  const { first, session, clock, start, sent, aborted, complete, say } = await stoppedLate(() => abort.promise)
  complete()
  // The caller does not wait for the end of the first one.
  const again = start({ session, resumed: true })
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect([sent.length, aborted.length]).toEqual([1, 1])
  abort.resolve(new Response(null, { status: 500 }))
  await passUntil(clock, () => sent.length === 2)
  expect(first.isOver()).toBe(true)
  const stops = aborted.length
  say("answer")
  expect(await again.result).toMatchObject({ reason: "ok", output: "text of answer" })
  expect(aborted).toHaveLength(stops)
})

it("a turn that was being answered when its process died is asked again if that ends without an answer", async () => {
  const { first, session, clock, target, sent, complete, say } = await stoppedLate()
  await passUntil(clock, first.isOver)
  // Another process does not know that the session was stopped.
  const report = recordReport()
  const task = workerTask("s", { parent: "main", session, resumed: true })
  const result = createSessionBackend(target).run(task, report, new AbortController().signal)
  await expect.poll(() => report.activities.length).toBeGreaterThan(0)
  complete()
  await passUntil(clock, () => sent.length === 2)
  say("answer")
  expect(await result).toMatchObject({ reason: "ok", output: "text of answer" })
})
