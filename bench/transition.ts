import type { ScriptedRequest } from "../scripts/scripted-model.ts"
import { type Ask, askByEvents, askBySync } from "./bare.ts"
import { interleave, median } from "./measure.ts"
import { compare, type Row } from "./report.ts"
import { openWorld, type World } from "./world.ts"

/**
 * The time from the end of a step to the next, with ten chains of steps in parallel on the real
 * OpenCode, one worker each. `own` is the time from the end event until the next session is
 * requested, which is Baton's part. `whole` is the time from the end of the model's answer until it
 * receives the next prompt, which is mostly spent in the server, on one thread for all ten.
 */

const ROWS = 10
const STEPS = 10
const ROUNDS = 5

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const promptOf = (row: number, n: number) => `Do part ${row}-${n} of the work.`

function workflow(): string {
  const steps = numbers(ROWS).flatMap((row) =>
    numbers(STEPS).map((n) => {
      const needs = n > 1 ? `, needs: [s${row}-${n - 1}]` : ""
      return `  - { id: s${row}-${n}, prompt: ${promptOf(row, n)}${needs} }`
    }),
  )
  return `name: rows\nsettings: { max_parallel: ${ROWS} }\nsteps:\n${steps.join("\n")}\n`
}

/** The 95th percentiles of Baton, compared with a script that does the same with the SDK. */
export async function transition(tell: (line: string) => void): Promise<Row[]> {
  await using world = await openWorld({ config: { limits: { max_workers: ROWS } }, workflows: { rows: workflow() } })
  const heard = listen(world)
  const own: Record<string, number[]> = { baton: [], events: [], sync: [] }
  const side = (name: string, work: () => Promise<void>) => async () => {
    const before = world.model.requests.length
    heard.clear()
    await work()
    own[name]?.push(percentile(heard.waits(), 0.95))
    return percentile(waits(world.model.requests.slice(before)), 0.95)
  }
  const sides = {
    baton: side("baton", () => batonRows(world)),
    events: side("events", () => bareRows(world, askByEvents(world.host))),
    sync: side("sync", () => bareRows(world, askBySync(world.server.client))),
  }
  // Warms up the compiler.
  for (const warmUp of Object.values(sides)) await warmUp()
  for (const name of Object.keys(own)) own[name] = []
  const samples = await interleave(ROUNDS, sides, (name, round, ms) =>
    tell(
      `transition, round ${round + 1} of ${ROUNDS}, ${name}: p95 ${own[name]?.at(-1)?.toFixed(1)} ms own, ${ms.toFixed(0)} ms whole`,
    ),
  )
  const better = median(samples.events) < median(samples.sync) ? "events" : "sync"
  const options = { unit: "ms", comparison: "more", atMost: 100 } as const
  const rowOf = (what: string, of: readonly number[], than: readonly number[]) => compare(what, options, of, than)
  const { baton = [], events = [] } = own
  const part = rowOf(`p95 end heard to next step, ${ROWS} workers (bare: events)`, baton, events)
  return [
    { ...part, ok: part.ok && part.measured <= part.atMost },
    rowOf(`p95 answer to next prompt, ${ROWS} workers (bare: ${better})`, samples.baton, samples[better]),
  ]
}

/** Records by title when each session was requested and when its end event arrived. */
function listen({ host, server }: World) {
  const asked = new Map<string, number>()
  const ended = new Map<string, number>()
  const titles = new Map<string, string>()
  const { session } = server.client
  const create = session.create.bind(session)
  session.create = (parameters, ...rest) => {
    asked.set(parameters?.title ?? "", performance.now())
    return create(parameters, ...rest)
  }
  host.subscribe((event) => {
    if (event.type === "session.created") titles.set(event.properties.info.id, event.properties.info.title)
    if (event.type === "session.idle") ended.set(titles.get(event.properties.sessionID) ?? "", performance.now())
  })
  const wait = (row: number, n: number) => {
    const [from, to] = [ended.get(titleOf(row, n)), asked.get(titleOf(row, n + 1))]
    // The response of the call may arrive before the event.
    return from === undefined || to === undefined ? [] : [Math.max(0, to - from)]
  }
  return {
    clear() {
      for (const map of [asked, ended, titles]) map.clear()
    },
    waits() {
      const all = numbers(ROWS).flatMap((row) => numbers(STEPS - 1).flatMap((n) => wait(row, n)))
      if (all.length < ROWS * (STEPS - 1)) throw new Error(`only ${all.length} steps were heard`)
      return all
    },
  }
}

const titleOf = (row: number, n: number) => `s${row}-${n} · rows`

async function batonRows({ runtime, newParent }: World): Promise<void> {
  const { engine, project } = runtime
  const prepared = project.prepare("rows", {}, "")
  if (!prepared.ok) throw new Error(prepared.problems.map((problem) => problem.message).join("\n"))
  const run = project.newRunId()
  const parent = await newParent("rows")
  const started = engine.start({ ...prepared.value.definition, run, parent, by: "benchmark" })
  if (!started.ok) throw new Error(started.why)
  const { view } = await engine.finished(run)
  if (view?.status !== "success") throw new Error(`the run ended with ${view?.status}`)
}

async function bareRows({ newParent }: World, ask: Ask): Promise<void> {
  const parent = await newParent("rows")
  const row = async (at: number) => {
    for (const n of numbers(STEPS)) await ask(parent, { title: titleOf(at, n), text: promptOf(at, n) })
  }
  await Promise.all(numbers(ROWS).map(row))
}

/** For each chain, the time from each answer until the next prompt. */
function waits(requests: readonly ScriptedRequest[]): number[] {
  const find = (row: number, n: number) => requests.find(({ prompt }) => prompt === promptOf(row, n))
  return numbers(ROWS).flatMap((row) =>
    numbers(STEPS - 1).map((n) => {
      const [answered, asked] = [find(row, n)?.answeredAt, find(row, n + 1)?.at]
      if (answered === undefined || asked === undefined) throw new Error(`${promptOf(row, n)} was not answered`)
      return asked - answered
    }),
  )
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}
