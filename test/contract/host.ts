import { createHash } from "node:crypto"
import { expect, it } from "vitest"
import { type Answer, fail, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import type { RunCreated, RunEvent } from "../../src/core/model/events.ts"
import type { QueuedCommand } from "../../src/core/ports/ports.ts"
import type { RunView } from "../../src/core/view/view.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"
import { profile } from "../support/runs.ts"

/**
 * A host of `decide`: it stores the events of runs, performs their effects, and can be killed at
 * any moment. Its requirements are in docs/architecture.md, "What a host must do".
 */
export interface HostUnderTest {
  /** Starts a run, once for each id. Durable when it resolves. */
  start(created: Omit<RunCreated, "type" | "at">): Promise<void>
  /**
   * Queues a command for a run, once for each key, also while nothing is running. Durable when it
   * resolves.
   */
  send(run: string, key: string, command: QueuedCommand): Promise<void>
  /** The durable state of a run, and its events. */
  view(run: string): Promise<RunView | undefined>
  events(run: string): Promise<readonly RunEvent[]>
  /** Whether no process drives runs now. */
  isDead(): boolean
  /** Ends the process that drives runs, as SIGKILL does. */
  kill(): Promise<void>
  /** Starts a process that drives the same runs again. */
  revive(): Promise<void>
  close(): Promise<void>
}

/** a → b → gate → timer → five in parallel, at most three at a time → c → d → e. */
const MAIN = `
settings: { max_parallel: 3 }
steps:
  - { id: a, prompt: "a" }
  - { id: b, needs: [a], prompt: "b \${a.output}" }
  - { id: gate, type: gate, needs: [b], prompt: "go on?" }
  - { id: timer, needs: [gate], prompt: "timer \${b.output}", retry: { max_attempts: 2, delay: 200ms } }
  - { id: f1, needs: [timer], prompt: "f1 \${timer.output}" }
  - { id: f2, needs: [timer], prompt: "f2 \${timer.output}" }
  - { id: f3, needs: [timer], prompt: "f3 \${timer.output}" }
  - { id: f4, needs: [timer], prompt: "f4 \${timer.output}" }
  - { id: f5, needs: [timer], prompt: "f5 \${timer.output}" }
  - { id: c, needs: [f1, f2, f3, f4, f5], prompt: "c \${f1.output} \${f2.output} \${f3.output} \${f4.output} \${f5.output}" }
  - { id: d, needs: [c], prompt: "d \${c.output}" }
  - { id: e, needs: [d], prompt: "e \${d.output}" }
`
/**
 * Five independent chains of three steps, at most four at a time. Their steps become ready in a
 * different order each time.
 */
const CHAINS = `
settings: { max_parallel: 4 }
steps:
${[1, 2, 3, 4, 5]
  .map(
    (n) => `  - { id: p${n}, prompt: "p${n}" }
  - { id: q${n}, needs: [p${n}], prompt: "q${n} \${p${n}.output}" }
  - { id: r${n}, needs: [q${n}], prompt: "r${n} \${q${n}.output}" }`,
  )
  .join("\n")}
`
/** A gate, a timer and long steps in parallel. */
const PAR = `
settings: { max_parallel: 5 }
steps:
  - { id: gate, type: gate, prompt: "go on?" }
  - { id: timer, prompt: "timer", retry: { max_attempts: 2, delay: 200ms } }
  - { id: long1, prompt: "long1" }
  - { id: long2, prompt: "long2" }
  - { id: after, needs: [gate, timer], prompt: "after \${timer.output}" }
  - { id: end, needs: [after, long1, long2], prompt: "end \${after.output} \${long1.output} \${long2.output}" }
`
const SPECS = { main: MAIN, chains: CHAINS, par: PAR } as const
type Spec = keyof typeof SPECS

/**
 * The model outside the host. It survives every kill and always gives the same answer to a prompt.
 * Timers fail their first try.
 */
export function worldModel(): Promise<ScriptedModel> {
  return startScriptedModel({
    answer({ prompt }): Answer {
      const [, key = "", text = ""] = /^\[([^\]]*)\] (.*)/s.exec(prompt) ?? []
      if (/\/(timer|plan)\/1$/.test(key)) return fail(500)
      const digest = createHash("sha256").update(text).digest("hex")
      const ms = 1 + (Number.parseInt(digest.slice(0, 4), 16) % 12) + (text.startsWith("long") ? 150 : 0)
      return { type: "after", ms, answer: say(`${text.split(" ")[0]}:${digest.slice(0, 8)}`) }
    },
  })
}

/** How often each task was sent to the model, by its key. */
export function askedIn(model: ScriptedModel, run: string): Map<string, number> {
  const times = new Map<string, number>()
  for (const { prompt } of model.requests) {
    const key = /^\[([^\]]*)\]/.exec(prompt)?.[1] ?? ""
    if (!key.startsWith(`${run}/`)) continue
    const own = key.slice(run.length + 1)
    times.set(own, (times.get(own) ?? 0) + 1)
  }
  return times
}

/** A number from 0 to 1, always the same for the same text. */
export function chance(text: string): number {
  return Number.parseInt(createHash("sha256").update(text).digest("hex").slice(0, 8), 16) / 2 ** 32
}

export function createdFor(run: string, text: string): Omit<RunCreated, "type" | "at"> {
  const workflow = parseWorkflow(text, "w.yaml")
  if (!workflow.ok) throw new Error(JSON.stringify(workflow.problems))
  return {
    run,
    workflow: workflow.value,
    inputs: {},
    profiles: { default: profile("default") },
    limits: { maxWorkers: 8 },
    by: "test",
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/**
 * Starts a run and waits for its end. Each life of the host is killed after the milliseconds in
 * `kills`, and a host that died by itself is started again. Open gates are continued, as by a
 * person. `before` is the journal after each death.
 */
export async function seeThrough(
  host: HostUnderTest,
  created: Omit<RunCreated, "type" | "at">,
  kills: readonly number[] = [],
) {
  const { run } = created
  const deadline = Date.now() + 60_000
  const before: (readonly RunEvent[])[] = []
  let since = Date.now()
  await host.start(created)
  for (;;) {
    const wait = kills[before.length]
    if (host.isDead() || (wait !== undefined && Date.now() - since >= wait)) {
      await host.kill()
      before.push(await host.events(run))
      await host.revive()
      since = Date.now()
    }
    const view = await host.view(run)
    if (view === undefined) await host.start(created)
    else if (view.endedAt !== null) return { view, before }
    if (Date.now() > deadline) throw new Error(`run ${run} does not end: ${JSON.stringify(await host.events(run))}`)
    const gate = view?.steps.find((step) => step.gate !== null)
    const command = gate && ({ type: "decide", step: gate.id, action: "continue", by: "person" } as const)
    if (command) await host.send(run, `gate/${command.step}`, command)
    await pause(5)
  }
}

export const endOf = ({ status, steps }: RunView) => ({
  status,
  steps: steps.map(({ id, status: own, output, attempts }) => ({ id, status: own, output, attempts })),
})

/** Attempts that had started without an answer. They may be sent once more. */
function openIn(events: readonly RunEvent[]): string[] {
  const open = new Set<string>()
  for (const event of events) {
    if (event.type === "step.started") open.add(`${event.step}/${event.attempt}`)
    if (event.type === "step.ended" || event.type === "step.answered") open.delete(`${event.step}/${event.attempt}`)
  }
  return [...open]
}

/**
 * Expects that each task was sent once, except that a task in progress at a kill may be sent again.
 */
export function expectAsked(
  asked: ReadonlyMap<string, number>,
  whole: ReadonlyMap<string, number>,
  before: readonly (readonly RunEvent[])[],
): void {
  expect([...asked.keys()].sort()).toEqual([...whole.keys()].sort())
  const underWay = before.flatMap(openIn)
  for (const [key, times] of asked) {
    const again = underWay.filter((open) => open === key).length
    expect({ key, times: Math.max(1, times - again) }).toEqual({ key, times: 1 })
  }
}

/**
 * Requirements of every host. `open` returns a new one that uses the model at `url`; `trials` is
 * the number of runs of each workflow.
 */
export function hostContract(
  open: (url: string) => Promise<HostUnderTest>,
  trials: Readonly<Record<Spec, number>>,
): void {
  const whole = async (spec: Spec, model: ScriptedModel) => {
    const host = await open(model.url)
    const { view } = await seeThrough(host, createdFor("whole", SPECS[spec]))
    await host.close()
    return { end: endOf(view), asked: askedIn(model, "whole") }
  }

  it.each(Object.keys(SPECS) as Spec[])(
    "%s: a host that is killed at random instants loses nothing and repeats no finished step",
    async (spec) => {
      await using model = await worldModel()
      const undisturbed = await whole(spec, model)
      expect(undisturbed.end.status).toBe("success")
      for (const [key, times] of undisturbed.asked) expect([key, times]).toEqual([key, 1])
      const one = async (index: number) => {
        const run = `${spec}-${index}`
        // Every third run is killed five times.
        const count = index % 3 === 2 ? 5 : 1
        const kills = Array.from({ length: count }, (_, at) =>
          Math.floor(chance(`${run}/${at}`) * (count > 1 ? 150 : 700)),
        )
        const host = await open(model.url)
        const { view, before } = await seeThrough(host, createdFor(run, SPECS[spec]), kills)
        await host.close()
        expect(endOf(view)).toEqual(undisturbed.end)
        expectAsked(askedIn(model, run), undisturbed.asked, before)
        return before.length
      }
      const killed = await inLanes(LANES, trials[spec], one)
      expect(killed.reduce((sum, times) => sum + times, 0)).toBeGreaterThan(trials[spec] / 2)
    },
    180_000,
  )

  it("a host executes a command once that was queued twice while nothing was running", async () => {
    await using model = await worldModel()
    const host = await open(model.url)
    await host.start(createdFor("wish", MAIN))
    await host.kill()
    for (let times = 0; times < 2; times++)
      await host.send("wish", "raise", { type: "raise", budget: { usd: 7 }, by: "person" })
    await host.revive()
    await host.send("wish", "raise", { type: "raise", budget: { usd: 7 }, by: "person" })
    const { view } = await seeThrough(host, createdFor("wish", MAIN))
    expect(view.status).toBe("success")
    expect((await host.events("wish")).filter(({ type }) => type === "budget.raised")).toHaveLength(1)
    await host.close()
  }, 60_000)
}

const LANES = 4
export async function inLanes<T>(lanes: number, count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const lane = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}
