import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { evolve } from "../../src/core/fold/evolve.ts"
import type { Run } from "../../src/core/model/run.ts"
import type { Store } from "../../src/core/ports/ports.ts"
import { viewRun } from "../../src/core/view/view.ts"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import type { HostUnderTest } from "../contract/host.ts"
import { SECRET } from "./owner.ts"

const DRIVER = join(import.meta.dirname, "driver.ts")

export interface ProcessHost extends HostUnderTest {
  readonly store: Store
  /** Output of all driver processes. */
  output(): string
}

/**
 * Starts a process that drives runs on a journal in a temporary folder. `die` is the `DIE` of the
 * first process; see driver.ts.
 */
export async function openProcessHost(model: string, die = ""): Promise<ProcessHost> {
  const folder = mkdtempSync(join(tmpdir(), "baton-driver-"))
  const store = openSqliteStore(folder, SECRET)
  let child: ChildProcess | undefined
  let output = ""
  const launch = async (death = "") => {
    const env = { ...process.env, FOLDER: folder, MODEL: model, DIE: death }
    child = spawn(process.execPath, [DRIVER], { env, stdio: ["pipe", "pipe", "inherit"] })
    child.stdout?.on("data", (chunk) => {
      output += chunk
    })
    // The process may already be dead. A command is then in the journal, or reaches the next
    // process.
    child.stdin?.on("error", () => undefined)
    await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), once(child, "exit")])
  }
  const tell = (message: object) => child?.stdin?.write(`${JSON.stringify(message)}\n`)
  const isAlive = () => child !== undefined && child.exitCode === null && child.signalCode === null
  const died = async () => {
    if (isAlive()) await once(child as ChildProcess, "exit")
  }
  await launch(die)
  return {
    store,
    isDead: () => !isAlive(),
    output: () => output,
    async start(created) {
      const started = once(child?.stdout as NodeJS.ReadableStream, "data")
      tell({ start: created })
      await Promise.race([started, died()])
    },
    send(run, key, command) {
      store.post({ run, key, command })
      tell({ look: true })
      return Promise.resolve()
    },
    view(run) {
      const state = store.read(run).reduce<Run | undefined>(evolve, undefined)
      return Promise.resolve(state && viewRun(state, store.isClaimed(run)))
    },
    events: (run) => Promise.resolve(store.read(run)),
    async kill() {
      child?.kill("SIGKILL")
      await died()
    },
    revive: () => launch(),
    async close() {
      child?.kill("SIGKILL")
      await died()
      store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
