import type { Activity } from "../src/core/ports/ports.ts"
import { decode } from "../src/core/view/protocol.ts"
import { systemClock } from "../src/host/clock.ts"
import type { Host } from "../src/host/host.ts"
import { watchRuns } from "../src/opencode/live.ts"
import { handDriven } from "../test/support/engine.ts"
import { createdEvent, step, workflow } from "../test/support/runs.ts"
import { median } from "./measure.ts"
import { compare, type Row } from "./report.ts"

/**
 * Measures the dashboard while many workers write at once: how often it redraws, how fast a key
 * responds, and how much memory it keeps.
 */

const WORKERS = 20
const STEPS = 500
const ROUNDS = 5
const ROUND_MS = 3_000
/** Interval at which each worker reports that it has written something. */
const WRITES_MS = 20
const KEYS = 20
/** Compiles .tsx files as OpenCode does. It has no types. */
const PRELOAD: string = "@opentui/solid/preload"

/**
 * Opens both halves on an engine with one run, with a screen of 200 by 60. Nothing of OpenCode is
 * involved.
 */
async function openScreen(steps: number, parallel: number) {
  // The plugin must be loaded before the first .tsx file.
  await import(PRELOAD)
  const { openDashboardScreen } = await import("./dashboard-screen.tsx")
  const screen = await openDashboardScreen()
  const { engine, backend } = handDriven({ clock: systemClock })
  const tui = {
    async publish({ body }: { body: { properties: { command: string } } }) {
      const message = decode(body.properties.command)
      if (message?.kind === "state") screen.live.update(message)
      return { data: true }
    },
    showToast: () => Promise.resolve({ data: true }),
  }
  const host = { client: { tui }, directory: "/", isAttended: true, subscribe: () => () => undefined }
  const log = { error: (message: string) => void process.stderr.write(`${message}\n`) }
  const stop = watchRuns({ host: host as unknown as Host, engine, log, clock: systemClock, toasts: () => false })
  const all = Array.from({ length: steps }, (_, at) => step(`step-${at}`))
  const {
    type: _,
    at: __,
    ...created
  } = createdEvent(crypto.randomUUID(), {
    workflow: workflow(all, { maxParallel: parallel }),
    limits: { maxWorkers: parallel },
  })
  engine.start(created)
  const jobs = await Promise.all(all.slice(0, parallel).map(({ id }) => backend.job(id)))
  return {
    ...screen,
    jobs,
    async close() {
      stop()
      screen.destroy()
      await engine.interrupt("benchmark")
    },
  }
}

type Screen = Awaited<ReturnType<typeof openScreen>>

/** Lets every worker write for `ms` milliseconds. */
async function stream({ jobs }: Screen, ms: number): Promise<void> {
  const end = performance.now() + ms
  for (let written = 0; performance.now() < end; written++) {
    const activity: Activity = {
      phase: "working",
      tool: null,
      lastActivityAt: Date.now(),
      tokens: { input: written, output: written },
      cost: written / 1_000,
      tail: "It writes and writes. ".repeat(90).slice(-2_000),
    }
    for (const job of jobs) job.report.activity(activity)
    await Bun.sleep(WRITES_MS)
  }
}

/** Median time in milliseconds from a key press until the screen shows its effect. */
async function answers(screen: Screen): Promise<number> {
  const taken: number[] = []
  for (let pressed = 0; pressed < KEYS; pressed++) {
    const start = performance.now()
    screen.dashboard.move(pressed % 2 === 0 ? 7 : -5)
    await screen.render()
    taken.push(performance.now() - start)
    await Bun.sleep(WRITES_MS)
  }
  return median(taken)
}

/** Measures keys while all workers stream, and with a single step that is idle. */
export async function dashboard(tell: (line: string) => void): Promise<readonly Row[]> {
  const idle = await openScreen(1, 1)
  const busy = await openScreen(STEPS, WORKERS)
  const redraws: Record<"busy" | "idle", number[]> = { busy: [], idle: [] }
  const keys: Record<"busy" | "idle", number[]> = { busy: [], idle: [] }
  const memory: Record<"before" | "after", number[]> = { before: [], after: [] }
  await stream(busy, ROUND_MS)
  for (let round = 0; round < ROUNDS; round++) {
    memory.before.push(heapMb())
    redraws.idle.push(await redrawn(idle, () => Bun.sleep(ROUND_MS)))
    redraws.busy.push(await redrawn(busy, () => stream(busy, ROUND_MS)))
    keys.idle.push(await answers(idle))
    const [, taken] = await Promise.all([stream(busy, KEYS * WRITES_MS * 2), answers(busy)])
    keys.busy.push(taken)
    memory.after.push(heapMb())
    tell(`dashboard: round ${round + 1} of ${ROUNDS}, ${redraws.busy[round]?.toFixed(1)} redraws a second`)
  }
  await Promise.all([idle.close(), busy.close()])
  const of = (what: string, unit: Row["unit"], atMost: number) => [what, { unit, comparison: "more", atMost }] as const
  return [
    compare(...of(`redraws, ${WORKERS} workers stream (bare: 1 waits)`, "/s", 5), redraws.busy, redraws.idle),
    compare(...of(`a key among ${STEPS} steps (bare: 1)`, "ms", 100), keys.busy, keys.idle),
    compare(...of("memory after a round (bare: before)", "MB", 5), memory.after, memory.before),
  ]
}

/** Redraws per second while `meanwhile` runs. */
async function redrawn(screen: Screen, meanwhile: () => Promise<void>): Promise<number> {
  const [start, drawn] = [performance.now(), screen.drawn()]
  await meanwhile()
  return ((screen.drawn() - drawn) / (performance.now() - start)) * 1_000
}

function heapMb(): number {
  Bun.gc(true)
  return process.memoryUsage().heapUsed / 1_000_000
}
