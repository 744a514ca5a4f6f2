import type { Part } from "@opencode-ai/sdk/v2"
import type { Entry } from "../../../../src/host/entries.ts"
import { contextMessage, type OwnMessage, promptMessage, saidMessage } from "../../../../src/workers/session/outbox.ts"
import type { Heard } from "../../../../src/workers/session/turn/heard.ts"
import {
  newTurn,
  type RequestSource,
  type TurnAction,
  type TurnInput,
  type TurnSetup,
  type TurnState,
  type TurnSteer,
} from "../../../../src/workers/session/turn/state.ts"
import { step } from "../../../../src/workers/session/turn/step.ts"

const address = { session: "main", task: "task", idTime: 1_000 }
export const prompt = promptMessage(address, "do it")
export const more = saidMessage(address, { id: "more", text: "and this", at: 2_000 })
export const context = contextMessage(address, "told before")
export const MESSAGE: TurnSteer = { type: "message", message: more }

/** Messages as OpenCode stores them, in their smallest form. */
const text = (content: string): Part => ({ type: "text", text: content }) as Part
export const user = ({ messageID }: OwnMessage): Entry => ({
  info: { id: messageID, role: "user" } as Entry["info"],
  parts: [text("q")],
})
export const answer = (content: string, over: object = {}, ...parts: object[]): Entry =>
  ({
    info: { id: `a-${content}`, role: "assistant", finish: "stop", time: { created: 1, completed: 2 }, ...over },
    parts: [text(content), ...parts],
  }) as unknown as Entry
export const asked = user(prompt)
export const calling = answer("", { finish: "tool-calls" })
export const torn = answer("half", { finish: undefined, time: { created: 1 } })
export const endless = answer("half", { finish: "unknown" })
export const outage = answer("", { error: { name: "APIError", data: { message: "down", statusCode: 503 } } })

export const RETRY = (next: number): Heard => ({ type: "retry", next, message: "slow down" })
export const ENDLESS: Heard = { type: "answer", isEndless: true }
/** OpenCode asks the model: the message of its answer to `to`, finished or not. */
export const ANSWER = (messageID: string, createdAt: number, over: object = {}): Heard => ({
  type: "answer",
  isEndless: false,
  answer: { messageID, to: prompt.messageID, createdAt, isFinished: false, ...over },
})
/** A finished answer, and then another request to the model for the same message. */
export const ASKED_AGAIN: readonly Heard[] = [ANSWER("a-one", 1, { isFinished: true }), ANSWER("a-two", 3)]
export const ERROR: Heard = { type: "error", failure: { reason: "error", detail: "no such agent" } }
export const TOOL: Heard = { type: "tool", call: "c", tool: "bash", messageID: "a-", isRunning: true }

/** Freezes what it is given, all of it: a reducer that changes its state throws. */
function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const one of Object.values(value)) frozen(one)
  return value
}

/** A turn that a test drives: what is given to it, at which time, and what it wants done. */
export interface Driven {
  readonly state: TurnState
  /** What the last input made it want, reports of activity left out. */
  readonly actions: readonly TurnAction[]
  /** The reports of activity of the last input. */
  readonly told: readonly Extract<TurnAction, { type: "activity" }>["doing"][]
  at(now: number): Driven
  give(input: TurnInput): Driven
  hear(...heard: (Heard | "life" | "busy" | "paused" | "idle" | "missed")[]): Driven
  steer(id: number, steer: TurnSteer): Driven
  done(asker?: RequestSource): Driven
  failed(asker?: RequestSource, error?: unknown): Driven
  /** The session is busy. */
  busy(asker?: RequestSource): Driven
  /** The session is idle, and these are its messages. */
  idle(entries: readonly Entry[], asker?: RequestSource): Driven
  read(entries: readonly Entry[], asker?: RequestSource): Driven
}

export const SETUP: TurnSetup = {
  timeoutMs: 600_000,
  idleTimeoutMs: 60_000,
  toolTimeoutMs: 120_000,
  isRepeat: false,
  wasStopped: false,
  isForeground: false,
}

export function drive(setup: Partial<TurnSetup> = {}, own: TurnState["own"] = [prompt]): Driven {
  let state = frozen(newTurn({ ...SETUP, ...setup }, own, 0))
  let now = 0
  let all: readonly TurnAction[] = []
  const driven: Driven = {
    get state() {
      return state
    },
    get actions() {
      return all.filter(({ type }) => type !== "activity")
    },
    get told() {
      return all.flatMap((action) => (action.type === "activity" ? [action.doing] : []))
    },
    at(time) {
      now = time
      return driven
    },
    give(input) {
      const next = step(state, frozen(input), now)
      state = frozen(next.state)
      all = next.actions
      return driven
    },
    hear(...heard) {
      for (const one of heard) driven.give({ type: "heard", heard: typeof one === "string" ? { type: one } : one })
      return driven
    },
    steer: (id, steer) => driven.give({ type: "steer", id, steer }),
    done: (asker = "turn") => driven.give({ type: "done", for: asker }),
    failed: (asker = "turn", error = new Error("gone")) => driven.give({ type: "failed", error, for: asker }),
    busy: (asker = "turn") => driven.give({ type: "looked", isBusy: true, for: asker }),
    idle: (entries, asker = "turn") => driven.give({ type: "looked", isBusy: false, entries, for: asker }),
    read: (entries, asker = "turn") => driven.give({ type: "read", entries, for: asker }),
  }
  return driven
}

/** A turn whose prompt is sent. */
export const begun = (setup: Partial<TurnSetup> = {}, own?: TurnState["own"]): Driven =>
  drive(setup, own).give({ type: "start" }).done()
/** One that works with a person. */
export const withPerson = (setup: Partial<TurnSetup> = {}): Driven => begun({ isForeground: true, ...setup })
/** One whose prompt may have been sent before, and which looks for the answer. */
export const repeated = (setup: Partial<TurnSetup> = {}, own?: TurnState["own"]): Driven =>
  drive({ isRepeat: true, ...setup }, own).give({ type: "start" })
/** One that a person has interrupted. */
export const held = (setup: Partial<TurnSetup> = {}): Driven => begun(setup).steer(9, { type: "interrupt" }).done(9)
/** One that has looked at its session and been told that it is idle, with these messages and nothing conclusive. */
export const silent = (entries: readonly Entry[], own?: TurnState["own"]): Driven =>
  begun({}, own).give({ type: "timer" }).idle(entries)
