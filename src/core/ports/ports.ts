import type { Command, RunEvent } from "../model/events.ts"
import type { Kind } from "../model/kinds.ts"
import type { Result } from "../model/problem.ts"
import type { Profile } from "../model/profile.ts"
import type { Replier, WorkerReply } from "../model/request.ts"
import type { CheckResult, StepResult, Tokens, Warning } from "../model/result.ts"
import type { WorkerMessage } from "../model/run.ts"
import type { AskPolicy, Budget, Check, InputValue, JsonSchema } from "../model/workflow.ts"
import type { DelegatedRun, DroppedEntry, JournalEntry, JournalExtent, RunHeader } from "./journal.ts"

export type { DelegatedRun, DroppedEntry, JournalEntry, JournalExtent, RunHeader } from "./journal.ts"

/**
 * The engine's ports: what it needs from outside, as types whose comments are their contracts. Each
 * port has one contract suite in test/contract, which every implementation passes.
 */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `fn` once after `ms` milliseconds and returns a function that cancels it. The timer must
   *  not keep the process alive by itself. */
  after(ms: number, fn: () => void): () => void
}

/** Where Baton's own errors are written. Never to the terminal inside OpenCode (G9). */
export interface Log {
  error(message: string, detail?: Readonly<Record<string, unknown>>): void
}

// ── journal ──────────────────────────────────────────────────────────────────────────────────────

/** A request to the process that drives a run: a command, or to stop or answer a worker. */
export type QueuedCommand = Command | WorkerCommand
export type WorkerCommand =
  | { readonly type: "stop"; readonly step: string; readonly attempt: number }
  | { readonly type: "answer"; readonly ask: string; readonly answer: RequestAnswer; readonly by: string }

/** A queued command, waiting for the process that drives its run. */
export interface QueueEntry {
  readonly run: string
  /** Identifies the queued command. A command is done once for each key. */
  readonly key: string
  readonly command: QueuedCommand
}

/** The outcome of a queued command: done, or the reason it was refused. */
export type QueuedOutcome = { readonly refused?: string }

/**
 * The exclusive right to write one run. The kernel holds it, so it ends with the process, no matter
 * how the process ends.
 */
export interface Claim {
  release(): void
}

/**
 * The append-only journal. It is synchronous on purpose: when `append` returns, the events are on
 * disk (they survive a SIGKILL at the next instruction), so memory and disk never disagree.
 */
export interface Store {
  /**
   * Appends events to a run in one transaction: all or none. The first event of a run, and only the
   * first, must be `run.created`. `done` is the key of the queued command these events answer; it
   * is marked done in the same transaction. Throws when the write fails; the caller must then treat
   * the events as not having happened.
   */
  append(run: string, events: readonly RunEvent[], done?: string): void
  /** Returns the events of the run in order, without the first `after` ones; an empty list when
   *  there is no such run. */
  read(run: string, after?: number): RunEvent[]
  /**
   * Returns the events of all runs in the order in which they were written, at most `most` of those
   * after the position `after`. Who reads from the last position that was returned misses none, and
   * reads none twice.
   */
  readAll(after: number, most: number): JournalEntry[]
  /** Returns how much of the run is in the journal, or undefined when there is no such run. */
  extent(run: string): JournalExtent | undefined
  /** Returns a number that changes when another process has written to the journal, at the cost of
   *  one integer. */
  version(): number
  /** Returns all runs, newest first. */
  list(): RunHeader[]
  /** Returns the runs whose last event does not end them, newest first. Only that event of each run
   *  is read, so a run may be among them that has ended. */
  unended(): RunHeader[]
  /** Queues a command for the process that drives the run. It is on disk when this returns. Posting
   *  the same key again changes nothing, whether the first one is done or not. */
  post(entry: QueueEntry): void
  /** Returns the pending commands of all runs in the order in which they were posted. Those that
   *  `drop` would end are left out. */
  queued(): QueueEntry[]
  /** Refuses the pending commands that this user's Baton did not queue, or that were carried out
   *  before, and returns them. */
  drop(): DroppedEntry[]
  /** Records why a queued command was refused. Only the process that drives its run may do so. A
   *  command that is already done or refused stays as it is. */
  refuse(run: string, key: string, why: string): void
  /** Returns the outcome of a queued command, or undefined when it is pending or does not exist. */
  outcomeOf(run: string, key: string): QueuedOutcome | undefined
  /** Removes a pending command and returns it, or undefined when it is done, refused, or does not
   *  exist. */
  withdraw(run: string, key: string): QueuedCommand | undefined
  /** Deletes a run with all its events and queued commands. Nothing else deletes from a journal. */
  remove(run: string): void
  /** Returns the runs that workers started, that is, those with a depth above 0. */
  delegated(): DelegatedRun[]
  /** Claims the run. Returns undefined when a living process, including this one, holds it. */
  claim(run: string): Claim | undefined
  /** True while a living process holds the run. */
  isClaimed(run: string): boolean
  /** Stores a kept worker. It replaces one of the same name. */
  keep(worker: KeptWorker): void
  /** Returns all kept workers, oldest first. */
  kept(): KeptWorker[]
  /** Deletes a kept worker. */
  unkeep(name: string): void
  close(): void
}

// ── workers ──────────────────────────────────────────────────────────────────────────────────────

/** A worker whose session outlives its tasks: spawned by name, or from a profile with `keep`. */
export interface KeptWorker {
  /** The name a person uses; by default the profile's name. Unique in a project. */
  readonly name: string
  readonly profile: string
  readonly kind: Kind
  readonly session: string
  /** The session it was started from, to which it hands back. */
  readonly parent: string | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** What a worker's session is created from. */
export interface SessionSpec {
  /** Identifies the session. Everything the backend creates is derived from the key or marked with
   *  it: `run/step/attempt` for a task, `worker/NAME` for a kept worker. The same spec twice
   *  creates one session. */
  readonly key: string
  /**
   * The journalled time with which the ids of its messages begin (milliseconds since 1970), so that
   * they sort as OpenCode's own. Undefined in runs whose ids are hashes (`RunCreated.ids`).
   */
  readonly idTime?: number
  readonly title: string
  readonly profile: Profile
  /** The session that it is started from. */
  readonly parent?: string
  /** 1 when it is started from a person's session, plus one for every worker in between. */
  readonly depth: number
  /** Whether it may start workers of its own. When it is false, it is not even offered the tools
   *  (G4). */
  readonly mayDelegate: boolean
  /** The schema that its answer must match. It is offered the result tool where there is one. */
  readonly schema?: JsonSchema
  /** Patterns of the files it may write. When it is undefined, it may write every file that its
   *  profile allows. */
  readonly files?: readonly string[]
}

/** One attempt of one step, ready to run. */
export interface WorkerTask extends SessionSpec {
  readonly run: string
  readonly workflow: string
  readonly step: string
  readonly attempt: number
  readonly prompt: string
  /** The session of an earlier try of this very attempt, or of the kept worker that does it. */
  readonly session?: string
  /** How often it has already continued in a new session. */
  readonly checkpoints?: number
  /** True when this attempt may have been prompted before (resume): look for its answer before
   *  prompting. */
  readonly resumed: boolean
  /** The messages sent to this worker since its prompt. Each must reach the model exactly once. */
  readonly messages: readonly WorkerMessage[]
  readonly timeoutMs: number
  readonly idleTimeoutMs: number
  readonly toolTimeoutMs: number
  /** The rest of its step's budget. The worker is stopped at the first tool call after it is used
   *  up. */
  readonly limit?: Budget
  readonly asks: AskPolicy
}

export interface WorkerOpened {
  readonly session: string
  readonly model: string | null
  /** What it is told about the session that it was started from, if anything. */
  readonly context?: string
}

/** What a worker is doing at the moment, derived from its session's events. Never journalled. */
export interface Activity {
  /** `working`: the model writes; `tool`: a tool runs; `retrying`: the provider made OpenCode wait;
   *  `held`: a person stopped it; `yours`: it is the person's turn (foreground). */
  readonly phase: "starting" | "working" | "tool" | "retrying" | "held" | "yours"
  /** The tool that is running. */
  readonly tool: string | null
  /** When it was last active (milliseconds since 1970). */
  readonly lastActivityAt: number
  readonly tokens: Tokens
  readonly cost: number | null
  /** The end of its text and tool calls so far, at most 2,000 characters. Absent when nobody
   *  listens. */
  readonly tail?: string
}

/** A permission or a question for which a worker needs a person. */
export interface PendingRequest {
  readonly id: string
  readonly kind: "permission" | "question"
  readonly session: string
  /** For a permission, for example `bash: npm test`; for a question, its text. */
  readonly title: string
  /** What the request is about, one line each. */
  readonly details: readonly string[]
  /** The number of lines that `details` leaves out, if any. */
  readonly more?: number
  /** For a question: the options of each question that it contains. */
  readonly questions: readonly RequestQuestion[]
  readonly askedAt: number
  /** When the policy answers instead of the person. */
  readonly expiresAt: number | null
}
export interface RequestQuestion {
  readonly text: string
  readonly options: readonly { readonly label: string; readonly description: string }[]
  /** The number of options that `options` leaves out, if any. */
  readonly more?: number
  readonly isMultiple: boolean
}

/**
 * The answer to a request: for a permission `allow`, `always` or `deny` (with a message for the
 * model); for a question, texts.
 */
export type RequestAnswer =
  | { readonly type: "allow" | "always" }
  | { readonly type: "deny"; readonly message: string }
  | { readonly type: "answers"; readonly answers: readonly (readonly string[])[] }

/** Progress callbacks. Those that are journalled return after the write, the others at once. */
export interface WorkerReport {
  /** Called once per `run`: the session exists and is about to be prompted. */
  opened(opened: WorkerOpened): void
  activity(activity: Activity): void
  /** The worker asked for something, and who answers it is not decided yet. */
  requested(ask: PendingRequest): void
  /** A request was answered, by a person or by a rule. */
  replied(reply: WorkerReply): void
  /** The worker waits for an answer until `answered` is called with the same id. */
  asked(ask: PendingRequest): void
  answered(id: string): void
  warned(warning: Warning): void
  /** The provider asked to slow down until this time (milliseconds since 1970). */
  throttled(until: number): void
}

/** A person's action on a worker in the middle of its task. */
export type Steer =
  | { readonly type: "message"; readonly message: WorkerMessage }
  /** Stops the turn and keeps the task, which waits for a message or `resume`. */
  | { readonly type: "interrupt" }
  | { readonly type: "resume" }
  /**
   * Foreground: the task is done. `text` is the result; without it, the worker's last answer is.
   */
  | { readonly type: "handback"; readonly text?: string }

/**
 * One way to perform a step. `run` always resolves and never rejects, because a failure is a
 * result. It resolves within five seconds after `signal` fires, with reason `aborted`, once it has
 * stopped everything it started, including every session below its own. An answer that is empty,
 * cut off, or an error is never `ok`. It enforces the deadlines itself, because only it sees the
 * activity. It answers requests according to the task's policy and reports those that a person must
 * answer.
 */
export interface WorkerBackend {
  run(task: WorkerTask, report: WorkerReport, signal: AbortSignal): Promise<StepResult>
  /** Creates the session of a kept worker without prompting its model. Throws when that is not
   *  possible. */
  open(spec: SessionSpec): Promise<WorkerOpened>
  /** Acts on the worker in `session`. Resolves with the reason when that was not possible, or with
   *  undefined. */
  steer(session: string, steer: Steer): Promise<string | undefined>
  /** Answers a request that it reported. Resolves with the reason when that was not possible, or
   *  with undefined. */
  answer(ask: string, answer: RequestAnswer, by: Replier): Promise<string | undefined>
  /** Stops what an earlier process may have left running in `session`. Resolves within five seconds
   *  and never rejects. */
  stop(session: string): Promise<void>
  /** Stops what it keeps for later tasks (servers). Called when no task is running any more. */
  close(): Promise<void>
}

/** How long a worker may take to stop after it was told to (G6), in milliseconds. */
export const STOP_GRACE_MS = 5_000

// ── checks ───────────────────────────────────────────────────────────────────────────────────────

/** Checks what a step has produced. A check never throws: an error in it is its result. */
export interface Checker {
  /** Runs all checks one after another and returns their results in order. `judged` is the step
   *  whose work is checked: what it and the steps before it changed is known from the `StepTree`.
   *  It also resolves within five seconds after `signal` fires. */
  run(checks: readonly Check[], judged: JudgedStep | undefined, signal: AbortSignal): Promise<CheckResult[]>
  /** Parses an answer as JSON and validates it against the schema. The JSON is that of its only
   *  block with the nonce of the prompt; without a nonce it is its last JSON block, else the whole
   *  text. `error` tells a model what is wrong, and where. */
  structure(answer: string, schema: JsonSchema, nonce?: string): Promise<Structured>
  /**
   * Writes a text to a file of the project atomically, and creates missing folders. `path` is
   * relative to the project's folder and must lead to a place inside it, also after links are
   * followed. `error` says why it does not, or why the write failed. Writing the same text again
   * changes nothing.
   */
  save(path: string, text: string): Promise<Saved>
  /** Returns a hash of the project's files, which stays the same as long as none of them changes.
   *  Files that git ignores (where there is git) and Baton's own state do not count. Rejects when
   *  the files cannot be read. */
  fingerprint(): Promise<string>
}
export type Structured = { readonly value: unknown } | { readonly error: string }
/** `saved` is the path that was written, relative to the project, as a person reads it. */
export type Saved = { readonly saved: string } | { readonly error: string }
export interface JudgedStep {
  readonly run: string
  readonly step: string
}

// ── templates ────────────────────────────────────────────────────────────────────────────────────

/** The values that an expression can use. */
export interface Scope {
  readonly inputs: Readonly<Record<string, InputValue>>
  readonly steps: StepScopes
  readonly variables?: Readonly<Record<string, unknown>>
  /** The names of the available secrets. Their values are present only when a worker's prompt is
   *  rendered. */
  readonly secrets?: ReadonlyMap<string, string>
  /** For a part of a routed step: its item. */
  readonly item?: unknown
  /** For a step in a loop: its round, counted from 1. */
  readonly round?: number
}
/**
 * The steps that an expression may read, by id. Any map will do; the engine's looks a step up only
 * on demand.
 */
export interface StepScopes {
  get(id: string): StepScope | undefined
  has(id: string): boolean
  keys(): Iterable<string>
}
export interface StepScope {
  readonly output: string
  readonly status: string
  readonly reason: string
  readonly session: string
  /** The answer as data, when the step has a schema. */
  readonly structured?: unknown
}

/** Evaluates an expression to a value of any type. */
export type Value = (expression: string, scope: Scope) => Result<unknown>

/** Evaluates an expression that must be true or false. */
export type Evaluate = (expression: string, scope: Scope) => Result<boolean>

/**
 * Fills in `${…}`. A template that cannot be filled in is a problem, never a half-filled prompt.
 */
export type Render = (template: string, scope: Scope) => Result<string>
