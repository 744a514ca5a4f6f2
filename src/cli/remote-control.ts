import type { Engine, Settled } from "../engine/engine.ts"
import { EXIT } from "./exit.ts"
import { writeJson } from "./json.ts"
import { stdout } from "./terminal.ts"

const STAY_MS = 1_000

/** Keeps the process alive while it waits, because the clock's timers do not. */
export async function keepAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, STAY_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

/**
 * Reports the result of an operation that was handed to another process. `word` is the command.
 * Returns the exit code.
 */
export function reportRemote(
  engine: Engine,
  { run, isPending }: Extract<Settled, { ok: true }>,
  word: string,
  options: { readonly json?: boolean },
): number {
  const { workflow = null, status = null } = engine.view(run) ?? {}
  if (options.json) {
    writeJson({ type: "run.handed", run, workflow, command: word, done: !isPending, status })
    return EXIT.success
  }
  const what = `${workflow} (run ${run})`
  const text = isPending
    ? `${word}: handed to the process that drives ${what}, which has not handled it yet; baton status ${run} shows the state.`
    : `${word}: done by the process that drives ${what}. The run is ${status}.`
  stdout.write(`${text}\n`)
  return EXIT.success
}
