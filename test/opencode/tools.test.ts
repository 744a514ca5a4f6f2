import { expect, it } from "vitest"
import { HANDOFF_CHARS } from "../../src/core/model/handoff.ts"
import type { Profile } from "../../src/core/model/profile.ts"
import { createTools } from "../../src/opencode/tools.ts"
import type { Project } from "../../src/project/project.ts"
import { runNamed, stepNamed } from "../../src/project/runs.ts"
import { openDesk } from "./support.ts"

const FLOW = {
  careful: "settings: { intervene: on-error }\nsteps: [{ id: build, profile: coder, prompt: build it }]",
  flow: "steps: [{ id: build, profile: coder, prompt: build it }]",
}

function openTools(limits: object = {}) {
  const context = openDesk({ tools: true, limits, profiles: { coder: {}, lead: {} } }, FLOW)
  const { project, engine, gate, missing, trusting } = context
  const tools = createTools(
    async () => {
      await trusting
      const close = () => Promise.resolve()
      return { project, engine, gate, missing: () => Promise.resolve(missing.text), close }
    },
    (session) => Promise.resolve(session === "elsewhere" ? 1 : 0),
  )
  const ended = new AbortController()
  const call = (name: string, args: object, sessionID = "main") =>
    tools[name]?.execute({ ...args }, { sessionID, abort: ended.signal } as never) as Promise<string>
  return { ...context, call, abort: () => ended.abort() }
}

it("worker_ask waits for the answer and shortens it, with the path of the whole", async () => {
  const { call, backend, engine } = openTools()
  const answer = call("worker_ask", { worker: "coder", prompt: "what is ${x}?" })
  const job = await backend.job("ask")
  expect(job.task).toMatchObject({ prompt: "what is ${x}?", parent: "main" })
  job.finish({ output: "y".repeat(5_000) })
  expect(await answer).toMatch(
    /^y{4000}\n\n\[cut after 4000 of 5000 characters; the full text: \/trace coder, or the file outputs\/\w+\/ask\.md\]$/,
  )
  expect(engine.find(undefined)).toMatchObject({ ask: "coder", depth: 0 })
})

it("eight workers that answer with 50 KB each add less than eight caps to the asking session", async () => {
  const { call, backend } = openTools()
  const answers = Array.from({ length: 8 }, () => call("worker_ask", { worker: "coder", prompt: "x" }))
  for (let at = 0; at < 8; at++) (await backend.job("ask", at)).finish({ output: "y".repeat(50_000) })
  const grown = (await Promise.all(answers)).join("").length
  expect(grown).toBeGreaterThan(8 * HANDOFF_CHARS)
  expect(grown).toBeLessThan(8 * (HANDOFF_CHARS + 200))
})

it("worker_ask never returns a failure as an answer", async () => {
  const { call, backend } = openTools()
  const answer = call("worker_ask", { worker: "coder", prompt: "x" })
  const job = await backend.job("ask")
  job.finish({ reason: "truncated", output: "half an", detail: "cut off" })
  await expect(answer).rejects.toThrow("coder did not answer: truncated: cut off")
  await expect(call("worker_ask", { worker: "codr", prompt: "x" })).rejects.toThrow("did you mean `coder`?")
})

it("a worker at the depth limit is refused before anything is created", async () => {
  const { call, backend, engine } = openTools()
  const answer = call("worker_ask", { worker: "coder", prompt: "x" })
  const { task } = await backend.job("ask")
  const below = `ses_${task.key}`
  const refusal = "workers may not start workers here (limits.max_depth is 1)"
  await expect(call("worker_ask", { worker: "lead", prompt: "y" }, below)).rejects.toThrow(refusal)
  await expect(call("workflow_run", { name: "flow" }, below)).rejects.toThrow("limits.max_depth is 1")
  // A worker of another process is recognised by the mark of its session.
  await expect(call("worker_ask", { worker: "lead", prompt: "y" }, "elsewhere")).rejects.toThrow(refusal)
  expect(engine.list()).toHaveLength(1)
  ;(await backend.job("ask")).finish({ output: "done" })
  expect(await answer).toBe("done")
})

it("below the depth limit a worker can ask another worker, except a kept one that waits for it, or itself", async () => {
  const { call, backend, engine, project } = openTools({ max_depth: 3 })
  for (const name of ["lead", "coder"]) await engine.spawn(name, profileOf(project, name), "main")
  const first = call("worker_ask", { worker: "lead", prompt: "x" })
  const lead = await backend.job("ask")
  const second = call("worker_ask", { worker: "coder", prompt: "y" }, lead.task.session)
  const coder = await backend.job("ask", 1)
  const below = coder.task.session
  expect(engine.depthOf(below)).toBe(2)
  await expect(call("worker_ask", { worker: "coder", prompt: "z" }, below)).rejects.toThrow(
    "waits for this very answer",
  )
  await expect(call("worker_ask", { worker: "lead", prompt: "z" }, below)).rejects.toThrow("waits for this very answer")
  coder.finish({ output: "from coder" })
  expect(await second).toBe("from coder")
  lead.finish({ output: "from lead" })
  expect(await first).toBe("from lead")
  // The newest run is the one a person started, and a worker's task is found by the worker's name.
  expect(runNamed(engine, undefined)?.ask).toBe("lead")
  expect(stepNamed(engine, "coder")?.step.output).toBe("from coder")
})

it("a caller that aborts its tool call aborts the run it started", async () => {
  const { call, backend, abort } = openTools()
  const answer = call("worker_ask", { worker: "coder", prompt: "x" })
  const job = await backend.job("ask")
  abort()
  await expect(answer).rejects.toThrow("coder did not answer: aborted")
  expect(job.isStopped).toBe(true)
})

it("workflow_run starts or waits, workflow_status shows the state, workflow_control aborts", async () => {
  const { call, backend } = openTools()
  await expect(call("workflow_run", { name: "flo" })).rejects.toThrow("did you mean `flow`?")
  const waiting = call("workflow_run", { name: "flow", wait: true })
  ;(await backend.job("build")).finish({ output: "built" })
  expect(await waiting).toMatch(/flow · success[\s\S]*build:\nbuilt$/)
  expect(await call("workflow_run", { name: "flow" })).toMatch(/^Started run \w+\./)
  const job = await backend.job("build", 1)
  expect(await call("workflow_status", {})).toContain("flow · running")
  await call("workflow_control", { run: job.task.run, action: "abort" })
  expect(job.isStopped).toBe(true)
  await expect(call("workflow_status", { run: "nope" })).rejects.toThrow("there is no run nope")
})

it("workflow_control decides about a waiting step with a message for its worker, or throws why it cannot", async () => {
  const { call, backend, engine } = openTools()
  await call("workflow_run", { name: "careful" })
  const job = await backend.job("build")
  const { run } = job.task
  const control = (action: string, more: object = {}) => call("workflow_control", { run, action, ...more })
  await expect(control("retry", { step: "build" })).rejects.toThrow("it is running")
  job.finish({ reason: "empty" })
  await expect.poll(() => engine.view(run)?.status).toBe("paused")
  expect(await call("workflow_status", { run })).toContain("/workflow retry build [message]")
  await expect(control("retry")).rejects.toThrow("say which step to retry")
  await expect(control("continue", { message: "use tabs" })).rejects.toThrow("say with step whom the message is for")
  await expect(control("pause", { message: "wait" })).rejects.toThrow("say with step whom the message is for")
  await expect(control("abort", { step: "build" })).rejects.toThrow("abort is for the whole run: leave out step")
  await expect(control("continue", { step: "build", message: "use tabs" })).rejects.toThrow(
    "use retry to tell its worker",
  )
  await expect(control("skip", { step: "biuld" })).rejects.toThrow("did you mean `build`?")
  expect(await control("retry", { step: "build", message: "again" })).toBe(`Done: retry build. Run ${run} is running.`)
  const again = await backend.job("build", 1)
  expect(again.task.prompt).toBe("again")
  again.finish({ reason: "empty" })
  await expect.poll(() => engine.view(run)?.status).toBe("paused")
  await control("continue")
  expect(engine.view(run)?.status).toBe("failed")
})

function profileOf(project: Project, name: string): Profile {
  const config = project.config()
  if (!config.ok || !config.value.profiles[name]) throw new Error(`no profile ${name}`)
  return config.value.profiles[name]
}

it("neither a person nor a model can start a run whose models OpenCode does not have", async () => {
  const { call, type, engine, missing } = openTools()
  missing.text = "OpenCode has no model `a/b`"
  await expect(call("workflow_run", { name: "flow" })).rejects.toThrow("OpenCode has no model `a/b`")
  expect(await type("/workflow run flow")).toMatchObject({ tone: "error", text: "OpenCode has no model `a/b`" })
  expect(engine.list()).toEqual([])
})
