import type { Handoff } from "../model/handoff.ts"
import type { ContextStrategy, JsonSchema, Quote, SecretSource } from "../model/workflow.ts"

/** Ports for building what a worker is sent: project files, earlier results, and secrets. */

/**
 * Reads the project files that workers are shown, and stores full texts of which workers are shown
 * only a part.
 */
export interface ProjectFiles {
  /**
   * Returns the files that match any of the patterns, sorted by path, with `/` as separator. Links
   * that lead out of the project are not followed.
   */
  find(patterns: readonly string[]): Promise<readonly ProjectFile[]>
  /**
   * Stores a step's answer where workers can read it and returns its path. Storing the same answer
   * again changes nothing.
   */
  keep(run: string, step: string, answer: string): Promise<string>
  /** Returns the path at which `keep` stores the answer. */
  pathOf(run: string, step: string): string
  /** Deletes everything stored for a run. */
  forget(run: string): void
}
export interface ProjectFile {
  readonly path: string
  readonly bytes: number
  /** The content, or undefined when the file is not text or is too long to be shown. */
  readonly text?: string
}

/** Builds what a worker is sent. Pure: the same input always yields the same text. */
export interface Composer {
  compose(given: Given): Composed
  /**
   * Splits the report from an answer. `handoff` is absent when the answer has no report. `nonce` is
   * that of the prompt that asked for it.
   */
  takeReport(answer: string, nonce: string | undefined): { readonly output: string; readonly handoff?: Handoff }
  /**
   * Returns the prompt for a profile that distils another step's answer. Its answer goes to
   * `takeReport`.
   */
  distil(step: string, answer: string, nonce: string | undefined): string
  /** Returns the prompt for a profile that is asked for its opinion of another step's answer. */
  opinion(asked: OpinionAsked, nonce: string | undefined): string
}
/** What a reviewer is told: the question, and the answer of a step with the prompt it was given. */
export interface OpinionAsked {
  readonly question: string
  readonly step: string
  readonly prompt: string
  readonly answer: string
}
export interface Given {
  /** The prompt with its template filled in. */
  readonly prompt: string
  /** The texts that it is about, filled in, too. */
  readonly quotes?: readonly Quote[]
  /**
   * The nonce of this prompt, which texts of others cannot contain. Undefined in runs of earlier
   * versions.
   */
  readonly nonce: string | undefined
  readonly strategy: ContextStrategy
  /**
   * With `distilled`, the steps that it needs. With `full`, all steps before it. In the workflow's
   * order.
   */
  readonly earlier: readonly Earlier[]
  /** With `scoped`, the files that it is shown. */
  readonly files: readonly ProjectFile[]
  /** The schema that its answer must match. */
  readonly schema?: JsonSchema
  /** True when its answer must end with a report. */
  readonly isReported: boolean
  /** True when it continues in a session that already explained how to answer. */
  readonly isAgain?: boolean
}
/** A finished step, as a later step is told about it. */
export interface Earlier {
  readonly step: string
  readonly output: string
  readonly structured?: unknown
  readonly handoff?: Handoff
  /** The file with its whole answer. */
  readonly path: string
}
export interface Composed {
  readonly prompt: string
  /** One sentence for each part that was cut or left out. */
  readonly cuts: readonly string[]
}

/** The values of secrets, in the memory of this process only. */
export interface Vault {
  /**
   * Reads the values, which `hide` replaces from then on. When one is missing, `why` says so in a
   * sentence.
   */
  open(secrets: Readonly<Record<string, SecretSource>>): Opened
  /**
   * Returns a copy in which each known value is replaced by `[secret NAME]` in every string,
   * including keys.
   */
  hide<T>(value: T): T
}
export type Opened =
  | { readonly ok: true; readonly values: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly why: string }
