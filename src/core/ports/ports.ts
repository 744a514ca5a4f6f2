import type { Command, RunEvent, Seen } from "../model/events.ts"
import type { Kind } from "../model/kinds.ts"
import type { Result } from "../model/problem.ts"
import type { Profile } from "../model/profile.ts"
import type { CheckResult, StepResult, Tokens, Warning } from "../model/result.ts"
import type { WorkerMessage } from "../model/run.ts"
import type { AskPolicy, Budget, Check, InputValue, JsonSchema } from "../model/workflow.ts"

/** What the engine needs of the world, as types with their contracts in words. Each port has one contract suite in
 *  test/contract that every implementation passes. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `fn` once after `ms`; the returned function cancels it. Must not keep the process alive by itself. */
  after(ms: number, fn: () => void): () => void
}

/** Where an error of Baton itself goes: never to the terminal inside OpenCode (G9). */
export interface Log {
  error(message: string, detail?: Readonly<Record<string, unknown>>): void
}

// ── journal ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What is known of a run without reading all its events. */
export interface RunHeader {
  readonly id: string
  readonly workflow: string
  readonly createdAt: number
}

/** A run that a worker started, from its session. */
export interface DelegatedRun {
  readonly id: string
  /** Session it was started from. */
  readonly parent: string
  readonly createdAt: number
}

/** What a process asks of a run that another one drives: a command, or the end of one attempt. */
export type QueuedCommand = Command | { readonly type: "stop"; readonly step: string; readonly attempt: number }

/** A queued command that waits for the process that drives its run. */
export interface QueueEntry {
  readonly run: string
  /** The same queued command has the same key: it is done once. */
  readonly key: string
  readonly command: QueuedCommand
}

/** What became of a queued command: done, or why not. */
export type QueuedOutcome = { readonly refused?: string }

/** Sole right to write one run. Held by the kernel: gone the moment the process is, however it ends. */
export interface Claim {
  release(): void
}

/**
 * The append-only record. Synchronous on purpose: when `append` returns the events are on disk (they survive a
 * SIGKILL at the next instruction), and there is no moment in which memory and disk disagree.
 */
export interface Store {
  /** Adds events to a run in one transaction: all or none. The first event of a run must be `run.created`, and only
   *  the first. `done` is the key of the queued command they come of: it is over in the same transaction. Throws when the disk
   *  refuses; the caller must then treat the events as not having happened. */
  append(run: string, events: readonly RunEvent[], done?: string): void
  /** Every event of the run in order; empty when there is no such run. */
  read(run: string): RunEvent[]
  /** All runs, newest first. */
  list(): RunHeader[]
  /** Leaves a queued command for the process that drives the run; it is on disk when this returns. The same key again changes
   *  nothing, whether the first is over or not. */
  post(entry: QueueEntry): void
  /** The queued commands of all runs that are not over, in the order they came. */
  queued(): QueueEntry[]
  /** Says why nothing came of a queued command. Only the process that drives its run may; what is over stays as it is. */
  refuse(run: string, key: string, why: string): void
  /** What became of a queued command; undefined: it waits, or there is no such command. */
  outcomeOf(run: string, key: string): QueuedOutcome | undefined
  /** Takes a queued command back that still waits, and gives it; undefined: it is over, or there is none. */
  withdraw(run: string, key: string): QueuedCommand | undefined
  /** Deletes a run with all its events and queued commands; the only way anything of a journal is lost. */
  remove(run: string): void
  /** The runs that workers started: those whose depth is above 0. */
  delegated(): DelegatedRun[]
  /** Claims the run, or returns undefined when a living process (this one included) holds it. */
  claim(run: string): Claim | undefined
  /** True while some living process holds the run. */
  isClaimed(run: string): boolean
  /** Remembers a kept worker, in the place of one of the same name. */
  keep(worker: KeptWorker): void
  /** All kept workers, oldest first. */
  kept(): KeptWorker[]
  /** Forgets a kept worker. */
  unkeep(name: string): void
  close(): void
}

// ── workers ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A worker whose session outlives its tasks: spawned by name, or of a profile with `keep`. */
export interface KeptWorker {
  /** What a person calls it; the profile's name when nobody gave it another. Unique in a project. */
  readonly name: string
  readonly profile: string
  readonly kind: Kind
  readonly session: string
  /** Session it was started from, to which it hands back. */
  readonly parent: string | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** What a worker's session is made from. */
export interface SessionSpec {
  /** Everything the backend creates is derived from it or marked with it: for a task `run/step/attempt`, for a kept
   *  worker `worker/NAME`. The same spec twice makes one session. */
  readonly key: string
  readonly title: string
  readonly profile: Profile
  /** Session it is started from. */
  readonly parent?: string
  /** 1: started from a person's session; one more for every worker in between. */
  readonly depth: number
  /** Whether it may start workers of its own; false: it is not even offered the tools (G4). */
  readonly mayDelegate: boolean
  /** What its answer must be: it is offered the result tool where there is one. */
  readonly schema?: JsonSchema
  /** Patterns of the files it may write; undefined: any that its profile may. */
  readonly files?: readonly string[]
}

/** One attempt of one step, ready to be worked on. */
export interface WorkerTask extends SessionSpec {
  readonly run: string
  readonly workflow: string
  readonly step: string
  readonly attempt: number
  readonly prompt: string
  /** Session of an earlier try of this very attempt, or of the kept worker that does it. */
  readonly session?: string
  /** How often it has gone on in a new session already. */
  readonly checkpoints?: number
  /** True when this attempt may have been prompted before (resume): look for its answer before asking. */
  readonly resumed: boolean
  /** What was said to this worker since its prompt: each must reach the model exactly once. */
  readonly messages: readonly WorkerMessage[]
  readonly timeoutMs: number
  readonly idleTimeoutMs: number
  readonly toolTimeoutMs: number
  /** What is left of its step's budget: at the next tool call after that it is stopped. */
  readonly limit?: Budget
  readonly asks: AskPolicy
}

export interface WorkerOpened {
  readonly session: string
  readonly model: string | null
  /** What it is told of the session it was started from, if anything. */
  readonly context?: string
}

/** What a worker is doing this moment, from its events. Never journalled. */
export interface Activity {
  /** `working`: the model writes; `tool`: a tool runs; `retrying`: the provider made OpenCode wait; `held`: a person
   *  stopped it; `yours`: it is a person's turn (foreground). */
  readonly phase: "starting" | "working" | "tool" | "retrying" | "held" | "yours"
  /** Tool that runs. */
  readonly tool: string | null
  /** When it last gave a sign of life (milliseconds since 1970). */
  readonly lastActivityAt: number
  readonly tokens: Tokens
  readonly cost: number | null
  /** The end of what it has written and called so far, at most 2,000 characters; left out where nobody listens. */
  readonly tail?: string
}

/** Something a worker needs a person for. */
export interface PendingRequest {
  readonly id: string
  readonly kind: "permission" | "question"
  readonly session: string
  /** `bash: npm test`, or the question. */
  readonly title: string
  /** What it is about, a line each. */
  readonly details: readonly string[]
  /** How many lines of it are not in `details`, where some are not. */
  readonly more?: number
  /** Of a question: what can be chosen, for each question it holds. */
  readonly questions: readonly RequestQuestion[]
  readonly askedAt: number
  /** When the policy answers in the person's place. */
  readonly expiresAt: number | null
}
export interface RequestQuestion {
  readonly text: string
  readonly options: readonly { readonly label: string; readonly description: string }[]
  readonly isMultiple: boolean
}

/** The answer to an ask: for a permission `allow`, `always` or `deny` (with words for the model), for a question texts. */
export type RequestAnswer =
  | { readonly type: "allow" | "always" }
  | { readonly type: "deny"; readonly message: string }
  | { readonly type: "answers"; readonly answers: readonly (readonly string[])[] }

/** Where a worker says what happens. Calls return at once, `opened` and `warned` once it is on disk. */
export interface WorkerReport {
  /** Once a call of `run`: the session exists and is about to be prompted. */
  opened(opened: WorkerOpened): void
  activity(activity: Activity): void
  /** It waits for an answer; until `answered` of the same id. */
  asked(ask: PendingRequest): void
  answered(id: string): void
  warned(warning: Warning): void
  /** The provider said to slow down, and when to come back (milliseconds since 1970). */
  throttled(until: number): void
}

/** What a person does to a worker in the middle of its task. */
export type Steer =
  | { readonly type: "message"; readonly message: WorkerMessage }
  /** Stops the turn and keeps the task: it waits for a message or `resume`. */
  | { readonly type: "interrupt" }
  | { readonly type: "resume" }
  /** Foreground: the task is done; `text` is the result, without it the worker's last answer. */
  | { readonly type: "handback"; readonly text?: string }

/**
 * One way to do a step. `run` resolves in every case, and never rejects: a failure is a result. It resolves within
 * five seconds after `signal` fires, with reason `aborted`, having stopped what it started, every session below it
 * included. An answer that is empty, cut off, or an error is never `ok`. It enforces the deadlines itself, because only
 * it sees the activity, and answers asks by the task's policy; what a person must answer it reports.
 */
export interface WorkerBackend {
  run(task: WorkerTask, report: WorkerReport, signal: AbortSignal): Promise<StepResult>
  /** Makes the session of a kept worker without asking its model anything. Throws when that is not possible. */
  open(spec: SessionSpec): Promise<WorkerOpened>
  /** Acts on the worker that works in `session`; resolves with why that was not possible, or undefined. */
  steer(session: string, steer: Steer): Promise<string | undefined>
  /** Answers an ask it reported; resolves with why that was not possible, or undefined. */
  answer(ask: string, answer: RequestAnswer): Promise<string | undefined>
  /** Ends what an earlier process may have left running in `session`. Resolves within five seconds, never rejects. */
  stop(session: string): Promise<void>
  /** Ends what it keeps for later (servers). No task runs any more. */
  close(): Promise<void>
}

/** How long a worker has to let go after it was told to stop (G6), in milliseconds. */
export const STOP_GRACE_MS = 5_000

// ── checks ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Looks at what a step has left behind. A check never throws: what goes wrong with it is its result. */
export interface Checker {
  /**
   * To be called when an attempt begins: remembers what files are like that a check wants changed. Gives what is to be
   * handed to `run`; plain data, because it is not journalled and a resumed attempt begins without it.
   */
  before(checks: readonly Check[]): Promise<Snapshot>
  /** All checks one after another, results in their order; within five seconds after `signal` fires it resolves too. */
  run(checks: readonly Check[], before: Snapshot | undefined, signal: AbortSignal): Promise<CheckResult[]>
  /**
   * An answer as data: its last fenced block of JSON, or else all of it, checked against the schema. `error` says for a
   * model what is wrong with it, and where.
   */
  structure(answer: string, schema: JsonSchema): Promise<Structured>
  /**
   * Writes a text to a file of the project, whole or not at all, with the folders that are missing. `path` is relative to
   * the project's folder and must lead to a place inside it, links followed; `error` says why it does not, or what the
   * disk said. The same text again changes nothing.
   */
  save(path: string, text: string): Promise<Saved>
  /**
   * What the project's files are like, as a hash: the same as long as nothing of them changes. What git ignores does not
   * count where there is git, nor does Baton's own state. Rejects when the files cannot be looked at.
   */
  fingerprint(): Promise<string>
}
export type Structured = { readonly value: unknown } | { readonly error: string }
/** `saved`: the path it was written to, relative to the project, as a person reads it. */
export type Saved = { readonly saved: string } | { readonly error: string }
/** What files were like, by path: a hash of the content, null where there was no file. */
export type Snapshot = Readonly<Record<string, string | null>>

// ── what has changed ───────────────────────────────────────────────────────────────────────────────────────────────

/** What git says of the project's files. Nothing it does is seen in the repository; it never rejects. */
export interface Surveyor {
  /** What the project is like now; undefined where there is no git, or too much is not committed to keep track of. */
  look(): Promise<Seen | undefined>
  /** The files whose content is not what it was then, relative to the project; undefined: git does not say. */
  changedSince(seen: Seen): Promise<readonly string[] | undefined>
}

// ── templates ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What an expression can see. */
export interface Scope {
  readonly inputs: Readonly<Record<string, InputValue>>
  readonly steps: StepScopes
  readonly variables?: Readonly<Record<string, unknown>>
  /** Names of the secrets there are; their values only where a prompt is made for a worker. */
  readonly secrets?: ReadonlyMap<string, string>
  /** Of a routed step's part: what it is about. */
  readonly item?: unknown
  /** Of a step in a loop: its round, from 1. */
  readonly round?: number
}
/** The steps it may read, by id. Any map will do; the engine's looks for a step only when it is asked for. */
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
  /** The answer as data, where the step wants that. */
  readonly structured?: unknown
}

/** What an expression comes to, whatever that is. */
export type Value = (expression: string, scope: Scope) => Result<unknown>

/** Whether an expression holds: true or false, nothing else. */
export type Evaluate = (expression: string, scope: Scope) => Result<boolean>

/** Fills in `${…}`; a template that cannot be filled is a problem, never a half-filled prompt. */
export type Render = (template: string, scope: Scope) => Result<string>
