/** A `/workflow …` or `/trace …` line, taken apart. */
export type Line =
  | {
      readonly command: "run"
      readonly workflow: string
      readonly inputs: Readonly<Record<string, string>>
      readonly task: string
    }
  | { readonly command: "pick" | "list" | "help" }
  | { readonly command: "status" | "abort" | "resume"; readonly run?: string }
  | { readonly command: "trace"; readonly step: string }
  | { readonly command: "wrong"; readonly why: string }

export const SUBCOMMANDS = ["run", "list", "status", "resume", "abort", "help"] as const

interface Word {
  readonly text: string
  /** Where the word begins in the line. */
  readonly at: number
}

/** Words as a shell would see them: quotes group, a backslash takes the next character as it is. */
function wordsOf(line: string): Word[] {
  const words: Word[] = []
  const pattern = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"?|'[^']*'?|\\$)+/g
  for (const match of line.matchAll(pattern)) {
    const text = match[0].replace(
      /\\(.)|"((?:[^"\\]|\\.)*)"?|'([^']*)'?/g,
      (_, escaped?: string, double?: string, single?: string) =>
        escaped ?? double?.replace(/\\(.)/g, "$1") ?? single ?? "",
    )
    words.push({ text, at: match.index })
  }
  return words
}

/**
 * Reads a line the user typed. `run NAME key=value … task text`: pairs come first, and from the first word that is not
 * one the rest is task text, taken as typed (without the quotes around the whole of it).
 */
export function parseLine(line: string): Line {
  const [slash, ...words] = wordsOf(line.trim())
  if (slash?.text === "/trace") {
    const step = words[0]?.text
    return step === undefined ? wrong("say which step: `/trace STEP`") : { command: "trace", step }
  }
  const [subcommand, ...rest] = words
  const first = rest[0]?.text
  switch (subcommand?.text) {
    case undefined:
      return { command: "pick" }
    case "run":
      return first === undefined ? { command: "pick" } : parseRun(line.trim(), first, rest.slice(1))
    case "list":
    case "help":
      return { command: subcommand.text }
    case "status":
    case "abort":
    case "resume":
      return { command: subcommand.text, ...(first === undefined ? {} : { run: first }) }
    default:
      return wrong(`there is no \`/workflow ${subcommand?.text}\``)
  }
}

function wrong(why: string): Line {
  return { command: "wrong", why }
}

function parseRun(line: string, workflow: string, words: readonly Word[]): Line {
  const inputs: Record<string, string> = {}
  const textAt = words.findIndex((word) => !/^[A-Za-z_][\w-]*=/.test(word.text))
  for (const word of textAt < 0 ? words : words.slice(0, textAt)) {
    const equals = word.text.indexOf("=")
    inputs[word.text.slice(0, equals)] = word.text.slice(equals + 1)
  }
  const first = textAt < 0 ? undefined : words[textAt]
  const isOneWord = textAt === words.length - 1
  const task = first === undefined ? "" : isOneWord ? first.text : line.slice(first.at)
  return { command: "run", workflow, inputs, task }
}
