/**
 * The words of a command line that can name a file. This is no parser of shell lines: every part of
 * the text counts, wherever it stands, however it is quoted, and whatever runs it.
 */

/** Maximum number of names that one line yields. */
const MOST_NAMES = 500
const MOST_BRACES = 100
/** A longer line is not looked at beyond this. */
const MOST_CHARACTERS = 10_000
const WORD = /(?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\s"'\\])+/g
const QUOTED = /"((?:\\[\s\S]|[^"\\])*)"|'([^']*)'/g
const SEPARATORS = /[\s;|&()<>{}=,:"'`@#!\0]+/
/** What the shell replaces: a variable, or the output of a command. */
const REPLACED = /\$\{[^}]*\}|\$\([^)]*\)|`[^`]*`|\$\w+|^~[+-]?(?=\/)/g

/** Returns every part of a command line that can be the name of a file or folder, as written. */
export function namesIn(line: string): string[] {
  const names = new Set<string>()
  const add = (name: string) => {
    if (name !== "" && names.size < MOST_NAMES) names.add(name)
  }
  for (const text of textsIn(line)) {
    for (const word of [text, ...text.split(SEPARATORS)]) {
      add(word)
      // What follows a variable, as in `"$PWD"/test.sh`.
      const rest = word.replaceAll(REPLACED, "\0").split(SEPARATORS)
      for (const part of rest.length > 1 || word.startsWith("/") ? rest : []) for (const end of endsOf(part)) add(end)
      // A short flag with its value, as in `-fci.mk`.
      const value = /^-[A-Za-z]=?(.+)$/.exec(word)?.[1]
      if (value !== undefined) add(value)
    }
  }
  return [...names]
}

/** The words without their quotes, then the texts in quotes, in which words can be quoted again. */
function textsIn(whole: string): string[] {
  const line = whole.slice(0, MOST_CHARACTERS)
  const words = (line.match(WORD) ?? []).flatMap((word) => withoutBraces(unquoted(word)))
  const inner = [...line.matchAll(QUOTED)].map(([, double, single]) => unescaped(double ?? single ?? ""))
  const nested = inner.flatMap((text) => [text, ...(text.match(WORD) ?? []).map(unquoted)])
  return [...words, ...nested].slice(0, MOST_NAMES)
}

function unquoted(word: string): string {
  const plain = /"((?:\\[\s\S]|[^"\\])*)"|'([^']*)'|\\([\s\S])/g
  return word.replaceAll(plain, (_, double, single, char) => double ?? single ?? char)
}

const unescaped = (text: string) => text.replaceAll(/\\(["'\\$`])/g, "$1")

/** `{a,b}.sh` is two names. */
function withoutBraces(word: string): string[] {
  const open = [word]
  const done: string[] = []
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const found = /^([\s\S]*?)\{([^{}]*,[^{}]*)\}([\s\S]*)$/.exec(next)
    if (found === null || done.length + open.length > MOST_BRACES) done.push(next)
    else for (const choice of (found[2] ?? "").split(",")) open.push(`${found[1]}${choice}${found[3]}`)
  }
  return done
}

/** A path whose beginning is not known can end in the project's folder at any of its parts. */
function endsOf(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "")
  return parts.map((_, at) => parts.slice(at).join("/"))
}
