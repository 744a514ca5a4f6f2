import type { Engine, Settled } from "../engine/engine.ts"
import { EXIT } from "./exit.ts"
import { writeJson } from "./json.ts"

const STAY_MS = 1_000

/** Keeps the process alive meanwhile: the timers of the clock do not. */
export async function staying<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, STAY_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

/** Says what became of something that another process was asked for; gives the exit code. `word`: the command. */
export function tellHanded(
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
    ? `${word}: handed to the process that drives ${what}, which has not come to it yet; baton status ${run} shows how it stands.`
    : `${word}: done by the process that drives ${what}. The run is ${status}.`
  process.stdout.write(`${text}\n`)
  return EXIT.success
}
