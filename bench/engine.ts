import { Database } from "bun:sqlite"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setImmediate as nextTick } from "node:timers/promises"
import type { RunCreated } from "../src/core/model/events.ts"
import type { Step } from "../src/core/model/workflow.ts"
import type { Clock, Store, WorkerBackend } from "../src/core/ports/ports.ts"
import { Engine } from "../src/engine/engine.ts"
import { render } from "../src/spec/template.ts"
import { openSqliteStore } from "../src/store/sqlite/store.ts"
import { createScriptedBackend } from "../src/workers/scripted/backend.ts"
import { checker } from "../test/support/checker.ts"
import { context } from "../test/support/context.ts"
import { interleave, timed } from "./measure.ts"
import { compare, type Row } from "./report.ts"

/**
 * Measures the engine alone. Its workers answer at once, so that the time is spent on decisions and
 * journal writes.
 */

const ROUNDS = 7
const MANY = 10_000
const FEW = 1_000
const PARALLEL = 10
const SHAPES = { "in a row": true, independent: false } as const

const clock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}

/** A run of `count` steps, either sequential (each quotes the one before) or all independent. */
export function runOf(count: number, isChain: boolean): Omit<RunCreated, "type" | "at"> {
  const steps = Array.from({ length: count }, (_, index): Step => {
    const before = isChain && index > 0 ? `s${index - 1}` : undefined
    return {
      id: `s${index}`,
      type: "single",
      profile: "worker",
      prompt: before === undefined ? `Do part ${index}.` : `Do part ${index}, given \${${before}.output}`,
      needs: before === undefined ? [] : [before],
    }
  })
  return {
    run: crypto.randomUUID(),
    workflow: {
      name: "work",
      inputs: {},
      settings: { maxParallel: PARALLEL, timeoutMs: 3_600_000, onFailure: "stop" },
      steps,
    },
    inputs: {},
    profiles: { worker: { name: "worker", kind: "subagent", permission: [] } },
    limits: { maxWorkers: PARALLEL },
    by: "benchmark",
  }
}

/**
 * Workers that do nothing and finish in the next tick, as real ones would. Within a single tick,
 * the timers of deadlines that were set and cancelled would pile up, which happens only in a
 * benchmark.
 */
function createTickingBackend(): WorkerBackend {
  const backend = createScriptedBackend(() => ({ output: "A short answer." }))
  return {
    async run(...task) {
      await nextTick()
      return backend.run(...task)
    },
    open: backend.open,
    steer: backend.steer,
    answer: backend.answer,
    stop: backend.stop,
    close: backend.close,
  }
}

/** An engine on `store`, with workers that do nothing. */
export function engineOver(store: Store): Engine {
  const backend = createTickingBackend()
  return new Engine({
    store,
    clock,
    render,
    hash: (text) => new Bun.CryptoHasher("sha256").update(text).digest("hex"),
    log: {
      error(message) {
        throw new Error(message)
      },
    },
    backend: () => backend,
    random: Math.random,
    evaluate: () => ({ ok: true, value: true }),
    value: () => ({ ok: true, value: [] }),
    checker,
    ...context(),
  })
}

/**
 * Drives a run to its end on `store`. Returns the milliseconds; throws when a step does not
 * succeed.
 */
export async function drive(store: Store, count: number, isChain: boolean): Promise<number> {
  const engine = engineOver(store)
  const created = runOf(count, isChain)
  let succeeded = 0
  engine.subscribe((run) => {
    succeeded = run.well
  })
  const ms = await timed(async () => {
    const started = engine.start(created)
    if (!started.ok) throw new Error(started.why)
    await engine.finished(created.run)
  })
  if (succeeded !== count) throw new Error(`${succeeded} of ${count} steps succeeded`)
  return ms
}

/** A store that keeps nothing. `append` receives what would have been written. */
export function storeOf(append: Store["append"]): Store {
  return {
    append,
    read: () => [],
    extent: () => undefined,
    version: () => 0,
    list: () => [],
    unended: () => [],
    claim: () => ({ release: () => undefined }),
    isClaimed: () => false,
    keep: () => undefined,
    kept: () => [],
    delegated: () => [],
    remove: () => undefined,
    post: () => undefined,
    queued: () => [],
    drop: () => [],
    readAll: () => [],
    refuse: () => undefined,
    outcomeOf: () => undefined,
    withdraw: () => undefined,
    unkeep: () => undefined,
    close: () => undefined,
  }
}

/**
 * Time per transition of 10,000 steps with the durable journal, compared with writing the same
 * bytes in as many bare durable transactions.
 */
export async function engineOverhead(tell: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = []
  for (const [shape, isChain] of Object.entries(SHAPES)) {
    const bodies: string[] = []
    await drive(
      storeOf((_, events) => void bodies.push(JSON.stringify(events))),
      MANY,
      isChain,
    )
    const perTransition = async (work: (folder: string) => Promise<number>) => {
      const folder = mkdtempSync(join(tmpdir(), "baton-bench-"))
      try {
        return ((await work(folder)) / bodies.length) * 1_000
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
    const samples = await interleave(
      ROUNDS,
      {
        engine: () => perTransition((folder) => durableRun(folder, isChain)),
        bare: () => perTransition((folder) => bareAppends(folder, bodies)),
      },
      (side, round, us) => tell(`engine ${shape}, round ${round + 1} of ${ROUNDS}, ${side}: ${us.toFixed(1)} µs`),
    )
    const what = `a transition, ${MANY} steps ${shape}`
    rows.push(compare(what, { unit: "us", comparison: "times", atMost: 2 }, samples.engine, samples.bare))
  }
  return rows
}

async function durableRun(folder: string, isChain: boolean): Promise<number> {
  const store = openSqliteStore(folder)
  try {
    return await drive(store, MANY, isChain)
  } finally {
    store.close()
  }
}

/**
 * Writes one row in one transaction for each body, as durably as the journal does. This is the
 * least possible work.
 */
export function bareAppends(folder: string, bodies: Iterable<string>): Promise<number> {
  const db = new Database(join(folder, "bare.db"), { create: true })
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE event (seq INTEGER PRIMARY KEY, body TEXT)")
  const insert = db.query("INSERT INTO event (body) VALUES (?)")
  try {
    return timed(() => {
      for (const body of bodies) insert.run(body)
    })
  } finally {
    db.close()
  }
}

/**
 * A run of 10,000 steps compared with one of 1,000. It uses no disk, because the constant cost of
 * writing would hide growth.
 */
export async function engineGrowth(tell: (line: string) => void): Promise<Row[]> {
  const nothing = storeOf(() => undefined)
  const rows: Row[] = []
  for (const [shape, isChain] of Object.entries(SHAPES)) {
    // Warms up the compiler, because a side that is measured before that would look slower.
    for (let warmUp = 0; warmUp < 3; warmUp++) await drive(nothing, MANY, isChain)
    const samples = await interleave(
      ROUNDS,
      {
        many: () => meanOf(1, () => drive(nothing, MANY, isChain)),
        few: () => meanOf(MANY / FEW, () => drive(nothing, FEW, isChain)),
      },
      (side, round, ms) => tell(`growth ${shape}, round ${round + 1} of ${ROUNDS}, ${side}: ${ms.toFixed(1)} ms`),
    )
    const what = `${MANY} steps ${shape} (bare: ${FEW})`
    rows.push(compare(what, { unit: "ms", comparison: "times", atMost: 11 }, samples.many, samples.few))
  }
  return rows
}

/**
 * The mean of several runs, so that both sides of a round run the same number of steps. Garbage
 * collection counts as part of the time, since a single short run would contain either one pause or
 * none.
 */
async function meanOf(times: number, run: () => Promise<number>): Promise<number> {
  Bun.gc(true)
  let sum = 0
  for (let time = 0; time < times; time++) sum += await run()
  return sum / times
}
