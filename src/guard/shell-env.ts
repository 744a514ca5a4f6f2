import type { Hooks, PluginInput } from "@opencode-ai/plugin"
import { readNote, type SessionNote, workerMark } from "../wall/session-note.ts"

/**
 * The hook `shell.env`, which decides what a command of OpenCode finds in its environment. A hook
 * cannot remove a variable, so what a command must not see is set to nothing, by name: a terminal
 * of OpenCode starts from the process's own environment, in which a deleted variable is still there
 * (contract C77).
 */
type ShellEnv = NonNullable<Hooks["shell.env"]>

/** Variables of the server that hold secrets. OPENCODE_CONFIG_CONTENT may contain keys. */
export const SECRET_VARIABLES = ["OPENCODE_SERVER_PASSWORD", "OPENCODE_CONFIG_CONTENT", "OPENCODE_AUTH_CONTENT"]

/** The variable that the shell's wrapper reads: a file of arguments, or `!` and why it refuses. */
export const WALL_VARIABLE = "BATON_WALL"

/** What every command needs. `env` of a profile adds to these. */
const USUAL = new Set(
  ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "TZ", "PWD", "TMPDIR"].concat([
    "HOSTNAME",
    WALL_VARIABLE,
  ]),
)
const USUAL_PREFIX = /^(LC_|XDG_|BATON_)/

interface ShellEnvDeps {
  readonly client: PluginInput["client"]
  /** The environment that commands start from. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Set where every session is Baton's: what all commands get, with or without a session. */
  readonly always?: Readonly<Record<string, string>>
}

/**
 * Creates the hook. It changes nothing for a session that Baton did not open for a worker, except
 * for `always`. A command whose session cannot be looked up is refused where there is a wall.
 */
export function createShellEnv({ client, env, always = {} }: ShellEnvDeps): ShellEnv {
  return async ({ sessionID }, output) => {
    Object.assign(output.env, always)
    // A terminal has no session. It belongs to the person.
    if (sessionID === undefined) return
    const found = await noteOf(client, sessionID)
    if (found === undefined) return
    Object.assign(output.env, always, variablesFor(found, env))
  }
}

type Found = { readonly note: SessionNote } | { readonly refused: string }

/** Returns what is known of a worker's session; undefined for a session of a person. */
async function noteOf(client: PluginInput["client"], session: string): Promise<Found | undefined> {
  const { data, error } = await client.session.get({ path: { id: session } })
  if (data === undefined) return { refused: `the session of this command is not known: ${JSON.stringify(error)}` }
  const mark = workerMark((data as { metadata?: unknown }).metadata)
  if (mark === undefined) return undefined
  if (mark.note === undefined) return { note: {} }
  try {
    return { note: await readNote(mark.note) }
  } catch {
    return { refused: "Baton no longer knows what this worker's commands may do. Start the step again." }
  }
}

/** The variables that a worker's command gets in place of the server's. */
export function variablesFor(found: Found, env: ShellEnvDeps["env"]): Record<string, string> {
  const hidden = Object.fromEntries(SECRET_VARIABLES.map((name) => [name, ""]))
  if ("refused" in found) return { ...hidden, [WALL_VARIABLE]: `!${found.refused}` }
  const { wall = "", env: names } = found.note
  const others = names === undefined ? [] : Object.keys(env).filter((name) => !isSeen(name, names))
  return { ...Object.fromEntries(others.map((name) => [name, ""])), ...hidden, [WALL_VARIABLE]: wall }
}

function isSeen(name: string, named: readonly string[]): boolean {
  return USUAL.has(name) || USUAL_PREFIX.test(name) || named.includes(name)
}
