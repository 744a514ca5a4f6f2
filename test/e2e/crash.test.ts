import { afterAll, beforeAll, expect, it } from "vitest"
import { type ScriptedModel, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton, endedOf, linesOf, startBaton } from "./support/baton.ts"
import { describeProcesses, processesWith, signal } from "./support/processes.ts"
import { makeProject, type Project } from "./support/project.ts"
import { until } from "./support/until.ts"
import { DEMO, scriptDemo } from "./support/workflows.ts"

/** G1 and G2 on the real thing: everything is killed with SIGKILL after each event of the journal in turn. */

const EVENTS = 10
const LONG = 60_000

let model: ScriptedModel
let project: Project

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({ model, baton: false, workflows: { demo: DEMO } })
})
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

it.each(Array.from({ length: EVENTS }, (_, index) => index + 1))(
  "killed after event %i: what had finished is kept and not asked for again, the rest is done, nothing is lost",
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
      const resumed = await baton(project, "resume", topic, "--json")
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
