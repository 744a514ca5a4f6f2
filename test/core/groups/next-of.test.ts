import { describe, expect, it } from "vitest"
import { nextOf } from "../../../src/core/groups/next-of.ts"
import type { Group, Loop, Step, Workflow } from "../../../src/core/model/workflow.ts"
import { viewRun } from "../../../src/core/view/view.ts"
import { drive } from "../../support/drive.ts"
import { step, workflow } from "../../support/runs.ts"
import { words } from "../../support/words.ts"

const parallel = (id: string, steps: readonly Step[], over: Partial<Step> = {}): Step => ({
  ...step(id),
  type: "parallel",
  group: { type: "parallel", steps },
  ...over,
})

it.each(["group-of-a-later-version", "toString"])("a group of the unknown type %s fails and says so", (type) => {
  const group = { type } as unknown as Group
  const r = drive([{ ...step("a"), group }])
  const detail = `a is a group of type \`${type}\`, which this version does not know: update opencode-baton`
  expect(r.step("a")).toMatchObject({ status: "failed", result: { reason: "error", detail } })
})

describe("a parallel step", () => {
  it("consists of steps, and its dependents wait for all of them", () => {
    const r = drive([
      step("a"),
      { ...parallel("b", [step("x"), step("y"), step("z", "x")]), needs: ["a"] },
      step("c", "b"),
    ])
    expect(r.started).toEqual(["a"])
    r.end("a")
    expect(r.started).toEqual(["a", "b:x", "b:y"])
    expect(r.run.running).toBe(2)
    r.end("b:x")
    r.end("b:y")
    r.end("b:z")
    expect(r.statuses()).toMatchObject({ b: "success", c: "running" })
    expect(r.step("b").result).toMatchObject({ output: "## x\n\ndone\n\n## y\n\ndone\n\n## z\n\ndone", cost: 0 })
    r.end("c")
    expect(r.run.status).toBe("success")
    expect(viewRun(r.run, true)).toMatchObject({ cost: 1.25, tokens: { input: 50 } })
    expect(viewRun(r.run, true).steps.map(({ id }) => id)).toEqual(["a", "b", "b:x", "b:y", "b:z", "c"])
  })

  it("fails when a part fails, names the failed parts, and stops the run", () => {
    const r = drive([parallel("b", [step("x"), step("y"), step("z", "x")]), step("c", "b")])
    r.end("b:x", "idle")
    r.end("b:y")
    expect(r.run.status).toBe("failed")
    expect(r.step("b")).toMatchObject({ status: "failed", result: { reason: "error" } })
    expect(r.step("b").result?.detail).toMatch(/2 of 3 parts did not succeed: x \(idle\), z/)
  })

  it("continues its other parts with on_failure continue", () => {
    const r = drive([parallel("b", [step("x"), step("y"), step("z", "x")]), step("c")], { onFailure: "continue" })
    r.end("b:x", "error")
    r.end("b:y")
    expect(r.step("b:z")).toMatchObject({ status: "skipped", skipped: { cause: "needs" } })
    expect(r.step("b").status).toBe("failed")
    r.end("c")
    expect(r.run.status).toBe("failed")
  })

  it("with on_failure skip counts as skipped, and its parts do not stop the run", () => {
    const r = drive([parallel("b", [step("x")], { onFailure: "skip" }), step("c", "b")])
    r.end("b:x", "error")
    expect(r.statuses()).toMatchObject({ b: "skipped", c: "running" })
    r.end("c")
    expect(r.run.status).toBe("success")
  })

  it("respects the cap with its parts", () => {
    const r = drive([parallel("b", [step("x"), step("y"), step("z")])], { maxParallel: 2 })
    expect(r.started).toEqual(["b:x", "b:y"])
    r.end("b:x")
    expect(r.started).toHaveLength(3)
  })

  it("inside another one ends before it", () => {
    const r = drive([parallel("b", [parallel("in", [step("x")]), step("y", "in")])])
    expect(r.started).toEqual(["b:in:x"])
    r.end("b:in:x")
    r.end("b:y")
    expect(r.run.status).toBe("success")
  })

  it("has one deadline for all its parts", () => {
    const r = drive([parallel("b", [step("x"), step("y", "x")], { timeoutMs: 5_000 })])
    r.pass(6_000)
    r.end("b:x")
    expect(r.step("b:y")).toMatchObject({ status: "failed", result: { reason: "timeout" } })
    expect(r.run.status).toBe("failed")
  })

  it("repeats only its failed parts when the run is resumed", () => {
    const r = drive([parallel("b", [step("x"), step("y"), step("z", "x")]), step("c", "b")], { onFailure: "continue" })
    r.end("b:x", "error")
    r.end("b:y")
    expect(r.run.status).toBe("failed")
    r.started.length = 0
    r.resume()
    expect(r.started).toEqual(["b:x"])
    r.end("b:x")
    r.end("b:z")
    r.end("c")
    expect(r.run.status).toBe("success")
    expect(r.started).toEqual(["b:x", "b:z", "c"])
  })

  it("of a hundred parts with two failures repeats exactly those two", () => {
    const names = Array.from({ length: 100 }, (_, at) => `p${at}`)
    const r = drive(
      [
        parallel(
          "b",
          names.map((name) => step(name)),
        ),
      ],
      { onFailure: "continue", maxParallel: 8 },
    )
    for (const name of names) r.end(`b:${name}`, name === "p7" || name === "p93" ? "error" : "ok")
    r.started.length = 0
    r.resume()
    expect(r.started).toEqual(["b:p7", "b:p93"])
  })

  it("ends with an aborted run", () => {
    const r = drive([parallel("b", [step("x"), step("y", "x")])])
    r.send({ type: "abort", by: "user" })
    r.end("b:x", "aborted")
    expect(r.run.status).toBe("cancelled")
    expect(r.step("b").status).toBe("cancelled")
  })

  it("is interrupted and resumed in its parts", () => {
    const r = drive([parallel("b", [step("x"), step("y", "x")])])
    r.send({ type: "interrupt", by: "user" })
    expect(r.stopped).toEqual(["b:x"])
    r.end("b:x", "aborted")
    r.resume()
    expect(r.effects.at(-1)).toEqual({ type: "start", step: "b:x", attempt: 1, resumed: true })
    r.end("b:x")
    r.end("b:y")
    expect(r.run.status).toBe("success")
  })

  it("runs its own checks once all its parts are done", () => {
    const checks = [{ type: "command", run: "npm test", expect: "pass", severity: "error" } as const]
    const r = drive([parallel("b", [step("x")], { checks })])
    r.end("b:x")
    expect(r.effects.at(-1)).toEqual({ type: "check", step: "b", attempt: 1 })
    expect(r.run.status).toBe("running")
    r.check("b", { isOk: false, detail: "exit code 1" })
    expect(r.step("b")).toMatchObject({ status: "failed", result: { reason: "check-failed" } })
    expect(r.run.status).toBe("failed")
  })

  it("asks a person about its parts, and not again about the whole", () => {
    const r = drive([parallel("b", [step("x")])], { intervene: "on-error" })
    r.end("b:x", "error")
    expect(r.run.status).toBe("paused")
    r.decide("b:x", "continue")
    expect(r.run.status).toBe("failed")
  })
})

describe("a step of type check", () => {
  const checks = [{ type: "command", run: "npm test", expect: "pass", severity: "error" } as const]
  const check: Step = { ...step("t"), type: "check", checks }

  it("has no worker, and the results of its checks are its answer", () => {
    const r = drive([check, step("b", "t")])
    expect(r.started).toEqual([])
    expect(r.effects).toContainEqual({ type: "check", step: "t", attempt: 1 })
    r.check("t", { output: "12 passed" })
    expect(r.step("t")).toMatchObject({ status: "success", result: { output: "npm test: exit code 0\n12 passed" } })
    expect(r.started).toEqual(["b"])
  })

  it("fails when its checks fail, and runs them again after an interrupt", () => {
    const r = drive([check])
    r.send({ type: "interrupt", by: "user" })
    r.resume()
    expect(r.effects.at(-1)).toEqual({ type: "check", step: "t", attempt: 1 })
    r.check("t", { isOk: false, detail: "exit code 1", output: "1 failed" })
    expect(r.step("t").result).toMatchObject({ reason: "check-failed", output: "npm test: exit code 1\n1 failed" })
    expect(r.run.status).toBe("failed")
  })
})

it("advancing a step that is no group fails", () => {
  const r = drive([step("a")])
  expect(nextOf(r.run, step("a"), r.step("a"), words)).toMatchObject({
    type: "result",
    result: { reason: "error", detail: "a is not a group" },
  })
})

describe("a loop", () => {
  const loop = (over: Partial<Loop> = {}): Step => ({ ...step("a"), loop: { max: 3, stagnant: 3, ...over } })
  const look = (r: ReturnType<typeof drive>, fingerprint: string) =>
    r.send({ type: "looked", step: "a", attempt: 1, fingerprint })

  it("looks at the project, runs a round, and ends after a round that succeeds", () => {
    const r = drive([loop(), step("b", "a")])
    expect(r.effects).toEqual([{ type: "look", step: "a", attempt: 1 }])
    expect(r.run.status).toBe("running")
    look(r, "f0")
    expect(r.started).toEqual(["a:1"])
    r.end("a:1", "error")
    look(r, "f1")
    r.end("a:2", "ok", 1, { output: "second" })
    expect(r.step("a")).toMatchObject({ status: "success", result: { output: "second", cost: 0 } })
    expect(r.started).toEqual(["a:1", "a:2", "b"])
  })

  it("ends only when `until` is true", () => {
    const r = drive([loop({ until: "false" })])
    for (const round of [1, 2, 3]) {
      look(r, `f${round}`)
      r.end(`a:${round}`)
    }
    expect(r.step("a").result).toMatchObject({ reason: "error" })
    expect(r.step("a").result?.detail).toBe("3 rounds of at most 3, and `until` is still false: false")
    expect(r.run.status).toBe("failed")
  })

  it("that changes nothing for three rounds asks a person, and continues when told to", () => {
    const r = drive([loop({ max: 6 })])
    for (const round of [1, 2, 3]) {
      look(r, "same")
      r.end(`a:${round}`, "error")
    }
    look(r, "same")
    expect(r.run.status).toBe("paused")
    expect(r.step("a").gate).toMatchObject({
      why: "stagnant",
      detail: "3 rounds have changed nothing in the project",
      otherwise: "abort",
    })
    r.decide("a", "retry", "Look at ${HOME} first.")
    expect(r.started.at(-1)).toBe("a:4")
    expect(r.run.specs.at(-1)?.prompt).toBe("do a\n\nLook at $${HOME} first.")
    r.end("a:4")
    expect(r.run.status).toBe("success")
  })

  it("counts a changed todo list of its worker as progress", () => {
    const r = drive([loop({ stagnant: 1 })])
    look(r, "same")
    r.end("a:1", "error", 1, { todos: "completed,pending" })
    look(r, "same")
    expect(r.started).toEqual(["a:1", "a:2"])
    r.end("a:2", "error", 1, { todos: "completed,pending" })
    look(r, "same")
    expect(r.run.status).toBe("paused")
  })

  it.each([
    ["skip", "success", "skipped"],
    ["abort", "cancelled", "failed"],
  ] as const)("that stands still can be left: %s", (action, status, of) => {
    const r = drive([loop({ stagnant: 1 })])
    look(r, "same")
    r.end("a:1", "error")
    look(r, "same")
    r.decide("a", action)
    expect(r.run.status).toBe(status)
    expect(r.step("a").status).toBe(of)
  })

  it("that has failed gets all its rounds again when the run is resumed", () => {
    const r = drive([loop({ max: 2 })])
    for (const round of [1, 2]) {
      look(r, `f${round}`)
      r.end(`a:${round}`, "error")
    }
    expect(r.run.status).toBe("failed")
    r.resume()
    expect(r.started.at(-1)).toBe("a:2")
    r.end("a:2", "error")
    r.send({ type: "looked", step: "a", attempt: 2, fingerprint: "f9" })
    r.end("a:3")
    expect(r.run.status).toBe("success")
  })

  it("that was interrupted while it looked at the project looks again", () => {
    const r = drive([loop()])
    r.send({ type: "interrupt", by: "user" })
    look(r, "f0")
    expect(r.started).toEqual([])
    r.resume()
    expect(r.effects.at(-1)).toEqual({ type: "look", step: "a", attempt: 1 })
    look(r, "f0")
    expect(r.started).toEqual(["a:1"])
  })

  it("over several steps repeats all of them each round", () => {
    const body = parallel("a", [step("x"), step("y", "x")], { loop: { max: 2, stagnant: 3 } })
    const r = drive([body])
    look(r, "f0")
    r.end("a:1:x")
    r.end("a:1:y", "error")
    look(r, "f1")
    r.end("a:2:x")
    r.end("a:2:y")
    expect(r.run.status).toBe("success")
    expect(r.started).toEqual(["a:1:x", "a:1:y", "a:2:x", "a:2:y"])
  })
})

describe("a nested workflow", () => {
  const inner = (over: Partial<Workflow> = {}): Workflow => ({
    ...workflow([step("x"), step("y", "x")]),
    inputs: { count: { type: "integer", required: true }, tone: { type: "string", required: false, default: "dry" } },
    ...over,
  })
  const nested = (over: Partial<Workflow> = {}, given: Record<string, string> = { count: "3" }): Step => ({
    ...step("w"),
    type: "workflow",
    group: { type: "workflow", workflow: inner(over), with: given },
  })

  it("runs with inputs of its own, and answers with the steps that no other step needs", () => {
    const r = drive([nested(), step("b", "w")])
    expect(r.step("w").parts?.inputs).toEqual({ count: 3, tone: "dry" })
    r.end("w:x")
    r.end("w:y", "ok", 1, { output: "the end" })
    expect(r.step("w").result).toMatchObject({ reason: "ok", output: "the end" })
    expect(r.started).toEqual(["w:x", "w:y", "b"])
  })

  it("fails at once when an input has the wrong type", () => {
    const r = drive([nested({}, { count: "many" })])
    expect(r.step("w").result?.detail).toBe("its input count must be a whole number, not `many`")
    expect(r.run.status).toBe("failed")
    const large = drive([nested({}, { count: "99999999999999999999" })])
    expect(large.step("w").result?.detail).toBe(
      "its input count must be a whole number up to 9007199254740991, not `99999999999999999999`",
    )
  })

  it("fails at once when a required text is filled in with nothing", () => {
    const inputs = { goal: { type: "string", required: true } } as const
    const r = drive([nested({ inputs }, { goal: " \n" })])
    expect(r.step("w").result?.detail).toBe("its input goal must be a text that is not empty, not ` \n`")
    expect(drive([nested({ inputs }, { goal: "x" })]).started).toEqual(["w:x"])
  })

  it("that fails stops its own steps, and the run's on_failure decides about the rest", () => {
    const r = drive([nested({ steps: [step("x"), step("y"), step("z", "y")] }), step("b"), step("c", "b")], {
      onFailure: "continue",
      maxParallel: 2,
    })
    expect(r.started).toEqual(["b", "w:x"])
    r.end("w:x", "error")
    expect(r.step("w:y")).toMatchObject({ status: "skipped", skipped: { detail: "x did not succeed" } })
    expect(r.step("w").status).toBe("failed")
    r.end("b")
    r.end("c")
    expect(r.run.status).toBe("failed")
  })

  it.each([
    ["ok", ["w:good", "w:all"]],
    ["error", ["w:bad", "w:all"]],
  ] as const)("that ended %s runs its hooks", (reason, hooks) => {
    const steps: Step[] = [
      step("x"),
      { ...step("good", "x"), hook: "success" },
      { ...step("bad", "x"), hook: "failure" },
      { ...step("all", "x"), hook: "complete" },
    ]
    const r = drive([nested({ steps })], { onFailure: "continue" })
    r.end("w:x", reason)
    expect(r.started).toEqual(["w:x", ...hooks])
    for (const hook of hooks) r.end(hook)
    expect(r.step("w").status).toBe(reason === "ok" ? "success" : "failed")
  })

  it("has its own budget", () => {
    const r = drive([nested({ settings: { ...workflow([]).settings, budget: { tokens: 15 } } })])
    r.end("w:x")
    expect(r.step("w:y")).toMatchObject({ status: "failed", result: { reason: "over-budget" } })
    expect(r.step("w:y").result?.detail).toBe("w has spent 15 of 15 tokens")
  })

  it("pauses according to its own settings", () => {
    const r = drive([nested({ settings: { ...workflow([]).settings, intervene: "always" } })])
    r.end("w:x")
    expect(r.step("w:x").gate).toMatchObject({ why: "always" })
  })
})

describe("files that steps own", () => {
  const owner = (id: string, ...files: string[]): Step => ({ ...step(id), files })

  it("are never written by two at once: a step that shares one waits, and others overtake it", () => {
    const r = drive([owner("a", "src/ui/**"), owner("b", "src/**"), owner("c", "docs/**"), step("d")], {
      maxParallel: 4,
    })
    expect(r.started).toEqual(["a", "c", "d"])
    r.end("c")
    expect(r.started).toHaveLength(3)
    r.end("a")
    expect(r.started).toEqual(["a", "c", "d", "b"])
    r.end("b")
    r.end("d")
    expect(r.run.status).toBe("success")
  })

  it("delay a retry too", () => {
    const retry = { maxAttempts: 2, delayMs: 1_000, backoff: "fixed" } as const
    const r = drive([{ ...owner("a", "x.ts"), retry }, { ...owner("b", "x.ts") }], { onFailure: "continue" })
    r.end("a", "error")
    expect(r.started).toEqual(["a", "b"])
    r.pass(2_000)
    expect(r.started).toEqual(["a", "b"])
    r.end("b")
    expect(r.started).toEqual(["a", "b", "a"])
  })
})
