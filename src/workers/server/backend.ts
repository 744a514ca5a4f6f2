import { DEFAULTS } from "../../core/model/defaults.ts"
import type { Profile } from "../../core/model/profile.ts"
import type { StepResult } from "../../core/model/result.ts"
import { NO_USAGE } from "../../core/model/usage.ts"
import type { WorkerBackend, WorkerReport, WorkerTask } from "../../core/ports/ports.ts"
import { callHost, HostError } from "../../host/host.ts"
import { openServer, type Server, type ServerDeps } from "./server.ts"
import { type Entered, SharedServer } from "./shared-server.ts"

export type { ServerDeps } from "./server.ts"

const NO_ANSWER = { output: "", ...NO_USAGE } as const
/** How long a task whose calls failed waits for the news that its server has ended, and how. */
const LAST_WORDS_MS = 1_000
const STOP_MS = 4_500

type Rest<A extends readonly unknown[]> = A extends [unknown, ...infer R] ? R : never

/**
 * Workers in servers of their own: an isolated `opencode serve` for each profile, which Baton
 * starts at the profile's first task, or a server at `url` that somebody else runs. The session
 * workers are shared with the other kinds; this file manages the life of the servers.
 */
export function createServerBackend(deps: ServerDeps): WorkerBackend {
  return new ServerBackend(deps)
}

class ServerBackend implements WorkerBackend {
  readonly #deps: ServerDeps
  readonly #shared = new Map<string, SharedServer>()
  /** The server in which each session works, and the server of each open request. */
  readonly #sessions = new Map<string, Server>()
  readonly #asks = new Map<string, Server>()

  constructor(deps: ServerDeps) {
    this.#deps = deps
  }

  async run(task: WorkerTask, report: WorkerReport, signal: AbortSignal): Promise<StepResult> {
    if (signal.aborted) return { reason: "aborted", ...NO_ANSWER }
    const { clock } = this.#deps
    const shared = this.#sharedServer(task.profile)
    const startedAt = clock.now()
    report.activity({ phase: "starting", tool: null, lastActivityAt: startedAt, ...NO_USAGE })
    const entering = shared.enter()
    try {
      const entered = await this.#orStopped(entering, task, signal)
      if ("reason" in entered) return entered
      if (!entered.ok) return { reason: "error", detail: entered.why, ...NO_ANSWER }
      const { server, before } = entered
      if (before !== undefined) {
        const text = `the server of profile \`${task.profile.name}\` was lost (${before}); a new one was opened`
        report.warned({ kind: "server", text })
      }
      // The wait is rounded down to whole seconds, so that a worker whose server was already up
      // reports the deadline that was asked for.
      const waitedMs = Math.floor((clock.now() - startedAt) / 1_000) * 1_000
      const left = { ...task, timeoutMs: Math.max(1_000, task.timeoutMs - waitedMs) }
      const result = await this.#work(server, left, report, signal)
      if (result.reason === "worker-lost" && !signal.aborted) shared.check(server)
      return result
    } finally {
      void entering.then(() => shared.leave())
    }
  }

  async open(spec: Parameters<WorkerBackend["open"]>[0]) {
    const shared = this.#sharedServer(spec.profile)
    const entered = await shared.enter()
    try {
      if (!entered.ok) throw new Error(entered.why)
      return await entered.server.backend.open(spec)
    } finally {
      shared.leave()
    }
  }

  steer(session: string, ...rest: [Parameters<WorkerBackend["steer"]>[1]]): Promise<string | undefined> {
    const server = this.#sessions.get(session)
    return server?.backend.steer(session, ...rest) ?? Promise.resolve(`no worker is working in session ${session}`)
  }

  answer(id: string, ...rest: Rest<Parameters<WorkerBackend["answer"]>>): Promise<string | undefined> {
    return (
      this.#asks.get(id)?.backend.answer(id, ...rest) ??
      Promise.resolve("no worker is waiting for this answer any more")
    )
  }

  /**
   * A server of ours ends with its Baton. After a crash only servers of others can still be
   * working.
   */
  async stop(session: string): Promise<void> {
    const server = this.#sessions.get(session)
    if (server !== undefined) return server.backend.stop(session)
    const given = Promise.withResolvers<void>()
    const cancel = this.#deps.clock.after(STOP_MS, given.resolve)
    const stopped = Promise.all(this.#deps.remotes().map((profile) => this.#stopIn(profile, session)))
    await Promise.race([stopped, given.promise])
    cancel()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#shared.values()].map((shared) => shared.shut()))
  }

  #sharedServer(profile: Profile): SharedServer {
    const key = JSON.stringify([profile.name, profile.url, profile.directory])
    const known = this.#shared.get(key)
    if (known) return known
    const { clock, log } = this.#deps
    const open = (signal: AbortSignal) => openServer(this.#deps, profile, signal)
    const shared = new SharedServer(open, clock, log, profile.idleStopMs ?? DEFAULTS.serverIdleStopMs)
    this.#shared.set(key, shared)
    return shared
  }

  /** Returns the server, unless the task is stopped or runs out of time before the server is up. */
  async #orStopped(entering: Promise<Entered>, task: WorkerTask, signal: AbortSignal): Promise<Entered | StepResult> {
    const ended = Promise.withResolvers<StepResult>()
    const onAbort = () => ended.resolve({ reason: "aborted", ...NO_ANSWER })
    signal.addEventListener("abort", onAbort, { once: true })
    const cancel = this.#deps.clock.after(task.timeoutMs, () =>
      ended.resolve({
        reason: "timeout",
        detail: "the server did not start within the step's timeout: raise `timeout`",
        ...NO_ANSWER,
      }),
    )
    const first = await Promise.race([entering, ended.promise])
    cancel()
    signal.removeEventListener("abort", onAbort)
    return first
  }

  /** Runs one task in a server that is up. The task ends by itself or with its server. */
  async #work(server: Server, task: WorkerTask, report: WorkerReport, signal: AbortSignal): Promise<StepResult> {
    const asks = new Set<string>()
    let session = task.session
    let isOver = false
    const heard = (say: () => void) => isOver || say()
    const watched: WorkerReport = {
      opened: (opened) =>
        void heard(() => {
          session = opened.session
          this.#sessions.set(session, server)
          report.opened(opened)
        }),
      requested: (one) => void heard(() => report.requested(one)),
      replied: (reply) => void heard(() => report.replied(reply)),
      asked: (one) =>
        void heard(() => {
          this.#asks.set(one.id, server)
          asks.add(one.id)
          report.asked(one)
        }),
      answered: (id) =>
        void heard(() => {
          asks.delete(id)
          this.#asks.delete(id)
          report.answered(id)
        }),
      activity: (activity) => void heard(() => report.activity(activity)),
      warned: (warning) => void heard(() => report.warned(warning)),
      throttled: (until) => void heard(() => report.throttled(until)),
    }
    const ending = new AbortController()
    const lost = server.lost.then((how): StepResult => {
      const detail = `the server of profile \`${task.profile.name}\` ended with ${how}`
      return { reason: "worker-lost", detail, ...NO_ANSWER, cost: null, ...(session === undefined ? {} : { session }) }
    })
    const working = server.backend.run(task, watched, AbortSignal.any([signal, ending.signal]))
    const result = await this.#whicheverSays(working, lost)
    isOver = true
    ending.abort()
    if (session !== undefined) this.#sessions.delete(session)
    for (const id of asks) {
      this.#asks.delete(id)
      report.answered(id)
    }
    return result
  }

  /**
   * Returns the worker's own result. When the server was lost, the result says how the server
   * ended.
   */
  async #whicheverSays(working: Promise<StepResult>, lost: Promise<StepResult>): Promise<StepResult> {
    const result = await Promise.race([working, lost])
    if (result.reason !== "worker-lost") return result
    const given = Promise.withResolvers<StepResult>()
    const cancel = this.#deps.clock.after(LAST_WORDS_MS, () => given.resolve(result))
    const last = await Promise.race([lost, given.promise])
    cancel()
    return last
  }

  async #stopIn(profile: Profile, session: string): Promise<void> {
    const shared = this.#sharedServer(profile)
    const entered = await shared.enter()
    try {
      if (!entered.ok) throw new Error(entered.why)
      const { host, backend } = entered.server
      await callHost("read the session", (o) => host.client.session.get({ sessionID: session }, o))
      await backend.stop(session)
    } catch (error) {
      // The session belongs to another server.
      if (error instanceof HostError && error.status === 404) return
      this.#deps.log.error("a leftover session could not be looked up", { profile: profile.name, session })
    } finally {
      shared.leave()
    }
  }
}
