import { describe, expect, it } from "vitest"
import { repeatedSending } from "../../../../src/workers/session/outbox.ts"
import type { Heard } from "../../../../src/workers/session/turn/heard.ts"
import { TOO_LATE } from "../../../../src/workers/session/turn/moves.ts"
import type { TurnAction, TurnEnd, TurnState, TurnSteer } from "../../../../src/workers/session/turn/state.ts"
import {
  ANSWER,
  ASKED_AGAIN,
  answer,
  asked,
  begun,
  calling,
  context,
  type Driven,
  drive,
  ENDLESS,
  ERROR,
  endless,
  held,
  MESSAGE,
  more,
  outage,
  prompt,
  RETRY,
  repeated,
  silent,
  TOOL,
  torn,
  user,
  withPerson,
} from "./support.ts"

/** Exact times, what is sent, what a turn ends with. docs/turn.md has the table of the states. */

const INTERRUPT: TurnSteer = { type: "interrupt" }
const RESUME: TurnSteer = { type: "resume" }
const HANDBACK: TurnSteer = { type: "handback" }
const LOOK = { type: "look", evenIfBusy: false, for: "turn" } as const
const abortFor = (asker: "turn" | number) => ({ type: "abort", for: asker }) as const
const wakeAt = (at: number) => ({ type: "wake", at }) as const
const answered = (steer: number, why?: string): TurnAction =>
  why === undefined ? { type: "answer", steer } : { type: "answer", steer, why }
const ended = (end: Partial<TurnEnd>) => expect.objectContaining({ type: "end", end: expect.objectContaining(end) })
const timer = (r: Driven) => r.give({ type: "timer" })
const abort = (r: Driven) => r.give({ type: "abort" })
const asks = (r: Driven, isOpen: boolean) => r.give({ type: "asks", isOpen })
const one = answer("one")
const ABORTED: Heard = { type: "error", failure: { reason: "aborted", detail: "the session was aborted" } }
const FINISHED = ANSWER("a-one", 1, { isFinished: true })
/** The finished answer calls a tool. */
const CALL: Heard = { type: "tool", call: "c", tool: "bash", messageID: "a-one", isRunning: false }
/** The same call, in the order in which OpenCode reports it: before the end of its message. */
const CALLED: readonly Heard[] = [{ ...CALL, isRunning: true } as Heard, CALL, FINISHED]
/** A typed message that answers nothing of ours. */
const TYPED = { type: "user", messageID: "msg_typed" } as const

/** What is given, what is then to be done, and what changes in the state. */
type Row = readonly [name: string, given: () => Driven, actions: readonly unknown[], state?: Partial<TurnState>]

function rows(table: readonly Row[]): void {
  for (const [name, given, actions, state = {}] of table)
    it(name, () => {
      const r = given()
      expect(r.actions).toEqual(actions)
      expect(r.state).toEqual(expect.objectContaining(state))
    })
}

describe("a session where an earlier turn was stopped", () => {
  const settling = (isRepeat: boolean) => drive({ isRepeat, wasStopped: true }).give({ type: "start" })
  const over = answer("half", { finish: undefined, time: { created: 1, completed: 2 } })
  rows([
    ["is looked at first", () => settling(true), [{ ...LOOK, evenIfBusy: true }]],
    [
      "is looked at again after 200 ms while an answer has no end",
      () => settling(true).idle([asked, torn]),
      [wakeAt(200)],
    ],
    [
      "is looked at again once it was aborted again",
      () => settling(true).busy().done(),
      [{ ...LOOK, evenIfBusy: true }],
    ],
    [
      "is not waited for longer than five seconds when it is idle",
      () => settling(true).at(5_000).idle([asked, torn]),
      [{ type: "send", sending: { remove: "a-half", tell: [], ask: prompt }, rereads: false, for: "turn" }],
    ],
    [
      "gets the prompt of an attempt that continues there, without the stopped answer",
      () => settling(true).hear(ABORTED, "idle").idle([asked, over]),
      [{ type: "send", sending: { remove: "a-half", tell: [], ask: prompt }, rereads: false, for: "turn" }],
      { hasNews: false, news: expect.not.objectContaining({ lastError: expect.anything() }) },
    ],
    [
      "gets the prompt of another task only then",
      () => settling(false).idle([asked, over]),
      [{ type: "send", sending: { tell: [], ask: prompt }, for: "turn" }],
    ],
    [
      "that cannot be stopped loses the attempt",
      () => settling(true).at(60_000).busy(),
      [ended({ reason: "worker-lost", detail: expect.stringContaining("could not be stopped") })],
    ],
    [
      "that cannot be aborted once more is looked at again after 200 ms",
      () => settling(true).busy().at(300).failed(),
      [wakeAt(500)],
      { phase: { is: "settling", isAborting: false } },
    ],
    [
      "that cannot be looked at is an error",
      () => settling(true).failed("turn", "gone"),
      [{ type: "fail", error: "gone" }],
    ],
    [
      "ends the turn at its total deadline, too",
      () => settling(true).at(600_000).busy().done().read([asked, torn]),
      [ended({ reason: "timeout", output: "" })],
    ],
    [
      "is not sent a prompt after the total deadline",
      () => settling(true).at(600_000).idle([asked, over]),
      [abortFor("turn")],
      { phase: { is: "stopping", why: expect.objectContaining({ reason: "timeout" }) } },
    ],
    ["takes no message before the prompt", () => settling(true).steer(1, MESSAGE), []],
  ])
})

describe("beginning", () => {
  rows([
    [
      "the first time the context is told and the prompt is asked",
      () => drive({ context }).give({ type: "start" }),
      [{ type: "send", sending: { tell: [context], ask: prompt }, for: "turn" }],
    ],
    [
      "what was said since the prompt is sent with it",
      () => drive({}, [prompt, more]).give({ type: "start" }),
      [{ type: "send", sending: { tell: [prompt], ask: more }, for: "turn" }],
    ],
    [
      "a repeated turn looks first, whether the session is busy or not",
      () => repeated(),
      [{ type: "look", evenIfBusy: true, for: "turn" }],
    ],
    [
      "an answer that is there is the end, even of a turn that was stopped meanwhile",
      () => abort(repeated()).idle([asked, one]),
      [ended({ reason: "ok", output: "one", entries: [asked, one] })],
    ],
    [
      "an answer to less than what was said is none: the rest is sent",
      () => repeated({}, [prompt, more]).idle([asked, one]),
      [{ type: "send", sending: { tell: [], ask: more }, rereads: false, for: "turn" }],
      { phase: { is: "beginning" } },
    ],
    [
      "a failed answer is no end of a repeated turn: it is removed, and the prompt asked again",
      () => repeated().idle([asked, outage]),
      [{ type: "send", sending: { remove: "a-", tell: [], ask: prompt }, rereads: false, for: "turn" }],
    ],
    [
      "an empty session is given the context again",
      () => repeated({ context }).idle([]),
      [{ type: "send", sending: { tell: [context], ask: prompt }, rereads: false, for: "turn" }],
    ],
    [
      "a busy session's open requests are read again before it is sent what it lacks",
      () => repeated({ context }).give({ type: "looked", isBusy: true, entries: [asked, torn], for: "turn" }),
      [{ type: "send", sending: { tell: [] }, rereads: true, for: "turn" }],
      { health: expect.objectContaining({ isBusy: true }) },
    ],
    [
      "an idle session's health is not learned from its messages",
      () => repeated().at(5).idle([asked, torn]),
      [expect.objectContaining({ type: "send" })],
      { health: expect.objectContaining({ isBusy: false, activeAt: 0 }) },
    ],
    [
      "an answer that is there makes it the person's turn, who can go on from there",
      () => repeated({ isForeground: true }).idle([asked, one]),
      [wakeAt(2_000)],
      { hasAnswered: true, phase: { is: "listening" } },
    ],
    [
      "what persons asked for before the prompt was sent is done after it, in their order",
      () => drive().give({ type: "start" }).steer(1, MESSAGE).steer(2, INTERRUPT).done(),
      [wakeAt(2_000), { type: "send", sending: { tell: [], ask: more }, for: 1 }, LOOK, abortFor(2)],
      { queue: [], own: [prompt, more], isHeld: true },
    ],
    [
      "what persons asked for before the start waits for the prompt as well",
      () => drive().steer(1, MESSAGE),
      [],
      { own: [prompt], queue: [{ id: 1, steer: MESSAGE }] },
    ],
    [
      "what persons asked for while an answer was looked for is too late when that is the end",
      () => repeated().steer(1, MESSAGE).steer(2, INTERRUPT).idle([asked, one]),
      [ended({ reason: "ok" }), answered(1, TOO_LATE), answered(2, TOO_LATE)],
      { queue: [] },
    ],
    [
      "what persons asked for before a prompt that cannot be sent is too late",
      () => drive().give({ type: "start" }).steer(1, MESSAGE).failed("turn", "gone"),
      [{ type: "fail", error: "gone" }, answered(1, TOO_LATE)],
    ],
    [
      "a turn that was stopped while the prompt was sent is stopped after it, and persons come too late",
      () => abort(drive().give({ type: "start" }).steer(1, MESSAGE)).done(),
      [abortFor("turn"), answered(1, TOO_LATE)],
      { phase: { is: "stopping", why: { reason: "aborted", detail: "stopped" } } },
    ],
    [
      "a turn that is idle before the prompt's request is over ends with what the events told",
      () => drive().give({ type: "start" }).hear("busy", "idle").done(),
      [{ type: "recall", for: "turn" }],
    ],
  ])
})

describe("deadlines", () => {
  const waits = (...inputs: readonly ((r: Driven) => unknown)[]) => {
    const r = begun({ idleTimeoutMs: 1_500, toolTimeoutMs: 1_800, timeoutMs: 90_000 })
    for (const input of inputs) input(r)
    return r
  }
  rows([
    ["a turn looks again every two seconds", () => begun(), [wakeAt(2_000)]],
    ["sooner where the worker's patience is over before", () => waits((r) => timer(r).busy()), [wakeAt(1_500)]],
    ["a running tool has its own patience", () => waits((r) => timer(r.hear(TOOL)).busy()), [wakeAt(1_800)]],
    ["sooner where the whole of the time is over before", () => timer(begun({ timeoutMs: 700 })).busy(), [wakeAt(700)]],
    [
      "while a person is waited for only the whole of the time counts",
      () => waits((r) => asks(r.at(100), true)),
      [wakeAt(2_100)],
      { isAsked: true },
    ],
    [
      "silence one millisecond short of its limit is looked at",
      () => timer(begun({ idleTimeoutMs: 1_500 }).at(1_499)),
      [LOOK],
      { phase: { is: "looking" } },
    ],
    [
      "a deadline that is just ahead wakes a millisecond later at the earliest",
      () => timer(begun({ idleTimeoutMs: 1_500 }).at(1_499.5)).busy(),
      [wakeAt(1_500.5)],
    ],
    [
      "silence ends the turn as idle",
      () => timer(begun({ idleTimeoutMs: 1_500 }).at(1_500)),
      [abortFor("turn")],
      { phase: { is: "stopping", why: { reason: "idle", detail: "no sign of life for 1.5 s" } } },
    ],
    [
      "the whole of the time ends it as timeout, one millisecond before it does not",
      () => timer(begun({ timeoutMs: 1_500 }).at(1_500)),
      [abortFor("turn")],
      { phase: { is: "stopping", why: { reason: "timeout", detail: "not done after 1.5 s" } } },
    ],
    ["one millisecond before, it looks", () => timer(begun({ timeoutMs: 1_500 }).at(1_499)), [LOOK]],
    [
      "the whole of the time counts from the making of the turn, though a person is waited for",
      () => timer(asks(begun({ timeoutMs: 1_500 }), true).at(1_500)),
      [abortFor("turn")],
    ],
    [
      "what a person took to answer does not count as silence",
      () => timer(asks(asks(begun(), true).at(59_000), false).at(60_000)),
      [LOOK],
      { health: expect.objectContaining({ activeAt: 59_000 }) },
    ],
    [
      "when a person has answered and the worker stays silent, it ends",
      () => timer(asks(asks(begun(), true).at(59_000), false).at(119_000)),
      [abortFor("turn")],
    ],
    [
      "a timer that comes while a look is under way does nothing",
      () => timer(timer(begun())),
      [],
      { hasNews: false, phase: { is: "looking" } },
    ],
    [
      "a deadline that passed during a look ends the turn after it",
      () => timer(begun()).at(60_000).busy(),
      [abortFor("turn")],
    ],
  ])
})

describe("what the session tells", () => {
  const failure = ERROR.type === "error" ? ERROR.failure : undefined
  rows([
    ["a sign of life needs no look", () => begun().at(9).hear("life"), [], { hasNews: false }],
    ["an answer that grows needs no look", () => begun().hear({ type: "answer", isEndless: false }), []],
    [
      "news that come while a look is under way are looked at after it",
      () => timer(begun()).hear(ERROR).busy(),
      [LOOK],
      { hasNews: false, news: expect.objectContaining({ lastError: failure }) },
    ],
    [
      "a wait of a minute is waited out, and reported",
      () => begun().at(10).hear(RETRY(60_010)),
      [{ type: "throttled", until: 60_010 }, LOOK],
    ],
    [
      "a longer wait is a quota, and ends the turn",
      () => begun().at(10).hear(RETRY(60_011)),
      [abortFor("turn")],
      {
        phase: {
          is: "stopping",
          why: { reason: "quota", detail: "slow down", outage: { cause: "quota", until: 60_011 } },
        },
      },
    ],
    [
      "a wait of more than a month ends the turn, and the outage lasts a month",
      () => begun().at(10).hear(RETRY(1e303)),
      [abortFor("turn")],
      {
        phase: expect.objectContaining({
          why: { reason: "quota", detail: "slow down", outage: { cause: "quota", until: 10 + 30 * 24 * 3_600_000 } },
        }),
      },
    ],
    ["a longer wait does not end a turn that is held", () => held().hear(RETRY(60_001)), [wakeAt(2_000)]],
    [
      "a broken stream that is asked for again ends the turn as truncated",
      () => begun().hear(ENDLESS),
      [abortFor("turn")],
      { phase: { is: "stopping", why: expect.objectContaining({ reason: "truncated" }) } },
    ],
    ["it does not end a turn that is held", () => held().hear(ENDLESS), [wakeAt(2_000)]],
    [
      "a model that is asked again after a finished answer ends the turn as the host's error",
      () => begun().hear(...ASKED_AGAIN),
      [abortFor("turn")],
      {
        phase: {
          is: "stopping",
          why: { reason: "error", detail: expect.stringMatching(/OpenCode asked .* again .*>=1\.18\.18 <2/) },
        },
      },
    ],
    ["it does not end a turn that a person holds", () => held().hear(...ASKED_AGAIN), [wakeAt(2_000)]],
    ["a finished answer that changes is no new request", () => begun().hear(FINISHED, FINISHED), []],
    ["an earlier answer that changes is none", () => begun().hear(FINISHED, ANSWER("a-zero", 0)), []],
    ["an answer after one with a tool call is none", () => begun().hear(FINISHED, CALL, ANSWER("a-two", 3)), []],
    ["nor if the call was reported before the end", () => begun().hear(...CALLED, ANSWER("a-two", 3)), []],
    [
      "nor if the turn has gone on between the call and the end",
      () => held().hear(CALL).steer(1, MESSAGE).done(1).busy().hear(FINISHED, ANSWER("a-two", 3)),
      [],
    ],
    [
      "nor if the call was missed, and read from the messages",
      () =>
        begun()
          .hear("missed")
          .give({
            type: "looked",
            isBusy: true,
            entries: [asked, answer("one", {}, { type: "tool", callID: "c", tool: "bash", state: {} })],
            for: "relearn",
          })
          .done("relearn")
          .hear(FINISHED, ANSWER("a-two", 3)),
      [],
    ],
    [
      "an answer after two finished ones is one, however many tools were called before",
      () =>
        begun().hear(
          ...Array.from({ length: 40 }, (_, at): Heard => ({ ...CALL, messageID: `a-${at}` }) as Heard),
          ...ASKED_AGAIN,
        ),
      [abortFor("turn")],
      { called: expect.toSatisfy((ids: string[]) => ids.length <= 16) },
    ],
    ["an answer after an unfinished one is none", () => begun().hear(ANSWER("a-one", 1), ANSWER("a-two", 3)), []],
    [
      "the answer to another message is none",
      () => begun().hear(FINISHED, ANSWER("a-two", 3, { to: "msg_typed" })),
      [],
    ],
    [
      "the summary of a compaction, and the answer to what OpenCode continues with, are none",
      () => begun().hear(FINISHED, { type: "answer", isEndless: false }, ANSWER("a-two", 3, { to: "msg_continue" })),
      [],
    ],
    [
      "an answer after a person's next message is none",
      () =>
        begun()
          .hear(FINISHED)
          .steer(1, MESSAGE)
          .done(1)
          .busy()
          .hear(ANSWER("a-two", 3, { to: more.messageID })),
      [],
    ],
    [
      "a person's own message in the session is looked at, once",
      () => begun().hear(TYPED).busy().hear(TYPED),
      [],
      { seen: ["msg_typed"] },
    ],
    [
      "our own messages are none of a person's",
      () => held().hear({ type: "user", messageID: prompt.messageID }),
      [],
      { isHeld: true },
    ],
    [
      "a person who speaks to a held worker makes it go on",
      () => held().hear(ERROR, TYPED),
      [LOOK],
      { isHeld: false, news: { hasIdled: false, hasChecked: false, hasRepeated: false } },
    ],
    [
      "a person who speaks to a worker at work does not make it forget what was heard",
      () => timer(begun()).hear(ERROR, TYPED),
      [],
      { news: expect.objectContaining({ lastError: failure }), hasNews: true },
    ],
    [
      "a busy session is not idle any more",
      () => begun().hear("idle").read([]).busy().hear("busy"),
      [],
      { news: expect.objectContaining({ hasIdled: false }) },
    ],
    [
      "a status of idle alone is not the end: OpenCode says that as well",
      () => begun().hear("busy", "paused"),
      [],
      { news: expect.objectContaining({ hasIdled: false }), health: expect.objectContaining({ isBusy: false }) },
    ],
    [
      "after missed events the session is looked at, busy or not",
      () => begun().hear("missed"),
      [{ type: "look", evenIfBusy: true, for: "relearn" }],
    ],
    [
      "then its open requests are read again",
      () => begun().hear("missed").at(7).give({ type: "looked", isBusy: true, entries: [], for: "relearn" }),
      [{ type: "reread", for: "relearn" }],
      { health: expect.objectContaining({ isBusy: true, activeAt: 7 }) },
    ],
    ["then the turn looks at it", () => begun().hear("missed").idle([], "relearn").done("relearn"), [LOOK]],
    ["also when the server could not be asked", () => begun().hear("missed").failed("relearn"), [LOOK]],
    [
      "what is learned after the end changes nothing",
      () => timer(begun()).hear("missed").idle([asked, one]).idle([], "relearn"),
      [],
      { phase: { is: "over" } },
    ],
  ])
})

describe("looking", () => {
  const idleAgain = (entries: Parameters<typeof silent>[0], at: number, own?: TurnState["own"]) =>
    timer(silent(entries, own).at(at)).idle(entries)
  const both = [prompt, more] as const
  const saidToo = [asked, user(more)]
  const repeatedOnce = () => idleAgain(saidToo, 2_000, both).done()
  rows([
    [
      "the events' good end is the end",
      () => begun().hear("idle").read([asked, one]),
      [ended({ reason: "ok", output: "one", entries: [asked, one] })],
    ],
    ["any other end of the events is looked up", () => begun().hear("idle").read([asked, endless]), [LOOK]],
    [
      "events that tell of an answer to less than what was said tell no end",
      () => begun({}, both).hear("idle").read([asked, one]),
      [LOOK],
    ],
    [
      "an outage in the messages ends the turn with it",
      () => timer(begun()).idle([asked, outage]),
      [ended({ reason: "error", outage: { cause: "provider" }, entries: [asked, outage] })],
    ],
    [
      "a silent session is remembered, and looked at again",
      () => timer(begun().at(5)).idle([asked, calling]),
      [wakeAt(2_005)],
      { news: expect.objectContaining({ idleSince: 5 }) },
    ],
    [
      "it is looked at whatever wakes the turn",
      () => asks(silent([asked, calling]), false),
      [LOOK],
      { hasNews: false },
    ],
    [
      "silence of less than two seconds is no end, and counts from its beginning",
      () => idleAgain([asked, calling], 1_999),
      [wakeAt(3_999)],
      { news: expect.objectContaining({ idleSince: 0 }) },
    ],
    [
      "silence of two seconds in the middle of the work is a lost worker",
      () => idleAgain([asked, calling], 2_000),
      [ended({ reason: "worker-lost" })],
    ],
    [
      "the silence of a session starts again after it was busy",
      () =>
        timer(
          timer(silent([asked, calling]).at(1_000))
            .busy()
            .at(2_000),
        ).idle([asked, calling]),
      [wakeAt(4_000)],
      { news: expect.objectContaining({ idleSince: 2_000 }) },
    ],
    ["before the server has begun, 29.999 s are no end", () => idleAgain([asked], 29_999), [wakeAt(31_999)]],
    [
      "before the server has begun, 30 s are an empty answer",
      () => idleAgain([asked], 30_000),
      [ended({ reason: "empty" })],
    ],
    [
      "an error without an answer is the end after two seconds",
      () => timer(silent([asked]).hear(ERROR).idle([asked]).at(2_000)).idle([asked]),
      [ended({ reason: "error", detail: "no such agent" })],
    ],
    [
      "a late report of the former turn's abort is no beginning",
      () => timer(silent([asked]).hear(ABORTED).idle([asked]).at(2_000)).idle([asked]),
      [wakeAt(4_000)],
    ],
    [
      "the finished tool calls of the former try are no beginning either",
      () =>
        timer(
          timer(repeated().idle([asked, calling]).done())
            .idle([asked, calling])
            .at(2_000),
        ).idle([asked, calling]),
      [wakeAt(4_000)],
      { known: [calling.info.id] },
    ],
    [
      "an answer that has begun since then is one",
      () => {
        const both = [asked, answer("before", { finish: "tool-calls" }), calling]
        return timer(
          timer(repeated().idle(both.slice(0, 2)).done())
            .idle(both)
            .at(2_000),
        ).idle(both)
      },
      [ended({ reason: "worker-lost" })],
    ],
    [
      "a message that nobody answers is sent a second time",
      () => idleAgain(saidToo, 2_000, both),
      [{ type: "send", sending: repeatedSending(both), for: "turn" }],
      { news: { hasIdled: false, hasChecked: false, hasRepeated: true } },
    ],
    [
      "one that is still not answered after that is not sent a third time",
      () => timer(timer(repeatedOnce()).idle(saidToo).at(4_000)).idle(saidToo),
      [ended({ reason: "empty" })],
    ],
    [
      "the silence is counted again after a message was repeated",
      () => timer(repeatedOnce().at(3_999)).idle(saidToo),
      [wakeAt(5_999)],
    ],
    [
      "a message whose answer has begun is not sent again",
      () => idleAgain([...saidToo, calling], 2_000, both),
      [ended({ reason: "worker-lost" })],
    ],
    [
      "a look that began before a person said more is worth nothing",
      () =>
        timer(begun())
          .steer(1, MESSAGE)
          .idle([asked, user(more), one]),
      [LOOK],
      { isStale: false },
    ],
    [
      "neither is one that began before a person interrupted",
      () => timer(begun()).steer(1, INTERRUPT).idle([asked, one]),
      [wakeAt(2_000)],
      { isHeld: true },
    ],
    [
      "a silence that was seen before a person said more is not remembered",
      () => timer(begun()).steer(1, MESSAGE).idle([asked, calling]),
      [LOOK],
      { news: { hasIdled: false, hasChecked: false, hasRepeated: false } },
    ],
  ])
})

describe("what persons do", () => {
  rows([
    [
      "a message is sent, and the turn goes on",
      () => begun().at(5).steer(1, MESSAGE),
      [{ type: "send", sending: { tell: [], ask: more }, for: 1 }, LOOK],
      { own: [prompt, more], open: [{ id: 1, type: "message", takesBack: more.messageID }] },
    ],
    [
      "a message forgets what was heard, because there is more to come",
      () => timer(begun()).hear(ERROR, "idle").at(8).steer(1, MESSAGE),
      [{ type: "send", sending: { tell: [], ask: more }, for: 1 }],
      {
        news: { hasIdled: false, hasChecked: false, hasRepeated: false },
        hasNews: true,
        isStale: true,
        health: expect.objectContaining({ activeAt: 8 }),
      },
    ],
    ["a message that is sent is answered", () => begun().steer(1, MESSAGE).done(1), [answered(1)], { open: [] }],
    [
      "a message that cannot be sent does not count as said",
      () => begun().steer(1, MESSAGE).failed(1, "refused"),
      [answered(1, "refused")],
      { own: [prompt], open: [] },
    ],
    [
      "the same message again is sent again and is said once",
      () => begun().steer(1, MESSAGE).busy().done(1).steer(2, MESSAGE),
      [{ type: "send", sending: { tell: [], ask: more }, for: 2 }, LOOK],
      { own: [prompt, more], open: [{ id: 2, type: "message" }] },
    ],
    [
      "when only the second try fails it stays said",
      () => begun().steer(1, MESSAGE).done(1).steer(2, MESSAGE).failed(2, "refused"),
      [answered(2, "refused")],
      { own: [prompt, more] },
    ],
    ["an interrupt stops the session", () => begun().steer(1, INTERRUPT), [abortFor(1)], { isHeld: true }],
    [
      "an interrupt that worked is answered",
      () => begun().steer(1, INTERRUPT).done(1),
      [answered(1)],
      { isHeld: true },
    ],
    [
      "an interrupt that did not work holds nothing",
      () => begun().at(3).steer(1, INTERRUPT).failed(1, "refused"),
      [answered(1, "refused"), LOOK],
      { isHeld: false, health: expect.objectContaining({ activeAt: 3 }) },
    ],
    [
      "an interrupt of a held worker is refused",
      () => held().steer(1, INTERRUPT),
      [answered(1, "it is interrupted already: resume it, or send it a message")],
    ],
    [
      "resuming a worker that is not held is refused",
      () => begun().steer(1, RESUME),
      [answered(1, "it is not interrupted, so there is nothing to resume")],
    ],
    ["resuming reads the messages first", () => held().steer(1, RESUME), [{ type: "read", for: 1 }], { isHeld: true }],
    [
      "then a torn answer is removed and the newest message asked again",
      () => held().steer(1, RESUME).read([asked, torn], 1),
      [{ type: "send", sending: { remove: "a-half", tell: [], ask: prompt }, for: 1 }, LOOK],
      { isHeld: false },
    ],
    [
      "resuming that worked is answered",
      () => held().steer(1, RESUME).read([asked], 1).done(1),
      [answered(1)],
      { open: [] },
    ],
    [
      "resuming that cannot read the messages leaves it held",
      () => held().steer(1, RESUME).failed(1, "refused"),
      [answered(1, "refused")],
      { isHeld: true },
    ],
    [
      "resuming that cannot send does not take the prompt back",
      () => held().steer(1, RESUME).read([asked], 1).failed(1, "refused"),
      [answered(1, "refused")],
      { own: [prompt] },
    ],
    [
      "resuming while a message already made it go on is refused",
      () => held().steer(1, RESUME).steer(2, MESSAGE).read([asked], 1),
      [answered(1, "it is not interrupted, so there is nothing to resume")],
      { open: [{ id: 2, type: "message", takesBack: more.messageID }] },
    ],
    [
      "resuming while the turn is being stopped is too late",
      () => abort(held().steer(1, RESUME)).read([asked], 1),
      [answered(1, TOO_LATE)],
    ],
    [
      "resuming after the end is too late",
      () => abort(held().steer(1, RESUME)).done().read([asked]).read([asked], 1),
      [answered(1, TOO_LATE)],
      { phase: { is: "over" } },
    ],
    [
      "what was under way at the end is answered all the same",
      () => timer(begun().steer(1, MESSAGE)).failed("turn").done(1),
      [answered(1)],
      { phase: { is: "over" } },
    ],
    [
      "an interrupt that fails after the end starts nothing",
      () => abort(begun().steer(1, INTERRUPT)).done().read([asked]).failed(1, "gone"),
      [answered(1, "gone")],
    ],
    [
      "what is asked for after the end is too late",
      () => repeated().idle([asked, one]).steer(1, MESSAGE),
      [answered(1, TOO_LATE)],
    ],
    [
      "handing back during a look is looked at right after it",
      () => withPerson().hear("idle").steer(1, HANDBACK).read([asked]),
      [LOOK],
      { phase: { is: "handing-back" } },
    ],
    [
      "a worker in the background is not handed back",
      () => begun().steer(1, HANDBACK),
      [answered(1, "it works in the background and hands back by itself when it is done")],
    ],
    [
      "handing back is answered at once",
      () => withPerson().steer(1, HANDBACK),
      [answered(1), LOOK],
      { handback: {}, phase: { is: "handing-back" } },
    ],
    [
      "handing back with empty words is handing back without",
      () => withPerson().steer(1, { type: "handback", text: "" }),
      [answered(1), LOOK],
      { handback: {} },
    ],
    [
      "nothing else is done once it is handed back",
      () => withPerson().steer(1, HANDBACK).steer(2, MESSAGE),
      [answered(2, TOO_LATE)],
    ],
    [
      "words may still be handed back while the last answer is waited for",
      () => withPerson().steer(1, HANDBACK).steer(2, { type: "handback", text: "mine" }),
      [answered(2)],
      { handback: { text: "mine" }, isStale: true },
    ],
    [
      "words that are handed back are final",
      () => timer(withPerson().steer(1, HANDBACK)).steer(2, { type: "handback", text: "mine" }).steer(3, HANDBACK),
      [answered(3, TOO_LATE)],
    ],
  ])
})

describe("working with a person", () => {
  const idled = () => withPerson().hear("busy", "idle")
  rows([
    ["its first idle session is looked at once", () => timer(idled().read([asked, calling])), [wakeAt(2_000)]],
    [
      "an answer ends nothing, and no later outage does",
      () => idled().read([asked, one]).hear("busy", "idle"),
      [wakeAt(2_000)],
      { hasAnswered: true },
    ],
    [
      "after more work without an answer it is looked at again",
      () => idled().read([asked, calling]).hear("busy", "idle"),
      [{ type: "read", for: "turn" }],
    ],
    [
      "an outage before any answer ends it",
      () => idled().read([asked, outage]),
      [ended({ outage: { cause: "provider" }, entries: [asked, outage] })],
    ],
    [
      "an error that is no outage does not",
      () => idled().read([asked, answer("half", { finish: "length" })]),
      [wakeAt(2_000)],
      {
        hasAnswered: false,
      },
    ],
    [
      "an outage that was read before a person spoke does not",
      () => idled().steer(1, INTERRUPT).read([asked, outage]),
      [wakeAt(2_000)],
    ],
    [
      "an answer that was read before a person spoke counts as one",
      () => withPerson().hear("idle").steer(1, INTERRUPT).read([asked, one]),
      [wakeAt(2_000)],
      { hasAnswered: true },
    ],
    [
      "a session that is idle and was never busy counts as idle",
      () => withPerson().hear("idle"),
      [{ type: "read", for: "turn" }],
    ],
    ["while the session is busy nothing is looked at", () => timer(withPerson().hear("busy")), [wakeAt(2_000)]],
    [
      "a broken stream that is asked for again is stopped, and the turn goes on",
      () => withPerson().hear(ENDLESS).done(),
      [wakeAt(2_000)],
      { news: expect.not.objectContaining({ loop: expect.anything() }), phase: { is: "listening" } },
    ],
    [
      "what happened while it was stopped is looked at",
      () => withPerson().hear(ENDLESS, "idle").done(),
      [{ type: "read", for: "turn" }],
    ],
    [
      "a model that is asked again after a finished answer is stopped, and the next answer is one",
      () =>
        withPerson()
          .hear(...ASKED_AGAIN)
          .done()
          .hear(ANSWER("a-three", 5)),
      [],
      { phase: { is: "listening" } },
    ],
    ["a held worker's is not stopped again", () => held({ isForeground: true }).hear(ENDLESS), [wakeAt(2_000)]],
    [
      "the last whole answer is handed back, once the session is idle",
      () => withPerson().steer(1, HANDBACK).idle([asked, one, torn]),
      [ended({ reason: "ok", output: "one", entries: [asked, one, torn] })],
    ],
    ["an answer that is being written is waited for", () => withPerson().steer(1, HANDBACK).busy(), [wakeAt(2_000)]],
    [
      "and looked at again",
      () => timer(withPerson().steer(1, HANDBACK).busy()),
      [LOOK],
      { phase: { is: "handing-back" } },
    ],
    [
      "words that come during that look are the end instead",
      () => withPerson().steer(1, HANDBACK).steer(2, { type: "handback", text: "mine" }).idle([asked, one]),
      [abortFor("turn")],
      { phase: { is: "stopping", why: { reason: "ok", detail: "" } } },
    ],
    [
      "a held worker is handed back as well",
      () => held({ isForeground: true }).steer(1, HANDBACK),
      [answered(1), LOOK],
    ],
    [
      "a broken stream of a held worker is stopped before its last answer is handed back",
      () => held({ isForeground: true }).hear(ENDLESS).steer(1, HANDBACK),
      [answered(1), abortFor("turn")],
      { phase: { is: "unlooping" } },
    ],
    [
      "a broken stream is stopped before its last answer is handed back",
      () => timer(withPerson()).hear(ENDLESS).steer(1, HANDBACK).done(),
      [LOOK],
      { phase: { is: "handing-back" } },
    ],
  ])
})

describe("stopping", () => {
  const stopped = (r: Driven, ...entries: Parameters<Driven["read"]>[0]) => r.done().read(entries)
  const late = () => timer(begun({ timeoutMs: 1_000 }).at(1_000))
  rows([
    [
      "the session is aborted, then its messages are read",
      () => abort(begun()).done(),
      [{ type: "read", for: "turn" }],
    ],
    [
      "what was written until then is reported",
      () => stopped(abort(begun()), asked, torn),
      [ended({ reason: "aborted", detail: "stopped", output: "", entries: [asked, torn] })],
    ],
    [
      "half an answer whose error is known is reported with the reason of the stop",
      () => stopped(late(), asked, answer("half", { error: { name: "MessageAbortedError", data: { message: "" } } })),
      [ended({ reason: "timeout", output: "half" })],
    ],
    [
      "an answer that came in the very moment of stopping is kept",
      () => stopped(late(), asked, one),
      [ended({ reason: "ok", output: "one" })],
    ],
    [
      "not when something was said that it does not answer",
      () => stopped(timer(begun({ timeoutMs: 1_000 }, [prompt, more]).at(1_000)), asked, one),
      [ended({ reason: "timeout", output: "one" })],
    ],
    [
      "not when a person works with the worker, who has not handed it back",
      () => stopped(timer(withPerson({ timeoutMs: 1_000 }).at(1_000)), asked, one),
      [ended({ reason: "timeout", output: "one" })],
    ],
    [
      "a quota is reported with its outage",
      () => stopped(begun().hear(RETRY(60_001)), asked),
      [ended({ reason: "quota", detail: "slow down", outage: { cause: "quota", until: 60_001 }, output: "" })],
    ],
    [
      "of a broken stream the first try is reported, whatever came after it",
      () => stopped(begun().hear(ENDLESS), asked, endless, one),
      [ended({ reason: "truncated", output: "half", outage: { cause: "provider" } })],
    ],
    [
      "a broken stream that is heard of while the turn is stopped counts as well",
      () => stopped(late().hear(ENDLESS), asked, endless, one),
      [ended({ reason: "truncated", output: "half", outage: { cause: "provider" } })],
    ],
    [
      "of a model that was asked again the finished answer is kept, whatever came after it",
      () => stopped(begun().hear(...ASKED_AGAIN), asked, one, answer("two")),
      [ended({ reason: "error", output: "one" })],
    ],
    [
      "a model that is asked again while the turn is stopped changes only what is kept",
      () => stopped(late().hear(...ASKED_AGAIN), asked, one, torn),
      [ended({ reason: "timeout", output: "one" })],
    ],
    [
      "without a loop the newest answer counts",
      () => stopped(late(), asked, endless, one),
      [ended({ reason: "ok", output: "one" })],
    ],
    [
      "a person's own words are the answer",
      () => stopped(withPerson().steer(1, { type: "handback", text: "mine" }), asked, one),
      [ended({ reason: "ok", output: "mine", entries: [asked, one] })],
    ],
    [
      "a turn that is stopped and handed back during one look was stopped",
      () =>
        stopped(
          abort(withPerson().hear("idle")).steer(1, { type: "handback", text: "mine" }).read([asked]),
          asked,
          one,
        ),
      [ended({ reason: "aborted", output: "one" })],
    ],
    ["it is not stopped twice", () => timer(abort(abort(begun()))), []],
    [
      "a server that cannot be asked is an error",
      () => abort(begun()).failed("turn", "gone"),
      [{ type: "fail", error: "gone" }],
    ],
    ["after the end missed events are not looked for", () => stopped(abort(begun()), asked).hear("missed"), []],
    ["after the end nothing is done", () => stopped(abort(begun()), asked).done().failed(), []],
  ])
})

describe("what is reported of a worker", () => {
  const told = (r: Driven) => r.told.map(({ phase }) => phase)
  it.each<[string, () => Driven, readonly string[]]>([
    ["it starts", () => drive().give({ type: "start" }), ["starting"]],
    ["nothing of one that is stopped before", () => abort(drive()).give({ type: "start" }), []],
    ["nothing after the end", () => abort(begun()).done().read([asked]).hear("life"), []],
    [
      "nothing of an interrupt that fails after the end",
      () => abort(begun().steer(1, INTERRUPT)).done().read([asked]).failed(1, "gone"),
      [],
    ],
    ["it works", () => begun().hear({ type: "answer", isEndless: false }), ["working"]],
    ["a tool runs", () => begun().hear(TOOL), ["tool"]],
    ["the provider makes it wait", () => begun().hear(RETRY(5)), ["retrying"]],
    ["it is held", () => begun().steer(1, INTERRUPT), ["held"]],
    ["held comes before what it does", () => begun().hear(TOOL).steer(1, INTERRUPT), ["held"]],
    ["it goes on", () => held().steer(1, MESSAGE), ["starting"]],
    ["it is the person's turn", () => withPerson().hear("idle"), ["yours"]],
    ["it is the person's turn, which comes before held", () => held({ isForeground: true }).hear("idle"), ["yours"]],
    [
      "an idle worker that the provider makes wait again has no turn of a person",
      () => withPerson().hear("idle").read([asked, one]).hear(RETRY(5)),
      ["retrying"],
    ],
    ["its answer was there", () => repeated({ isForeground: true }).idle([asked, one]), ["yours"]],
    ["an idle worker in the background has no turn of a person", () => begun().hear("idle"), ["starting"]],
    ["events were missed", () => begun().hear("missed"), ["starting"]],
    ["a held worker that a person speaks to in its session", () => held().hear(TYPED), ["starting", "starting"]],
  ])("%s", (_, given, phases) => {
    expect(told(given())).toEqual(phases)
  })

  it("with the tool, and when it was last active", () => {
    expect(begun().at(7).hear(TOOL).told).toEqual([{ phase: "tool", tool: "bash", lastActivityAt: 7 }])
    expect(begun().hear(TOOL).at(8).steer(1, INTERRUPT).told).toEqual([
      { phase: "held", tool: null, lastActivityAt: 0 },
    ])
  })
})
