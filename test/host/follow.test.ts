import type { OpencodeClient } from "@opencode-ai/sdk/v2"
import { expect, it } from "vitest"
import { followEvents } from "../../src/host/follow.ts"
import { createFeed } from "../../src/host/host.ts"

it("missed events are reported once the stream is connected again, not before", async () => {
  const later = Promise.withResolvers<void>()
  const opened: (() => AsyncGenerator<object>)[] = [
    async function* () {
      yield { type: "server.connected", properties: {} }
    },
    async function* () {
      await later.promise
      yield { type: "server.connected", properties: {} }
      await new Promise(() => undefined)
    },
  ]
  let connections = 0
  // Like the SDK's: the request is made when the first event is asked for.
  const subscribe = async () => ({ stream: opened[connections++]?.() })
  const client = { event: { subscribe } } as unknown as OpencodeClient
  const heard: string[] = []
  const feed = createFeed(() => undefined)
  feed.subscribe(({ type }) => void heard.push(type))
  const following = new AbortController()
  await followEvents(client, feed, following.signal, () => undefined)
  await expect.poll(() => connections).toBe(2)
  expect(heard).toEqual(["server.connected"])
  later.resolve()
  await expect.poll(() => heard).toContain("baton.reconnected")
  following.abort()
})
