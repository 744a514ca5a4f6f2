import type { Part } from "@opencode-ai/sdk/v2"
import { expect, it } from "vitest"
import type { Entry } from "../../../src/host/entries.ts"
import type { Host } from "../../../src/host/host.ts"
import { ownMessage, Talk } from "../../../src/workers/session/talk.ts"

const [prompt, said] = [ownMessage("task", "do it"), ownMessage("task/message/1", "and this")]
const user = (id: string): Entry => ({
  info: { id, role: "user" } as Entry["info"],
  parts: [{ type: "text", text: "q" } as Part],
})
const answer = (parentID: string, text: string) =>
  ({
    info: { id: text, role: "assistant", parentID, finish: "stop", time: { created: 1, completed: 2 } },
    parts: [{ type: "text", text }],
  }) as unknown as Entry

it("is not over while something that was said is not in the session, or not answered", () => {
  const talk = new Talk({} as Host, { session: "s", task: "task", agent: "build" }, [prompt, said])
  const first = [user(prompt.messageID), answer(prompt.messageID, "one")]
  expect(talk.verdict(first)).toBeUndefined()
  const both = [...first, user(said.messageID)]
  expect(talk.verdict(both)).toBeUndefined()
  expect(talk.verdict([...both, answer(said.messageID, "two")])).toMatchObject({ reason: "ok", output: "two" })
})
