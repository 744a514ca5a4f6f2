import { expect, it } from "vitest"
import { decode, encode, type Reply, type Request, type StateMessage } from "../../../src/core/view/protocol.ts"
import { openChannel } from "../../../src/tui/host/channel.ts"
import { HandClock } from "../support/clock.ts"
import { runView } from "../support/runs.ts"

const REPLY: Reply = { tone: "info", title: "Workflows", text: "demo" }

/** A channel whose other end is the test. */
function open() {
  const clock = new HandClock()
  const sent: Request[] = []
  const states: StateMessage[] = []
  const opened: string[] = []
  const noticed: string[] = []
  const late: (readonly string[])[] = []
  const bus: { refuses: string | undefined } = { refuses: undefined }
  let ids = 0
  const channel = openChannel({
    async publish(command) {
      sent.push(decode(command) as Request)
      if (bus.refuses !== undefined) throw new Error(bus.refuses)
    },
    clock,
    newId: () => `id${++ids}`,
    onState: (state) => states.push(state),
    onFolder: () => undefined,
    onOpen: ({ session }) => opened.push(session),
    onNotice: ({ title }) => noticed.push(title),
    onWaiting: (lines) => late.push(lines),
  })
  return { clock, sent, states, opened, noticed, late, bus, channel }
}

it("the channel sends a line with its session and resolves with the reply to it", async () => {
  const { channel, sent, clock } = open()
  const answer = channel.ask("/workflow list", "ses_1")
  expect(sent).toEqual([{ kind: "request", id: "id1", line: "/workflow list", session: "ses_1" }])
  channel.receive(encode({ kind: "reply", id: "id1", reply: REPLY }))
  expect(await answer).toEqual({ reply: REPLY, answered: true })
  expect(clock.waiting).toBe(0)
})

it("the channel gives each of two requests its own reply, in any order of the replies", async () => {
  const { channel } = open()
  const first = channel.ask("/workflow list")
  const second = channel.ask("/workflow status")
  channel.receive(encode({ kind: "reply", id: "id2", reply: { ...REPLY, title: "two" } }))
  channel.receive(encode({ kind: "reply", id: "id1", reply: { ...REPLY, title: "one" } }))
  expect([(await first).reply.title, (await second).reply.title]).toEqual(["one", "two"])
})

it("the channel repeats a request every second under the same id, and stops once it is answered", async () => {
  const { channel, sent, clock } = open()
  const answer = channel.ask("hello")
  clock.advance(2_500)
  expect(sent.map((request) => request.id)).toEqual(["id1", "id1", "id1"])
  channel.receive(encode({ kind: "reply", id: "id1", reply: REPLY }))
  clock.advance(10_000)
  expect(sent).toHaveLength(3)
  expect((await answer).answered).toBe(true)
})

it("the channel reports the lines that wait for more than a second, but not its own hello", () => {
  const { channel, late, clock } = open()
  void channel.askQuietly("hello")
  void channel.ask("/workflow run demo")
  clock.advance(1_000)
  expect(late.at(-1)).toEqual(["/workflow run demo"])
  channel.receive(encode({ kind: "reply", id: "id2", reply: REPLY }))
  expect(late.at(-1)).toEqual([])
})

it("the channel gives up after 30 seconds with what to check and what OpenCode said", async () => {
  const { channel, sent, clock, bus } = open()
  bus.refuses = "503 unavailable"
  const answer = channel.ask("/workflow")
  await Promise.resolve()
  clock.advance(30_000)
  const { reply, answered } = await answer
  expect(answered).toBe(false)
  expect(reply.tone).toBe("error")
  expect(reply.text).toContain("did not answer in 30 seconds")
  expect(reply.text).toContain("opencode.json")
  expect(reply.text).toContain("503 unavailable")
  expect(sent).toHaveLength(30)
  expect(clock.waiting).toBe(0)
})

it("the channel passes on states and notices, and ignores requests, foreign replies and other commands", async () => {
  const { channel, states, opened, noticed } = open()
  const answer = channel.ask("/workflow")
  channel.receive("session.new")
  channel.receive(encode({ kind: "request", id: "id1", line: "/workflow" }))
  channel.receive(encode({ kind: "reply", id: "of another TUI", reply: { ...REPLY, title: "foreign" } }))
  channel.receive(encode({ kind: "state", directory: "/", version: 0, runs: [runView()], workers: [], asks: [] }))
  channel.receive(encode({ kind: "open", session: "ses_a", parent: "parent" }))
  channel.receive(encode({ kind: "notice", about: "done", title: "demo · success", message: "3 steps done" }))
  channel.receive(encode({ kind: "reply", id: "id1", reply: REPLY }))
  expect(noticed).toEqual(["demo · success"])
  expect(states.map(({ runs }) => runs)).toEqual([[runView()]])
  expect(opened).toEqual(["ses_a"])
  expect((await answer).reply.title).toBe("Workflows")
})

it("nothing that the channel passes on can change the screen, whatever a worker wrote", async () => {
  const { channel, states, noticed } = open()
  const answer = channel.ask("/workflow")
  const workflow = "demo\x1b]52;c;aGk=\x07\u202e"
  channel.receive(
    encode({ kind: "state", directory: "/", version: 0, runs: [runView({ workflow })], workers: [], asks: [] }),
  )
  channel.receive(encode({ kind: "notice", about: "done", title: "a\rb", message: "\u009b2J" }))
  channel.receive(encode({ kind: "reply", id: "id1", reply: { ...REPLY, text: "\x1b[2J" } }))
  expect(states.map(({ runs }) => runs.map((run) => run.workflow))).toEqual([["demo␛]52;c;aGk=␇\ufffd"]])
  expect(noticed).toEqual(["a␍b"])
  expect((await answer).reply.text).toBe("␛[2J")
})

it("the colours of a tool's output are left out, because they are no text", async () => {
  const { channel } = open()
  const answer = channel.ask("/workflow")
  const text = "\x1b[1;31mfailed\x1b[0m in \x1b[38;5;8mx.ts\x1b[39m"
  channel.receive(encode({ kind: "reply", id: "id1", reply: { ...REPLY, text } }))
  expect((await answer).reply.text).toBe("failed in x.ts")
})

it("a closed channel sends no more requests", () => {
  const { channel, sent, clock } = open()
  void channel.ask("hello")
  channel.close()
  clock.advance(60_000)
  expect(sent).toHaveLength(1)
})
