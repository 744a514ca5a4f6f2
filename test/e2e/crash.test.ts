import { rmSync } from "node:fs"
import { afterAll, beforeAll, expect, it } from "vitest"
import { fail, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { type Baton, baton, type EndedLine, endedOf, linesOf, startBaton } from "./support/baton.ts"
import type { Server } from "./support/opencode.ts"
import { describeProcesses, processesWith, signal } from "./support/processes.ts"
import { attached, makeProject, type Project } from "./support/project.ts"
import { startSurvivor } from "./support/survivor.ts"
import { until } from "./support/until.ts"
import { DEMO, scriptDemo } from "./support/workflows.ts"

/**
 * Tests guarantees G1 and G2 on the real OpenCode: everything is killed with SIGKILL after each
 * event of the journal in turn.
 */

/** The events of the run, without the first, which is written together with the second. */
const EVENTS = Array.from({ length: 10 }, (_, index) => index + 2)
const LONG = 180_000
/**
 * A workflow with a retry after an error, a retry after a check that passes the second time, a
 * skipped step, and a gate.
 */
const CARE = `
inputs: { topic: string }
steps:
  - { id: plan, prompt: "Plan \${inputs.topic}", retry: { max_attempts: 2, delay: 100ms } }
  - { id: replan, needs: [plan], condition: "\${plan.status != 'success'}", prompt: "Never \${inputs.topic}" }
  - id: build
    needs: [replan]
    prompt: "Build \${inputs.topic}"
    checks: ["cat mend.txt; test -e built || { touch built; exit 1; }"]
    retry: { max_attempts: 2 }
  - { id: accept, type: gate, needs: [build], prompt: "Ship \${inputs.topic}?" }
  - { id: ship, needs: [accept], prompt: "Ship \${inputs.topic}" }
`

let model: ScriptedModel
let project: Project
/** The server on which killed runs are resumed. */
let survivor: Server

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({ model, baton: false, workflows: { demo: DEMO, care: CARE } })
  survivor = await startSurvivor(project)
}, LONG)
afterAll(async () => {
  await survivor?.stop()
  await project?.dispose()
  await model?.close()
}, LONG)

const resume = (run: string) => baton(attached(project, survivor), "resume", run, "--json")

it.each(EVENTS)(
  "a run killed after event %i keeps its finished steps, and resuming it asks only for the rest",
  async (count) => {
    const topic = `kill-${count}`
    const { asked } = scriptDemo(model, topic)

    const run = startBaton(project, "run", "demo", "--input", `topic=${topic}`, "--run-id", topic, "--json")
    await until(() => run.stdout().split("\n").length > count || run.process.exitCode !== null, {
      what: `event ${count}`,
      everyMs: 1,
    })
    for (const { pid } of processesWith(project.marker)) signal(pid, "SIGKILL")
    await until(() => processesWith(project.marker).length === 0, { what: "the killed processes to be gone" })

    const status = endedOf((await baton(project, "status", topic, "--json")).stdout)
    const askedBefore = asked()
    const isDone = ["survey", "draft", "review"].map((id) => status.steps[id]?.status === "success")
    if (status.status === "interrupted") {
      const resumed = await resume(topic)
      expect(resumed.code).toBe(0)
      expect(linesOf(resumed.stdout)[0]).toMatchObject({ type: "run.resumed" })
    }
    const end = endedOf((await baton(project, "status", topic, "--json")).stdout)
    expect(end.status).toBe("success")
    expect(Object.values(end.steps).map((step) => step.output)).toEqual([
      `notes on ${topic}`,
      `page on ${topic}`,
      `${topic}: approved`,
    ])
    const extra = asked().map((times, index) => times - (askedBefore[index] ?? 0))
    for (const [index, times] of extra.entries()) expect(times).toBeLessThanOrEqual(isDone[index] ? 0 : 1)
    expect(describeProcesses(processesWith(project.marker))).toEqual([])
  },
  LONG,
)

type Line = Record<string, unknown>
const KILLS: readonly [string, (line: Line) => boolean][] = [
  ["a failure that is retried", (line) => line.type === "step.ended" && line.retryAt !== undefined],
  ["the start of a retry", (line) => line.type === "step.started" && line.attempt === 2],
  ["a skipped step", (line) => line.type === "step.skipped"],
  ["an answer", (line) => line.type === "step.answered"],
  ["a check", (line) => line.type === "step.checked"],
  [
    "a worker that fixes a failed check",
    (line) => line.type === "step.opened" && line.step === "build" && line.attempt === 2,
  ],
  ["an open gate", (line) => line.type === "gate.opened"],
  ["a decision", (line) => line.type === "gate.decided"],
]

/**
 * Waits until a line of the run's output satisfies `isTime`, kills everything, and returns true.
 * Returns false if the run ends before that.
 */
async function driveUntil(run: Baton, isTime: (line: Line) => boolean): Promise<boolean> {
  const seen = () => linesOf(run.stdout().replace(/[^\n]*$/, "")).some(isTime)
  await until(() => seen() || run.process.exitCode !== null, { what: () => run.stdout() + run.stderr(), everyMs: 1 })
  if (!seen()) return false
  for (const { pid } of processesWith(project.marker)) signal(pid, "SIGKILL")
  await until(() => processesWith(project.marker).length === 0, { what: "the killed processes to be gone" })
  return true
}

/** Returns a 1 for each step that was asked once more and had not succeeded before the kill. */
function inFlight(before: EndedLine, extra: Readonly<Record<string, number>>): number[] {
  return Object.entries(extra).flatMap(([id, times]) =>
    times > 0 && before.steps[id]?.status !== "success" ? [1] : [],
  )
}

it.each(KILLS)(
  "a run killed after %s was recorded repeats only the step in progress, and ends as if undisturbed",
  async (what, isTime) => {
    const topic = `care-${KILLS.findIndex(([name]) => name === what)}`
    const mend = `mend ${topic}`
    rmSync(project.path("built"), { force: true })
    project.write("mend.txt", `${mend}\n`)
    model.script(`Plan ${topic}`, fail(400, { message: "not now" }), say(`plan of ${topic}`))
    for (const prompt of [`Build ${topic}`, mend]) model.script(prompt, say(`built ${topic}`))
    model.script(`Ship ${topic}`, say(`shipped ${topic}`))
    const prompts = [`Plan ${topic}`, `Never ${topic}`, `Build ${topic}`, mend, `Ship ${topic}`]
    const asked = () => prompts.map((prompt) => model.asked(prompt).length)
    const state = async () => endedOf((await baton(project, "status", topic, "--json")).stdout)

    let isKilled = await driveUntil(
      startBaton(project, "run", "care", "--input", `topic=${topic}`, "--run-id", topic, "--json"),
      isTime,
    )
    if (!isKilled) isKilled = await driveUntil(startBaton(project, "resume", topic, "--json"), isTime)
    expect(isKilled).toBe(true)
    const before = await state()
    // Resuming an interrupted run leaves its gate open. Resuming it once more passes the gate.
    for (let words = 0; words < 3 && (await state()).status !== "success"; words++) await resume(topic)

    const end = await state()
    expect(end).toMatchObject({
      status: "success",
      steps: {
        plan: { status: "success", output: `plan of ${topic}` },
        replan: { status: "skipped" },
        build: { status: "success", output: `built ${topic}` },
        accept: { status: "success" },
        ship: { status: "success", output: `shipped ${topic}` },
      },
    })
    // An undisturbed run asks for the plan twice, for `Never` not at all, and for the rest once. At
    // most one request was in progress at the kill.
    const [plan = 0, never, build = 0, mended = 0, ship = 0] = asked()
    expect(never).toBe(0)
    const extra = { plan: plan - 2, build: build + mended - 2, ship: ship - 1 }
    expect(Object.values(extra).filter((times) => times > 0)).toEqual(inFlight(before, extra))
    expect(describeProcesses(processesWith(project.marker))).toEqual([])
  },
  2 * LONG,
)
