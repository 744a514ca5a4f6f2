import { expect, it } from "vitest"
import { decode, encode, type Reply, type Request } from "../../src/core/view/protocol.ts"
import { openChannel } from "../../src/tui/host/channel.ts"
import type { Sessions } from "../../src/tui/host/navigator.ts"
import { submitLine } from "../../src/tui/submit.ts"
import { HandClock } from "./support/clock.ts"

const STARTED: Reply = { tone: "success", title: "", text: "", view: { type: "started", run: "r1" } }
const REFUSED: Reply = { tone: "error", title: "There is no workflow `dmeo`", text: "did you mean `demo`?" }

/**
 * A TUI on the given session, or on the home screen, whose server half answers every line with
 * `reply`, or never.
 */
function tui(session: string | undefined, reply: Reply | undefined) {
  const happened: string[] = []
  const shown: Reply[] = []
  const asked: (string | undefined)[] = []
  const clock = new HandClock()
  const sessions: Sessions = {
    current: () => session,
    session: () => undefined,
    async create(title) {
      happened.push(`create ${title}`)
      return "made"
    },
    async remove(id) {
      happened.push(`remove ${id}`)
    },
  }
  const channel = openChannel({
    async publish(command) {
      const request = decode(command) as Request
      asked.push(request.session)
      if (reply !== undefined) queueMicrotask(() => channel.receive(encode({ kind: "reply", id: request.id, reply })))
    },
    clock,
    newId: () => "id",
    onState: () => {},
    onFolder: () => {},
    onOpen: () => {},
    onNotice: () => {},
    onWaiting: () => {},
  })
  const submit = (line: string) => submitLine(line, sessions, channel, { show: (answer) => shown.push(answer) })
  return { happened, shown, asked, clock, submit }
}

it("a workflow is run in the session on the screen", async () => {
  const { submit, happened, asked, shown } = tui("here", STARTED)
  await submit("/workflow run demo")
  expect(happened).toEqual([])
  expect(asked).toEqual(["here"])
  expect(shown).toEqual([STARTED])
})

it("a run started from the home screen gets a new session, titled by the typed line", async () => {
  const { submit, happened, asked } = tui(undefined, STARTED)
  await submit("/workflow run demo topic=tea")
  expect(happened).toEqual(["create demo topic=tea"])
  expect(asked).toEqual(["made"])
})

it("a line that starts no run gets no new session", async () => {
  const { submit, happened, asked } = tui(undefined, STARTED)
  await submit("/workflow status")
  expect(happened).toEqual([])
  expect(asked).toEqual([undefined])
})

it("the new session is deleted again when the run is refused, and the reason is shown", async () => {
  const { submit, happened, shown } = tui(undefined, REFUSED)
  await submit("/workflow run dmeo")
  expect(happened).toEqual(["create dmeo", "remove made"])
  expect(shown).toEqual([REFUSED])
})

it("a session that submitting did not create is never deleted", async () => {
  const { submit, happened } = tui("here", REFUSED)
  await submit("/workflow run dmeo")
  expect(happened).toEqual([])
})

it("the new session stays when no answer came, because the run may have started", async () => {
  const { submit, happened, shown, asked, clock } = tui(undefined, undefined)
  const done = submit("/workflow run demo")
  await expect.poll(() => asked).toEqual(["made"])
  clock.advance(30_000)
  await done
  expect(happened).toEqual(["create demo"])
  expect(shown[0]?.title).toBe("Baton does not answer")
})
