/** Reads what documents and comments say about files. */

export interface SaidName {
  readonly name: string
  /** The file that is said to declare it. */
  readonly file: string
}

const NAME = "`(#?\\w+)`"
const FILE = "`((?:src|test|scripts|bench)/[\\w./-]*\\.(?:tsx?|mjs))`"

/**
 * Names that a document says a file declares, written as `name` in `FILE`, `name` of `FILE`, `name`
 * (`FILE`), or `FILE` `name`, also with `other` after it.
 */
export function namesSaidToBeIn(text: string): SaidName[] {
  const before = [...text.matchAll(new RegExp(`${NAME}\\s+(?:(?:in|of)\\s+|\\()${FILE}`, "g"))]
  const after = [...text.matchAll(new RegExp(`${FILE}\\s+(${NAME}(?:(?:,| and|, and)\\s+${NAME})*)`, "g"))]
  return [
    ...before.map((match) => ({ name: match[1] as string, file: match[2] as string })),
    ...after.flatMap((match) =>
      [...(match[2] as string).matchAll(/`(#?\w+)`/g)].map((name) => ({
        name: name[1] as string,
        file: match[1] as string,
      })),
    ),
  ]
}

export interface ShortName {
  readonly name: string
  /** Folders that the section names, directly or through a file in them. */
  readonly folders: readonly string[]
}

/**
 * File names without a path from the root, with the folders in which a reader would look for them.
 */
export const shortNames = (text: string): ShortName[] =>
  text.split(/^(?=#)/m).flatMap((section) => {
    const named = [...section.matchAll(/`((?:src|test|scripts|bench)(?:\/[\w.-]+)*)`/g)].map(
      (match) => match[1] as string,
    )
    const folders = named.map((path) => (/\.\w+$/.test(path) ? path.slice(0, path.lastIndexOf("/")) : path))
    return [...section.matchAll(/`(?!(?:src|test|scripts|bench|bin|dist)\/)([\w/-]+\.(?:tsx?|mjs))`/g)].map(
      (match) => ({
        name: match[1] as string,
        folders: [...new Set(folders)],
      }),
    )
  })

/**
 * Files of code and prose that a comment names. A file inside a longer piece of code (`grep -q done
 * notes.md`) is an example and does not count.
 */
export const filesNamedIn = (comment: string): string[] => {
  const prose = comment.replaceAll(/`([^`]*)`/g, (_span, code: string) => (/^[\w./-]+$/.test(code) ? ` ${code} ` : " "))
  return [...prose.matchAll(/(?<![\w*./-])[\w./-]*\w\.(?:md|tsx?|mjs)\b(?![\w*/])/g)].map((match) => match[0])
}

/** Words that refer to a document outside the repository. */
export const foreignCitations = (comment: string): string[] =>
  [...comment.matchAll(/§\s*[\d.]*|\bhost notes\b/gi)].map((match) => match[0])

/** Numbers of the facts of the contract with OpenCode that a comment cites. */
export const factsNamedIn = (comment: string): string[] =>
  [...comment.matchAll(/\bcontract (C\d+(?:(?:,| and) C\d+)*)/g)].flatMap(
    (match) => (match[1] as string).match(/C\d+/g) ?? [],
  )
