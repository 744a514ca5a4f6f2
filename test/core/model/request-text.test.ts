import { describe, expect, it } from "vitest"
import type { WorkerReply } from "../../../src/core/model/request.ts"
import { describeReply, isUnanswered } from "../../../src/core/model/request-text.ts"

const permission = { kind: "permission", title: "bash: ls" } as const
const question = { kind: "question", title: "Which?" } as const

describe("the answer to a worker's request", () => {
  it.each<[WorkerReply["answer"], string, WorkerReply["from"], typeof permission | typeof question, string]>([
    ["allow", "ann", "inbox", permission, "allowed once by ann, in the inbox: bash: ls"],
    ["always", "a person", "opencode", permission, "allowed from now on by a person, in OpenCode itself: bash: ls"],
    ["deny", "asks: deny", "policy", permission, "not allowed because of `asks: deny`: bash: ls"],
    ["deny", "asks: ask", "unattended", question, "not answered, because nobody is here to answer: Which?"],
    ["deny", "asks: deny", "timeout", question, "not answered, because nobody answered in time: Which?"],
    ["deny", "Baton", "stop", permission, "not allowed, because the worker was stopped: bash: ls"],
    ["answers", "ann", "inbox", question, "answered by ann, in the inbox: Which?"],
    ["unknown", "somebody", "opencode", question, "answered by somebody, in OpenCode itself: Which?"],
  ])("%s by %s from %s is told in words", (answer, by, from, asked, words) => {
    expect(describeReply({ id: "p", answer, by, from }, asked)).toBe(words)
  })

  it("is told without the request when that is not known", () => {
    expect(describeReply({ id: "p", answer: "allow", by: "ann", from: "inbox" }, undefined)).toBe(
      "allowed once by ann, in the inbox",
    )
  })

  it.each<[WorkerReply["from"], WorkerReply["answer"], boolean]>([
    ["timeout", "allow", true],
    ["unattended", "deny", true],
    ["policy", "deny", true],
    ["policy", "allow", false],
    ["stop", "deny", false],
    ["inbox", "deny", false],
  ])("from %s, %s: nobody could answer is %s", (from, answer, expected) => {
    expect(isUnanswered({ id: "p", answer, by: "x", from })).toBe(expected)
  })
})
