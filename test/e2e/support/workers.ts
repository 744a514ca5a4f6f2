import { join } from "node:path"
import {
  callTool,
  fail,
  type ScriptedModel,
  say,
  silence,
  startScriptedModel,
} from "../../../scripts/scripted-model.ts"
import type { Kind } from "../../../src/core/model/kinds.ts"
import type { Profile } from "../../../src/core/model/profile.ts"
import type { Clock, Log, WorkerBackend, WorkerTask } from "../../../src/core/ports/ports.ts"
import { followEvents } from "../../../src/host/follow.ts"
import { createFeed, type Host } from "../../../src/host/host.ts"
import { ledgerOf } from "../../../src/host/ledger.ts"
import { createAgentBackend } from "../../../src/workers/agent/backend.ts"
import { createServerBackend, type ServerDeps } from "../../../src/workers/server/backend.ts"
import { createSubagentBackend } from "../../../src/workers/subagent/backend.ts"
import type { LiveWorld } from "../../contract/worker-backend.ts"
import { profile } from "../../support/runs.ts"
import { type RecordedReport, recordReport, workerTask } from "../../support/workers.ts"
import { clientOf, type Server, servedIn, startServer } from "./opencode.ts"
import { makeProject, type Project, ROOT } from "./project.ts"

/** The kinds of worker whose sessions are on the person's own server. */
export const KINDS = ["subagent", "agent"] as const satisfies readonly Kind[]
export const ALL_KINDS = [...KINDS, "server"] as const satisfies readonly Kind[]

type MakeBackend = (host: Host, clock: Clock, log: Log, project: Project) => WorkerBackend
const BACKENDS: Record<(typeof ALL_KINDS)[number], MakeBackend> = {
  subagent: (host, clock, log) => createSubagentBackend(host, clock, log),
  agent: (host, clock, log) => createAgentBackend(host, clock, log),
  server: (host, clock, log, project) => createServerBackend(serverDeps(host, clock, log, project)),
}

/**
 * The dependencies of the server backend, as the plugin makes them, with the environment of a
 * project.
 */
export function serverDeps(origin: Host, clock: Clock, log: Log, project: Project): ServerDeps {
  return {
    origin,
    clock,
    log,
    binary: join(ROOT, "test/e2e/support/serve.sh"),
    env: project.env,
    usesFolder: () => true,
    folder: join(project.state(), "servers"),
    notes: join(project.state(), "sessions"),
    ledger: ledgerOf(project.state()),
    password: () => undefined,
    remotes: () => [],
    learn: () => undefined,
  }
}

export const clock: Clock = {
  now: Date.now,
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}

/** A task that a worker is doing. */
export interface Working {
  readonly task: WorkerTask
  readonly report: RecordedReport
  readonly result: ReturnType<WorkerBackend["run"]>
  abort(): void
}

/** A real OpenCode server with a scripted model, and worker backends that use it. */
export interface Workplace extends AsyncDisposable {
  readonly model: ScriptedModel
  readonly project: Project
  readonly server: Server
  /** `host` has a person, and `unattended` has none. */
  readonly host: Host
  readonly unattended: Host
  /** The session that the workers are started from. */
  readonly parent: string
  /** Errors that were logged. */
  readonly errors: readonly unknown[]
  backend(kind: (typeof ALL_KINDS)[number], host?: Host): WorkerBackend
  task(prompt: string, over?: Partial<WorkerTask>, worker?: Partial<Profile>): WorkerTask
  /** Gives a task to a backend. */
  start(backend: WorkerBackend, task: WorkerTask): Working
  isIdle(session: string): Promise<boolean>
}

/** Starts a workplace. The caller must dispose of it. */
export async function openWorkplace(files: Readonly<Record<string, string>> = {}): Promise<Workplace> {
  const errors: unknown[] = []
  const model = await startScriptedModel()
  const project = makeProject({ model, baton: false, files })
  const server = await startServer(project)
  const following = new AbortController()
  const feed = createFeed((error) => errors.push(error))
  await followEvents(server.client, feed, following.signal, (error) => errors.push(error))
  const host: Host = { client: server.client, directory: project.dir, isAttended: true, subscribe: feed.subscribe }
  const unattended: Host = { ...host, isAttended: false }
  const { data } = await server.client.session.create({ title: "parent" })
  const parent = data?.id as string
  let count = 0
  const backends: WorkerBackend[] = []
  return {
    model,
    project,
    server,
    host,
    unattended,
    parent,
    errors,
    backend(kind, on = host) {
      const log: Log = { error: (message, detail) => errors.push([message, detail]) }
      const backend = BACKENDS[kind](on, clock, log, project)
      backends.push(backend)
      return backend
    },
    task: (prompt, over = {}, worker = {}) =>
      workerTask(`s${++count}`, { profile: profile("worker", worker), prompt, parent, ...over }),
    start(backend, task) {
      const report = recordReport()
      const controller = new AbortController()
      const result = backend.run(task, report, controller.signal)
      return { task, report, result, abort: () => controller.abort() }
    },
    async isIdle(session) {
      const served = servedIn(project, server).map((one) => clientOf(one, project.dir))
      const statuses = await Promise.all([server.client, ...served].map((client) => client.session.status({})))
      return statuses.every(({ data }) => data !== undefined && data[session] === undefined)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(backends.map((backend) => backend.close()))
      following.abort()
      await server.stop()
      await project.dispose()
      await model.close()
    },
  }
}

/** The world of the contract suites, made of a workplace's model and a backend. */
export function contractWorld(
  { model, parent }: Pick<Workplace, "model" | "parent">,
  backend: WorkerBackend,
): LiveWorld {
  const exactly = (prompt: string) => new RegExp(`^${prompt.replaceAll(".", "\\.")}$`)
  const bash = (command: string) => callTool("bash", { command, description: "runs" })
  return {
    backend,
    parent,
    asking: [
      { permission: "bash", pattern: "*", action: "ask" },
      { permission: "bash", pattern: "npm test", action: "allow" },
    ],
    answer: (prompt, text) => model.script(exactly(prompt), say(text)),
    refuse: (prompt) => model.script(exactly(prompt), fail(401, { message: "no such key" })),
    async stall(prompt) {
      model.script(exactly(prompt), silence())
      await model.waitFor(exactly(prompt))
    },
    hold(prompt) {
      const held = model.hold(exactly(prompt))
      return { arrived: held.arrived, release: (text) => held.release(say(text)) }
    },
    command: (prompt, command, text) => model.script(exactly(prompt), bash(command), say(text)),
    question(prompt, question, text) {
      const options = [{ label: "red", description: "the red one" }]
      const args = { questions: [{ question, header: "Which", options }] }
      model.script(exactly(prompt), callTool("question", args), say(text))
    },
    hang: (prompt) => model.script(exactly(prompt), bash("sleep 600")),
    asked: (prompt) => model.asked(exactly(prompt)).length,
    sent: (prompt, n) => JSON.stringify(model.asked(exactly(prompt))[n]?.messages),
    close: () => Promise.resolve(),
  }
}
