import { expect, it } from "vitest"
import type { RunEvent } from "../../src/core/model/events.ts"
import type { Host, HostEvent } from "../../src/host/host.ts"
import { ownID } from "../../src/host/ids.ts"
import { BY_MODEL } from "../../src/opencode/command-context.ts"
import { watchHandoffs } from "../../src/opencode/handoffs.ts"
import { startQuestionRun } from "../../src/project/question-run.ts"
import { handDriven } from "../support/engine.ts"
import { openDesk } from "./support.ts"

interface Posted {
  readonly sessionID: string
  readonly messageID?: string
  readonly noReply?: boolean
  readonly parts: readonly { readonly text: string; readonly ignored?: boolean }[]
}

/** An OpenCode that records what is posted; `busy` are the busy sessions. */
function openHost() {
  const posted: Posted[] = []
  const busy = new Set<string>()
  const listeners = new Set<(event: HostEvent) => void>()
  const missing = { error: { message: "not found" }, response: new Response(null, { status: 404 }) }
  const session = {
    get: async ({ sessionID }: { sessionID: string }) =>
      sessionID === "deleted"
        ? missing
        : { data: { id: sessionID, agent: "plan", model: { providerID: "p", id: "m" } } },
    message: async ({ messageID }: { messageID: string }) =>
      posted.some((message) => message.messageID === messageID) ? { data: {} } : missing,
    status: async () => ({ data: Object.fromEntries([...busy].map((id) => [id, { type: "busy" }])) }),
    prompt: async (message: Posted) => {
      posted.push(message)
      return { data: {} }
    },
  }
  const host = {
    client: { session },
    directory: "/",
    isAttended: true,
    subscribe(listener: (event: HostEvent) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const becomeIdle = (sessionID: string) => {
    busy.delete(sessionID)
    for (const listener of listeners) listener({ type: "session.idle", properties: { sessionID } } as HostEvent)
  }
  return { host: host as unknown as Host, posted, busy, listeners, becomeIdle }
}

const DESK = { profiles: { coder: {} } }

async function ask(context: ReturnType<typeof openDesk>, result: object, by = "person", parent = "main") {
  const { project, engine, backend } = context
  const jobs = backend.jobs.length
  const asked = await startQuestionRun(project, engine, {
    worker: "coder",
    text: "how?",
    parent,
    depth: 0,
    by,
    usesFolder: true,
  })
  if (!asked.ok) throw new Error(asked.why)
  ;(await backend.job("ask", jobs)).finish(result)
  await engine.finished(asked.run)
}

it("the answer to a question is posted once, for the model to read, and the session keeps its agent and model", async () => {
  const context = openDesk(DESK)
  const { host, posted } = openHost()
  const log = { error: (message: string) => context.errors.push(message) }
  watchHandoffs(host, context.engine, log, 0)
  await ask(context, { output: "like this" })
  await expect.poll(() => posted.length).toBe(1)
  expect(posted[0]).toMatchObject({
    sessionID: "main",
    noReply: true,
    agent: "plan",
    model: { providerID: "p", modelID: "m" },
    parts: [{ type: "text", text: "Handoff from the worker coder:\n\nlike this" }],
  })
  expect(posted[0]?.parts[0]?.ignored).toBeUndefined()
  // The handoff is in the session already, so a new process posts nothing.
  watchHandoffs(host, context.engine, log, 0)
  await ask(context, { reason: "error", output: "half" })
  await ask(context, { output: "for the tool" }, BY_MODEL)
  expect(posted).toHaveLength(1)
  expect(context.errors).toEqual([])
})

it("a handoff to a busy session is posted when the session is idle", async () => {
  const context = openDesk(DESK)
  const { host, posted, busy, listeners, becomeIdle } = openHost()
  watchHandoffs(host, context.engine, { error: (message) => context.errors.push(message) }, 0)
  busy.add("main")
  await ask(context, { output: "later" })
  await expect.poll(() => listeners.size).toBe(1)
  becomeIdle("another")
  expect(posted).toEqual([])
  becomeIdle("main")
  await expect.poll(() => posted.map(({ parts }) => parts[0]?.text)).toEqual([expect.stringContaining("later")])
  expect(listeners.size).toBe(0)
})

it("handoffs that an earlier process did not post are posted at the start, if their session still exists", async () => {
  const context = openDesk(DESK)
  await ask(context, { output: "never posted" })
  await ask(context, { output: "nowhere to go" }, "person", "deleted")
  const { host, posted } = openHost()
  watchHandoffs(host, context.engine, { error: (message) => context.errors.push(message) }, 0)
  await expect.poll(() => posted.length).toBe(1)
  expect(posted[0]?.parts[0]?.text).toContain("never posted")
  expect(context.errors).toEqual([])
})

it("a handoff keeps its id: the time of the run's end, or a hash in a run of an earlier version", async () => {
  const context = openDesk(DESK)
  await ask(context, { output: "never posted" })
  const run = context.engine.list()[0]?.id as string
  const at = context.store.read(run).at(-1)?.at as number
  const idIn = async (store: typeof context.store) => {
    const { host, posted } = openHost()
    watchHandoffs(host, handDriven({ store }).engine, { error: (message) => context.errors.push(message) }, 0)
    await expect.poll(() => posted.length).toBe(1)
    return posted[0]?.messageID
  }
  const source = { session: "main", key: `handoff/${run}` }
  expect(await idIn(context.store)).toBe(ownID("msg", { ...source, at }))
  const withoutIds = (event: RunEvent): RunEvent => {
    if (event.type !== "run.created") return event
    const { ids: _, ...created } = event
    return created
  }
  const old = { ...context.store, read: (id: string) => context.store.read(id).map(withoutIds) }
  expect(await idIn(old)).toBe(ownID("msg", { ...source, at: undefined }))
  expect(context.errors).toEqual([])
})

it("a run whose journal cannot be read is skipped, and that is logged", async () => {
  const context = openDesk(DESK)
  await ask(context, { output: "never posted" })
  await ask(context, { output: "torn" })
  const { read } = context.store
  const torn = context.engine.list()[0]?.id
  context.store.read = (run) => {
    if (run === torn) throw new Error("the journal is torn")
    return read(run)
  }
  // No run is in memory, as in an OpenCode that has just started.
  const { engine } = handDriven({ store: context.store })
  const { host, posted } = openHost()
  watchHandoffs(host, engine, { error: (message) => context.errors.push(message) }, 0)
  await expect.poll(() => posted.length).toBe(1)
  expect(posted[0]?.parts[0]?.text).toContain("never posted")
  expect(context.errors).toEqual(["a run could not be read for a missing handoff"])
})
