import { describe, expect, it } from "vitest"
import type { Command } from "../../../src/core/model/events.ts"
import type { WorkerReply } from "../../../src/core/model/request.ts"
import { stepOf } from "../../../src/core/model/run.ts"
import { drive } from "../../support/drive.ts"
import { step } from "../../support/runs.ts"

type Asked = Extract<Command, { type: "asked" }>
type Replied = Extract<Command, { type: "replied" }>

const ofStep = { step: "a", attempt: 1 } as const
const asked = (id: string, over: Partial<Asked> = {}): Asked => ({
  ...{ type: "asked", ...ofStep, id, kind: "permission", title: "bash: ls", details: ["ls"] },
  ...over,
})
const reply = (id: string, over: Partial<WorkerReply> = {}): Replied => ({
  ...{ type: "replied", ...ofStep, id, answer: "deny", by: "asks: deny", from: "policy" },
  ...over,
})
const warningsOf = (r: ReturnType<typeof drive>) => stepOf(r.run, "a")?.warnings ?? []

describe("a worker's request", () => {
  it("is recorded once with its answer, however often both are heard of", () => {
    const r = drive([step("a")])
    expect(r.send(asked("p")).events).toMatchObject([{ type: "step.asked", id: "p", title: "bash: ls" }])
    expect(r.send(asked("p")).refused).toContain("recorded already")
    r.send({ type: "interrupt", by: "a crash" })
    r.send({ type: "resume", by: "ann" })
    // After a crash nobody knows whether it is still open, until it is heard of again.
    expect(stepOf(r.run, "a")?.requests).toMatchObject([{ id: "p", isDoubtful: true }])
    expect(r.send(asked("p")).events).toMatchObject([{ type: "step.asked", id: "p", again: true }])
    expect(stepOf(r.run, "a")?.requests?.map(({ isDoubtful }) => isDoubtful)).toEqual([undefined])
    expect(r.send(asked("p")).refused).toContain("recorded already")
    const by = { answer: "allow", by: "ann", from: "inbox" } as const
    expect(r.send(reply("p", by)).events).toMatchObject([{ type: "step.replied", id: "p", ...by }])
    expect(r.send(reply("p", by)).refused).toContain("recorded already")
    expect(r.send(reply("q", by)).refused).toBe("a has no request q")
    expect(warningsOf(r)).toEqual([])
  })

  it.each<[string, Partial<WorkerReply>, Partial<Asked>, string | undefined]>([
    ["a policy refuses", {}, {}, "not allowed because of `asks: deny`: bash: ls"],
    ["nobody is present", { from: "unattended" }, {}, "not allowed, because nobody is here to answer: bash: ls"],
    ["the time is over", { from: "timeout" }, {}, "not allowed, because nobody answered in time: bash: ls"],
    [
      "the time is over and allows it",
      { from: "timeout", answer: "allow" },
      {},
      "allowed once, because nobody answered in time: bash: ls",
    ],
    [
      "nobody answers a question",
      { from: "timeout" },
      { kind: "question", title: "Which?" },
      "not answered, because nobody answered in time: Which?",
    ],
    ["a policy allows what is listed", { answer: "allow", by: "asks: allow-listed" }, {}, undefined],
    ["a person refuses", { by: "ann", from: "opencode" }, {}, undefined],
    ["a person answers a question", { answer: "answers", by: "ann", from: "inbox" }, { kind: "question" }, undefined],
  ])("is a warning of its step only if no person could answer: %s", (_, answer, request, text) => {
    const r = drive([step("a")])
    r.send(asked("p", request))
    r.send(reply("p", answer))
    expect(warningsOf(r)).toEqual(text === undefined ? [] : [{ kind: "unanswered", text }])
  })

  it("that nobody could answer asks a person with `intervene: on-warning`", () => {
    const r = drive([{ ...step("a"), intervene: "on-warning" }])
    r.send(asked("p"))
    r.send(reply("p"))
    r.end("a")
    expect(stepOf(r.run, "a")).toMatchObject({ status: "waiting", gate: { why: "warning" } })
  })

  it("is recorded without control characters and not longer than a person reads", () => {
    const r = drive([step("a")])
    const long = "x".repeat(9_000)
    const details = Array.from({ length: 50 }, () => long)
    const { events } = r.send(asked("p", { title: `bash:\u001b[2J\n${long}`, details }))
    const [request] = events as unknown as readonly [{ title: string; details: readonly string[] }]
    expect(request.title).toMatch(/^bash:␛\[2J x{280,300}…$/)
    expect(request.details).toHaveLength(20)
    expect(JSON.stringify(request).length).toBeLessThan(8_000)
    const answered = r.send(reply("p", { text: long })).events as unknown as readonly [{ text: string }]
    expect(answered[0].text).toHaveLength(2_001)
  })

  it("warns of each thing once, and of twenty at most", () => {
    const r = drive([step("a")])
    for (let at = 0; at < 60; at++) {
      r.send(asked(`p${at}`, { title: `bash: ${at % 30}` }))
      expect(r.send(reply(`p${at}`)).events[0]).toMatchObject({ type: "step.replied" })
    }
    expect(warningsOf(r)).toHaveLength(20)
  })
})
