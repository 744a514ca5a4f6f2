/** What is on disk of one attempt. */
export interface TreeRecord {
  readonly step: string
  readonly attempt: number
  readonly owned: readonly string[] | null
  /** Root of the git worktree; null without git. */
  readonly top: string | null
  /** Files up to this size in bytes were read. */
  readonly limit: number
  /** Hashes and targets of links in owned folders that lead outside the project. */
  readonly outside: Readonly<Record<string, { readonly target: string; readonly hash: string }>>
  /** The files that checks of the run name, with their prints. */
  readonly named: Named
  /** Paths that a check of the step itself requires it to change. */
  readonly mustChange: readonly string[]
  /** After the attempt: the files that changed, and the prints of `named`. */
  readonly changed?: readonly string[]
  readonly namedAfter?: Readonly<Record<string, string | null>>
}

export interface Named {
  /** For each command, the keys of the files that it trusts. */
  readonly files: Readonly<Record<string, readonly string[]>>
  /** For each key, a hash of the content, or null when there is no such file. */
  readonly prints: Readonly<Record<string, string | null>>
}
