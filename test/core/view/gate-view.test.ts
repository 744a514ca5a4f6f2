import { describe, expect, it } from "vitest"
import type { Step } from "../../../src/core/model/workflow.ts"
import { gateTitle, isWaiting, openGates, wayOn } from "../../../src/core/view/gate-view.ts"
import { viewRun } from "../../../src/core/view/view.ts"
import { drive } from "../../support/drive.ts"
import { step } from "../../support/runs.ts"

/** A run whose only step failed and waits for a person, with the output of its checks. */
function waiting(checks: readonly { name: string; output: string; isOk?: boolean }[], over: Partial<Step> = {}) {
  const given: Step = {
    ...step("a"),
    checks: [{ type: "command", run: "npm test", expect: "pass", severity: "error" }],
    intervene: "on-error",
    ...over,
  }
  const r = drive([given])
  r.open("a")
  r.end("a", "ok", 1, { output: "one\ntwo\nthree\nfour\nfive\n" })
  r.check("a", ...checks.map((check) => ({ isOk: false, detail: "exit code 1", ...check })))
  return r
}

describe("the details of a gate", () => {
  it("contain everything that a person needs to decide", () => {
    const r = waiting([{ name: "npm test", output: "" }])
    const view = viewRun(r.run, true)
    expect(openGates(view)).toEqual([
      {
        run: "r",
        workflow: "w",
        step: "a",
        kind: "subagent",
        why: "error",
        reason: "check-failed",
        title: expect.stringMatching(/^a failed \(check-failed\)/),
        details: ["one", "two", "three", "four"],
        session: "ses_a",
        attempts: 1,
        openedAt: expect.any(Number),
        expiresAt: expect.any(Number),
        otherwise: "continue",
      },
    ])
    expect(openGates({ ...view, endedAt: 5 })).toEqual([])
  })

  it("contain the end of the failed checks' output, with their names when there are several", () => {
    const output = Array.from({ length: 8 }, (_, at) => `line ${at}  `).join("\n")
    const [one] = openGates(viewRun(waiting([{ name: "npm test", output }]).run, true))
    expect(one?.details.slice(0, 7)).toEqual([
      "  line 2",
      "  line 3",
      "  line 4",
      "  line 5",
      "  line 6",
      "  line 7",
      "one",
    ])
    const checks = [
      { name: "npm test", output: "red" },
      { name: "lint", output: " \n" },
      { name: "build", output: "fine", isOk: true },
    ]
    const [two] = openGates(viewRun(waiting(checks).run, true))
    expect(two?.details.slice(0, 4)).toEqual(["npm test: exit code 1", "  red", "lint: exit code 1", "one"])
  })

  it("contain warnings, except when the gate's title already does", () => {
    const warning = { kind: "files", text: "wrote elsewhere" } as never
    const detailsFor = (intervene: Step["intervene"], reason: "ok" | "error") => {
      const r = drive([{ ...step("a"), ...(intervene ? { intervene } : {}) }])
      r.send({ type: "warned", step: "a", attempt: 1, warning })
      r.end("a", reason, 1, { output: "" })
      return openGates(viewRun(r.run, true)).map(({ why, details }) => [why, details])
    }
    expect(detailsFor("on-error", "error")).toEqual([["error", ["warning: wrote elsewhere"]]])
    expect(detailsFor("on-warning", "ok")).toEqual([["warning", []]])
  })
})

it("a gate's title begins with its step", () => {
  expect(gateTitle("a", { why: "error", detail: "failed (idle)" })).toBe("a failed (idle)")
  expect(gateTitle("a", { why: "always", detail: "x" })).toBe("a is done")
  expect(gateTitle("a", { why: "gate", detail: "Ship it?" })).toBe("a: Ship it?")
})

it("a run waits for a person while it is paused, or held while its running steps finish", () => {
  const view = viewRun(drive([step("a")]).run, true)
  const hold = { cause: "quota" as const, detail: "out of quota" }
  expect(isWaiting({ ...view, status: "paused" })).toBe(true)
  expect(isWaiting({ ...view, hold })).toBe(true)
  expect(isWaiting(view)).toBe(false)
  expect(isWaiting({ ...view, status: "failed", hold })).toBe(false)
})

it.each([
  ["budget", "raise usd=… tokens=…"],
  ["person", "continue"],
  ["gate", "continue"],
  ["quota", "resume"],
] as const)("a run that is held by a %s goes on with %s", (cause, word) => {
  expect(wayOn({ cause, detail: "" })).toBe(word)
})

it("a run without a hold is continued with resume", () => {
  expect(wayOn(null)).toBe("resume")
})
