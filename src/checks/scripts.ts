/** Programs whose first argument is a file that they execute. */
const INTERPRETERS = new Set(
  "sh bash dash zsh ksh fish node bun deno tsx ts-node python python3 ruby perl php lua pwsh source .".split(" "),
)
/** With these options, an interpreter only reads the file: `sh -n`, `node --check`. */
const READ_ONLY = new Set(["-n", "-c", "--check"])
/** Words between an interpreter and its file, as in `bun run test.ts`. */
const VERBS = new Set(["run", "test"])
const ENDS_COMMAND = /^[;|&()]+$/
const ASSIGNMENT = /^\w+=/

/**
 * Paths that a command line executes, as written: `./test.sh`, or the file of `node test.mjs`.
 * Files that are only read (`grep -q done notes.md`) are left out, because a step is often meant to
 * change them. This is a guess, and a result may not be a file.
 */
export function scriptsOf(command: string): string[] {
  const found = new Set<string>()
  let words: string[] = []
  for (const word of [...wordsOf(command), ";"]) {
    if (!ENDS_COMMAND.test(word)) {
      words.push(word)
      continue
    }
    const program = words.findIndex((part) => !ASSIGNMENT.test(part))
    const script = program < 0 ? undefined : scriptOf(words.slice(program).map(unquote))
    if (script !== undefined) found.add(script)
    words = []
  }
  return [...found]
}

/** The script that one simple command executes. */
function scriptOf([program, ...args]: readonly string[]): string | undefined {
  if (program === undefined) return undefined
  if (!INTERPRETERS.has(program)) return program
  if (args.some((arg) => READ_ONLY.has(arg))) return undefined
  return args.find((arg) => !arg.startsWith("-") && !VERBS.has(arg))
}

/**
 * The words of a shell command line, still quoted. `;`, `|`, `&` and brackets are words of their
 * own.
 */
function wordsOf(command: string): string[] {
  return command.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\;|&()])+|[;|&()]+|\n/g)?.map(asEnd) ?? []
}

function asEnd(word: string): string {
  return word === "\n" ? ";" : word
}

function unquote(word: string): string {
  return word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_, double, single, plain) => double ?? single ?? plain)
}
