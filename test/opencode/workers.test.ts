import { describe, expect, it } from "vitest"
import { HANDOFF_CHARS } from "../../src/core/model/handoff.ts"
import type { PendingRequest } from "../../src/core/ports/ports.ts"
import { openDesk } from "./support.ts"

const CONFIG = {
  profiles: { docs: { mode: "foreground", keep: true }, coder: {} },
}
const FLOW = { flow: "steps: [{ id: build, profile: coder, prompt: build it }]" }
const SEAT = "steps: [{ id: refine, profile: docs, prompt: refine it }]"

const permission = (over: Partial<PendingRequest> = {}): PendingRequest => ({
  id: "per_1",
  kind: "permission",
  session: "ses",
  title: "bash: npm test",
  details: [],
  questions: [],
  askedAt: 0,
  expiresAt: null,
  ...over,
})

describe("/workers spawn", () => {
  it("creates a kept worker without prompting a model, and opens one that a person works with", async () => {
    const { type, engine, backend } = openDesk(CONFIG)
    expect(await type("/workers spawn coder tester")).toMatchObject({ title: "Spawned tester" })
    expect(await type("/workers spawn docs")).toMatchObject({ view: { type: "open", session: "ses_worker/docs" } })
    expect(engine.workers().map(({ name, state }) => [name, state])).toEqual([
      ["tester", "idle"],
      ["docs", "idle"],
    ])
    expect(backend.jobs).toEqual([])
  })

  it("refuses an unknown profile, a name that is taken, and the name of another profile", async () => {
    const { type, engine } = openDesk(CONFIG)
    expect((await type("/workers spawn docz")).text).toContain("did you mean `docs`?")
    await type("/workers spawn docs")
    expect((await type("/workers spawn docs")).text).toContain("there is already a worker docs")
    expect((await type("/workers spawn docs coder")).text).toContain("another profile")
    expect((await type("/workers spawn coder 'a b'")).text).toContain("a name is")
    expect(engine.workers()).toHaveLength(1)
  })
})

describe("/workers ask", () => {
  it("asks a profile without a spawned worker in a run of one step for this session", async () => {
    const { type, backend, engine } = openDesk(CONFIG)
    const reply = await type("/workers ask coder how does ${this} work?")
    const job = await backend.job("ask")
    expect(job.task).toMatchObject({ prompt: "how does ${this} work?", parent: "main", mayDelegate: false })
    expect(job.task.profile).toMatchObject({ name: "coder", mode: "background" })
    job.finish({ output: "well" })
    const run = reply.view?.type === "started" ? reply.view.run : ""
    expect((await engine.finished(run)).view).toMatchObject({ ask: "coder", status: "success", parent: "main" })
    expect(engine.kept("coder")).toBeUndefined()
    expect((await type("/trace coder")).text).toContain("well")
  })

  it("in the worker's own session sends the answer to the session it was started from", async () => {
    const { type, backend } = openDesk(CONFIG)
    await type("/workers spawn docs")
    await type("/workers ask docs what is the plan", "ses_worker/docs")
    expect((await backend.job("ask")).task).toMatchObject({ parent: "main", session: "ses_worker/docs" })
  })

  it("sends the text to a worker that has a task, by name or session, once per line", async () => {
    const { type, backend } = openDesk(CONFIG, FLOW)
    await type("/workflow run flow")
    const job = await backend.job("build")
    await type("/workers ask build use the new parser")
    await type(`/workers ask ${"ses_"}${job.task.key} "and test it"`)
    expect(backend.steered.map(({ steer }) => steer)).toMatchObject([
      { type: "message", message: { id: "line2", text: "use the new parser" } },
      { type: "message", message: { id: "line3", text: "and test it" } },
    ])
    expect(backend.jobs).toHaveLength(1)
  })

  it("suggests the nearest worker or profile for a misspelt name", async () => {
    const { type, backend } = openDesk(CONFIG)
    expect((await type("/workers ask coderr hi")).text).toContain("did you mean `coder`?")
    expect(backend.jobs).toEqual([])
  })
})

describe("acting on one worker", () => {
  it("interrupts, resumes and stops it, and suggests the nearest name for an unknown one", async () => {
    const { type, backend } = openDesk(CONFIG, FLOW)
    await type("/workflow run flow")
    const job = await backend.job("build")
    expect((await type("/workers interrupt biuld")).text).toContain("did you mean `build`?")
    expect((await type("/workers interrupt build")).tone).toBe("success")
    expect((await type("/workers resume build")).tone).toBe("success")
    expect(backend.steered.map(({ steer }) => steer.type)).toEqual(["interrupt", "resume"])
    expect(job.isStopped).toBe(false)
    expect((await type("/workers stop build")).tone).toBe("success")
    expect(job.isStopped).toBe(true)
  })

  it("summarizes a kept worker for the session it is asked from, and forgets it", async () => {
    const { type, backend, engine } = openDesk(CONFIG)
    await type("/workers spawn docs")
    await type("/workers summarize docs", "elsewhere")
    const job = await backend.job("ask")
    expect(job.task.prompt).toMatch(/^Summarize for the main session/)
    expect(job.task.parent).toBe("elsewhere")
    expect((await type("/workers forget docs")).text).toContain("/workers stop docs")
    job.finish()
    await expect.poll(() => engine.workers().map(({ state }) => state)).toEqual(["idle"])
    expect((await type("/workers forget docs")).tone).toBe("success")
    expect(engine.workers()).toEqual([])
  })
})

describe("/handback", () => {
  it("in a step that a person works on returns the text and opens the session of the run", async () => {
    const { type, backend } = openDesk(CONFIG, { seat: SEAT })
    await type("/workflow run seat")
    const { task } = await backend.job("refine")
    const session = `ses_${task.key}`
    const reply = await type("/handback we chose tides", session)
    expect(reply).toMatchObject({ tone: "success", view: { type: "open", session: "main" } })
    await type("/handback")
    expect(backend.steered).toEqual([{ session, steer: { type: "handback", text: "we chose tides" } }])
  })

  it("of a kept worker posts the text into the main session, or asks for a summary without text", async () => {
    const { type, backend, handoffs } = openDesk(CONFIG)
    await type("/workers spawn docs")
    const reply = await type("/handback we chose tides", "ses_worker/docs")
    expect(reply.view).toEqual({ type: "open", session: "main" })
    expect(handoffs).toEqual([
      { session: "main", text: "Handoff from the worker docs:\n\nwe chose tides", id: "line2" },
    ])
    expect(backend.jobs).toEqual([])
    await type("/handback", "ses_worker/docs")
    expect((await backend.job("ask")).task.prompt).toMatch(/^Summarize/)
  })

  it("of a kept worker goes to the session from which the person opened it", async () => {
    const { type, handoffs } = openDesk(CONFIG)
    await type("/workers spawn docs")
    await type("/workers open docs", "a later session")
    expect((await type("/handback done", "ses_worker/docs")).view).toEqual({ type: "open", session: "a later session" })
    expect(handoffs.map(({ session }) => session)).toEqual(["a later session"])
  })

  it("of a step goes to the session of the run, wherever its kept worker was spawned", async () => {
    const { type, backend } = openDesk(CONFIG, { seat: SEAT })
    await type("/workers spawn docs")
    await type("/workflow run seat", "another")
    await backend.job("refine")
    const reply = await type("/handback", "ses_worker/docs")
    expect(reply.view).toEqual({ type: "open", session: "another" })
  })

  it("says what to do where there is no worker, and refuses a worker in the background", async () => {
    const { type, backend } = openDesk(CONFIG, FLOW)
    expect((await type("/handback")).text).toContain("/handback NAME")
    await type("/workflow run flow")
    const { task } = await backend.job("build")
    expect((await type("/handback", "main", `ses_${task.key}`)).title).toBe("build works on its own")
    expect(HANDOFF_CHARS).toBe(4_000)
  })
})

describe("/inbox", () => {
  it("lists requests with the line that answers them, and takes answers by id or by worker", async () => {
    const { type, backend } = openDesk(CONFIG, FLOW)
    expect((await type("/inbox")).text).toBe("Nothing needs you now.")
    await type("/workflow run flow")
    const job = await backend.job("build")
    job.report.asked(permission())
    expect((await type("/inbox")).text).toContain("/inbox allow|always|deny per_1")
    job.report.asked(permission({ details: ["a", "b"], more: 18 }))
    expect((await type("/inbox")).text).toContain("  b\n  … 18 more lines\n  /inbox allow")
    expect((await type("/inbox answer per_1 yes")).text).toContain("it asks for a permission")
    expect((await type("/inbox allow per_2")).tone).toBe("error")
    expect(await type("/inbox always per_1")).toMatchObject({ text: expect.stringMatching(/^allowed from now on · /) })
    await type("/inbox deny build not today")
    expect(backend.answers).toEqual([
      { ask: "per_1", answer: { type: "always" } },
      { ask: "per_1", answer: { type: "deny", message: "not today" } },
    ])
    job.report.answered("per_1")
    expect((await type("/inbox allow per_1")).text).toContain("answered already")
  })

  it("answers one question with a text and several with a word each, and splits multiple choices", async () => {
    const { type, backend } = openDesk(CONFIG, FLOW)
    await type("/workflow run flow")
    const job = await backend.job("build")
    const question = (text: string, isMultiple = false) => ({
      text,
      options: ["a", "b"].map((label) => ({ label, description: "" })),
      isMultiple,
    })
    job.report.asked(permission({ id: "que_1", kind: "question", questions: [question("which?", true)] }))
    job.report.asked(permission({ id: "que_2", kind: "question", questions: [question("one?"), question("two?")] }))
    expect((await type("/inbox allow que_1")).text).toContain("/inbox answer que_1 text")
    expect((await type("/inbox answer que_2 only this")).tone).toBe("success")
    expect((await type("/inbox answer que_2 three words here")).text).toContain("2 questions")
    await type("/inbox answer que_1 a, b")
    await type('/inbox answer que_1 "neither, nor"')
    expect(backend.answers.map(({ answer }) => ("answers" in answer ? answer.answers : answer))).toEqual([
      [["only"], ["this"]],
      [["a", "b"]],
      [["neither, nor"]],
    ])
  })
})
