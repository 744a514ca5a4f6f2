import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import type { Heard } from "../../../../src/workers/session/turn/heard.ts"
import type { TurnState } from "../../../../src/workers/session/turn/state.ts"
import {
  ASKED_AGAIN,
  answer,
  asked,
  begun,
  calling,
  type Driven,
  drive,
  ENDLESS,
  ERROR,
  held,
  MESSAGE,
  more,
  outage,
  prompt,
  repeated,
  silent,
  TOOL,
  torn,
  user,
  withPerson,
} from "./support.ts"

/** Executes the table of docs/turn.md row by row. The page and this file must have the same rows. */

interface Row {
  readonly from: string
  readonly what: string
  readonly to: string
  /** The types of the actions in order, without reports of activity and the next timer. */
  readonly does: string
  readonly before: () => Driven
  readonly happen: (r: Driven) => unknown
}

/** The name of a state: its phase, or, while it listens, whom it waits for. */
function nameOf(state: TurnState): string {
  if (state.phase.is !== "listening") return state.phase.is
  if (state.isHeld) return "held"
  if (state.isAsked) return "asked"
  if (state.setup.isForeground && state.news.hasIdled && !state.health.isBusy) return "yours"
  return "listening"
}

const kindsOf = (r: Driven) => r.actions.flatMap(({ type }) => (type === "wake" ? [] : [type])).join(", ") || "nothing"

const yours = () =>
  withPerson()
    .hear("idle")
    .read([asked, answer("one")])
const stopping = () => begun().give({ type: "abort" })
const looking = (r = begun()) => r.give({ type: "timer" })
const abort = (r: Driven) => r.give({ type: "abort" })
const settling = () => drive({ isRepeat: true, wasStopped: true }).give({ type: "start" })
/** One that found its prompt being answered. */
const awaiting = () =>
  repeated()
    .give({ type: "looked", isBusy: true, entries: [asked, torn], for: "turn" })
    .done()
/** What an earlier turn leaves when it is stopped while OpenCode waits for the provider. */
const stopped = answer("half", { finish: undefined, time: { created: 1, completed: 2 } })
const interrupt = (r: Driven) => r.steer(1, { type: "interrupt" })
const handBack = (text?: string) => (r: Driven) =>
  r.steer(1, text === undefined ? { type: "handback" } : { type: "handback", text })

const ROWS: readonly Row[] = [
  {
    from: "new",
    what: "the turn starts",
    to: "beginning",
    does: "send",
    before: () => drive(),
    happen: (r) => r.give({ type: "start" }),
  },
  {
    from: "new",
    what: "the turn starts, and its prompt may have been sent before",
    to: "harvesting",
    does: "look",
    before: () => drive({ isRepeat: true }),
    happen: (r) => r.give({ type: "start" }),
  },
  {
    from: "new",
    what: "the turn starts, and was stopped before",
    to: "stopping",
    does: "abort",
    before: () => drive().give({ type: "abort" }),
    happen: (r) => r.give({ type: "start" }),
  },
  {
    from: "new",
    what: "the turn starts, and an earlier turn in its session was stopped",
    to: "settling",
    does: "look",
    before: () => drive({ isRepeat: true, wasStopped: true }),
    happen: (r) => r.give({ type: "start" }),
  },
  {
    from: "settling",
    what: "the session is still busy",
    to: "settling",
    does: "abort",
    before: () => settling(),
    happen: (r) => r.busy(),
  },
  {
    from: "settling",
    what: "the session is idle, and its last answer is not complete",
    to: "settling",
    does: "nothing",
    before: () => settling(),
    happen: (r) => r.idle([asked, torn]),
  },
  {
    from: "settling",
    what: "a moment has passed, or the session was aborted once more",
    to: "settling",
    does: "look",
    before: () => settling().idle([asked, torn]),
    happen: (r) => r.give({ type: "timer" }),
  },
  {
    from: "settling",
    what: "the earlier turn is stopped",
    to: "beginning",
    does: "send",
    before: () => settling(),
    happen: (r) => r.idle([asked, stopped]),
  },
  {
    from: "settling",
    what: "the session is busy until the idle deadline",
    to: "over",
    does: "end",
    before: () => settling().at(60_000),
    happen: (r) => r.busy(),
  },
  {
    from: "settling",
    what: "the session could not be aborted once more",
    to: "settling",
    does: "nothing",
    before: () => settling().busy(),
    happen: (r) => r.failed(),
  },
  {
    from: "settling",
    what: "the total deadline passes",
    to: "stopping",
    does: "abort",
    before: () => settling().at(600_000),
    happen: (r) => r.busy(),
  },
  {
    from: "settling",
    what: "the turn was stopped meanwhile",
    to: "stopping",
    does: "abort",
    before: () => abort(settling()),
    happen: (r) => r.idle([asked, torn]),
  },
  {
    from: "harvesting",
    what: "the answer is there",
    to: "over",
    does: "end",
    before: () => repeated(),
    happen: (r) => r.idle([asked, answer("one")]),
  },
  {
    from: "harvesting",
    what: "the answer is there, and a person works with the worker",
    to: "yours",
    does: "nothing",
    before: () => repeated({ isForeground: true }),
    happen: (r) => r.idle([asked, answer("one")]),
  },
  {
    from: "harvesting",
    what: "there is no answer, or only a partial one",
    to: "beginning",
    does: "send",
    before: () => repeated(),
    happen: (r) => r.idle([asked, torn]),
  },
  {
    from: "harvesting",
    what: "the session is still busy: only the missing messages are sent",
    to: "beginning",
    does: "send",
    before: () => repeated(),
    happen: (r) => r.give({ type: "looked", isBusy: true, entries: [asked, torn], for: "turn" }),
  },
  {
    from: "harvesting",
    what: "there is no answer, and the turn was stopped meanwhile",
    to: "stopping",
    does: "abort",
    before: () => abort(repeated()),
    happen: (r) => r.idle([]),
  },
  {
    from: "beginning",
    what: "the prompt is sent",
    to: "listening",
    does: "nothing",
    before: () => drive().give({ type: "start" }),
    happen: (r) => r.done(),
  },
  {
    from: "beginning",
    what: "the prompt is sent, and a person asked for an interrupt meanwhile",
    to: "held",
    does: "abort",
    before: () => interrupt(drive().give({ type: "start" })),
    happen: (r) => r.done(),
  },
  {
    from: "beginning",
    what: "the prompt cannot be sent",
    to: "over",
    does: "fail",
    before: () => drive().give({ type: "start" }),
    happen: (r) => r.failed(),
  },
  {
    from: "listening",
    what: "the session is idle",
    to: "recalling",
    does: "recall",
    before: () => begun(),
    happen: (r) => r.hear("idle"),
  },
  {
    from: "listening",
    what: "the session is idle, and the first events of the turn were missed",
    to: "looking",
    does: "look",
    before: () => repeated().idle([]).done(),
    happen: (r) => r.hear("idle"),
  },
  {
    from: "listening",
    what: "the session is idle, and a person works with the worker",
    to: "checking",
    does: "read",
    before: () => withPerson(),
    happen: (r) => r.hear("idle"),
  },
  {
    from: "listening",
    what: "the session reports an error",
    to: "looking",
    does: "look",
    before: () => begun(),
    happen: (r) => r.hear(ERROR),
  },
  {
    from: "listening",
    what: "two seconds have passed",
    to: "looking",
    does: "look",
    before: () => begun(),
    happen: (r) => r.at(2_000).give({ type: "timer" }),
  },
  {
    from: "listening",
    what: "any other sign of life",
    to: "listening",
    does: "nothing",
    before: () => begun(),
    happen: (r) => r.hear("life", "busy", TOOL),
  },
  {
    from: "listening",
    what: "the provider makes OpenCode wait for up to a minute",
    to: "looking",
    does: "throttled, look",
    before: () => begun(),
    happen: (r) => r.hear({ type: "retry", next: 60_000, message: "slow down" }),
  },
  {
    from: "listening",
    what: "the provider makes OpenCode wait for longer",
    to: "stopping",
    does: "abort",
    before: () => begun(),
    happen: (r) => r.hear({ type: "retry", next: 60_001, message: "slow down" }),
  },
  {
    from: "listening",
    what: "OpenCode repeats the request to the model without end",
    to: "stopping",
    does: "abort",
    before: () => begun(),
    happen: (r) => r.hear(ENDLESS),
  },
  {
    from: "listening",
    what: "OpenCode repeats the request to the model without end, and a person works with the worker",
    to: "unlooping",
    does: "abort",
    before: () => withPerson(),
    happen: (r) => r.hear(ENDLESS),
  },
  {
    from: "listening",
    what: "OpenCode asks the model again after a finished answer",
    to: "stopping",
    does: "abort",
    before: () => begun(),
    happen: (r) => r.hear(...ASKED_AGAIN),
  },
  {
    from: "listening",
    what: "OpenCode asks the model again after a finished answer, and a person works with the worker",
    to: "unlooping",
    does: "abort",
    before: () => withPerson(),
    happen: (r) => r.hear(...ASKED_AGAIN),
  },
  {
    from: "listening",
    what: "OpenCode asks the model again after an answer that calls a tool, whatever its finish says",
    to: "listening",
    does: "nothing",
    before: () => begun(),
    happen: (r) => r.hear({ ...TOOL, messageID: "a-one" } as Heard, ...ASKED_AGAIN),
  },
  {
    from: "listening",
    what: "somebody writes a message in the worker's session",
    to: "looking",
    does: "look",
    before: () => begun(),
    happen: (r) => r.hear({ type: "user", messageID: "msg_typed" }),
  },
  {
    from: "listening",
    what: "events were missed",
    to: "listening",
    does: "look",
    before: () => begun(),
    happen: (r) => r.hear("missed"),
  },
  {
    from: "listening",
    what: "the worker asks a person something",
    to: "asked",
    does: "nothing",
    before: () => begun(),
    happen: (r) => r.give({ type: "asks", isOpen: true }),
  },
  {
    from: "listening",
    what: "a person sends another message",
    to: "looking",
    does: "send, look",
    before: () => begun(),
    happen: (r) => r.steer(1, MESSAGE),
  },
  {
    from: "listening",
    what: "a person interrupts",
    to: "held",
    does: "abort",
    before: () => begun(),
    happen: interrupt,
  },
  {
    from: "listening",
    what: "a person hands back: the answer being written is waited for",
    to: "handing-back",
    does: "answer, look",
    before: () => withPerson(),
    happen: handBack(),
  },
  {
    from: "listening",
    what: "a person hands back with a text",
    to: "stopping",
    does: "answer, abort",
    before: () => withPerson(),
    happen: handBack("my words"),
  },
  {
    from: "listening",
    what: "the idle, tool or total deadline passes",
    to: "stopping",
    does: "abort",
    before: () => begun(),
    happen: (r) => r.at(60_000).give({ type: "timer" }),
  },
  {
    from: "listening",
    what: "the turn is stopped",
    to: "stopping",
    does: "abort",
    before: () => begun(),
    happen: abort,
  },
  {
    from: "asked",
    what: "the idle deadline passes",
    to: "looking",
    does: "look",
    before: () => begun().give({ type: "asks", isOpen: true }),
    happen: (r) => r.at(60_000).give({ type: "timer" }),
  },
  {
    from: "asked",
    what: "the answer is given",
    to: "listening",
    does: "nothing",
    before: () => begun().give({ type: "asks", isOpen: true }),
    happen: (r) => r.at(60_000).give({ type: "asks", isOpen: false }),
  },
  {
    from: "held",
    what: "the idle deadline passes",
    to: "held",
    does: "nothing",
    before: () => held(),
    happen: (r) => r.at(60_000).give({ type: "timer" }),
  },
  {
    from: "held",
    what: "the total deadline passes",
    to: "stopping",
    does: "abort",
    before: () => held(),
    happen: (r) => r.at(600_000).give({ type: "timer" }),
  },
  {
    from: "held",
    what: "a person sends another message",
    to: "looking",
    does: "send, look",
    before: () => held(),
    happen: (r) => r.steer(1, MESSAGE),
  },
  {
    from: "held",
    what: "somebody writes a message in the worker's session",
    to: "looking",
    does: "look",
    before: () => held(),
    happen: (r) => r.hear({ type: "user", messageID: "msg_typed" }),
  },
  {
    from: "held",
    what: "a person resumes, and the messages are read",
    to: "looking",
    does: "send, look",
    before: () => held().steer(1, { type: "resume" }),
    happen: (r) => r.read([asked, torn], 1),
  },
  {
    from: "held",
    what: "the session could not be stopped",
    to: "looking",
    does: "answer, look",
    before: () => interrupt(begun()),
    happen: (r) => r.failed(1),
  },
  {
    from: "recalling",
    what: "the events show a successful end",
    to: "over",
    does: "end",
    before: () => begun().hear("idle"),
    happen: (r) => r.read([asked, answer("one")]),
  },
  {
    from: "recalling",
    what: "the events show no successful end",
    to: "looking",
    does: "look",
    before: () => begun().hear("idle"),
    happen: (r) => r.read([asked, outage]),
  },
  {
    from: "looking",
    what: "the session is busy",
    to: "listening",
    does: "nothing",
    before: () => looking(),
    happen: (r) => r.busy(),
  },
  {
    from: "looking",
    what: "the messages show the end",
    to: "over",
    does: "end",
    before: () => looking(),
    happen: (r) => r.idle([asked, outage]),
  },
  {
    from: "looking",
    what: "the session is idle and its messages show no end",
    to: "listening",
    does: "nothing",
    before: () => looking(),
    happen: (r) => r.idle([asked, calling]),
  },
  {
    from: "looking",
    what: "there is still no end after two seconds",
    to: "over",
    does: "end",
    before: () => looking(silent([asked, calling]).at(2_000)),
    happen: (r) => r.idle([asked, calling]),
  },
  {
    from: "looking",
    what: "there is still no end after two seconds, and the server has not begun to answer",
    to: "listening",
    does: "nothing",
    before: () => looking(silent([asked]).at(2_000)),
    happen: (r) => r.idle([asked]),
  },
  {
    from: "looking",
    what: "there is still no end after thirty seconds",
    to: "over",
    does: "end",
    before: () => looking(silent([asked]).at(30_000)),
    happen: (r) => r.idle([asked]),
  },
  {
    from: "looking",
    what: "there is still no end after two seconds, and what was answered was an earlier turn's prompt",
    to: "beginning",
    does: "send",
    before: () => awaiting().give({ type: "timer" }).idle([asked, torn]).at(2_000).give({ type: "timer" }),
    happen: (r) => r.idle([asked, torn]),
  },
  {
    from: "looking",
    what: "there is still no end after two seconds, and the last message has no answer",
    to: "repeating",
    does: "send",
    before: () => looking(silent([asked, user(more)], [prompt, more]).at(2_000)),
    happen: (r) => r.idle([asked, user(more)]),
  },
  {
    from: "looking",
    what: "the messages show the end, and a person has sent another message meanwhile",
    to: "looking",
    does: "look",
    before: () => looking().steer(1, MESSAGE),
    happen: (r) => r.idle([asked, answer("one")]),
  },
  {
    from: "looking",
    what: "the server cannot be reached",
    to: "over",
    does: "fail",
    before: () => looking(),
    happen: (r) => r.failed(),
  },
  {
    from: "looking",
    what: "the turn is stopped, which waits for the result of the look",
    to: "looking",
    does: "nothing",
    before: () => looking(),
    happen: abort,
  },
  {
    from: "looking",
    what: "the turn was stopped meanwhile, and the session is busy",
    to: "stopping",
    does: "abort",
    before: () => abort(looking()),
    happen: (r) => r.busy(),
  },
  {
    from: "repeating",
    what: "the message is sent a second time",
    to: "listening",
    does: "nothing",
    before: () => looking(silent([asked, user(more)], [prompt, more]).at(2_000)).idle([asked, user(more)]),
    happen: (r) => r.done(),
  },
  {
    from: "checking",
    what: "the model cannot be reached, and there was no answer yet",
    to: "over",
    does: "end",
    before: () => withPerson().hear("idle"),
    happen: (r) => r.read([asked, outage]),
  },
  {
    from: "checking",
    what: "anything else",
    to: "yours",
    does: "nothing",
    before: () => withPerson().hear("idle"),
    happen: (r) => r.read([asked, answer("one")]),
  },
  {
    from: "yours",
    what: "the idle deadline passes",
    to: "yours",
    does: "nothing",
    before: yours,
    happen: (r) => r.at(60_000).give({ type: "timer" }),
  },
  {
    from: "yours",
    what: "the session is busy again",
    to: "listening",
    does: "nothing",
    before: yours,
    happen: (r) => r.hear("busy"),
  },
  {
    from: "yours",
    what: "a person hands back",
    to: "handing-back",
    does: "answer, look",
    before: yours,
    happen: handBack(),
  },
  {
    from: "handing-back",
    what: "the session is idle",
    to: "over",
    does: "end",
    before: () => handBack()(yours()),
    happen: (r) => r.idle([asked, answer("one")]),
  },
  {
    from: "handing-back",
    what: "the session is busy",
    to: "listening",
    does: "nothing",
    before: () => handBack()(withPerson()),
    happen: (r) => r.busy(),
  },
  {
    from: "handing-back",
    what: "a person hands back again, with a text, and the session is idle",
    to: "stopping",
    does: "abort",
    before: () => handBack("my words")(handBack()(yours())),
    happen: (r) => r.idle([asked, answer("one")]),
  },
  {
    from: "unlooping",
    what: "the model is stopped",
    to: "listening",
    does: "nothing",
    before: () => withPerson().hear(ENDLESS),
    happen: (r) => r.done(),
  },
  {
    from: "unlooping",
    what: "the model is stopped, and a person has handed back",
    to: "handing-back",
    does: "look",
    before: () => handBack()(withPerson().hear(ENDLESS)),
    happen: (r) => r.done(),
  },
  {
    from: "stopping",
    what: "the session is aborted",
    to: "stopping",
    does: "read",
    before: stopping,
    happen: (r) => r.done(),
  },
  {
    from: "stopping",
    what: "its messages are read",
    to: "over",
    does: "end",
    before: () => stopping().done(),
    happen: (r) => r.read([asked, torn]),
  },
  {
    from: "stopping",
    what: "the server cannot be reached",
    to: "over",
    does: "fail",
    before: stopping,
    happen: (r) => r.failed(),
  },
  {
    from: "stopping",
    what: "a person asks for something",
    to: "stopping",
    does: "answer",
    before: stopping,
    happen: interrupt,
  },
  {
    from: "over",
    what: "anything",
    to: "over",
    does: "nothing",
    before: () => repeated().idle([asked, answer("one")]),
    happen: (r) => r.hear("idle", ENDLESS, "missed").give({ type: "timer" }),
  },
]

it.each(ROWS)("$from: $what → $to ($does)", ({ from, to, does, before, happen }) => {
  const r = before()
  expect(nameOf(r.state)).toBe(from)
  happen(r)
  expect([nameOf(r.state), kindsOf(r)]).toEqual([to, does])
})

it("docs/turn.md has exactly this table", () => {
  const page = readFileSync(new URL("../../../../docs/turn.md", import.meta.url), "utf8")
  const shown = ROWS.map(({ from, what, to, does }) => `| \`${from}\` | ${what} | \`${to}\` | ${does} |`)
  expect(page.split("\n").filter((line) => /^\| `/.test(line))).toEqual(shown)
})
