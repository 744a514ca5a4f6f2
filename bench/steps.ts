import { type Ask, askByEvents, askBySync, type Prompt, pool } from "./bare.ts"
import { interleave, median, timed } from "./measure.ts"
import { compare, type Row } from "./report.ts"
import { openWorld, type World } from "./world.ts"

/**
 * Whole runs on the real OpenCode, compared with the bare SDK: the same prompts in the same kind of
 * sessions on one server, from one process. The model answers at once, so that the time is spent in
 * the host and in Baton.
 */

const STEPS = 50
const PARALLEL = 10
const ROUNDS = 7
const WARM_UP_STEPS = 25

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const prompts = (workflow: string, count: number) =>
  numbers(count).map((n): Prompt => ({ title: `step-${n} · ${workflow}`, text: `Do part ${n} of the work.` }))

/** A workflow of `count` steps, either each needing the one before it or all independent. */
function workflowOf(name: string, count: number, isChain: boolean): string {
  const steps = numbers(count).map((n) => {
    const needs = isChain && n > 1 ? `, needs: [step-${n - 1}]` : ""
    return `  - { id: step-${n}, prompt: Do part ${n} of the work.${needs} }`
  })
  return `name: ${name}\nsettings: { max_parallel: ${PARALLEL} }\nsteps:\n${steps.join("\n")}\n`
}

/** 50 sequential steps, compared with the same 50 prompts one after another. */
export function sequential(tell: (line: string) => void): Promise<Row> {
  return measure({ what: `${STEPS} steps in a row`, isChain: true, atMost: 1.05 }, tell)
}

/** 50 independent steps, 10 at a time, compared with a bare promise pool of 10. */
export function fanOut(tell: (line: string) => void): Promise<Row> {
  return measure({ what: `${STEPS} steps, ${PARALLEL} at a time`, isChain: false, atMost: 1.1 }, tell)
}

interface Shape {
  readonly what: string
  readonly isChain: boolean
  readonly atMost: number
}

async function measure({ what, isChain, atMost }: Shape, tell: (line: string) => void): Promise<Row> {
  await using world = await openWorld({
    config: { limits: { max_workers: PARALLEL } },
    workflows: {
      work: workflowOf("work", STEPS, isChain),
      "warm-up": workflowOf("warm-up", WARM_UP_STEPS, isChain),
    },
  })
  const size = isChain ? 1 : PARALLEL
  const asks: readonly Ask[] = [askByEvents(world.host), askBySync(world.server.client)]
  const [events, sync] = asks.map((ask) => (name: string, count: number) => bareRun(world, ask, name, count, size))
  const baton = (name: string, count: number) => batonRun(world, name, count)
  const sides = { baton, events: events as Side, sync: sync as Side }
  for (const side of Object.values(sides)) await side("warm-up", WARM_UP_STEPS)
  const samples = await interleave(
    ROUNDS,
    {
      baton: () => sides.baton("work", STEPS),
      events: () => sides.events("work", STEPS),
      sync: () => sides.sync("work", STEPS),
    },
    (side, round, ms) => tell(`${what}, round ${round + 1} of ${ROUNDS}, ${side}: ${ms.toFixed(0)} ms`),
  )
  const better = median(samples.events) < median(samples.sync) ? "events" : "sync"
  return compare(
    `${what} (bare: ${better})`,
    { unit: "ms", comparison: "times", atMost },
    samples.baton,
    samples[better],
  )
}

/** Runs one measurement and returns its milliseconds. */
type Side = (name: string, count: number) => Promise<number>

async function batonRun(world: World, name: string, count: number): Promise<number> {
  const { engine, project } = world.runtime
  const parent = await world.newParent(name)
  const run = project.newRunId()
  const ms = await timed(async () => {
    const prepared = project.prepare(name, {}, "")
    if (!prepared.ok) throw new Error(prepared.problems.map((problem) => problem.message).join("\n"))
    const started = engine.start({ ...prepared.value.definition, run, parent, by: "benchmark" })
    if (!started.ok) throw new Error(started.why)
    await engine.finished(run)
  })
  check(engine.view(run)?.steps.map((step) => step.output) ?? [], count)
  return ms
}

async function bareRun(world: World, ask: Ask, name: string, count: number, size: number): Promise<number> {
  const parent = await world.newParent(name)
  let answers: string[] = []
  const ms = await timed(async () => {
    const jobs = prompts(name, count).map((prompt) => () => ask(parent, prompt))
    answers = await pool(size, jobs)
  })
  check(answers, count)
  return ms
}

/**
 * Throws unless the scripted model's answers came back, because work that was not done would look
 * fast.
 */
function check(answers: readonly string[], count: number): void {
  const expected = numbers(count).map((n) => `Answer to: Do part ${n} of the work.`)
  if (answers.join("\n") !== expected.join("\n")) throw new Error(`wrong answers: ${answers}`)
}
