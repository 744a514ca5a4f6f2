import { afterAll, beforeAll, expect, it } from "vitest"
import { type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { type Baton, baton, endedOf, linesOf, startBaton } from "./support/baton.ts"
import { processesWith, signal } from "./support/processes.ts"
import { alone, makeProject, type Project } from "./support/project.ts"
import { until } from "./support/until.ts"
import { type WarmServer, warmServer } from "./support/warm.ts"

/**
 * Tests a run that one process drives while others control it: an OpenCode with Baton, and a second
 * `baton`.
 */

const LONG = 240_000
const flow = (name: string) => `
steps:
  - { id: draft, intervene: always, prompt: "${name} draft" }
  - { id: slow, prompt: "${name} slow" }
  - { id: page, needs: [draft], prompt: "${name} page of \${draft.output}" }
`
const PLAIN = `
steps:
  - { id: facts, prompt: "plain facts" }
  - { id: text, needs: [facts], prompt: "plain text of \${facts.output}" }
`
let model: ScriptedModel
let opencode: WarmServer
let project: Project

beforeAll(async () => {
  model = await startScriptedModel()
  opencode = await warmServer()
  project = makeProject({
    model,
    server: opencode,
    workflows: { tour: flow("tour"), frozen: flow("frozen"), plain: PLAIN },
  })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

type Line = Record<string, unknown>
/** Waits for the first line of `--json` with this type and these facts. */
function line(run: Baton, type: string, facts: Line = {}): Promise<Line> {
  const is = (one: Line) => one.type === type && Object.entries(facts).every(([key, value]) => one[key] === value)
  return until(() => linesOf(run.stdout().replace(/[^\n]*$/, "")).find(is), {
    what: () => `${type} ${JSON.stringify(facts)} in\n${run.stdout()}\n${run.stderr()}`,
    timeoutMs: 60_000,
  })
}

/**
 * Creates a session in OpenCode. Returns a function that types a line there and returns the answer.
 */
async function typist(): Promise<(line: string) => Promise<string>> {
  const client = opencode.clientFor(project.dir)
  const { data } = await client.session.create({ title: "a person's" })
  const sessionID = data?.id as string
  let seen = 0
  return async (typed) => {
    const [command = "", ...rest] = typed.slice(1).split(" ")
    await client.session.command({ sessionID, command, arguments: rest.join(" ") })
    const texts = await until(
      async () => {
        const { data: messages } = await client.session.messages({ sessionID })
        const all = (messages ?? []).flatMap(({ parts }) =>
          parts.flatMap((part) => (part.type === "text" ? part.text : [])),
        )
        return all.length > seen && all
      },
      { what: `the answer to ${typed}` },
    )
    seen = texts.length
    return texts.at(-1) as string
  }
}

it(
  "OpenCode and a second `baton` can control a run of `baton run`, and its own process executes their commands",
  async () => {
    model.script("tour draft", say("D"))
    const slow = model.hold("tour slow")
    const run = startBaton(alone(project), "run", "tour", "--run-id", "tour-1", "--json")
    const type = await typist()
    await slow.arrived
    await line(run, "gate.opened")

    expect(await type("/workflow status tour-1")).toContain("running")
    model.script("once more", say("E"))
    expect(await type("/workflow retry tour-1/draft once more")).toContain("Done by the process that drives it")
    await line(run, "gate.decided", { action: "retry", by: "person in OpenCode" })
    await until(() => linesOf(run.stdout()).filter((one) => one.type === "gate.opened").length === 2, {
      what: () => run.stdout(),
    })
    const raised = await baton(project, "raise", "tour-1", "--usd", "5")
    expect({ code: raised.code, said: raised.stdout }).toEqual({
      code: 0,
      said: "raise: done by the process that drives tour (run tour-1). The run is running.\n",
    })
    expect(await type("/workflow continue tour-1/draft")).toContain("Done by the process that drives it")
    await line(run, "step.ended", { step: "page" })

    expect((await baton(project, "pause", "tour-1")).stdout).toContain("pause: done by the process that drives tour")
    await line(run, "run.pausing", { by: "baton pause" })
    expect(linesOf((await baton(project, "continue", "tour-1", "--json")).stdout)).toEqual([
      { type: "run.handed", run: "tour-1", workflow: "tour", command: "continue", done: true, status: "running" },
    ])
    await line(run, "run.resumed", { by: "baton continue" })
    expect((await baton(project, "resume", "tour-1")).stderr).toContain("run tour-1 is running already")

    expect(await type("/workers ask slow be quick")).toContain("be quick")
    await line(run, "step.steered", { step: "slow", text: "be quick", by: "person in OpenCode" })
    expect(await type("/workflow abort")).toContain("`/workflow abort tour-1` (tour)")
    expect(await type("/workflow abort tour-1")).toContain("Done by the process that drives it")
    expect(await run.exit()).toBe(1)
    slow.release()
    const ended = endedOf(run.stdout())
    expect(ended).toMatchObject({ status: "cancelled", steps: { draft: { output: "E" }, page: { status: "success" } } })
    for (const prompt of ["tour draft", "once more", "tour page of E"]) expect(model.asked(prompt)).toHaveLength(1)
  },
  LONG,
)

it(
  "`baton pause` pauses a run of OpenCode, which can be resumed there with the edited workflow",
  async () => {
    const facts = model.hold("plain facts")
    const type = await typist()
    const started = await type("/workflow run plain")
    const run = /\(run (\w+)\)/.exec(started)?.[1] as string
    await facts.arrived
    expect(await baton(project, "pause")).toMatchObject({
      code: 0,
      stdout: `pause: done by the process that drives plain (run ${run}). The run is running.\n`,
    })
    facts.release(say("F"))
    await until(async () => endedOf((await baton(project, "status", run, "--json")).stdout).status === "paused", {
      what: "the run to be paused",
    })
    expect((await baton(project, "pause", run)).stderr).toContain(`run ${run} is not running (paused)`)
    project.write(".opencode/workflows/plain.yaml", PLAIN.replace("plain text of", "better text of"))
    expect(await type(`/workflow resume ${run} --edited`)).toContain(`Resumed run ${run}; to be done: text.`)
    await model.waitFor("better text of F")
    await until(async () => endedOf((await baton(project, "status", run, "--json")).stdout).status === "success", {
      what: "the run to succeed",
    })
    expect([model.asked("plain facts").length, model.asked("plain text").length]).toEqual([1, 0])
  },
  LONG,
)

it(
  "a command for a process that hangs and is killed is executed by the process that resumes the run",
  async () => {
    model.script("frozen draft", say("D"))
    const slow = model.hold("frozen slow")
    const run = startBaton(alone(project), "run", "frozen", "--run-id", "frozen-1", "--json")
    await slow.arrived
    await line(run, "gate.opened")
    const all = processesWith(project.marker)
    for (const { pid } of all) signal(pid, "SIGSTOP")
    const handed = await baton(project, "continue", "frozen-1", "--json")
    expect(linesOf(handed.stdout)).toMatchObject([{ type: "run.handed", command: "continue", done: false }])
    expect((await baton(project, "status", "frozen-1")).stdout).toContain("frozen · running")
    for (const { pid } of all) signal(pid, "SIGKILL")
    await until(() => processesWith(project.marker).length === 0, { what: "the killed processes to be gone" })
    slow.release(say("S"))

    const resumed = await baton(alone(project), "resume", "frozen-1", "--json")
    expect(resumed.code).toBe(0)
    expect(linesOf(resumed.stdout)).toContainEqual(
      expect.objectContaining({ type: "gate.decided", step: "draft", by: "baton continue" }),
    )
    expect(endedOf(resumed.stdout)).toMatchObject({ status: "success", steps: { page: { status: "success" } } })
    for (const prompt of ["frozen draft", "frozen page of D"]) expect(model.asked(prompt)).toHaveLength(1)
  },
  LONG,
)
