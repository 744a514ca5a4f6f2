import type { Handoff } from "../model/handoff.ts"
import type { ContextStrategy, JsonSchema, SecretSource } from "../model/workflow.ts"

/** Ports for what a worker is sent: files of the project, what came before, and secrets. */

/** Files of the project as workers are shown them, and the full text of what they are shown a part of. */
export interface ProjectFiles {
  /** The files that match any of the patterns, by path, `/` between folders; links out of the project are not followed. */
  find(patterns: readonly string[]): Promise<readonly ProjectFile[]>
  /** Keeps a step's answer where workers can read it, and gives the path. The same again changes nothing. */
  keep(run: string, step: string, answer: string): Promise<string>
  /** Where `keep` puts it. */
  pathOf(run: string, step: string): string
  /** Deletes what was kept of a run. */
  forget(run: string): void
}
export interface ProjectFile {
  readonly path: string
  readonly bytes: number
  /** undefined: it is no text, or too long to be shown. */
  readonly text?: string
}

/** Puts together what a worker is sent. Pure: the same given is always the same text. */
export interface Composer {
  compose(given: Given): Composed
  /** Takes the report off an answer that was to end with one; without `handoff` there was none. */
  takeReport(answer: string): { readonly output: string; readonly handoff?: Handoff }
  /** What a profile is asked that distils another step's answer; its answer is one for `takeReport`. */
  distil(step: string, answer: string): string
}
export interface Given {
  /** Filled in. */
  readonly prompt: string
  readonly strategy: ContextStrategy
  /** With `distilled` the steps it needs, with `full` all before it, in the workflow's order. */
  readonly earlier: readonly Earlier[]
  /** With `scoped`. */
  readonly files: readonly ProjectFile[]
  /** What its answer must be. */
  readonly schema?: JsonSchema
  /** Its answer is to end with a report. */
  readonly isReported: boolean
  /** It goes on in a session in which it was told how to answer. */
  readonly isAgain?: boolean
}
/** A step that has ended, as a later one is told of it. */
export interface Earlier {
  readonly step: string
  readonly output: string
  readonly structured?: unknown
  readonly handoff?: Handoff
  /** File with all of its answer. */
  readonly path: string
}
export interface Composed {
  readonly prompt: string
  /** Sentences on what was cut or left out. */
  readonly cuts: readonly string[]
}

/** The values of secrets, in this process only. */
export interface Vault {
  /** Reads the values; from then on `hide` knows them. What is missing is said in a sentence. */
  open(secrets: Readonly<Record<string, SecretSource>>): Opened
  /** The same with every value that is known replaced by `[secret NAME]`, in all texts in it, keys included. */
  hide<T>(value: T): T
}
export type Opened =
  | { readonly ok: true; readonly values: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly why: string }
