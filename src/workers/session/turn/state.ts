import type { Activity } from "../../../core/ports/ports.ts"
import type { Entry } from "../../../host/entries.ts"
import type { Failure } from "../failure.ts"
import type { OwnMessage, Sending } from "../outbox.ts"
import type { TurnVerdict } from "../verdict.ts"
import { type Health, newHealth, type Patience } from "./health.ts"
import type { Heard, HeardAnswer } from "./heard.ts"

/** The settings of a turn. They never change. */
export interface TurnSetup extends Patience {
  readonly timeoutMs: number
  /** What the worker is told before its prompt. */
  readonly context?: OwnMessage
  /** The prompt may have been sent before, so look for its answer first. */
  readonly isRepeat: boolean
  /**
   * This process has stopped an earlier turn in the session. Until that stop is complete, what the
   * session does is the earlier turn's.
   */
  readonly wasStopped: boolean
  /** A person works with the worker: handing back ends the turn, an answer does not. */
  readonly isForeground: boolean
}

/** The complete state of a turn. It is immutable: `step` returns the next one. */
export interface TurnState {
  readonly setup: TurnSetup
  readonly startedAt: number
  /** The prompt and the messages since then. */
  readonly own: readonly [OwnMessage, ...OwnMessage[]]
  readonly phase: TurnPhase
  readonly health: Health
  readonly news: News
  /** User messages that were heard. Each is reported again whenever it changes. */
  readonly seen: readonly string[]
  /** The newest answers that call a tool. They are never the end, whatever their finish says. */
  readonly called: readonly string[]
  /** Something happened that calls for a look at the session. */
  readonly hasNews: boolean
  /** A person acted during a look, so the look is based on an outdated state. */
  readonly isStale: boolean
  /** The caller wants the turn stopped. */
  readonly isAborted: boolean
  /** A person interrupted the worker, which waits for a message or `resume`. */
  readonly isHeld: boolean
  /** A permission request or a question waits for a person. */
  readonly isAsked: boolean
  /** Ids of the answers that were there before this turn sent anything. */
  readonly known: readonly string[]
  /** An earlier turn's prompt is being answered, and this turn has sent nothing. */
  readonly isAwaiting: boolean
  /** Foreground: an answer exists already. */
  readonly hasAnswered: boolean
  /** Foreground: a person handed back, with this text or with the worker's last answer. */
  readonly handback?: { readonly text?: string }
  /** Steers that arrived before the prompt was sent. They are performed right after it. */
  readonly queue: readonly AskedSteer[]
  /** Steers whose request is under way. */
  readonly open: readonly OpenSteer[]
}

/**
 * What the turn waits for. It decides what to do next only while it is `listening`. In every other
 * phase one request is under way, and its result decides.
 */
export type TurnPhase =
  /** The input `start` has not arrived yet. */
  | { readonly is: "new" }
  /**
   * Waits until the stop of an earlier turn is complete: for a look, for the next one, or for
   * another abort.
   */
  | { readonly is: "settling"; readonly isAborting: boolean }
  /** Looks for an answer of an earlier try. */
  | { readonly is: "harvesting" }
  /** Sends the prompt, or what is missing of it. */
  | { readonly is: "beginning" }
  | { readonly is: "listening" }
  /** Reads the end of the turn from the events, which costs no request. */
  | { readonly is: "recalling" }
  /** Looks at the session on the server. */
  | { readonly is: "looking" }
  /** Sends the newest message once more. */
  | { readonly is: "repeating" }
  /** Foreground: looks whether the model can be reached. */
  | { readonly is: "checking" }
  /** Foreground: waits for the answer that is being written, to hand it back. */
  | { readonly is: "handing-back" }
  /** Foreground: stops a model that OpenCode asks again and again, and continues the turn. */
  | { readonly is: "unlooping" }
  | { readonly is: "stopping"; readonly why: Failure }
  | { readonly is: "over" }

/** What was heard about the current answer. It is forgotten when the turn continues. */
export interface News {
  /** The meaning of the session's last error. */
  readonly lastError?: Failure
  /** The provider wants a longer pause than a worker may spend in its place of the pool. */
  readonly quota?: Failure
  /**
   * OpenCode asks the model again and again: after a torn stream (contract C18), or after a
   * finished answer (contract C2).
   */
  readonly loop?: "torn" | "finished"
  /** The newest finished answer. Only another message should make OpenCode ask the model again. */
  readonly finished?: HeardAnswer
  /** The session has become idle, and not busy since then. */
  readonly hasIdled: boolean
  /** Foreground: the session was looked at since it became idle. */
  readonly hasChecked: boolean
  /** When the server first reported an idle session without a conclusive end. */
  readonly idleSince?: number
  /** The newest message was sent a second time. */
  readonly hasRepeated: boolean
}

export const NO_NEWS: News = { hasIdled: false, hasChecked: false, hasRepeated: false }

// ── inputs ───────────────────────────────────────────────────────────────────────────

/** What a person does to the worker. */
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
  /** Id of a message that does not count as said if it cannot be sent. */
  readonly takesBack?: string
}

/**
 * Who waits for the result of a request: the turn, the recovery after missed events, or a steer.
 */
export type RequestSource = "turn" | "relearn" | number

export type TurnInput =
  | { readonly type: "start" | "abort" | "timer" }
  | { readonly type: "heard"; readonly heard: Heard }
  | { readonly type: "asks"; readonly isOpen: boolean }
  | ({ readonly type: "steer" } & AskedSteer)
  | ({ readonly for: RequestSource } & TurnResult)

/** The result of a request. */
export type TurnResult =
  /** `entries` is missing when the session is busy, unless the request was for both. */
  | { readonly type: "looked"; readonly isBusy: boolean; readonly entries?: readonly Entry[] }
  | { readonly type: "read"; readonly entries: readonly Entry[] }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly error: unknown }

// ── actions ──────────────────────────────────────────────────────────────────────────

export type TurnRequest =
  /**
   * Ask whether the session is busy. Read its messages too when it is not, or with `evenIfBusy`.
   */
  | { readonly type: "look"; readonly evenIfBusy: boolean }
  | { readonly type: "read" }
  /** Read the messages as the events reported them. */
  | { readonly type: "recall" }
  /** `rereads`: first ask which permission requests and questions are open. */
  | { readonly type: "send"; readonly sending: Sending; readonly rereads?: boolean }
  | { readonly type: "reread" }
  /** Abort the session and those below it, and wait until they are idle. */
  | { readonly type: "abort" }

export type TurnAction =
  | ({ readonly for: RequestSource } & TurnRequest)
  | { readonly type: "activity"; readonly doing: Pick<Activity, "phase" | "tool" | "lastActivityAt"> }
  | { readonly type: "throttled"; readonly until: number }
  /** Send the input `timer` at this time, unless another `wake` replaces it. */
  | { readonly type: "wake"; readonly at: number }
  /** Tell a person that it is done, or why it was not possible. */
  | { readonly type: "answer"; readonly steer: number; readonly why?: string }
  | { readonly type: "end"; readonly end: TurnEnd }
  | { readonly type: "fail"; readonly error: unknown }

export interface TurnEnd extends TurnVerdict {
  /**
   * The session's messages. After a good end some parts are left out: reasoning, and calls that
   * wrote no file.
   */
  readonly entries: readonly Entry[]
  /** The answer as data, if the worker gave it so. */
  readonly structured?: unknown
}

export interface TurnStep {
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
    called: [],
    hasNews: false,
    isStale: false,
    isAborted: false,
    isHeld: false,
    isAsked: false,
    known: [],
    isAwaiting: false,
    hasAnswered: false,
    queue: [],
    open: [],
  }
}
