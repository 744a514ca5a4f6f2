import { expect, it } from "vitest"
import type { ScriptedModel } from "../../scripts/scripted-model.ts"
import type { RunEvent } from "../../src/core/model/events.ts"
import { askedIn, chance, createdFor, endOf, expectAsked, inLanes, seeThrough, worldModel } from "../contract/host.ts"
import { openProcessHost, type ProcessHost } from "../support/process-host.ts"
import { timesToTry } from "../support/scale.ts"

/**
 * A real process that drives a run is killed with SIGKILL: right before and right after each write
 * to the journal, at seeded random instants, and again in its later lives. The prompts that the
 * model got are compared with the expected ones (G1, G2), and so are the commands that were given
 * in each life with their outcome.
 */

const LANES = 4
const RANDOM_RUNS = timesToTry(5, 30)
const KILLS_A_RUN = 7

/** A workflow with a retry after an error, one after a check, a step that its condition skips, a
 *  gate, parallel steps, and a hook. */
const CARE = `
settings: { max_parallel: 3 }
steps:
  - { id: plan, prompt: "plan", retry: { max_attempts: 2, delay: 20ms } }
  - { id: replan, needs: [plan], condition: "\${plan.status != 'success'}", prompt: "never" }
  - { id: build, needs: [replan, plan], prompt: "build \${plan.output}", checks: [build/2], retry: { max_attempts: 2 } }
  - { id: look, needs: [plan], prompt: "look \${plan.output}" }
  - { id: note, needs: [look], prompt: "note \${look.output}" }
  - { id: draw, needs: [plan], prompt: "draw \${plan.output}" }
  - { id: accept, type: gate, needs: [build, note], prompt: "Ship \${build.output}?" }
  - { id: ship, needs: [accept, draw], prompt: "ship \${build.output} \${note.output} \${draw.output}" }
hooks:
  on_complete:
    - { id: tell, prompt: "tell \${ship.output}" }
`

async function undisturbed(model: ScriptedModel) {
  const host = await openProcessHost(model.url)
  const { view } = await seeThrough(host, createdFor("whole", CARE))
  await expect.poll(host.output, { timeout: 10_000 }).toMatch(/appended \d+/)
  const writes = Number(/appended (\d+)/.exec(host.output())?.[1])
  await host.close()
  const details = view.steps.map(({ id, detail }) => [id, detail])
  return { end: endOf(view), asked: askedIn(model, "whole"), writes, details }
}

/** In each life a person gives the run a command, which must cause exactly one event, whatever
 *  dies when. */
function sayOnce(host: ProcessHost, run: string, life: number): Promise<void> {
  return host.send(run, `raise/${life}`, { type: "raise", budget: { usd: 100 + life }, by: "person" })
}

/** Checks that each command caused one event. A command that came after the end of the run must
 *  be refused with that reason and cause no event. */
function expectSaid(host: ProcessHost, run: string, events: readonly RunEvent[], lives: number): void {
  const raised = events.flatMap((event) => (event.type === "budget.raised" ? [event.budget.usd] : []))
  const done: number[] = []
  for (let life = 0; life < lives; life++) {
    const outcome = host.store.outcomeOf(run, `raise/${life}`)
    if (outcome?.refused === undefined) done.push(100 + life)
    else expect(outcome.refused).toMatch(/has ended/)
    expect(outcome, `the command of life ${life} was never processed`).toBeDefined()
  }
  expect(raised.sort()).toEqual(done)
  // Of several lives, only the last can end before its command arrives.
  expect(done.length).toBeGreaterThanOrEqual(lives - 1)
}

it("a run that is killed around every write and at random instants completes every step, repeats no finished step and carries out each command once", async () => {
  await using model = await worldModel()
  const whole = await undisturbed(model)
  expect(whole.end, JSON.stringify(whole.details)).toMatchObject({ status: "success" })
  expect(whole.writes).toBeGreaterThan(20)
  for (const [key, times] of whole.asked) expect([key, times]).toEqual([key, 1])
  expect(whole.asked.size).toBe(9)
  const finish = async (host: ProcessHost, run: string, kills: readonly number[]) => {
    const { view, before } = await seeThrough(host, createdFor(run, CARE), kills)
    expect(endOf(view)).toEqual(whole.end)
    expectAsked(askedIn(model, run), whole.asked, before)
    return before.length
  }

  const points = ["before", "after"].flatMap((when) =>
    Array.from({ length: whole.writes }, (_, at) => `${when}:${at + 1}`),
  )
  const atPoints = await inLanes(LANES, points.length, async (index) => {
    const point = points[index] as string
    const run = point.replace(":", "-")
    const host = await openProcessHost(model.url, point)
    await sayOnce(host, run, 0)
    const kills = await finish(host, run, [])
    expectSaid(host, run, host.store.read(run), 1)
    await host.close()
    return kills
  })
  const atRandom = await inLanes(LANES, RANDOM_RUNS, async (index) => {
    const run = `random-${index}`
    const host = await openProcessHost(model.url)
    let lives = 0
    const speaking: ProcessHost = {
      ...host,
      async revive() {
        await sayOnce(host, run, lives++)
        await host.revive()
      },
    }
    const instants = Array.from({ length: KILLS_A_RUN }, (_, at) => Math.floor(chance(`${run}/${at}`) * 70))
    const kills = await finish(speaking, run, instants)
    expectSaid(host, run, host.store.read(run), lives)
    await host.close()
    return kills
  })
  const kills = [...atPoints, ...atRandom].reduce((sum, times) => sum + times, 0)
  expect(atPoints.reduce((sum, times) => sum + times, 0)).toBeGreaterThan(whole.writes)
  expect(kills).toBeGreaterThan(timesToTry(70, 200))
}, 300_000)
