import type { RunEvent } from "./events.ts"
import type { InputValue, Profile, StepResult } from "./model.ts"
import type { Checked } from "./problem.ts"

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
   *  the first. Throws when the disk refuses; the caller must then treat the events as not having happened. */
  append(run: string, events: readonly RunEvent[]): void
  /** Every event of the run in order; empty when there is no such run. */
  read(run: string): RunEvent[]
  /** All runs, newest first. */
  list(): RunHeader[]
  /** Claims the run, or returns undefined when a living process (this one included) holds it. */
  claim(run: string): Claim | undefined
  /** True while some living process holds the run. */
  isClaimed(run: string): boolean
  close(): void
}

// ── workers ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One attempt of one step, ready to be worked on. */
export interface WorkerTask {
  readonly run: string
  readonly workflow: string
  readonly step: string
  readonly attempt: number
  /** `run/step/attempt`: everything the backend creates is derived from it or marked with it, so that doing the same
   *  task twice makes one session, one message and one answer. */
  readonly key: string
  readonly profile: Profile
  readonly prompt: string
  /** Session the run was started from. */
  readonly parent?: string
  /** Session of an earlier try of this very attempt, when the journal knows it. */
  readonly session?: string
  /** True when this attempt may have been prompted before (resume): look for its answer before asking. */
  readonly resumed: boolean
  readonly timeoutMs: number
  readonly idleTimeoutMs: number
}

export interface WorkerOpened {
  readonly session: string
  readonly model: string | null
}

/** Called by a worker when its session exists and is about to be prompted; returns once that is on disk. */
export type ReportOpened = (opened: WorkerOpened) => void

/**
 * One way to do a step. `run` resolves in every case, and never rejects: a failure is a result. It resolves within
 * five seconds after `signal` fires, with reason `aborted`, having stopped what it started. An answer that is empty,
 * cut off, or an error is never `ok`. It enforces both deadlines itself, because only it sees the activity.
 */
export interface WorkerBackend {
  run(task: WorkerTask, opened: ReportOpened, signal: AbortSignal): Promise<StepResult>
  /** Ends what an earlier process may have left running in `session`. Resolves within five seconds, never rejects. */
  stop(session: string): Promise<void>
}

/** How long a worker has to let go after it was told to stop (G6), in milliseconds. */
export const STOP_GRACE_MS = 5_000

// ── templates ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What an expression can see. */
export interface Scope {
  readonly inputs: Readonly<Record<string, InputValue>>
  readonly steps: StepScopes
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
}

/** Fills in `${…}`; a template that cannot be filled is a problem, never a half-filled prompt. */
export type Render = (template: string, scope: Scope) => Checked<string>
