import fc from "fast-check"
import { expect, it } from "vitest"
import type { RunEvent } from "../../src/core/model/events.ts"
import type { StepResult } from "../../src/core/model/result.ts"
import type { GateAction, Group, Step } from "../../src/core/model/workflow.ts"
import type { Checker, Render, Store, WorkerTask } from "../../src/core/ports/ports.ts"
import type { RunView } from "../../src/core/view/view.ts"
import { Engine } from "../../src/engine/engine.ts"
import { createMemoryStore } from "../../src/store/memory/store.ts"
import { createScriptedBackend } from "../../src/workers/scripted/backend.ts"
import { checker } from "../support/checker.ts"
import { manualClock } from "../support/clock.ts"
import { context } from "../support/context.ts"
import { createdEvent, step, workflow } from "../support/runs.ts"
import { timesToTry } from "../support/scale.ts"

/** Crashes of the engine alone: random graphs with every kind of step, killed after a random
 *  append to the journal, several times, and resumed by a new engine each time (G1, G2). */

const RUNS = timesToTry(200, 2_000)

const CHECK = { type: "command", expect: "pass", severity: "error" } as const
const feature = fc.record(
  {
    retry: fc.record({
      maxAttempts: fc.integer({ min: 2, max: 3 }),
      delayMs: fc.constantFrom(0, 5_000),
      backoff: fc.constantFrom("fixed" as const, "exponential" as const),
    }),
    condition: fc.constantFrom("true", "broken"),
    onFailure: fc.constant("skip" as const),
    intervene: fc.constantFrom("on-error" as const, "on-warning" as const, "always" as const),
    effects: fc.constant("external" as const),
    isChecked: fc.boolean(),
    isGate: fc.boolean(),
    kind: fc.constantFrom("parallel" as const, "routed" as const, "ensemble" as const, "loop" as const),
  },
  { requiredKeys: [] },
)
type Feature = typeof feature extends fc.Arbitrary<infer T> ? T : never

const steps = fc
  .array(fc.tuple(fc.array(fc.nat({ max: 20 }), { maxLength: 3 }), feature), { minLength: 2, maxLength: 8 })
  .map((rows) => rows.map(([needs, features], at) => stepOf(at, needs, features)))

const GROUPS: Record<"parallel" | "routed" | "ensemble", Group> = {
  parallel: { type: "parallel", steps: [step("x"), { ...step("y", "x"), prompt: "do y with ${x.output}" }, step("z")] },
  routed: {
    type: "routed",
    over: '[{"id":"p","category":"a"},{"id":"q","category":"a","depends_on":["p"]}]',
    by: "category",
    route: { a: "worker" },
    max: 5,
  },
  ensemble: {
    type: "ensemble",
    proposers: ["worker", "worker"],
    judges: ["worker", "worker"],
    mode: "parallel",
    verdict: "pick",
    quorum: 1,
  },
}

function stepOf(at: number, needs: readonly number[], { kind, ...features }: Feature): Step {
  const own = plainStepOf(at, needs, features)
  if (kind === undefined || own.type === "gate" || own.effects) return own
  if (kind === "loop") return { ...own, loop: { max: 2, stagnant: 3 } }
  return { ...own, type: kind, group: GROUPS[kind] }
}

function plainStepOf(
  at: number,
  needs: readonly number[],
  { isChecked, isGate, ...features }: Omit<Feature, "kind">,
): Step {
  const own = step(`s${at}`, ...new Set(at === 0 ? [] : needs.map((need) => `s${need % at}`)))
  const prompt = `do ${own.id} with ${own.needs.map((need) => `\${${need}.output}`).join(" ")}`
  const checks = isChecked ? { checks: [{ ...CHECK, run: own.id }] } : {}
  return { ...own, ...features, ...checks, prompt, ...(isGate ? { type: "gate" } : {}) }
}

/** A step at the end of the run that reads the first step. */
function hookOf(hook: "success" | "failure" | "complete", at: number): Step {
  return { ...step(`hook${at}`, "s0"), hook, prompt: "do it with ${s0.output}" }
}

const scenario = fc.record({
  specs: steps,
  luck: fc.nat(),
  cap: fc.integer({ min: 1, max: 4 }),
  hooks: fc.array(fc.constantFrom("success" as const, "failure" as const, "complete" as const), { maxLength: 2 }),
  kills: fc.array(fc.record({ at: fc.nat(), isGentle: fc.boolean() }), { minLength: 1, maxLength: 3 }),
})
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never

/** A pseudo-random number from 0 to 1 that depends only on the text. */
function chance(text: string): number {
  let hash = 7
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) ^ (hash >>> 15)
  return (hash >>> 0) / 2 ** 32
}

/** What survives a killed process: the journal, and the contents of the workers' sessions. */
interface World {
  readonly scenario: Scenario
  events: RunEvent[]
  /** The journal's contents when the process began. */
  past: readonly RunEvent[]
  readonly answers: Map<string, Partial<StepResult>>
  /** The last attempt of each step that was prompted. */
  readonly lastAttempt: Map<string, number>
  /** Violations that were observed. */
  readonly wrong: string[]
}

const newWorld = (of: Scenario): World => ({
  scenario: of,
  events: [],
  past: [],
  answers: new Map(),
  lastAttempt: new Map(),
  wrong: [],
})

const isOver = (event: RunEvent): event is Extract<RunEvent, { type: "step.ended" }> =>
  event.type === "step.ended" && event.retryAt === undefined

/** A worker's result, which depends only on the prompt, unless the worker has answered already. */
function answer(world: World, { key, step: id, attempt, prompt, resumed, session }: WorkerTask): Partial<StepResult> {
  const finished = world.events.some((event) => isOver(event) && event.step === id && event.result.reason === "ok")
  if (finished) world.wrong.push(`${key} runs although ${id} has succeeded`)
  const opened = world.past.findLast((event) => event.type === "step.opened" && event.step === id)
  if (opened?.type === "step.opened" && opened.attempt === attempt && opened.session !== session)
    world.wrong.push(`${key} is taken up in ${session}, not in ${opened.session}`)
  if (world.past.some((event) => event.type === "step.answered" && event.step === id && event.attempt === attempt))
    world.wrong.push(`${key} is taken up although it has answered`)
  if (opened?.type === "step.opened" && opened.attempt === attempt && !isAllowed(world, id))
    world.wrong.push(`${key} is done again although its effects are outside and nobody said so`)
  const known = world.answers.get(key)
  if (known) {
    if (!resumed) world.wrong.push(`${key} is asked again without a look for its answer`)
    return known
  }
  const isOk = chance(`${world.scenario.luck} ${id} ${attempt}`) > 0.35
  const output = `${id}.${attempt}.${chance(prompt).toFixed(9)}`
  const given = { reason: isOk ? ("ok" as const) : ("error" as const), output, cost: 1 }
  world.answers.set(key, given)
  world.lastAttempt.set(id, attempt)
  return given
}

/** Whether this process may resume a step: a step with external effects only when a person has
 *  told this process to. */
function isAllowed({ scenario: { specs }, events, past }: World, id: string): boolean {
  const isExternal = specs.some((spec) => spec.id === id && spec.effects === "external")
  return !isExternal || events.slice(past.length).some((event) => event.type === "gate.decided" && event.step === id)
}

function checkerOf(world: World): Checker {
  return {
    ...checker,
    // Every round of a loop changes something.
    fingerprint: () => Promise.resolve(String(world.answers.size)),
    structure: (text) =>
      Promise.resolve(
        chance(`data ${text}`) > 0.3
          ? { value: { verdict: "pick", choice: "A", reasons: [], dissent: [] } }
          : { error: "/choice is missing" },
      ),
    run: (checks) =>
      Promise.resolve(
        checks.map((check) => {
          const name = check.type === "command" ? check.run : check.path
          const isOk = chance(`check ${world.scenario.luck} ${name} ${world.lastAttempt.get(name)}`) > 0.4
          return { name, isOk, severity: check.severity, detail: `exit code ${isOk ? 0 : 1}`, output: "" }
        }),
      ),
  }
}

const render: Render = (template, scope) => ({
  ok: true,
  value: template.replace(/\$\{(\w+)\.output\}/g, (_, id) => scope.steps.get(id)?.output ?? "?"),
})

/** How a process ends: after so many appends nothing more of it reaches the disk, or it is told
 *  to stop. */
interface Death {
  readonly appends: number
  readonly isGentle: boolean
}

/** A process: an engine over the surviving state. */
function begin(world: World, { appends, isGentle }: Death = { appends: Number.POSITIVE_INFINITY, isGentle: false }) {
  const kept = createMemoryStore()
  if (world.events.length > 0) kept.append("r", world.events)
  world.past = world.events
  let left = appends
  let hasDied = false
  const store: Store = {
    ...kept,
    append(run, events) {
      if (left-- <= 0 && !isGentle) {
        hasDied = true
        throw new Error("killed")
      }
      kept.append(run, events)
      world.events = kept.read(run)
      if (left === 0 && isGentle) queueMicrotask(() => void engine.interrupt("Ctrl-C").then(() => (hasDied = true)))
    },
  }
  const backend = createScriptedBackend((task) => answer(world, task))
  const clock = manualClock(world.events.at(-1)?.at ?? 0)
  const engine = new Engine({
    store,
    clock,
    render,
    ...context(),
    checker: checkerOf(world),
    value: (expression) => ({ ok: true, value: JSON.parse(expression) }),
    evaluate: (condition, scope) => ({
      ok: true,
      value: condition === "true" || [...scope.steps.keys()].some((id) => scope.steps.get(id)?.status === "failed"),
    }),
    hash: (text) => `h${text.length}`,
    log: { error: () => undefined },
    backend: () => backend,
    random: () => 0.5,
  })
  return { engine, clock, isKilled: () => hasDied }
}
type Life = ReturnType<typeof begin>

/** A person's decision, which is always the same at the same gate. */
function wordAt(world: World, { id, attempt, why }: OpenGate): GateAction {
  // With any other decision the run would end differently from the run without the kill.
  if (why === "effects") return "continue"
  const isGate = world.scenario.specs.find((spec) => spec.id === id)?.type === "gate"
  const pick = chance(`gate ${world.scenario.luck} ${id} ${attempt}`)
  if (pick < 0.3 && attempt < 3 && !isGate) return "retry"
  return pick < 0.5 ? "skip" : "continue"
}

/** Waits for everything that happens without a timer. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Plays the person and the clock until the run has ended or the process is killed. */
async function live(world: World, { engine, clock, isKilled }: Life): Promise<void> {
  for (let round = 0; round < 300; round++) {
    await settle()
    const view = engine.view("r")
    if (isKilled() || view === undefined || ["success", "failed", "cancelled"].includes(view.status)) return
    const gate = gatesOf(world)[0]
    if (view.status === "running") clock.advance(1_000)
    else if (gate) engine.decide("r", { step: gate.id, action: wordAt(world, gate), by: "person" })
    else engine.resume("r", "person")
  }
  world.wrong.push(`the run does not end:\n${world.events.map((event) => JSON.stringify(event)).join("\n")}`)
}

interface OpenGate {
  readonly id: string
  readonly attempt: number
  readonly why: string
}

/** Steps that wait for a person. */
function gatesOf(world: World): OpenGate[] {
  const open = new Map<string, OpenGate>()
  const attempts = new Map<string, number>()
  for (const event of world.events) {
    if (event.type === "step.started") attempts.set(event.step, event.attempt)
    if (event.type === "gate.opened")
      open.set(event.step, { id: event.step, attempt: attempts.get(event.step) ?? 1, why: event.why })
    if (event.type === "gate.decided") open.delete(event.step)
    if (event.type === "run.ended") open.clear()
  }
  return [...open.values()]
}

function create(life: Life, { specs, hooks, cap }: Scenario): void {
  const settings = { maxParallel: cap, onFailure: "continue" as const }
  const { type, at, ...created } = createdEvent("r", { workflow: workflow([...specs, ...hooks.map(hookOf)], settings) })
  life.engine.start(created)
}

const endOf = (view: RunView | undefined) => ({
  status: view?.status,
  cost: view?.cost,
  steps: view?.steps.map(({ id, status, reason, output, attempts }) => ({ id, status, reason, output, attempts })),
})

/** The run without a kill, and its number of writes. */
async function undisturbed(of: Scenario) {
  const world = newWorld(of)
  const life = begin(world)
  let appends = 0
  life.engine.subscribe(() => appends++)
  create(life, of)
  await live(world, life)
  return { world, appends, end: endOf(life.engine.view("r")) }
}

/** How often the engine was killed after each type of event. */
const killedAfter = new Map<string, number>()

/** Kills the run as often as the scenario says. */
async function disturbed(world: World, appends: number) {
  let life: Life | undefined
  for (const kill of [...world.scenario.kills, undefined]) {
    const before = world.events.length
    life = begin(world, kill && { appends: 1 + (kill.at % appends), isGentle: kill.isGentle })
    if (before === 0) create(life, world.scenario)
    await live(world, life)
    if (!life.isKilled()) break
    const last = world.events.at(-1)?.type ?? "nothing"
    if (kill?.isGentle) continue
    killedAfter.set(last, (killedAfter.get(last) ?? 0) + 1)
  }
  return endOf(life?.engine.view("r"))
}

it("a run that is killed or interrupted at random points and resumed repeats no finished step, keeps its outputs and ends as without the kill", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (of) => {
      const whole = await undisturbed(of)
      expect(whole.world.wrong).toEqual([])
      const world = newWorld(of)
      const end = await disturbed(world, whole.appends)
      expect(world.wrong).toEqual([])
      expect(["success", "failed"]).toContain(end.status)
      for (const event of world.events.filter(isOver))
        if (event.result.reason === "ok")
          expect(end.steps?.find((row) => row.id === event.step)).toMatchObject({ output: event.result.output })
      expect(end).toEqual(whole.end)
    }),
    { numRuns: RUNS, seed: 4 },
  )
  const kills = [...killedAfter.values()].reduce((sum, times) => sum + times, 0)
  expect(kills).toBeGreaterThan((RUNS * 2) / 5)
  const between = ["step.started", "step.opened", "step.answered", "step.ended", "gate.opened", "run.paused"]
  expect([...killedAfter.keys()]).toEqual(expect.arrayContaining(between))
}, 300_000)
