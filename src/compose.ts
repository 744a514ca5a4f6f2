import { createHash } from "node:crypto"
import { join } from "node:path"
import { createSurveyor } from "./checks/changes.ts"
import { createChecker } from "./checks/checker.ts"
import { createProjectFiles } from "./checks/project-files.ts"
import { Tree } from "./checks/tree.ts"
import { projectRoot } from "./config/find.ts"
import { type LoadOptions, loadConfig } from "./config/load.ts"
import { composer } from "./context/compose.ts"
import type { Kind } from "./core/model/kinds.ts"
import { formatProblems } from "./core/model/problem.ts"
import type { Log, WorkerBackend } from "./core/ports/ports.ts"
import { Engine, type EngineDeps } from "./engine/engine.ts"
import { createGit } from "./git/repository.ts"
import { driversOf, recordDriver } from "./host/ancestry.ts"
import { missingModels } from "./host/catalog.ts"
import { systemClock } from "./host/clock.ts"
import type { Host } from "./host/host.ts"
import { ledgerOf } from "./host/ledger.ts"
import { Gate } from "./project/gate.ts"
import { Project } from "./project/project.ts"
import type { Runtime } from "./project/runtime.ts"
import { touchedByRuns } from "./project/touched.ts"
import { createVault, type ProjectVault } from "./project/vault.ts"
import { modelsWanted } from "./project/workers.ts"
import { compileSchema } from "./spec/json-schema.ts"
import { holds, render, resultOf } from "./spec/template.ts"
import { stateBase } from "./state/folder.ts"
import { ownerSecret } from "./state/key.ts"
import { openState } from "./state/project-state.ts"
import { isStoreInUse, openSqliteStore } from "./store/sqlite/store.ts"
import { createAgentBackend } from "./workers/agent/backend.ts"
import { createServerBackend, type ServerDeps } from "./workers/server/backend.ts"
import { createSubagentBackend } from "./workers/subagent/backend.ts"

/** The only file that names implementations: it takes the configuration and returns a running
 *  engine. */

export { hasJournal } from "./journal.ts"

/** Whether a process drives a run whose journal is in this folder. */
export function isInUse(folder: string): boolean {
  return isStoreInUse(folder)
}

/** Whether the process drives no run, and why if a person should know. */
type Readers = Pick<EngineDeps, "isReader" | "whyReader">

interface RuntimeOptions extends LoadOptions, Readers {
  readonly host: Host
  readonly log: Log
  /** Whether the project's folder is trusted at this moment; without it, the gate's last verdict. */
  readonly usesFolder?: () => boolean
}

/** Opens a project's journal and an engine over it that works through `host`; a reader drives no
 *  run. Throws when the journal cannot be opened. */
export function openRuntime(options: RuntimeOptions): Runtime {
  const { host, whyReader, isReader = whyReader !== undefined } = options
  const project = new Project(options)
  const vault = createVault(project.root, options.env)
  const log: Log = { error: (message, detail) => options.log.error(vault.hide(message), vault.hide(detail)) }
  const gate = new Gate(options, () => Promise.resolve(touchedByRuns(engine)))
  const { usesFolder = gate.isTrusted } = options
  const { folder: state, id } = openState(project.root, options.env)
  const store = openSqliteStore(state, ownerSecret(options.env, "queue", id))
  const git = createGit(project.root, { folder: join(state, "git"), env: process.env })
  const endRecord = isReader ? undefined : recordDriver(driversOf(stateBase(options.env)))
  const tree = new Tree({ root: project.root, folder: join(state, "trees"), git, log })
  const notes = join(state, "sessions")
  const backends = createBackends({
    host,
    log,
    notes,
    servers: serverDeps(project, state, { host, log, usesFolder, notes, vault }),
  })
  const checked = { root: project.root, ledger: ledgerOf(state), clock: systemClock, env: process.env }
  const engine = new Engine({
    store,
    clock: systemClock,
    log,
    isReader,
    ...(whyReader === undefined ? {} : { whyReader }),
    render,
    evaluate: holds,
    value: resultOf,
    checker: createChecker({ ...checked, git, tree, hide: (text) => vault.hide(text), compile: compileSchema }),
    composer,
    files: createProjectFiles(project.root),
    vault,
    tree,
    surveyor: createSurveyor(project.root, git, log),
    random: Math.random,
    hash: (text) => createHash("sha256").update(text).digest("hex"),
    backend: (kind) => backends.of(kind),
  })
  return {
    project,
    engine,
    gate,
    missing: async (definition) => {
      const lines = await missingModels(host, modelsWanted(definition))
      return lines.length === 0 ? undefined : lines.join("\n")
    },
    async close(by) {
      await engine.interrupt(by)
      await backends.close()
      store.close()
      endRecord?.()
    },
  }
}

/** What backends are created from. */
interface Surroundings {
  readonly host: Host
  readonly log: Log
  /** Folder of the notes about workers' sessions. */
  readonly notes: string
  readonly servers: ServerDeps
}

/** Creates the backend of a kind; null for a kind that is not built. */
const BACKENDS: Readonly<Record<Kind, ((from: Surroundings) => WorkerBackend) | null>> = {
  subagent: ({ host, log, notes }) => createSubagentBackend(host, systemClock, log, notes),
  agent: ({ host, log, notes }) => createAgentBackend(host, systemClock, log, notes),
  server: ({ servers }) => createServerBackend(servers),
  cli: null,
}

/** The worker backends by kind. */
interface Backends {
  /** Throws for a kind that this version cannot run. */
  of(kind: string): WorkerBackend
  close(): Promise<void>
}

export function createBackends(from: Surroundings): Backends {
  const made = new Map(Object.entries(BACKENDS).flatMap(([kind, make]) => (make ? [[kind, make(from)] as const] : [])))
  return {
    of(kind) {
      const backend = made.get(kind)
      if (!backend) throw new Error(`no worker backend for kind ${kind}`)
      return backend
    },
    async close() {
      await Promise.all([...made.values()].map((backend) => backend.close()))
    },
  }
}

/** What the servers of this project are created from. The command line names its OpenCode; the
 *  plugin runs inside one. */
function serverDeps(
  project: Project,
  state: string,
  {
    host,
    log,
    usesFolder,
    notes,
    vault,
  }: Pick<Required<RuntimeOptions>, "host" | "log" | "usesFolder"> & {
    readonly notes: string
    readonly vault: ProjectVault
  },
): ServerDeps {
  const config = () => {
    // A profile of a folder that is not trusted would send its password to its own address.
    const read = project.using(usesFolder()).config()
    return read.ok ? read.value : undefined
  }
  return {
    origin: host,
    clock: systemClock,
    log,
    usesFolder,
    binary: process.env.BATON_OPENCODE ?? process.execPath,
    env: process.env,
    folder: join(state, "servers"),
    notes,
    ledger: ledgerOf(state),
    password: (profile) => {
      const password = config()?.passwords[profile]
      // A server, or a worker on it, could repeat it.
      if (password !== undefined) vault.learnPassword(profile, password)
      return password
    },
    learn: vault.learnPassword,
    remotes: () => Object.values(config()?.profiles ?? {}).filter((profile) => profile.url !== undefined),
  }
}

/** The problems of orchestrator.json as text; undefined when there are none. */
export function describeConfig(options: LoadOptions): string | undefined {
  const config = loadConfig(options)
  return config.ok ? undefined : formatProblems(config.problems, projectRoot(options))
}
