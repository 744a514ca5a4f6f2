import { afterAll, beforeAll, expect, it } from "vitest"
import { nothing, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton, endedOf } from "./support/baton.ts"
import { makeProject, type Project } from "./support/project.ts"
import { warmServer } from "./support/warm.ts"

/**
 * Tests hooks on the real OpenCode: which ones run before and after a run, and what they are told.
 */

const LONG = 90_000
const FLOW = `
inputs: { topic: string }
hooks:
  on_start: [{ id: setup, prompt: "prepare \${inputs.topic}" }]
  on_success: [{ id: praise, prompt: "praise \${work.output}" }]
  on_failure: [{ id: mourn, prompt: "mourn \${work.reason} of \${inputs.topic}" }]
  on_complete:
    - { id: report, needs: [tidy], prompt: "report \${tidy.output}" }
    - { id: tidy, prompt: "undo \${setup.output}" }
steps:
  - { id: work, prompt: "work with \${setup.output}" }
`
let model: ScriptedModel
let project: Project

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({ model, server: await warmServer(), baton: true, workflows: { flow: FLOW } })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

const run = async (topic: string) => {
  model.script(`prepare ${topic}`, say(`the ${topic}`))
  model.script(`undo the ${topic}`, say(`no ${topic} is left`))
  const { code, stdout } = await baton(project, "run", "flow", "--input", `topic=${topic}`, "--json")
  const { status, steps } = endedOf(stdout)
  return { code, status, steps: Object.fromEntries(Object.entries(steps).map(([id, step]) => [id, step.status])) }
}

it(
  "hooks run before a run, and after it by its result, and never turn a failure into a success",
  async () => {
    model.script("work with the tent", say("it stands"))
    const good = await run("tent")
    expect(good).toEqual({
      code: 0,
      status: "success",
      steps: {
        setup: "success",
        work: "success",
        praise: "success",
        mourn: "skipped",
        tidy: "success",
        report: "success",
      },
    })
    for (const prompt of ["praise it stands", "undo the tent", "report no tent is left"])
      expect(model.asked(prompt)).toHaveLength(1)
    model.script("work with the kite", nothing())
    const bad = await run("kite")
    expect(bad).toEqual({
      code: 1,
      status: "failed",
      steps: {
        setup: "success",
        work: "failed",
        praise: "skipped",
        mourn: "success",
        tidy: "success",
        report: "success",
      },
    })
    for (const prompt of ["mourn empty of kite", "undo the kite", "report no kite is left"])
      expect(model.asked(prompt)).toHaveLength(1)
  },
  LONG,
)
