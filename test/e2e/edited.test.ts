import { afterAll, beforeAll, expect, it } from "vitest"
import { type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton, endedOf } from "./support/baton.ts"
import { makeProject, type Project } from "./support/project.ts"
import { warmServer } from "./support/warm.ts"

/** Tests resuming a run after its workflow was edited, on the real OpenCode. */

const LONG = 90_000
const FLOW = `
steps:
  - { id: facts, prompt: "facts of it" }
  - { id: draft, needs: [facts], prompt: "draft with \${facts.output}" }
  - { id: image, needs: [facts], prompt: "image for \${facts.output}" }
  - { id: page, needs: [draft, image], prompt: "page of \${draft.output} and \${image.output}" }
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

it(
  "resuming over an edited prompt repeats only that step and its dependents",
  async () => {
    model.script("facts of it", say("F"))
    model.script("draft with F", say("D1"))
    model.script("image for F", say("I"))
    model.script("page of D1 and I", say("P1"))
    expect((await baton(project, "run", "flow", "--run-id", "page-1")).code).toBe(0)
    expect((await baton(project, "resume", "page-1")).code).toBe(2)
    const lines = FLOW.replace("draft with", "better draft with").trim().split("\n")
    // The order of the steps in the file has no meaning.
    project.write(".opencode/workflows/flow.yaml", [lines[0], ...lines.slice(1).reverse()].join("\n"))
    model.script("better draft with F", say("D2"))
    model.script("page of D2 and I", say("P2"))
    const again = await baton(project, "resume", "page-1", "--edited", "--json")
    expect(again.code).toBe(0)
    expect(endedOf(again.stdout).steps).toMatchObject({
      facts: { output: "F", attempts: 1 },
      image: { output: "I", attempts: 1 },
      draft: { output: "D2", attempts: 2 },
      page: { output: "P2", attempts: 2 },
    })
    for (const prompt of ["facts of it", "image for F", "better draft with F", "page of D2 and I"])
      expect(model.asked(prompt)).toHaveLength(1)
  },
  LONG,
)
