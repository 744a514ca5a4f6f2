import { rmSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, fail, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton, endedOf, linesOf, startBaton } from "./support/baton.ts"
import { describeProcesses, processesWith, signal } from "./support/processes.ts"
import { makeProject, type Project } from "./support/project.ts"
import { until } from "./support/until.ts"
import { warmServer } from "./support/warm.ts"

/**
 * Tests what follows a failure on the real OpenCode: checks, retries, handlers, resuming, and a
 * budget that is used up.
 */

const LONG = 120_000
const FAN = Array.from({ length: 20 }, (_, index) => `w${index}`)
const RED = "echo 1 of 7 tests failed; exit 1\n"

const WORKFLOWS = {
  liar: `
steps:
  - { id: fix, prompt: "liar: fix it", checks: [sh red.sh] }
  - { id: next, needs: [fix], prompt: "liar: go on" }
`,
  mend: `
steps:
  - id: fix
    prompt: "mend: fix it"
    checks: [{ run: "test -e mended.txt || { echo mended.txt is missing; exit 1; }" }, { file: mended.txt, changed: true }]
    retry: { max_attempts: 2 }
`,
  cheat: `
steps:
  - { id: fix, prompt: "cheat: fix it", checks: ["cd . && timeout 60 sh ./cheated.sh"], retry: { max_attempts: 2 } }
`,
  shaky: `
steps:
  - { id: ask, prompt: "shaky: ask", retry: { max_attempts: 3, delay: 300ms, backoff: exponential } }
`,
  optional: `
steps:
  - { id: extra, prompt: "optional: extra", on_failure: skip }
  - { id: main, needs: [extra], prompt: "optional: main after \${extra.status}" }
`,
  handler: `
inputs: { how: string }
settings: { on_failure: continue }
steps:
  - { id: work, prompt: "handler: work \${inputs.how}" }
  - { id: rescue, needs: [work], condition: "\${work.status != 'success'}", prompt: "handler: rescue \${inputs.how}" }
  - { id: ship, needs: [work], prompt: "handler: ship \${inputs.how}" }
`,
  fan: `
settings: { max_parallel: 6, on_failure: continue }
steps:
${FAN.map((id) => `  - { id: ${id}, prompt: "fan out ${id}." }`).join("\n")}
  - { id: join, needs: [${FAN.join(", ")}], prompt: "fan out join." }
`,
  spender: `
settings: { budget: { tokens: 200 } }
steps:
  - { id: a, prompt: "spender: a" }
  - { id: b, needs: [a], prompt: "spender: b" }
  - { id: c, needs: [b], prompt: "spender: c" }
`,
  slow: `
steps:
  - { id: fix, prompt: "slow: fix it", checks: ["echo begun; test -e go || { setsid sleep 1000 & sleep 1000; }"] }
`,
}

let model: ScriptedModel
let project: Project

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({
    model,
    server: await warmServer(),
    baton: false,
    workflows: WORKFLOWS,
    files: { "red.sh": RED, "cheated.sh": RED },
  })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

const bash = (command: string) => callTool("bash", { command, description: "works" })
const eventsOf = (stdout: string, type: string) => linesOf(stdout).filter((line) => line.type === type)

/** Starts the workflow whose check does not end, and waits until the check runs. */
async function startSlow(id: string) {
  model.script("slow: fix it", say("done"))
  const run = startBaton(project, "run", "slow", "--run-id", id, "--json")
  await until(() => processesWith(project.marker).some(({ command }) => /^sleep 1000/.test(command)), {
    what: () => `the command to run:\n${run.stdout()}${run.stderr()}`,
  })
  return run
}

describe("checks decide, not prose", () => {
  it(
    "a worker that says that all tests pass fails when its check command fails",
    async () => {
      model.script("liar: fix it", say("All 7 tests pass."))
      const { code, stdout } = await baton(project, "run", "liar", "--json")
      expect(code).toBe(1)
      expect(endedOf(stdout)).toMatchObject({
        status: "failed",
        steps: {
          fix: { status: "failed", reason: "check-failed", output: "All 7 tests pass." },
          next: { status: "skipped" },
        },
      })
      expect(eventsOf(stdout, "step.checked")).toMatchObject([
        {
          step: "fix",
          checks: [{ name: "sh red.sh", isOk: false, detail: "exit code 1", output: "1 of 7 tests failed\n" }],
        },
      ])
      expect(model.asked("liar: go on")).toHaveLength(0)
    },
    LONG,
  )

  it(
    "a retry tells the worker in the same session what the command printed, and it fixes that",
    async () => {
      model.script("mend: fix it", say("All tests pass."))
      model.script("mended.txt is missing", bash("touch mended.txt"), say("Now they do."))
      const { code, stdout } = await baton(project, "run", "mend", "--json")
      expect(code).toBe(0)
      expect(endedOf(stdout).steps.fix).toMatchObject({ status: "success", attempts: 2, output: "Now they do." })
      const told = model.asked("mended.txt is missing")[0]
      expect(told?.prompt).toContain("Your work does not pass its checks")
      expect(JSON.stringify(told?.messages)).toContain("All tests pass.")
      expect(model.asked("mend: fix it")).toHaveLength(1)
      expect(new Set(eventsOf(stdout, "step.opened").map((event) => event.session)).size).toBe(1)
    },
    LONG,
  )

  it(
    "a check script that the step has changed fails in every attempt",
    async () => {
      model.script("cheat: fix it", bash("echo exit 0 > cheated.sh"), say("All tests pass."))
      model.script("changed by the step itself", say("They really do."))
      const { code, stdout } = await baton(project, "run", "cheat", "--json")
      expect(code).toBe(1)
      expect(project.read("cheated.sh")).toBe("exit 0\n")
      expect(endedOf(stdout).steps.fix).toMatchObject({ status: "failed", reason: "check-failed", attempts: 2 })
    },
    LONG,
  )

  it(
    "Ctrl-C during a check ends its processes, and resuming only repeats the check",
    async () => {
      const run = await startSlow("slow")
      run.signal("SIGINT")
      expect(await run.exit()).toBe(130)
      expect(describeProcesses(processesWith(project.marker))).toEqual([])
      project.write("go", "")
      const resumed = await baton(project, "resume", "slow", "--json")
      expect(resumed.code).toBe(0)
      expect(endedOf(resumed.stdout).steps.fix).toMatchObject({ status: "success", attempts: 1, output: "done" })
      expect(model.asked("slow: fix it")).toHaveLength(1)
    },
    LONG,
  )

  it(
    "a check command that outlives a killed Baton is ended by the next start",
    async () => {
      rmSync(project.path("go"), { force: true })
      const asked = model.asked("slow: fix it").length
      await startSlow("killed")
      const others = processesWith(project.marker).filter(({ command }) => !/sleep 1000/.test(command))
      for (const { pid } of others) signal(pid, "SIGKILL")
      await until(() => processesWith(project.marker).every(({ command }) => /sleep 1000/.test(command)), {
        what: () => `Baton to be gone: ${describeProcesses(processesWith(project.marker))}`,
      })
      expect(processesWith(project.marker)).not.toEqual([])
      project.write("go", "")
      expect((await baton(project, "resume", "killed", "--json")).code).toBe(0)
      expect(describeProcesses(processesWith(project.marker))).toEqual([])
      expect(model.asked("slow: fix it")).toHaveLength(asked + 1)
    },
    LONG,
  )
})

describe("after an error", () => {
  it(
    "a retry starts in a new session, and waits longer each time",
    async () => {
      const no = fail(400, { message: "cannot do that" })
      model.script("shaky: ask", no, no, say("done"))
      const { code, stdout } = await baton(project, "run", "shaky", "--json")
      expect(code).toBe(0)
      expect(endedOf(stdout).steps.ask).toMatchObject({ status: "success", attempts: 3, output: "done" })
      expect(new Set(eventsOf(stdout, "step.opened").map((event) => event.session)).size).toBe(3)
      const ends = eventsOf(stdout, "step.ended").map((event) => event.at as number)
      const starts = eventsOf(stdout, "step.started").map((event) => event.at as number)
      expect((starts[1] as number) - (ends[0] as number)).toBeGreaterThanOrEqual(300)
      expect((starts[2] as number) - (ends[1] as number)).toBeGreaterThanOrEqual(600)
    },
    LONG,
  )

  it(
    "on_failure: skip lets the steps run that need the failed one",
    async () => {
      model.script("optional: extra", fail(400, { message: "cannot do that" }))
      model.script("optional: main", say("done"))
      const { code, stdout } = await baton(project, "run", "optional", "--json")
      expect(code).toBe(0)
      expect(endedOf(stdout)).toMatchObject({
        status: "success",
        steps: { extra: { status: "skipped", reason: "error" }, main: { status: "success" } },
      })
      expect(model.asked("optional: main after skipped")).toHaveLength(1)
    },
    LONG,
  )

  it(
    "a condition runs a handler only after a failure",
    async () => {
      model.script("handler: work badly", fail(400, { message: "cannot do that" }))
      const bad = await baton(project, "run", "handler", "--input", "how=badly", "--json")
      expect(bad.code).toBe(1)
      expect(endedOf(bad.stdout).steps).toMatchObject({
        work: { status: "failed" },
        rescue: { status: "success" },
        ship: { status: "skipped" },
      })
      const good = await baton(project, "run", "handler", "--input", "how=well", "--json")
      expect(good.code).toBe(0)
      expect(endedOf(good.stdout).steps).toMatchObject({
        work: { status: "success" },
        rescue: { status: "skipped" },
        ship: { status: "success" },
      })
      expect(model.asked("handler: rescue").map((request) => request.prompt)).toEqual(["handler: rescue badly"])
    },
    LONG,
  )

  it(
    "resuming a fan-out of 20 with 2 failures asks only those 2 again, and then the step that needs them",
    async () => {
      for (const id of ["w3", "w17"]) model.script(`fan out ${id}.`, fail(400, { message: "not now" }), say("done"))
      const { code } = await baton(project, "run", "fan", "--run-id", "fan", "--json")
      expect(code).toBe(1)
      const count = () => FAN.map((id) => model.asked(`fan out ${id}.`).length)
      expect(count()).toEqual(FAN.map(() => 1))
      const resumed = await baton(project, "resume", "fan", "--json")
      expect(resumed.code).toBe(0)
      expect(endedOf(resumed.stdout).status).toBe("success")
      expect(count()).toEqual(FAN.map((id) => (["w3", "w17"].includes(id) ? 2 : 1)))
      expect(model.asked("fan out join.")).toHaveLength(1)
    },
    LONG,
  )
})

describe("a budget", () => {
  it(
    "that is used up pauses the run with exit 4 before the next step, until it is raised",
    async () => {
      model.script(/^spender: /, say("done", { usage: { input: 100, output: 20 } }))
      const { code, stdout } = await baton(project, "run", "spender", "--run-id", "spender", "--json")
      expect(code).toBe(4)
      expect(endedOf(stdout)).toMatchObject({
        status: "paused",
        hold: { cause: "budget", detail: expect.stringContaining("240 of 200 tokens") },
        steps: { b: { status: "success" }, c: { status: "pending" } },
      })
      expect((await baton(project, "resume", "spender", "--json")).code).toBe(4)
      expect(model.asked("spender: c")).toHaveLength(0)
      const raised = await baton(project, "raise", "spender", "--tokens", "1000", "--json")
      expect(raised.code).toBe(0)
      expect(endedOf(raised.stdout).steps.c).toMatchObject({ status: "success" })
    },
    LONG,
  )
})
