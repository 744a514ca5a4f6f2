import { describe, expect, it } from "vitest"
import type { Budget } from "../../../src/core/model/workflow.ts"
import { momentsOf, triesOf } from "../../../src/core/view/timeline.ts"
import { filteredRows, type TraceRow, traceOf, transcriptLocations } from "../../../src/core/view/trace.ts"
import { drive } from "../../support/drive.ts"
import { step } from "../../support/runs.ts"

/** A step that is tried twice, held once, and then decided about; another that needs it. */
function eventful() {
  const build = {
    ...step("build"),
    retry: { maxAttempts: 2, delayMs: 5_000, backoff: "fixed" as const },
    checks: [{ type: "command" as const, run: "npm test", expect: "pass" as const, severity: "error" as const }],
  }
  const driven = drive([build, step("ship", "build")], { intervene: "on-error" })
  const { open, end, check, pass, decide, send, hold, resume } = driven
  open("build")
  send({ type: "steered", step: "build", attempt: 1, by: "ann", action: "message", id: "m1", text: "use bun" })
  end("build")
  check("build", { isOk: false, detail: "exit code 1", output: "2 failed" })
  pass(6_000)
  open("build")
  hold("build")
  resume()
  end("build", "error", 2, { detail: "no such key" })
  decide("build", "skip", "never mind")
  return driven.events
}

describe("what happened", () => {
  it("is told in order, with what was said and what a check wrote", () => {
    const told = momentsOf(eventful()).map(({ step: id, kind, title, text }) => [id, kind, title, text])
    expect(told).toEqual([
      [null, "run", "started by test", ""],
      ["build", "work", "asked the default model", "p"],
      ["build", "decision", "was told something by ann", "use bun"],
      ["build", "work", "answered", ""],
      ["build", "check", "npm test: exit code 1", "2 failed"],
      ["build", "work", "check-failed: npm test: exit code 1", ""],
      ["build", "retry", expect.stringMatching(/^tried again in 5/), ""],
      ["build", "retry", "try 2, in the same session", ""],
      ["build", "work", "asked the default model", "p"],
      ["build", "run", "held: out of quota", ""],
      [null, "run", "paused: out of quota", ""],
      [null, "decision", "taken up by user", ""],
      ["build", "work", "answered", ""],
      ["build", "decision", "waits for a person: build failed (error): no such key", ""],
      [null, "run", "paused: build: failed (error): no such key", ""],
      ["build", "decision", "skipped by user", "never mind"],
    ])
  })

  it("says all that a budget was raised to", () => {
    const raised = (budget: Budget) => momentsOf([{ type: "budget.raised", at: 1, by: "ann", budget }])
    expect(raised({ usd: 10, timeMs: 7_200_000 })[0]?.title).toBe("ann let it spend more: $10 and 2h 00m of time")
    expect(raised({ tokens: 5_000, workers: 40 })[0]?.title).toBe("ann let it spend more: 5000 tokens and 40 workers")
  })

  it("has every try with its times, its model and its waits", () => {
    const events = eventful()
    const tries = triesOf(events).get("build") ?? []
    expect(
      tries.map(({ attempt, session, result, checks }) => [attempt, session, result?.reason, checks.length]),
    ).toEqual([
      [1, "ses_build", "check-failed", 1],
      [2, "ses_build", "error", 0],
    ])
    expect(tries[1]?.waits).toHaveLength(2)
    for (const { waits, startedAt, endedAt } of tries) {
      for (const { from, to } of waits)
        expect([from >= startedAt, to !== null && to <= (endedAt ?? 0)]).toEqual([true, true])
    }
    expect(triesOf(events.slice(0, 3)).get("build")?.[0]).toMatchObject({ endedAt: null, result: null })
  })
})

describe("the trace of a step", () => {
  const said = (at: number, kind: TraceRow["kind"], title: string, text = ""): TraceRow => ({
    at,
    kind,
    tone: "plain",
    title,
    text,
    tookMs: null,
  })

  it("has what was said in its sessions between what the journal has, and the prompt once", () => {
    const events = eventful()
    const [first] = transcriptLocations("r", events, "build")
    expect(transcriptLocations("r", events, "build")).toEqual([
      { session: "ses_build", task: "r/build/1" },
      { session: "ses_build", task: "r/build/2" },
    ])
    const openedAt = events.find((event) => event.type === "step.opened")?.at ?? 0
    const rows = [said(openedAt, "message", "asked", "p"), said(openedAt, "tool", "bash: ls", "a.txt")]
    const { rows: all, missing } = traceOf(events, "build", [{ rows }, { missing: `${first?.session} is gone` }])
    expect(missing).toEqual(["ses_build is gone"])
    expect(all.slice(0, 3).map(({ title, text }) => [title, text])).toEqual([
      ["asked the default model", "p"],
      ["bash: ls", "a.txt"],
      ["was told something by ann", "use bun"],
    ])
    expect(all.some(({ title }) => title.startsWith("taken up by"))).toBe(true)
    expect(traceOf(events, "ship", []).rows.some(({ title }) => title.includes("npm test"))).toBe(false)
  })

  it("cuts a text that is too long, and leaves out the oldest ones when all are too much, and says so", () => {
    const long = Array.from({ length: 30 }, (_, at) => said(at, "tool", `call ${at}`, "x".repeat(25_000)))
    const { rows } = traceOf([], "build", [{ rows: long }])
    expect(rows).toHaveLength(30)
    expect(rows.at(-1)?.text.length).toBeLessThan(20_100)
    expect(rows.at(-1)?.text).toContain("(cut; its session has all of it)")
    expect(rows[0]?.text).toBe("… (left out; its session has it)")
  })

  it("is filtered by sort and by words", () => {
    const rows = [
      said(1, "message", "asked", "Build it"),
      said(2, "tool", "bash: npm TEST"),
      said(3, "decision", "skipped by ann"),
    ]
    const titles = (...wish: Parameters<typeof filteredRows> extends [unknown, ...infer Rest] ? Rest : never) =>
      filteredRows(rows, ...wish).map(({ title }) => title)
    expect(titles("tools", "")).toEqual(["bash: npm TEST"])
    expect(titles("decisions", "")).toEqual(["skipped by ann"])
    expect(titles("all", "build")).toEqual(["asked"])
    expect(titles("all", "npm test")).toEqual(["bash: npm TEST"])
    expect(titles("messages", "npm")).toEqual([])
    expect(titles("problems", "")).toEqual([])
  })
})
