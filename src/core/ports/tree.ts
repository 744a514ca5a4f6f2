import type { Check } from "../model/workflow.ts"

/**
 * What a step changes, as the project's files say it. The state before an attempt is on disk before
 * its worker starts, so a resumed attempt is compared with it too. Nothing here rejects.
 */
export interface StepTree {
  /**
   * Records the state of the project before an attempt, unless it is recorded already. Returns why
   * what the attempt changes will not be known, or undefined.
   */
  begin(window: StepWindow): Promise<string | undefined>
  /** Returns what has changed since then, or why that is not known. */
  end(window: Pick<StepWindow, "run" | "step" | "attempt">): Promise<StepChanges | { readonly why: string }>
  /** The attempt stopped working and may continue later; what it changes meanwhile is not looked at. */
  leave(window: Pick<StepWindow, "run" | "step" | "attempt">): void
  /** The run has ended: what only its own comparisons need is deleted. */
  settle(run: string): Promise<void>
  /** Deletes everything that is recorded of a run. */
  forget(run: string): void
}

/** The time in which an attempt works. */
export interface StepWindow {
  readonly run: string
  readonly step: string
  readonly attempt: number
  /** Patterns of the files that the step owns; undefined when it may write everywhere. */
  readonly owned: readonly string[] | undefined
  /** Whether its worker may have worked before: its state before cannot be recorded any more. */
  readonly isResumed: boolean
  /** The checks of the step itself. */
  readonly own: readonly Check[]
  /** The checks of all steps of the run. */
  readonly checks: readonly Check[]
}

export interface StepChanges {
  /** Changed files that are certainly the step's, relative to the project: none of those that another
   *  step may have changed at the same time. */
  readonly files: readonly string[]
  /** Changed files that the step does not own. */
  readonly strays: readonly StrayFile[]
  /** The folder with the earlier content of the strays, if there is any. */
  readonly kept?: string
  /** Sentences about what is not known. */
  readonly notes: readonly string[]
}

export interface StrayFile {
  readonly path: string
  /** Other steps that worked at the same time and do not own it either. */
  readonly others: readonly string[]
  /** `kept`: its earlier content is in the folder; `new`: it had none; else why it was not kept. */
  readonly before: string
}
