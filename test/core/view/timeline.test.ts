import { describe, expect, it } from "vitest"
import type { RunEvent } from "../../../src/core/model/events.ts"
import type { Budget } from "../../../src/core/model/workflow.ts"
import { momentsOf, triesOf } from "../../../src/core/view/timeline.ts"
import { filteredRows, type TraceRow, traceOf, transcriptLocations } from "../../../src/core/view/trace.ts"
import { drive } from "../../support/drive.ts"
import { createdEvent, result, step, workflow } from "../../support/runs.ts"

/** A step that is tried twice, held once, and then decided at a gate; and a step that needs it. */
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

describe("the timeline of a run", () => {
  it("lists the events in order, with messages and the output of checks", () => {
    const told = momentsOf(eventful()).map(({ step: id, kind, title, text }) => [id, kind, title, text])
    expect(told).toEqual([
      [null, "run", "started by test", ""],
      ["build", "work", "asked the default model", "p"],
      ["build", "decision", "got a message from ann", "use bun"],
      ["build", "work", "answered", ""],
      ["build", "check", "npm test: exit code 1", "2 failed"],
      ["build", "work", "check-failed: npm test: exit code 1", ""],
      ["build", "retry", expect.stringMatching(/^tried again in 5/), ""],
      ["build", "retry", "try 2, in the same session", ""],
      ["build", "work", "asked the default model", "p"],
      ["build", "run", "held: out of quota", ""],
      [null, "run", "paused: out of quota", ""],
      [null, "decision", "resumed by user", ""],
      ["build", "work", "answered", ""],
      ["build", "decision", "waits for a person: build failed (error): no such key", ""],
      [null, "run", "paused: build: failed (error): no such key", ""],
      ["build", "decision", "skipped by user", "never mind"],
    ])
  })

  it("names every limit of a raised budget", () => {
    const raised = (budget: Budget) => momentsOf([{ type: "budget.raised", at: 1, by: "ann", budget }])
    expect(raised({ usd: 10, timeMs: 7_200_000 })[0]?.title).toBe("ann raised the budget: $10 and 2h 00m of time")
    expect(raised({ tokens: 5_000, workers: 40 })[0]?.title).toBe("ann raised the budget: 5000 tokens and 40 workers")
  })

  const told = (event: RunEvent) =>
    momentsOf([event]).map(({ step: id, attempt, kind, tone, title, text }) => [id, attempt, kind, tone, title, text])
  const ofStep = { at: 1, step: "a", attempt: 1 }
  const hold = { cause: "quota" as const, detail: "out of quota" }

  it.each<[RunEvent, ...unknown[]]>([
    [{ type: "run.interrupted", at: 1, by: "ctrl-c" }, "run", "warn", "interrupted: ctrl-c", ""],
    [{ type: "run.pausing", at: 1, hold }, "decision", "warn", "pausing: out of quota", ""],
    [{ type: "run.paused", at: 1, hold }, "run", "warn", "paused: out of quota", ""],
    [
      { type: "run.resumed", at: 1, by: "ann", say: { step: "a", text: "use bun" } } as RunEvent,
      "decision",
      "plain",
      "resumed by ann",
      "use bun",
    ],
    [
      { type: "run.edited", at: 1, by: "ann", workflow: workflow([]), profiles: {}, limits: { maxWorkers: 1 } },
      "decision",
      "plain",
      "the workflow was changed by ann",
      "",
    ],
    [{ type: "run.stopping", at: 1, cause: "abort" }, "decision", "warn", "aborted", ""],
    [{ type: "run.stopping", at: 1, cause: "abort", by: "ann" }, "decision", "warn", "aborted by ann", ""],
    [
      { type: "run.stopping", at: 1, cause: "deadline" },
      "run",
      "bad",
      "nothing more starts: it passed its deadline",
      "",
    ],
    [{ type: "run.stopping", at: 1, cause: "failure" }, "run", "bad", "nothing more starts: a step failed", ""],
    [
      { type: "run.closing", at: 1, status: "success" },
      "run",
      "plain",
      "all steps are over (success); the hooks start",
      "",
    ],
    [{ type: "run.ended", at: 1, status: "success" }, "run", "good", "ended: success", ""],
    [{ type: "run.ended", at: 1, status: "failed" }, "run", "bad", "ended: failed", ""],
  ])("describes the run's event %j", (event, ...moment) => {
    expect(told(event)).toEqual([[null, null, ...moment]])
  })

  it("says of an answer what it answers, and once that nobody could give one", () => {
    const request = { ...ofStep, type: "step.asked", id: "p", kind: "question", title: "Which?", details: [] } as const
    const reply = { ...ofStep, type: "step.replied", id: "p", answer: "deny", by: "asks", from: "timeout" } as const
    const warning = { kind: "unanswered", text: "not answered" } as const
    const moments = momentsOf([request, reply, { ...ofStep, type: "step.warned", warning }])
    expect(moments.map(({ title, tone }) => [title, tone])).toEqual([
      ["asks: Which?", "plain"],
      ["not answered, because nobody answered in time: Which?", "warn"],
    ])
  })

  it.each<[RunEvent, ...unknown[]]>([
    [{ ...ofStep, type: "step.started", attempt: 2 }, "retry", "plain", "try 2", ""],
    [
      { ...ofStep, type: "step.opened", session: "s", model: "p/m", inputHash: "h", prompt: "do it" },
      "work",
      "plain",
      "asked p/m",
      "do it",
    ],
    [
      { ...ofStep, type: "step.checkpointed", text: "half done" } as RunEvent,
      "work",
      "plain",
      "its session grew too large: it continues in a new one",
      "half done",
    ],
    [
      { ...ofStep, type: "step.asked", id: "p", kind: "permission", title: "bash: ls", details: ["ls", "lists"] },
      "decision",
      "plain",
      "asks for a permission: bash: ls",
      "lists",
    ],
    [
      { ...ofStep, type: "step.replied", id: "p", answer: "deny", by: "ann", from: "opencode", text: "not now" },
      "decision",
      "plain",
      "not allowed by ann, in OpenCode itself",
      "not now",
    ],
    [
      { ...ofStep, type: "step.warned", warning: { kind: "model", text: "another model" } },
      "warning",
      "warn",
      "another model",
      "",
    ],
    [
      { ...ofStep, type: "step.steered", by: "ann", action: "interrupt" } as RunEvent,
      "decision",
      "plain",
      "was stopped by ann",
      "",
    ],
    [
      { ...ofStep, type: "step.steered", by: "ann", action: "resume" } as RunEvent,
      "decision",
      "plain",
      "was resumed by ann",
      "",
    ],
    [
      { ...ofStep, type: "step.steered", by: "ann", action: "handback", text: "done" } as RunEvent,
      "decision",
      "plain",
      "was handed back by ann",
      "done",
    ],
    [{ ...ofStep, type: "step.held", hold }, "run", "warn", "held: out of quota", ""],
    [{ ...ofStep, type: "step.answered", result: result() }, "work", "plain", "answered", ""],
    [{ ...ofStep, type: "step.ended", result: result() }, "work", "good", "done", ""],
    [{ ...ofStep, type: "step.ended", result: result({ reason: "idle" }) }, "work", "bad", "idle", ""],
  ])("describes the attempt's event %j", (event, ...moment) => {
    expect(told(event)).toEqual([["a", "attempt" in event ? event.attempt : 0, ...moment]])
  })

  it("describes events of a step without an attempt", () => {
    const skipped = { type: "step.skipped" as const, at: 1, step: "a", detail: "its condition says no" }
    expect(told({ ...skipped, cause: "condition" })).toEqual([
      ["a", null, "work", "plain", "skipped: its condition says no", ""],
    ])
    expect(told({ ...skipped, cause: "person" })).toEqual([])
    expect(told({ type: "step.expanded", at: 1, step: "a", steps: [step("a:x"), step("a:y")] })).toEqual([
      ["a", null, "work", "plain", "is done by a:x, a:y", ""],
    ])
  })

  it("leaves out events that do not concern a person", () => {
    expect(told({ ...ofStep, type: "step.started" })).toEqual([])
    expect(told({ ...ofStep, type: "step.looked", fingerprint: "f" })).toEqual([])
    expect(told({ type: "run.changed", at: 1, files: [] })).toEqual([])
  })

  it("distinguishes a failed check from a warning, and says where the answer was saved", () => {
    const check = { name: "npm test", detail: "exit code 1", output: "red" }
    const event: RunEvent = {
      ...ofStep,
      type: "step.checked",
      checks: [
        { ...check, isOk: true, severity: "error" },
        { ...check, isOk: false, severity: "warning" },
        { ...check, isOk: false, severity: "error" },
      ],
      schemaError: "/a must be a number",
      saved: "out.md",
    }
    expect(told(event).map((moment) => moment.slice(2))).toEqual([
      ["check", "good", "npm test: exit code 1", ""],
      ["check", "warn", "npm test: exit code 1", "red"],
      ["check", "bad", "npm test: exit code 1", "red"],
      ["check", "bad", "/a must be a number", ""],
      ["work", "plain", "written to out.md", ""],
    ])
  })

  it("says when a step is retried", () => {
    const again = (retryAt: number) =>
      told({ ...ofStep, type: "step.ended", result: result({ reason: "idle", detail: "silent" }), retryAt }).map(
        (moment) => moment[4],
      )
    expect(again(5_001)).toEqual(["idle: silent", "tried again in 5.0s"])
    expect(again(1)).toEqual(["idle: silent", "tried again"])
  })

  it("contains every try with its times, model and waits", () => {
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

  it("mixes the messages of its sessions with the journal's events, and shows the prompt once", () => {
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
      ["got a message from ann", "use bun"],
    ])
    expect(all.some(({ title }) => title.startsWith("resumed by"))).toBe(true)
    expect(traceOf(events, "ship", []).rows.some(({ title }) => title.includes("npm test"))).toBe(false)
  })

  const opened = (at: number, id: string, prompt: string): RunEvent => ({
    type: "step.opened",
    at,
    step: id,
    attempt: 1,
    session: `ses_${id}`,
    model: "p/m",
    inputHash: "h",
    prompt,
  })
  const answered = (at: number): RunEvent => ({ type: "step.answered", at, step: "a", attempt: 1, result: result() })
  const titlesOf = (events: readonly RunEvent[], ...rows: TraceRow[]) =>
    traceOf(events, "a", rows.length === 0 ? [] : [{ rows }]).rows.map(({ title }) => title)

  it("uses only the sessions of that step", () => {
    expect(transcriptLocations("r", [opened(1, "a", "p"), opened(2, "b", "q")], "a")).toEqual([
      { session: "ses_a", task: "r/a/1" },
    ])
  })

  it("contains no event of other steps, and those events of the run that explain the step", () => {
    const events: RunEvent[] = [
      createdEvent("r"),
      opened(1, "b", "q"),
      { type: "run.paused", at: 2, hold: { cause: "quota", detail: "out of quota" } },
      { type: "run.stopping", at: 3, cause: "failure" },
      { type: "run.edited", at: 4, by: "ann", workflow: workflow([]), profiles: {}, limits: { maxWorkers: 1 } },
      { type: "gate.decided", at: 5, step: "b", action: "skip", by: "ann" },
    ]
    expect(titlesOf(events)).toEqual(["paused: out of quota", "the workflow was changed by ann"])
  })

  it("shows the answer from the session's own messages when they are available", () => {
    expect(titlesOf([answered(1)])).toEqual(["answered"])
    expect(titlesOf([answered(1)], said(2, "message", "said", "it is done"))).toEqual(["said"])
  })

  it("gives only the message with the prompt the journal's title", () => {
    const events = [opened(1, "a", "do it")]
    expect(titlesOf(events, said(1, "message", "asked", "do it"), said(2, "tool", "echo", "do it"))).toEqual([
      "asked p/m",
      "echo",
    ])
    expect(titlesOf(events, said(2, "message", "said", "no"))).toEqual(["asked p/m", "said"])
  })

  it("keeps a person's message under both titles when the session contains it too", () => {
    const told: RunEvent = {
      type: "step.steered",
      at: 1,
      step: "a",
      attempt: 1,
      by: "ann",
      action: "message",
      id: "m",
      text: "use bun",
    }
    expect(titlesOf([told], said(2, "message", "asked", "use bun"))).toEqual(["got a message from ann", "asked"])
  })

  it("does not match an empty text with a message", () => {
    const ended: RunEvent = { type: "step.ended", at: 1, step: "a", attempt: 1, result: result() }
    expect(titlesOf([ended], said(2, "tool", "bash: true"))).toEqual(["done", "bash: true"])
    expect(titlesOf([ended], said(2, "message", "said"))).toEqual(["done", "said"])
  })

  it("keeps the known order of rows with the same time", () => {
    const ended: RunEvent = { type: "step.ended", at: 1, step: "a", attempt: 1, result: result() }
    const rows = ["one", "two", "three"].map((title) => said(1, "tool", title))
    expect(titlesOf([ended], ...rows, said(0, "tool", "zero"))).toEqual(["zero", "done", "one", "two", "three"])
  })

  it("cuts a text that is too long, drops the oldest texts when the total is too large, and says so", () => {
    const long = Array.from({ length: 30 }, (_, at) => said(at, "tool", `call ${at}`, "x".repeat(25_000)))
    const { rows } = traceOf([], "build", [{ rows: long }])
    expect(rows).toHaveLength(30)
    expect(rows.at(-1)?.text.length).toBeLessThan(20_100)
    expect(rows.at(-1)?.text).toContain("(cut; its session has all of it)")
    expect(rows[0]?.text).toBe("… (left out; its session has it)")
  })

  it("cuts nothing at the exact limits of one text and of the total", () => {
    const whole = Array.from({ length: 10 }, (_, at) => said(at, "tool", "call", "x".repeat(20_000)))
    expect(traceOf([], "build", [{ rows: whole }]).rows.map(({ text }) => text.length)).toEqual(whole.map(() => 20_000))
    const more = traceOf([], "build", [{ rows: [said(-1, "tool", "call", "y"), ...whole] }]).rows
    expect(more.map(({ text }) => text.length).slice(1)).toEqual(whole.map(() => 20_000))
    expect(more[0]?.text).toBe("… (left out; its session has it)")
    const long = [said(1, "tool", "call", "x".repeat(20_001))]
    expect(traceOf([], "build", [{ rows: long }]).rows[0]?.text).toBe(
      `${"x".repeat(20_000)}\n… (cut; its session has all of it)`,
    )
  })

  it("is filtered by kind and by words", () => {
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
    expect(titles("messages", "")).toEqual(["asked"])
    expect(titles("problems", "")).toEqual([])
    const retry = said(4, "retry", "try 2")
    const tones = (["good", "bad", "warn"] as const).map((tone) => ({ ...said(5, "work", tone), tone }))
    const found = filteredRows([retry, ...tones], "problems", "").map(({ title }) => title)
    expect(found).toEqual(["try 2", "bad", "warn"])
    expect(filteredRows([retry], "decisions", "TRY")).toEqual([retry])
  })
})
