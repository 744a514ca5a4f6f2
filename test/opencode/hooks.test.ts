import { expect, it } from "vitest"
import { type ChannelMessage, decode, encode } from "../../src/core/view/protocol.ts"
import type { Host } from "../../src/host/host.ts"
import { createHooks, type HookDeps } from "../../src/opencode/hooks.ts"

/** The hooks over a host that records messages to the TUI, with a configuration whose problems
 *  `configProblems` returns, in an OpenCode of this version. */
function openHooks(configProblems: HookDeps["configProblems"], version: string | Promise<string> = "1.18.33") {
  const sent: ChannelMessage[] = []
  const errors: string[] = []
  const answered = Promise.withResolvers<void>()
  const tui = {
    async publish({ body }: { body: { properties: { command: string } } }) {
      const message = decode(body.properties.command)
      if (message) sent.push(message)
      answered.resolve()
      return { data: true }
    },
  }
  const hooks = createHooks({
    host: {
      client: { tui, global: { health: async () => ({ data: { version: await version } }) } },
    } as unknown as Host,
    feed: { emit: () => undefined, subscribe: () => () => undefined },
    log: { error: (message) => errors.push(message) },
    runtime: () => Promise.reject(new Error("no engine is needed here")),
    opened: () => undefined,
    wake: () => Promise.resolve(),
    configProblems,
    stateNotice: () => undefined,
    folder: () => Promise.resolve(undefined),
    shellEnv: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  })
  const say = async (line: string) => {
    const command = encode({ kind: "request", id: line, line })
    await hooks.event?.({ event: { type: "tui.command.execute", properties: { command } } })
    await answered.promise
  }
  return { say, sent, errors }
}

it("hello is answered with the problems of the configuration, even if it cannot be read", async () => {
  const fine = openHooks(() => Promise.resolve(undefined))
  await fine.say("hello")
  expect(fine.sent).toEqual([{ kind: "reply", id: "hello", reply: { tone: "info", title: "Baton", text: "ready" } }])
  const broken = openHooks(() => Promise.reject(new Error("EACCES: orchestrator.json")))
  await broken.say("hello")
  expect(broken.sent).toMatchObject([
    { kind: "reply", id: "hello", reply: { tone: "error", text: "EACCES: orchestrator.json" } },
  ])
  expect(broken.errors).toEqual(["hello failed"])
})

it.each(["1.18.3", "2.0.15"])(
  "hello says that Baton starts no runs on OpenCode %s, and what to do",
  async (version) => {
    const { say, sent } = openHooks(() => Promise.resolve(undefined), version)
    await say("hello")
    expect(sent).toMatchObject([
      {
        reply: {
          tone: "error",
          title: "Baton starts no runs here",
          text: expect.stringMatching(`OpenCode ${version} is not supported.* >=1.18.18 <2.*npm install`),
        },
      },
    ])
  },
)

it("a version that cannot be asked for at the start is logged, and hello is answered", async () => {
  const { say, sent, errors } = openHooks(() => Promise.resolve(undefined), Promise.reject(new Error("stalled")))
  await say("hello")
  expect(sent).toMatchObject([{ reply: { tone: "info", text: "ready" } }])
  expect(errors).toEqual(["OpenCode's version is not known"])
})
