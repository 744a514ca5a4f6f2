import { expect, it } from "vitest"
import type { StepChanges, StepTree, StepWindow } from "../../src/core/ports/tree.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, step, workflow } from "../support/runs.ts"

/** What the engine makes of the files that an attempt changed. */

const NONE: StepChanges = { files: [], strays: [], notes: [] }

function setUp(changes: StepChanges | { readonly why: string } = NONE, unknown?: string) {
  const calls: string[] = []
  const windows: StepWindow[] = []
  const tree: StepTree = {
    begin(window) {
      calls.push(`begin ${window.step}/${window.attempt}`)
      windows.push(window)
      return Promise.resolve(unknown)
    },
    end(window) {
      calls.push(`end ${window.step}/${window.attempt}`)
      return Promise.resolve(changes)
    },
    leave: (window) => void calls.push(`leave ${window.step}/${window.attempt}`),
    settle: (run) => Promise.resolve(void calls.push(`settle ${run}`)),
    forget: (run) => void calls.push(`forget ${run}`),
  }
  const driven = handDriven({ tree })
  const start = (steps = [step("a")], over = {}, settings = {}) => {
    const { type, at, ...created } = createdEvent("r", { workflow: workflow(steps, settings), ...over })
    return driven.engine.start(created)
  }
  const finish = async (over = {}) => {
    const job = await driven.backend.job("a")
    job.finish({ output: "done", ...over })
    return (await driven.engine.finished("r")).view
  }
  return { ...driven, calls, windows, start, finish }
}

it("the files of a step are those that its tools wrote and those that the tree says", async () => {
  const { start, finish, calls, engine } = setUp({ ...NONE, files: ["a.ts", "by-shell.ts"] })
  start()
  await finish({ files: ["tool.ts", "a.ts"] })
  expect(calls).toEqual(["begin a/1", "end a/1", "settle r"])
  const ended = engine.events("r").find(({ type }) => type === "step.ended")
  expect(ended).toMatchObject({ result: { files: ["tool.ts", "a.ts", "by-shell.ts"] } })
})

it("a changed file outside `files` is a warning that says where its earlier content is, and pauses the run", async () => {
  const strays = [
    { path: "private/c.ts", others: [], before: "kept" },
    { path: "new.ts", others: [], before: "new" },
    { path: "large.bin", others: [], before: "it is larger than 1 MB" },
    { path: "shared.ts", others: ["b"], before: "new" },
  ]
  const { start, finish } = setUp({ ...NONE, strays, kept: "/state/kept" })
  start([{ ...step("a"), files: ["src/**"] }], {}, { intervene: "on-warning" })
  const view = await finish({ files: ["src/x.ts", "by-tool.ts"] })
  expect(view?.status).toBe("paused")
  const text =
    "it wrote outside its files: by-tool.ts; outside its files these changed while it worked: private/c.ts, new.ts, large.bin; these changed while it and b worked, and neither owns them: shared.ts; the earlier content of private/c.ts is in /state/kept; the earlier content was not kept of large.bin (it is larger than 1 MB)"
  expect(view?.steps[0]?.warnings).toEqual([{ kind: "files", text }])
})

it("what a step changed is said to be unknown when it could not be recorded or compared", async () => {
  const late = setUp({ why: "git did not end in 30 s" })
  late.start()
  expect((await late.finish())?.steps[0]?.warnings).toMatchObject([
    { kind: "files", text: "what it changed in the project is not known: git did not end in 30 s" },
  ])
  const early = setUp(NONE, "no space left")
  early.start()
  expect((await early.finish())?.steps[0]?.warnings).toMatchObject([
    { text: "what it changes in the project is not known: no space left" },
  ])
  expect(early.calls).toEqual(["begin a/1", "settle r"])
})

it("a worker that cannot write, and a question to one worker, are not watched", async () => {
  const edit = { permission: "edit", pattern: "*", action: "deny" } as const
  const bash = { permission: "bash", pattern: "*", action: "allow" } as const
  const profileOf = (permission: readonly object[]) => ({
    profiles: { worker: { name: "worker", kind: "subagent", permission } },
  })
  const readOnly = setUp()
  readOnly.start([step("a")], profileOf([edit]))
  await readOnly.finish()
  expect(readOnly.calls).toEqual(["settle r"])
  const shell = setUp()
  shell.start([step("a")], profileOf([edit, bash]))
  await shell.finish()
  expect(shell.calls).toEqual(["begin a/1", "end a/1", "settle r"])
  const question = setUp()
  question.start([step("a")], { ask: "docs" })
  await question.finish()
  expect(question.calls).toEqual([])
})

it("an attempt is told the checks of the whole run, and one that is interrupted is left and taken up again", async () => {
  const check = { type: "command", run: "./test.sh", expect: "pass", severity: "error" } as const
  const { start, calls, windows, engine, backend } = setUp()
  start([step("a"), { ...step("b", "a"), checks: [check] }])
  await backend.job("a")
  expect(windows[0]).toMatchObject({ own: [], checks: expect.arrayContaining([check]), isResumed: false })
  await engine.interrupt("test")
  expect(calls).toEqual(["begin a/1", "leave a/1"])
  engine.resume("r", "test")
  await backend.job("a", 1)
  expect(windows[1]).toMatchObject({ attempt: 1, isResumed: true })
})

it("what is recorded of a run is deleted with it", async () => {
  const { start, finish, calls, engine } = setUp()
  start()
  await finish()
  engine.remove("r")
  expect(calls.at(-1)).toBe("forget r")
})

it("cancelling a run does not wait for a look at the project that does not end", async () => {
  const tree: StepTree = {
    begin: () => Promise.withResolvers<undefined>().promise,
    end: () => Promise.withResolvers<StepChanges>().promise,
    leave: () => undefined,
    settle: () => Promise.resolve(),
    forget: () => undefined,
  }
  const { engine } = handDriven({ tree })
  const { type, at, ...created } = createdEvent("r", { workflow: workflow([step("a")]) })
  engine.start(created)
  engine.abort("r", "test")
  expect((await engine.finished("r")).view?.status).toBe("cancelled")
})
