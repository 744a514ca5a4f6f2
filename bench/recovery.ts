import { Database } from "bun:sqlite"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { RunEvent } from "../src/core/model/events.ts"
import type { Store } from "../src/core/ports/ports.ts"
import { openSqliteStore } from "../src/store/sqlite/store.ts"
import { pool } from "./bare.ts"
import { bareAppends, drive, engineOver, storeOf } from "./engine.ts"
import { interleave, timed } from "./measure.ts"
import { compare, type Row } from "./report.ts"

/**
 * Measures the recovery from a crash that interrupted 1,000 runs of five steps, each in its third
 * step.
 */

const ROUNDS = 5
const RUNS = 1_000
const STEPS = 5
/** Number of events of a run up to the start of its third step. */
const EVENTS = 9
const AT_A_TIME = 10

/**
 * Compares viewing all interrupted runs with reading the same rows, and finishing them with writing
 * as much.
 */
export async function recovery(tell: (line: string) => void): Promise<Row[]> {
  const left = mkdtempSync(join(tmpdir(), "baton-bench-"))
  try {
    await writeInterrupted(left)
    const written = await inCopy(left, async (folder) => {
      const bodies: string[] = []
      await finish(hearing(openSqliteStore(folder), bodies))
      return bodies
    })
    const samples = await interleave(
      ROUNDS,
      {
        see: () => inCopy(left, (folder) => see(folder)),
        read: () => inCopy(left, (folder) => timed(() => readAll(folder))),
        finish: () => inCopy(left, (folder) => finish(openSqliteStore(folder))),
        write: () => inCopy(left, (folder) => bareAppends(folder, written)),
      },
      (side, round, ms) => tell(`recovery, round ${round + 1} of ${ROUNDS}, ${side}: ${ms.toFixed(0)} ms`),
    )
    const times = (what: string, atMost: number, of: readonly number[], than: readonly number[]) =>
      compare(what, { unit: "ms", comparison: "times", atMost }, of, than)
    return [
      times(`${RUNS} interrupted runs seen (bare: their rows read)`, 10, samples.see, samples.read),
      times(`${RUNS} interrupted runs finished (bare: as many writes)`, 3, samples.finish, samples.write),
    ]
  } finally {
    rmSync(left, { recursive: true })
  }
}

/** Writes the journal that a process leaves behind when it is killed while it drives all runs. */
async function writeInterrupted(folder: string): Promise<void> {
  const events: RunEvent[] = []
  await drive(
    storeOf((_, more) => void events.push(...more)),
    STEPS,
    true,
  )
  const store = openSqliteStore(folder)
  for (let index = 0; index < RUNS; index++) {
    const run = `run-${index}`
    store.append(
      run,
      events.slice(0, EVENTS).map((event) => (event.type === "run.created" ? { ...event, run } : event)),
    )
    // Leaves the lock file without an owner, as a killed process does.
    store.claim(run)?.release()
  }
  store.close()
}

async function inCopy<T>(left: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "baton-bench-"))
  try {
    cpSync(left, folder, { recursive: true })
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function see(folder: string): Promise<number> {
  let seen = 0
  const ms = await timed(() => {
    const store = openSqliteStore(folder)
    const engine = engineOver(store)
    for (const { id } of engine.list()) if (engine.view(id)?.status === "interrupted") seen++
    store.close()
  })
  if (seen !== RUNS) throw new Error(`${seen} of ${RUNS} runs are interrupted`)
  return ms
}

function readAll(folder: string): void {
  const db = new Database(join(folder, "journal.db"))
  const rows = db.query<{ body: string }, [string]>("SELECT body FROM event WHERE run = ? ORDER BY seq")
  let events = 0
  for (let index = 0; index < RUNS; index++)
    for (const { body } of rows.all(`run-${index}`)) if (JSON.parse(body).type) events++
  db.close()
  if (events !== RUNS * EVENTS) throw new Error(`${events} events`)
}

function hearing(store: Store, bodies: string[]): Store {
  return {
    ...store,
    append(run, events, done) {
      bodies.push(JSON.stringify(events))
      store.append(run, events, done)
    },
  }
}

async function finish(store: Store): Promise<number> {
  const engine = engineOver(store)
  let succeeded = 0
  const ms = await timed(() =>
    pool(
      AT_A_TIME,
      engine.list().map(({ id }) => async () => {
        const resumed = engine.resume(id, "benchmark")
        if (!resumed.ok) throw new Error(resumed.why)
        if ((await engine.finished(id)).view?.status === "success") succeeded++
      }),
    ),
  )
  store.close()
  if (succeeded !== RUNS) throw new Error(`${succeeded} of ${RUNS} runs succeeded`)
  return ms
}
