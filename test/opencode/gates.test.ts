import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { stateOf } from "../../src/opencode/live.ts"
import { openDesk } from "./support.ts"

const FLOWS = {
  one: "settings: { intervene: on-error }\nsteps: [{ id: review, prompt: review it }, { id: ship, needs: [review], prompt: ship it }]",
  two: "settings: { intervene: always }\nsteps: [{ id: left, prompt: left }, { id: right, prompt: right }]",
  ask: "steps: [{ id: approve, type: gate, prompt: Ship it? }, { id: ship, needs: [approve], prompt: 'ship ${approve.output}' }]",
  plain: "steps: [{ id: a, prompt: a }, { id: b, needs: [a], prompt: b }]",
  dear: "settings: { budget: { tokens: 100 } }\nsteps: [{ id: a, prompt: a }, { id: b, needs: [a], prompt: b }]",
}
const FAILED = { reason: "empty", detail: "it said nothing" } as const

function open() {
  const context = openDesk({}, FLOWS)
  const status = () => context.engine.find(undefined)?.status
  const settled = async (wanted: string) => await expect.poll(status).toBe(wanted)
  /** Starts a workflow and makes its first step fail. */
  const failing = async (name = "one", session = "main") => {
    const before = context.backend.jobs.filter(({ task }) => task.step === "review").length
    expect(await context.type(`/workflow run ${name}`, session)).toMatchObject({ tone: "success" })
    const job = await context.backend.job("review", before)
    job.finish(FAILED)
    await expect.poll(() => context.engine.view(job.task.run)?.status).toBe("paused")
    return job.task.run
  }
  return { ...context, status, settled, failing }
}

describe("a step that failed under on-error", () => {
  it("is retried in its session with the person's message, and the run continues", async () => {
    const { type, backend, failing, engine } = open()
    const run = await failing()
    expect(await type("/workflow retry review be brief, and  say why")).toMatchObject({
      view: { type: "started", run },
    })
    const again = await backend.job("review", 1)
    expect(again.task).toMatchObject({ attempt: 2, prompt: "be brief, and  say why" })
    expect(again.task.session).toBe((await backend.job("review")).task.session ?? `ses_${run}/review/1`)
    again.finish({ output: "fine" })
    ;(await backend.job("ship")).finish()
    await engine.finished(run)
    expect(engine.view(run)?.status).toBe("success")
  })

  it("continues with the current version of the workflow, or the reply lists the problems of that version", async () => {
    const { type, backend, engine, project } = open()
    await type("/workflow run plain")
    ;(await backend.job("a")).finish()
    ;(await backend.job("b")).finish()
    await expect.poll(() => engine.find(undefined)?.status).toBe("success")
    const run = engine.find(undefined)?.id
    expect((await type(`/workflow resume ${run}`)).text).toContain("has ended (success)")
    const file = join(project.root, ".opencode/workflows/plain.yaml")
    writeFileSync(file, FLOWS.plain.replace("prompt: b", "promt: b"))
    expect(await type(`/workflow resume ${run} --edited`)).toMatchObject({
      tone: "error",
      title: "Cannot resume plain",
      text: expect.stringContaining("did you mean `prompt`?"),
    })
    writeFileSync(file, FLOWS.plain.replace("prompt: b", "prompt: better b"))
    expect((await type(`/workflow resume ${run} --edited`)).text).toBe(`Resumed run ${run}; to be done: b.`)
    const b = await backend.job("b", 1)
    expect(b.task.prompt).toBe("better b")
    b.finish()
    await expect.poll(() => engine.find(undefined)?.status).toBe("success")
    expect(backend.jobs.filter(({ task }) => task.step === "a")).toHaveLength(1)
  })

  it("is skipped, and the steps that need it run", async () => {
    const { type, backend, failing, engine } = open()
    const run = await failing()
    await type("/workflow skip review")
    ;(await backend.job("ship")).finish()
    await engine.finished(run)
    expect(engine.view(run)).toMatchObject({ status: "success", steps: [{ status: "skipped" }, { status: "success" }] })
  })

  it("fails its run on continue and cancels it on abort, and the journal names who decided", async () => {
    const { type, failing, engine, store } = open()
    const [first, second] = [await failing(), await failing()]
    await type(`/workflow continue ${first}`)
    await type(`/workflow abort ${second}`)
    expect([engine.view(first)?.status, engine.view(second)?.status]).toEqual(["failed", "cancelled"])
    const decided = [first, second].map((run) => store.read(run).find(({ type: kind }) => kind === "gate.decided"))
    expect(decided).toMatchObject([
      { action: "continue", by: "person in OpenCode" },
      { action: "abort", by: "person in OpenCode" },
    ])
  })

  it("is repeated by resume or retry once the run has failed, and finished steps are not", async () => {
    const { type, backend, engine } = open()
    await type("/workflow run plain")
    ;(await backend.job("a")).finish()
    ;(await backend.job("b")).finish(FAILED)
    await expect.poll(() => engine.find(undefined)?.status).toBe("failed")
    expect((await type("/workflow resume")).text).toMatch(/^Resumed run \w+; to be done: b\.$/)
    ;(await backend.job("b", 1)).finish(FAILED)
    await expect.poll(() => engine.find(undefined)?.status).toBe("failed")
    await type("/workflow retry b once more")
    ;(await backend.job("b", 2)).finish()
    await expect.poll(() => engine.find(undefined)?.status).toBe("success")
    expect(backend.jobs.filter(({ task }) => task.step === "a")).toHaveLength(1)
  })
})

describe("a command that names no run", () => {
  it("means a run of this session first, then any, and RUN/STEP names one", async () => {
    const { type, failing, engine } = open()
    const [mine, other] = [await failing("one", "main"), await failing("one", "elsewhere")]
    await type("/workflow retry review")
    expect(engine.view(mine)?.status).toBe("running")
    expect(engine.view(other)?.status).toBe("paused")
    await type(`/workflow retry ${other}/review`)
    expect(engine.view(other)?.status).toBe("running")
  })

  it("continues every gate of a run, or one step, even while a sibling runs", async () => {
    const { type, backend, engine, settled } = open()
    await type("/workflow run two")
    const right = await backend.job("right")
    ;(await backend.job("left")).finish()
    await expect.poll(() => engine.find(undefined)?.steps[0]?.status).toBe("waiting")
    await type("/workflow continue left")
    expect(engine.find(undefined)?.steps.map(({ status }) => status)).toEqual(["success", "running"])
    right.finish()
    await settled("paused")
    await type("/workflow continue")
    expect(engine.find(undefined)?.status).toBe("success")
    await type("/workflow run two")
    await backend.job("right", 1)
    ;(await backend.job("left", 1)).finish()
    await expect.poll(() => engine.find(undefined)?.steps[0]?.status).toBe("waiting")
    await type("/workflow continue")
    expect(engine.find(undefined)?.steps.map(({ status }) => status)).toEqual(["success", "running"])
  })

  it("ends a run's pause together with its gates, but for one step only that step's gate", async () => {
    const { type, backend, engine } = open()
    for (const [n, word] of ["continue left", "continue"].entries()) {
      await type("/workflow run two")
      await backend.job("right", n)
      await type("/workflow pause")
      ;(await backend.job("left", n)).finish()
      await expect.poll(() => engine.find(undefined)?.steps[0]?.status).toBe("waiting")
      await type(`/workflow ${word}`)
      const { hold, steps } = engine.find(undefined) ?? {}
      expect(steps?.map(({ status }) => status)).toEqual(["success", "running"])
      expect(hold?.cause).toBe(word === "continue" ? undefined : "person")
    }
  })
})

describe("a step of type gate", () => {
  it("asks a question whose answer later steps read", async () => {
    const { type, backend, status, settled } = open()
    await type("/workflow run ask")
    await settled("paused")
    expect((await type("/inbox")).text).toMatch(
      /^approve: Ship it\? \(ask\)\n {2}\/workflow continue \w+\/approve \[answer\]/,
    )
    expect((await type("/workflow retry approve")).text).toContain("approve has no worker")
    await type("/workflow continue approve yes, to everybody")
    const ship = await backend.job("ship")
    expect(ship.task.prompt).toBe("ship yes, to everybody")
    ship.finish()
    await settled("success")
    expect(status()).toBe("success")
  })
})

describe("a run that was paused or is over its budget", () => {
  it("starts no more steps until it is continued, and running steps may finish", async () => {
    const { type, backend, settled } = open()
    await type("/workflow run plain")
    const a = await backend.job("a")
    expect(await type("/workflow pause")).toMatchObject({
      title: "plain pauses",
      text: expect.stringContaining("a may finish"),
    })
    a.finish()
    await settled("paused")
    expect(backend.jobs).toHaveLength(1)
    await type("/workflow continue")
    ;(await backend.job("b")).finish()
    await settled("success")
  })

  it("continues only with a higher budget", async () => {
    const { type, backend, settled } = open()
    await type("/workflow run dear")
    ;(await backend.job("a")).finish({ tokens: { input: 90, output: 20 } })
    await settled("paused")
    expect((await type("/workflow continue")).text).toContain("/workflow raise")
    expect((await type("/workflow raise tokens=105")).title).toBe("The budget of dear is not raised")
    expect(await type("/workflow raise tokens=1k")).toMatchObject({
      tone: "success",
      title: "dear may spend 1000 tokens",
    })
    ;(await backend.job("b")).finish()
    await settled("success")
  })
})

describe("a mistake is answered with what to do", () => {
  it.each<[string, RegExp]>([
    ["/workflow retry reviw", /did you mean `review`\?/],
    ["/workflow retry ship", /ship is not waiting for a decision: it has not started yet/],
    ["/workflow skip", /say which step/],
    ["/workflow retry nope/review", /this project has no run nope/],
    ["/workflow continue nope", /no step nope is waiting for a decision: known steps that wait: `review`/],
    ["/workflow continue nope yes", /no step nope is waiting for a decision/],
    ["/workflow raise", /say how much/],
    ["/workflow raise usd=none", /`usd=none` is not an amount/],
    ["/workflow raise gold=3", /`gold=3` is no amount/],
    // What was typed in the place of an amount is named, not the run that the dialog adds.
    ["/workflow raise 10 r1", /`10` is no amount of a budget: say how much it may spend in all, as .*usd=10/],
    ["/workflow raise 10", /`10` is no amount/],
    ["/workflow raise usd=3 more r1", /`more` is no amount/],
    ["/workflow contine", /did you mean `continue`\?/],
  ])("%s", async (line, expected) => {
    const { type, failing, status } = open()
    await failing()
    const reply = await type(line)
    expect(reply.tone).toBe("error")
    expect(reply.text).toMatch(expected)
    expect(status()).toBe("paused")
  })

  it("is answered with the step's state when nothing waits", async () => {
    const { type, backend, settled } = open()
    expect((await type("/workflow continue")).text).toBe("no run is waiting for input")
    expect((await type("/workflow resume")).title).toBe("Nothing to resume")
    await type("/workflow run plain")
    const a = await backend.job("a")
    expect((await type("/workflow retry a")).text).toMatch(/it is running; `\/workflow abort \w+` ends the run/)
    a.finish()
    ;(await backend.job("b")).finish()
    await settled("success")
    expect((await type("/workflow retry a")).text).toContain("it has succeeded")
  })
})

it("a TUI is sent an open gate with long texts cut", async () => {
  const { type, backend, engine } = open()
  await type("/workflow run one")
  ;(await backend.job("review")).finish({ ...FAILED, detail: "x".repeat(5_000) })
  await expect.poll(() => engine.find(undefined)?.status).toBe("paused")
  const [run] = stateOf(engine, "/").runs
  expect(run?.steps[0]?.gate).toMatchObject({ why: "error", otherwise: "continue" })
  expect(JSON.stringify(run).length).toBeLessThan(4_000)
  expect((await type("/workflow status")).text).toContain("/workflow retry review [message]")
})
