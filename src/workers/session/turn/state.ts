import type { Activity } from "../../../core/ports/ports.ts"
import type { Entry } from "../../../host/entries.ts"
import type { Failure } from "../failure.ts"
import type { OwnMessage, Sending } from "../outbox.ts"
import type { TurnVerdict } from "../verdict.ts"
import { type Health, newHealth, type Patience } from "./health.ts"
import type { Heard } from "./heard.ts"

/** What a turn is about. It never changes. */
export interface TurnSetup extends Patience {
  readonly timeoutMs: number
  /** Told to the worker before its prompt. */
  readonly context?: OwnMessage
  /** True when the prompt may have been sent before: look for its answer first. */
  readonly isRepeat: boolean
  /** A person works with the worker: an answer does not end the turn, handing back does. */
  readonly isForeground: boolean
}

/** The whole of a turn at one moment. Never changed: `step` makes the next one. */
export interface TurnState {
  readonly setup: TurnSetup
  readonly startedAt: number
  /** The prompt, and what was said since. */
  readonly own: readonly [OwnMessage, ...OwnMessage[]]
  readonly phase: TurnPhase
  readonly health: Health
  readonly news: News
  /** Users' messages that were heard. Each is told again whenever it changes. */
  readonly seen: readonly string[]
  /** Something happened that is worth a look at the session. */
  readonly hasNews: boolean
  /** A person acted while a look was under way: what the look began with is out of date. */
  readonly isStale: boolean
  /** Whoever started the turn wants it stopped. */
  readonly isAborted: boolean
  /** A person interrupted the worker, which waits for a message or `resume`. */
  readonly isHeld: boolean
  /** A permission request or a question waits for a person. */
  readonly isAsked: boolean
  /** Foreground: there is an answer already. */
  readonly hasAnswered: boolean
  /** Foreground: a person handed back, with these words or with the worker's last answer. */
  readonly handback?: { readonly text?: string }
  /** What persons asked for before the prompt was sent. It is done right after it. */
  readonly queue: readonly AskedSteer[]
  /** What persons asked for and is under way. */
  readonly open: readonly OpenSteer[]
}

/**
 * What the turn itself waits for. Only while it is `listening` it decides what is next; in every other phase one request
 * is under way, and its result decides.
 */
export type TurnPhase =
  /** `start` has not been heard yet. */
  | { readonly is: "new" }
  /** Looks for an answer of an earlier try. */
  | { readonly is: "harvesting" }
  /** Sends the prompt, or what is missing of it. */
  | { readonly is: "beginning" }
  | { readonly is: "listening" }
  /** Reads the end of the turn from the events, which costs no request. */
  | { readonly is: "recalling" }
  /** Asks the server how the session is. */
  | { readonly is: "looking" }
  /** Sends the newest message once more. */
  | { readonly is: "repeating" }
  /** Foreground: looks whether the model can be reached. */
  | { readonly is: "checking" }
  /** Foreground: waits for the answer that is being written and hands it back. */
  | { readonly is: "handing-back" }
  /** Stops a model that OpenCode asks again and again, and keeps the turn. */
  | { readonly is: "unlooping" }
  | { readonly is: "stopping"; readonly why: Failure }
  | { readonly is: "over" }

/** What was heard about the current answer. Forgotten when there is more to come. */
export interface News {
  /** What the session's last error means. */
  readonly lastError?: Failure
  /** The provider wants a longer wait than a worker may spend holding its place. */
  readonly quota?: Failure
  /** OpenCode asks the model again and again. */
  readonly isLooping: boolean
  /** The session has become idle, and not busy since. */
  readonly hasIdled: boolean
  /** Foreground: the session was looked at since it became idle. */
  readonly hasChecked: boolean
  /** Since when the server has called the session idle without a conclusive end. */
  readonly idleSince?: number
  /** The newest message was sent a second time. */
  readonly hasRepeated: boolean
}

export const NO_NEWS: News = { isLooping: false, hasIdled: false, hasChecked: false, hasRepeated: false }

// ── inputs ───────────────────────────────────────────────────────────────────────────────────────

/** What a person does to the worker. `id` names the answer that the person waits for. */
export type TurnSteer =
  | { readonly type: "message"; readonly message: OwnMessage }
  | { readonly type: "interrupt" | "resume" }
  | { readonly type: "handback"; readonly text?: string }

interface AskedSteer {
  readonly id: number
  readonly steer: TurnSteer
}

interface OpenSteer {
  readonly id: number
  readonly type: "message" | "interrupt" | "resume"
  /** A message that does not count as said when it cannot be sent. */
  readonly takesBack?: string
}

/** Who waits for the result of a request: the turn, a look after missed events, or a person's steer. */
export type Asker = "turn" | "relearn" | number

export type TurnInput =
  | { readonly type: "start" | "abort" | "timer" }
  | { readonly type: "heard"; readonly heard: Heard }
  | { readonly type: "asks"; readonly isOpen: boolean }
  | ({ readonly type: "steer" } & AskedSteer)
  | ({ readonly for: Asker } & TurnResult)

/** What a request gave. */
export type TurnResult =
  /** Without `entries` when the session is busy, unless they were wanted all the same. */
  | { readonly type: "looked"; readonly isBusy: boolean; readonly entries?: readonly Entry[] }
  | { readonly type: "read"; readonly entries: readonly Entry[] }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly error: unknown }

// ── actions ──────────────────────────────────────────────────────────────────────────────────────

export type TurnRequest =
  /** Ask whether the session is busy, then, when it is not or `evenIfBusy`, read its messages. */
  | { readonly type: "look"; readonly evenIfBusy: boolean }
  | { readonly type: "read" }
  /** Read the messages as the events told them. */
  | { readonly type: "recall" }
  /** `rereads`: ask first which permission requests and questions are open. */
  | { readonly type: "send"; readonly sending: Sending; readonly rereads?: boolean }
  | { readonly type: "reread" }
  /** Abort the session and those below it, and wait until they are idle. */
  | { readonly type: "abort" }

export type TurnAction =
  | ({ readonly for: Asker } & TurnRequest)
  | { readonly type: "activity"; readonly doing: Pick<Activity, "phase" | "tool" | "lastActivityAt"> }
  | { readonly type: "throttled"; readonly until: number }
  /** Give `timer` at this time, unless another `wake` comes first. */
  | { readonly type: "wake"; readonly at: number }
  /** Tell a person that it is done, or why it could not be. */
  | { readonly type: "answer"; readonly steer: number; readonly why?: string }
  | { readonly type: "end"; readonly end: TurnEnd }
  | { readonly type: "fail"; readonly error: unknown }

export interface TurnEnd extends TurnVerdict {
  /** The session's messages. After a good end some lack reasoning and calls that wrote no file. */
  readonly entries: readonly Entry[]
  /** The answer as data, where it was given so. */
  readonly structured?: unknown
}

export interface Step {
  readonly state: TurnState
  readonly actions: readonly TurnAction[]
}

export function newTurn(setup: TurnSetup, own: readonly [OwnMessage, ...OwnMessage[]], now: number): TurnState {
  return {
    setup,
    startedAt: now,
    own,
    phase: { is: "new" },
    health: newHealth(now),
    news: NO_NEWS,
    seen: [],
    hasNews: false,
    isStale: false,
    isAborted: false,
    isHeld: false,
    isAsked: false,
    hasAnswered: false,
    queue: [],
    open: [],
  }
}
