import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { nothing, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import type { DoctorDocument } from "../../src/cli/json-types.ts"
import { findState } from "../../src/state/project-state.ts"
import { serveVersion } from "../support/old-server.ts"
import { baton, endedOf, linesOf, startBaton } from "./support/baton.ts"
import type { Server } from "./support/opencode.ts"
import { describeProcesses, processesWith, signal } from "./support/processes.ts"
import { alone, attached, makeProject, type Project } from "./support/project.ts"
import { startSurvivor } from "./support/survivor.ts"
import { until } from "./support/until.ts"
import { DEMO, FAN, scriptDemo } from "./support/workflows.ts"

/** Tests `baton` as a shell and a CI job use it, with the real OpenCode and the scripted model. */

const LONG = 90_000
const ONE = "{ name: one, steps: [{ id: only, prompt: Say it }] }"

let model: ScriptedModel
/** A server that `left` does not find. */
let server: Server
let project: Project

beforeAll(async () => {
  model = await startScriptedModel()
  const empty = makeProject({ model, baton: true, workflows: { demo: DEMO, fan: FAN, one: ONE } })
  server = await startSurvivor(empty)
  project = attached(empty, server)
}, LONG)
afterAll(async () => {
  await server?.stop()
  await project?.dispose()
  await model?.close()
}, LONG)

/** No process of the project may be alive between tests, because every test ends what it starts. */
const left = () => describeProcesses(processesWith(project.marker))
beforeEach(() => expect(left()).toEqual([]))

describe("baton run", () => {
  it(
    "runs a workflow, prints what each step produced, leaves nothing running, and exits 0",
    async () => {
      const { asked } = scriptDemo(model, "tides")
      const { code, stdout, stderr } = await baton(alone(project), "run", "demo", "--input", "topic=tides")
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("✓ review") })
      for (const text of [
        "notes on tides",
        "page on tides",
        "tides: approved",
        "session ses_",
        "tokens in",
        "demo success",
      ]) {
        expect(stdout).toContain(text)
      }
      expect(asked()).toEqual([1, 1, 1])
      expect(left()).toEqual([])
      expect(stdout + stderr).not.toContain("\x1b[")
    },
    LONG,
  )

  it(
    "with --json prints one event per line, and the last line is the whole result",
    async () => {
      scriptDemo(model, "moons")
      const { code, stdout } = await baton(
        project,
        "run",
        "demo",
        "--input",
        "topic=moons",
        "--json",
        "--run-id",
        "moon-1",
      )
      expect(code).toBe(0)
      const lines = linesOf(stdout)
      const perStep = ["step.started", "step.opened", "step.ended"]
      expect(lines.map((line) => line.type)).toEqual([
        "run.created",
        "run.format",
        ...perStep,
        ...perStep,
        ...perStep,
        "run.ended",
      ])
      expect(new Set(lines.map((line) => line.run))).toEqual(new Set(["moon-1"]))
      const ended = endedOf(stdout)
      expect(ended).toMatchObject({ workflow: "demo", status: "success" })
      expect(ended.steps.review).toMatchObject({
        status: "success",
        reason: "ok",
        attempts: 1,
        output: "moons: approved",
        model: "scripted/small",
        session: expect.stringMatching(/^ses_/),
      })
      // OpenCode before 1.18.18 asks the model again and again when the answer does not sort last.
      const sessionID = ended.steps.review?.session as string
      const messages = (await server.client.session.messages({ sessionID })).data ?? []
      const ids = messages.map(({ info }) => info.id)
      expect(messages.map(({ info }) => info.role)).toEqual(["user", "assistant"])
      expect(ids.toSorted()).toEqual(ids)
      const costs = Object.values(ended.steps).map((step) => step.cost ?? Number.NaN)
      expect(ended.cost).toBeCloseTo(costs.reduce((sum, cost) => sum + cost))
    },
    LONG,
  )

  it(
    "may have the same --run-id in two projects that share OpenCode's home",
    async () => {
      await using other = makeProject({ model, baton: true, workflows: { one: ONE } })
      for (const place of [project, attached(other, server)]) {
        const { stdout } = await baton(place, "run", "one", "--run-id", "shared", "--json")
        expect(endedOf(stdout)).toMatchObject({ run: "shared", status: "success" })
      }
    },
    LONG,
  )

  it(
    "fails with reason `empty` and exit 1 if a model answers nothing, and starts no dependent step",
    async () => {
      const { asked } = scriptDemo(model, "voids")
      model.script("Draft from: notes on voids", nothing())
      const { code, stdout } = await baton(project, "run", "demo", "--input", "topic=voids", "--json")
      expect(code).toBe(1)
      const { status, steps } = endedOf(stdout)
      expect(status).toBe("failed")
      expect(steps.survey).toMatchObject({ status: "success", output: "notes on voids" })
      expect(steps.draft).toMatchObject({ status: "failed", reason: "empty" })
      expect(steps.review).toMatchObject({ status: "skipped", reason: null, attempts: 0 })
      expect(asked()).toEqual([1, 1, 0])
    },
    LONG,
  )

  it(
    "runs at most max_parallel steps at once, and gives the join all their outputs",
    async () => {
      const holds = ["fan one", "fan two", "fan three"].map((prompt) => model.hold(prompt))
      const run = startBaton(project, "run", "fan", "--json")
      await Promise.all([holds[0]?.arrived, holds[1]?.arrived])
      expect(model.asked("fan three")).toHaveLength(0)
      holds[0]?.release(say("1"))
      await holds[2]?.arrived
      holds[1]?.release(say("2"))
      holds[2]?.release(say("3"))
      expect(await run.exit()).toBe(0)
      expect(model.asked("join 1 2 3")).toHaveLength(1)
    },
    LONG,
  )

  it(
    "with --attach uses a running server, and leaves it running and idle",
    async () => {
      scriptDemo(model, "attached")
      const where = ["--json", "--attach", server.url]
      const { code, stdout } = await baton(alone(project), "run", "demo", "--input", "topic=attached", ...where)
      expect(code).toBe(0)
      const { client } = server
      const { session } = endedOf(stdout).steps.survey ?? {}
      const { data } = await client.session.get({ sessionID: session as string })
      expect(data?.title).toBe("survey · demo")
      const { data: parent } = await client.session.get({ sessionID: data?.parentID as string })
      expect(parent?.title).toBe("baton · demo")
      const { data: children } = await client.session.children({ sessionID: parent?.id as string })
      expect(children?.map((child) => child.title).sort()).toEqual(["draft · demo", "review · demo", "survey · demo"])
      expect((await client.session.status({})).data).toEqual({})
    },
    LONG,
  )

  it(
    "can run twice at the same time in one project without interference",
    async () => {
      const first = scriptDemo(model, "left")
      const second = scriptDemo(model, "right")
      // One run starts its own server, the other uses a running one.
      const runs = [alone(project), project].map((where, at) =>
        startBaton(where, "run", "demo", "--input", `topic=${at === 0 ? "left" : "right"}`, "--json"),
      )
      expect(await Promise.all(runs.map((run) => run.exit()))).toEqual([0, 0])
      expect(runs.map((run) => endedOf(run.stdout()).steps.review?.output)).toEqual([
        "left: approved",
        "right: approved",
      ])
      expect([...first.asked(), ...second.asked()]).toEqual([1, 1, 1, 1, 1, 1])
    },
    LONG,
  )
})

describe("stopping and resuming", () => {
  it(
    "Ctrl-C exits with 130 and leaves no process, and resume asks only for unfinished steps",
    async () => {
      const { prompts, asked } = scriptDemo(model, "breaks")
      const hold = model.hold(prompts[1])
      const run = startBaton(alone(project), "run", "demo", "--input", "topic=breaks", "--run-id", "breaks")
      await hold.arrived
      run.signal("SIGINT")
      expect(await run.exit()).toBe(130)
      expect(run.stdout()).toContain("Go on with: baton resume breaks")
      expect(left()).toEqual([])
      hold.release()
      const status = await baton(project, "status", "breaks")
      expect(status.stdout).toContain("demo · interrupted · run breaks")
      const resumed = await baton(alone(project), "resume", "breaks", "--json")
      expect(resumed.code).toBe(0)
      expect(endedOf(resumed.stdout).steps.review).toMatchObject({ output: "breaks: approved", attempts: 1 })
      expect(asked()).toEqual([1, 2, 1])
    },
    LONG,
  )

  it(
    "after SIGKILL of everything, resume keeps the finished steps and asks for the rest",
    async () => {
      const { prompts, asked } = scriptDemo(model, "crashes")
      const hold = model.hold(prompts[1])
      startBaton(alone(project), "run", "demo", "--input", "topic=crashes", "--run-id", "crashes")
      await hold.arrived
      for (const { pid } of processesWith(project.marker)) signal(pid, "SIGKILL")
      await until(() => left().length === 0, { what: "the killed processes to be gone" })
      hold.release()
      const resumed = await baton(project, "resume", "crashes", "--json")
      expect(resumed.code).toBe(0)
      const { steps } = endedOf(resumed.stdout)
      expect(steps.survey).toMatchObject({ output: "notes on crashes", attempts: 1 })
      expect(steps.review?.output).toBe("crashes: approved")
      // The survey was finished and is not asked for again. The request for the draft was in
      // progress when the server died.
      expect(asked()).toEqual([1, 2, 1])
      expect(model.asked(prompts[1])[1]?.messages.filter((message) => message.role === "user")).toHaveLength(1)
    },
    LONG,
  )

  it(
    "after SIGKILL of baton alone, its server ends too, and resume repeats no finished step",
    async () => {
      const { prompts, asked } = scriptDemo(model, "orphans")
      const hold = model.hold(prompts[2])
      const run = startBaton(alone(project), "run", "demo", "--input", "topic=orphans", "--run-id", "orphans")
      await hold.arrived
      run.signal("SIGKILL")
      await until(() => left().length === 0, {
        what: () => `nothing to be left of:\n${left().join("\n")}`,
        timeoutMs: 10_000,
      })
      hold.release()
      const resumed = await baton(project, "resume", "orphans", "--json")
      expect(resumed.code).toBe(0)
      expect(asked()).toEqual([1, 1, 2])
    },
    LONG,
  )

  it(
    "resume refuses an ended run and an unknown run with exit 2",
    async () => {
      scriptDemo(model, "over")
      await baton(project, "run", "demo", "--input", "topic=over", "--run-id", "over")
      const ended = await baton(project, "resume", "over")
      expect(ended).toMatchObject({
        code: 2,
        stderr: "baton: run over has ended (success): there is nothing to resume\n",
      })
      const unknown = await baton(project, "resume", "nope")
      expect(unknown).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("this project has no run nope (newest: over"),
      })
    },
    LONG,
  )

  it(
    "a run id that is taken is refused before any model is asked",
    async () => {
      const { asked } = scriptDemo(model, "twice")
      const again = await baton(project, "run", "demo", "--input", "topic=twice", "--run-id", "over")
      expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("there is already a run over") })
      expect(asked()).toEqual([0, 0, 0])
    },
    LONG,
  )
})

describe("reading commands", () => {
  it(
    "plan shows order, profiles and rights, and asks no model",
    async () => {
      const before = model.requests.length
      const { code, stdout } = await baton(project, "plan", "demo", "--input", "topic=plans")
      expect(code).toBe(0)
      expect(stdout).toMatch(
        /1\.\n\s+survey\n[\s\S]*2\.\n\s+draft {2}after survey\n[\s\S]*3\.\n\s+review {2}after draft/,
      )
      expect(stdout).toContain("profile default (subagent), model of the session")
      expect(model.requests).toHaveLength(before)
    },
    LONG,
  )

  it(
    "trace shows the prompt and the output of a step",
    async () => {
      const { code, stdout } = await baton(project, "trace", "draft", "--run", "moon-1")
      expect(code).toBe(0)
      expect(stdout).toContain("draft · success · run moon-1")
      expect(stdout).toContain("── prompt\nDraft from: notes on moons\n")
      expect(stdout).toContain("── output\npage on moons\n")
      const wrong = await baton(project, "trace", "darft", "--run", "moon-1")
      expect(wrong).toMatchObject({ code: 2, stderr: "baton: run moon-1 has no step `darft`: did you mean `draft`?\n" })
    },
    LONG,
  )

  it(
    "a usage error names the help of its command",
    async () => {
      const wrong = [
        [["run"], "baton run"],
        [["run", "demo", "--input", "x"], "baton run"],
        [["retry"], "baton retry"],
        [["skip", "a", "b", "c"], "baton skip"],
        [["raise"], "baton raise"],
        [["list", "--state", "odd"], "baton list"],
        [["config", "explain", "timeout", "--step", "a"], "baton config explain"],
        [["prune", "--nope"], "baton prune"],
      ] as const
      const ran = await Promise.all(wrong.map(([words]) => baton(project, ...words)))
      for (const [at, [, command]] of wrong.entries()) {
        expect(ran[at]).toMatchObject({ code: 2, stdout: "" })
        expect(ran[at]?.stderr).toMatch(/^error: /)
        expect(ran[at]?.stderr).toContain(`(${command} --help shows how it is used)`)
      }
      expect((await baton(project, "lst")).stderr).toContain("(baton --help lists the commands)")
    },
    LONG,
  )

  it(
    "status creates no state if nothing has run",
    async () => {
      const empty = makeProject({ baton: false, trusted: false })
      try {
        expect(await baton(empty, "status")).toMatchObject({
          code: 0,
          stdout: "Nothing has run in this project yet.\n",
        })
        expect(findState(empty.dir, empty.env)).toBeUndefined()
      } finally {
        await empty.dispose()
      }
    },
    LONG,
  )
})

describe("baton doctor", () => {
  it(
    "reports that a healthy project is complete, without asking a model",
    async () => {
      const before = model.requests.length
      const { code, stdout } = await baton(project, "doctor")
      expect(stdout).toMatch(/^✓ runs on Bun [\d.]+, OpenCode is .*opencode/)
      expect(stdout).toMatch(/✓ OpenCode loads Baton: opencode\.json, tui\.json\n/)
      expect(stdout).toMatch(/✓ 3 workflows of the project, 7 built in\n/)
      expect(stdout).toMatch(/✓ OpenCode 1\.18\.33 answers\n✓ \d+ models, default scripted\/small\n$/)
      expect(stdout).not.toContain("✗")
      expect(code).toBe(0)
      expect(model.requests.length).toBe(before)
    },
    LONG,
  )

  it(
    "reports everything that is wrong and what to do, and exits with 2",
    async () => {
      const sick = makeProject({
        model,
        baton: false,
        config: { profiles: { coder: { model: "scripted/smal" } } },
        workflows: { demo: DEMO, bad: "steps: [{ id: a, promt: x }]" },
      })
      try {
        const { code, stdout } = await baton(sick, "doctor", "--attach", server.url)
        expect(stdout).toMatch(
          /✗ workflow bad cannot be run\n {4}\.opencode\/workflows\/bad\.yaml:1:9: .*\n {4}.*bad\.yaml:1:18: unknown key `promt`/,
        )
        expect(stdout).toMatch(
          /! the TUI does not load Baton: .*\n {4}add "plugin": \["\/.+"\] to opencode\.json and to tui\.json\n/,
        )
        expect(stdout).toMatch(
          /✗ profiles name models .*\n {4}OpenCode has no model `scripted\/smal` \(coder\): did you mean `scripted\/small`\?/,
        )
        expect(code).toBe(2)
        expect(await baton(sick, "doctor", "--attach", "http://127.0.0.1:1")).toMatchObject({
          stdout: expect.stringMatching(/✗ OpenCode does not answer\n {4}.*is `opencode serve` running there\?/),
        })
        await using old = await serveVersion("1.18.3")
        expect(await baton(sick, "doctor", "--attach", old.url)).toMatchObject({
          stdout: expect.stringMatching(/✗ OpenCode 1\.18\.3 is not supported: .* >=1\.18\.18 <2\. .*npm install/),
        })
        const json = await baton(sick, "doctor", "--json", "--attach", "http://127.0.0.1:1")
        expect(json.code).toBe(2)
        const { findings } = JSON.parse(json.stdout) as DoctorDocument
        expect(findings.map(({ state }) => state)).toEqual([
          "good",
          "good",
          "bad",
          "good",
          "note",
          "good",
          "good",
          "bad",
        ])
        expect(findings[2]).toEqual({
          state: "bad",
          text: "workflow bad cannot be run",
          detail: expect.stringContaining("unknown key `promt`"),
        })
      } finally {
        await sick.dispose()
      }
    },
    LONG,
  )
})

describe("a mistake", () => {
  it(
    "in a workflow name, an input or an option exits with 2 and says how to correct it",
    async () => {
      const misspelt = await baton(project, "run", "dmeo")
      expect(misspelt).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean `demo`?") })
      const missing = await baton(project, "run", "demo")
      expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("topic=") })
      const option = await baton(project, "run", "demo", "--jsn")
      expect(option).toMatchObject({ code: 2, stderr: expect.stringContaining("Did you mean --json?") })
    },
    LONG,
  )

  it(
    "in a key of orchestrator.json is reported with its line by validate and run",
    async () => {
      const broken = makeProject({
        baton: false,
        workflows: { demo: DEMO },
        config: '{\n  "profiles": {\n    "coder": { "modle": "a/b" }\n  }\n}\n',
      })
      try {
        for (const args of [["validate"], ["run", "demo", "--input", "topic=x"]]) {
          const { code, stderr } = await baton(broken, ...args)
          expect(code).toBe(2)
          expect(stderr).toMatch(/orchestrator\.json:3:\d+: .*modle.*did you mean `model`\?/)
        }
      } finally {
        await broken.dispose()
      }
    },
    LONG,
  )

  it(
    "in the path of opencode is reported with that path",
    async () => {
      const { code, stderr } = await baton(
        project,
        "run",
        "demo",
        "--input",
        "topic=x",
        "--opencode",
        "/nowhere/opencode",
      )
      expect(code).toBe(2)
      expect(stderr).toContain("/nowhere/opencode")
    },
    LONG,
  )
})
