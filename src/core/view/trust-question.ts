/** The question whether a person trusts a folder, as plain data and as text. */

export interface TrustQuestion {
  /** The folder's real path. */
  readonly folder: string
  readonly verdict: "untrusted" | "changed"
  /** Where a change came from, or why nothing at all can be started without trust. */
  readonly why: string | null
  /** Identifies the files that are asked about: an answer counts for them only. */
  readonly digest: string
  /** What the folder would run and reach. */
  readonly contents: readonly TrustContents[]
  /** What differs from what was trusted before. */
  readonly changes: readonly TrustChange[]
  /** Whether what the person asked for needs the folder, or works without it. */
  readonly isNeeded: boolean
  /** What the person asked for, such as `workflow review`. */
  readonly wanted: string
}

export interface TrustContents {
  /** Such as `commands`. */
  readonly what: string
  readonly names: readonly string[]
}

export interface TrustChange {
  readonly path: string
  readonly how: "added" | "changed" | "removed"
  /** Removed and added lines, beginning with `-` and `+`; undefined when they are not known. */
  readonly lines?: readonly string[]
}

/** A list shows so many names; the number of the others follows. */
const MOST_NAMES = 12

export function trustTitle({ verdict }: Pick<TrustQuestion, "verdict">): string {
  return verdict === "changed" ? "This folder changed. Do you still trust it?" : "Do you trust this folder?"
}

/** What trust means, in one paragraph. */
export function trustMeaning({ verdict, why, isNeeded, wanted }: TrustQuestion): string {
  const reason =
    verdict === "changed"
      ? `Its files changed since you trusted it, and not by your own edit: ${why ?? "it is not known how"}.`
      : "If you trust it, Baton and the OpenCode that Baton starts run what its files name, with your rights, logins and environment."
  const because = verdict === "untrusted" && why !== null ? `, because ${why}` : ""
  const otherwise = isNeeded
    ? `Without trust, ${wanted} does not run${because}.`
    : `Without trust, ${wanted} runs with your own settings and uses nothing of the folder.`
  return `${reason} ${otherwise}`
}

/** The names of one kind, cut to the first ones. */
export function namesLine({ names }: TrustContents): string {
  const more = names.length - MOST_NAMES
  return more > 0 ? `${names.slice(0, MOST_NAMES).join(", ")} … and ${more} more` : names.join(", ")
}

/** The question for a terminal or a client that has only text, without the question mark at the end. */
export function formatTrust(question: TrustQuestion): string {
  const { folder, contents, changes } = question
  const width = Math.max(0, ...contents.map(({ what }) => what.length))
  return [
    folder,
    "",
    trustMeaning(question),
    ...(changes.length === 0 ? [] : ["", ...changes.flatMap(changeLines)]),
    ...(contents.length === 0 ? [] : ["", "It names:"]),
    ...contents.map((one) => `  ${one.what.padEnd(width)}  ${namesLine(one)}`),
  ].join("\n")
}

export function changeLines({ path, how, lines = [] }: TrustChange): string[] {
  return [`${how} ${path}`, ...lines.map((line) => `    ${line}`)]
}
