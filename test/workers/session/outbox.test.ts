import type { Part } from "@opencode-ai/sdk/v2"
import { describe, expect, it } from "vitest"
import type { Entry } from "../../../src/host/entries.ts"
import {
  contextMessage,
  firstSending,
  missingSending,
  promptMessage,
  repeatedSending,
  saidMessage,
  verdictOn,
} from "../../../src/workers/session/outbox.ts"

const address = { session: "ses_1", task: "task", idTime: 1_796_066_063_668 }
const [prompt, said] = [promptMessage(address, "do it"), saidMessage(address, { id: "1", text: "and this" })]
const context = contextMessage(address, "told before")
const user = (id: string): Entry => ({
  info: { id, role: "user" } as Entry["info"],
  parts: [{ type: "text", text: "q" } as Part],
})
const answer = (parentID: string, text: string, over: object = {}) =>
  ({
    info: { id: text, role: "assistant", parentID, finish: "stop", time: { created: 1, completed: 2 }, ...over },
    parts: [{ type: "text", text }],
  }) as unknown as Entry
const torn = answer(prompt.messageID, "half", { finish: undefined, time: { created: 1 } })
const failed = answer(prompt.messageID, "failed", { error: { name: "APIError", data: { message: "no" } } })

it("a task is not over while something that was said is not in the session, or not answered", () => {
  const own = [prompt, said] as const
  const first = [user(prompt.messageID), answer(prompt.messageID, "one")]
  expect(verdictOn(own, first)).toBeUndefined()
  const both = [...first, user(said.messageID)]
  expect(verdictOn(own, both)).toBeUndefined()
  expect(verdictOn(own, [...both, answer(said.messageID, "two")])).toMatchObject({ reason: "ok", output: "two" })
})

it("the first time everything is sent, the context first, and the model is asked with the newest message", () => {
  expect(firstSending([prompt], undefined)).toEqual({ tell: [], ask: prompt })
  expect(firstSending([prompt, said], context)).toEqual({ tell: [context, prompt], ask: said })
})

it("sending again sends the newest message only", () => {
  expect(repeatedSending([prompt, said])).toEqual({ tell: [], ask: said })
})

describe("what a session is sent that may have some of it", () => {
  const sent = (entries: readonly Entry[], isBusy = false) => missingSending([prompt, said], entries, isBusy, context)
  const [asked, saidToo] = [user(prompt.messageID), user(said.messageID)]

  it.each<[string, readonly Entry[], boolean, ReturnType<typeof sent>]>([
    ["nothing there: all of it, with the context", [], false, { tell: [context, prompt], ask: said }],
    ["the prompt there: the rest, without the context", [asked], false, { tell: [], ask: said }],
    ["all there and unanswered: the newest again", [asked, saidToo], false, { tell: [], ask: said }],
    ["a torn answer: it is removed first", [asked, torn], false, { remove: "half", tell: [], ask: said }],
    ["a failed answer: it is removed first", [asked, failed], false, { remove: "failed", tell: [], ask: said }],
    ["a whole answer: it stays", [asked, answer(prompt.messageID, "one")], false, { tell: [], ask: said }],
    ["busy with a part of it: what it lacks, and nothing is removed", [asked, torn], true, { tell: [], ask: said }],
    ["busy with all of it: nothing", [asked, saidToo, torn], true, { tell: [] }],
  ])("%s", (_, entries, isBusy, expected) => {
    expect(sent(entries, isBusy)).toEqual(expected)
  })
})
