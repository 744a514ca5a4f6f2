import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, giveBlock, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton, endedOf } from "./support/baton.ts"
import { makeProject, type Project, ROOT } from "./support/project.ts"
import { type WarmServer, warmServer } from "./support/warm.ts"

/**
 * Runs every workflow format and every built-in workflow from the command line on the real
 * OpenCode.
 */

const LONG = 400_000
const FIXTURES = ["feature-build.yaml", "full-stack-feature.yaml", "bug-fix.yaml", "pipeline.yaml", "plan.json"]
const fixture = (name: string) => readFileSync(join(ROOT, "test/fixtures/requirements", name), "utf8")

/**
 * All profiles and roles that the fixtures name. Names in the built-in workflows that are missing
 * here use the profile `default`.
 */
const CONFIG = {
  models: Object.fromEntries(
    ["claude-sonnet", "claude-opus", "gemini-pro", "gpt-4o", "planner"].map((role) => [role, "scripted/small"]),
  ),
  profiles: Object.fromEntries(
    ["plan", "build", "backend", "frontend", "coder", "checker", "researcher", "auditor", "claude"].map((name) => [
      name,
      {},
    ]),
  ),
}
const VERDICT = { verdict: "synthesize", answer: "the best of all", reasons: ["clear"], dissent: [] }
const TASKS = {
  tasks: [
    { category: "backend", task: "store it", files: ["src/store.ts"] },
    { category: "frontend", task: "show it", files: ["src/show.ts"] },
  ],
}

let model: ScriptedModel
let project: Project
let server: WarmServer

beforeAll(async () => {
  model = await startScriptedModel()
  model.script("Several proposals were made", giveBlock("json", VERDICT))
  model.script(/^(Cut|This is the phase `decompose`)/, giveBlock("json", TASKS))
  for (const file of ["specs/api.md", "specs/db.md"]) {
    const write = callTool("write", { filePath: file, content: `# ${file}` })
    model.script(`Write the specification \`${file}\``, write, say("written"))
  }
  server = await warmServer()
  project = makeProject({
    model,
    server,
    baton: false,
    config: CONFIG,
    files: Object.fromEntries(FIXTURES.map((name) => [`flows/${name}`, fixture(name)])),
  })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

const run = (...args: string[]) => baton(project, "run", ...args, "--json")

async function succeeded(...args: string[]) {
  const { code, stdout, stderr } = await run(...args)
  expect({ code, stderr: code === 0 ? "" : stderr + stdout.slice(-2_000) }).toEqual({ code: 0, stderr: "" })
  return endedOf(stdout)
}

describe("a workflow document with", () => {
  it(
    "phases tells each phase what its inputs name, and routes tasks by their category",
    async () => {
      const { steps } = await succeeded("./flows/feature-build.yaml", "-i", "feature=login", "--task", "log in by mail")
      expect(Object.values(steps).map((step) => step.status)).not.toContain("failed")
      expect(steps["execute:1"]).toMatchObject({ status: "success" })
      expect(model.asked("Your task: store it")).toHaveLength(1)
      expect(model.asked("Your task: show it")).toHaveLength(1)
      const [audit] = model.asked("This is the phase `audit`")
      expect(audit?.prompt).toContain("## plan\n\nthe best of all")
      for (const file of ["workshop/direction.md", "plan.md", "tasks.md", "audits/verdict.md"])
        expect([file, existsSync(project.path(`docs/ai/login/${file}`))]).toEqual([file, true])
    },
    LONG,
  )

  it(
    "tasks runs them in the order of their dependencies, with their inputs filled in",
    async () => {
      const feature = await succeeded("./flows/full-stack-feature.yaml", "-i", "feature_name=login")
      expect(Object.keys(feature.steps)).toEqual(["design", "api", "ui", "integrate", "test"])
      expect(model.asked(/^Implement API for login/m)).toHaveLength(1)
      await succeeded("./flows/bug-fix.yaml", "-i", "bug_description=it crashes")
      expect(model.asked(/^Investigate it crashes/m)).toHaveLength(1)
    },
    LONG,
  )

  it(
    "a pipeline runs its stages, and one with a plan writes specifications before its tasks",
    async () => {
      const stages = await succeeded("./flows/pipeline.yaml", "--task", "a shop")
      expect(Object.keys(stages.steps)).toEqual(["plan", "backend", "frontend", "integrate", "audit"])
      const plan = await succeeded("./flows/plan.json")
      expect(plan.steps).toMatchObject({ "spec-api": { status: "success" }, "task-1": { status: "success" } })
      expect(project.read("specs/db.md")).toBe("# specs/db.md")
    },
    LONG,
  )
})

describe("the built-in workflows", () => {
  const INPUTS: Record<string, string[]> = {
    workshop: ["-i", "feature=a"],
    plan: ["-i", "feature=b"],
    "feature-build": ["-i", "feature=c"],
    "full-stack-feature": ["-i", "feature_name=d"],
    "bug-fix": ["--task", "it hangs"],
    docs: ["--task", "how to begin"],
    "spec-first-tdd": ["--task", "a counter"],
  }
  it.each(Object.entries(INPUTS))(
    "%s runs with one model, even if only some of its profiles are configured",
    async (name, inputs) => {
      const { status, steps } = await succeeded(name, ...inputs)
      expect(status).toBe("success")
      expect(Object.values(steps).map((step) => step.status)).not.toContain("failed")
    },
    LONG,
  )
})

describe("the models of a run", () => {
  it(
    "are checked before any model is asked, and an option can replace one for a single run",
    async () => {
      const before = model.requests.length
      const wrong = await run("bug-fix", "--task", "x", "-m", "planner=scripted/smal")
      expect(wrong).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("OpenCode has no model `scripted/smal` (planner)"),
      })
      expect(model.requests.length).toBe(before)
      const { steps } = await succeeded("bug-fix", "--task", "y", "-m", "planner=scripted/large")
      expect(steps.analyze?.model).toBe("scripted/large")
      expect(steps.fix?.model).toBe("scripted/small")
    },
    LONG,
  )

  it(
    "are written by `baton init` from the available ones, which overwrites no configuration",
    async () => {
      await using fresh = makeProject({ model, baton: false })
      const first = await baton(fresh, "init", "--attach", server.url)
      expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/from \d+ models/) })
      expect((await baton(fresh, "validate")).stdout).toContain("1 valid: orchestrator.jsonc")
      expect(await baton(fresh, "init")).toMatchObject({ code: 2, stderr: expect.stringContaining("already exists") })
    },
    LONG,
  )
})
