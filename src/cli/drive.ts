import { projectRoot } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import type { Engine, Outcome } from "../engine/engine.ts"
import { ask, type Host, HostError } from "../host/host.ts"
import { connect } from "./connect.ts"
import { type GlobalOptions, type LoadCompose, stderrLog } from "./context.ts"
import { EXIT, exitCodeOf, UserError } from "./exit.ts"
import { endedLine, reportJson } from "./json.ts"
import { clearLine, createProgress, showLine } from "./progress.ts"
import { formatReport } from "./report.ts"
import { onInterrupt } from "./signals.ts"
import { findRun, readJournal } from "./status.ts"

export interface DriveOptions {
  readonly json?: boolean
  readonly attach?: string
}

export interface Task {
  /** What to call the session the steps are children of. */
  readonly title: string
  /** Starts the run, or resumes the `existing` one. */
  begin(engine: Engine, parent: string, existing: string | undefined): Outcome
  /** The run to resume, or the beginning of its id: looked for before a server is started for it. */
  readonly existing?: string | undefined
}

/**
 * Connects, begins, shows the progress, waits for the end and cleans up; gives the exit code. Ctrl-C at any point stops
 * what runs so that it can be resumed, ends the server, and gives 130.
 */
export async function drive(
  compose: LoadCompose,
  place: LoadOptions,
  options: DriveOptions & GlobalOptions,
  task: Task,
): Promise<number> {
  const interrupt = onInterrupt()
  try {
    const existing = task.existing === undefined ? undefined : await resumable(compose, place, task.existing)
    if (!options.json)
      showLine(options.attach === undefined ? "starting OpenCode …" : `connecting to ${options.attach} …`)
    const connecting = connect({
      ...place,
      root: projectRoot(place),
      attach: options.attach,
      opencode: options.opencode,
      log: stderrLog,
    })
    const connection = await Promise.race([connecting, interrupt.happened])
    if (connection === "interrupted") {
      await (await connecting).close()
      return EXIT.interrupted
    }
    try {
      return await work(compose, place, options, { ...task, existing }, connection.host, interrupt.happened)
    } finally {
      await connection.close()
    }
  } finally {
    clearLine()
    interrupt.dispose()
  }
}

async function work(
  compose: LoadCompose,
  place: LoadOptions,
  options: DriveOptions,
  task: Task,
  host: Host,
  interrupted: Promise<"interrupted">,
): Promise<number> {
  const runtime = (await compose()).openRuntime({ ...place, host, log: stderrLog })
  const { engine } = runtime
  try {
    const known = task.existing === undefined ? undefined : engine.view(task.existing)?.parent
    const parent = (await keptSession(host, known)) ?? (await createSession(host, task.title))
    const stopShowing = options.json ? reportJson(engine) : createProgress(engine)
    const begun = task.begin(engine, parent, task.existing)
    if (!begun.ok) throw new UserError(begun.why)
    const finished = engine.finished(begun.run)
    if ((await Promise.race([finished, interrupted])) === "interrupted") await engine.interrupt("Ctrl-C")
    const { view, broken } = await finished
    stopShowing()
    if (!view) throw new UserError(broken ?? `run ${begun.run} left no journal`)
    process.stdout.write(options.json ? endedLine(view) : formatReport(view, process.stdout))
    if (broken !== undefined) throw new UserError(`${broken}; when that is put right: baton resume ${view.id}`)
    return exitCodeOf(view)
  } finally {
    await runtime.close("baton ended")
  }
}

/** The whole id of the run to resume. Throws UserError when there is nothing to resume. */
async function resumable(compose: LoadCompose, place: LoadOptions, run: string): Promise<string> {
  const { id, status } = findRun(await readJournal(compose, place), run) ?? {}
  if (id === undefined) throw new UserError(`there is no run ${run} here: nothing has run in this project yet`)
  if (status === "running") throw new UserError(`run ${id} is being worked on by another process`)
  if (status !== "interrupted" && status !== "paused")
    throw new UserError(`run ${id} has ended (${status}): there is nothing to resume`)
  return id
}

async function keptSession(host: Host, session: string | null | undefined): Promise<string | undefined> {
  if (session === null || session === undefined) return undefined
  try {
    return (await ask("read the session", (o) => host.client.session.get({ sessionID: session }, o))).id
  } catch (error) {
    if (error instanceof HostError && error.status === 404) return undefined
    throw error
  }
}

async function createSession(host: Host, title: string): Promise<string> {
  const session = await ask(
    "create the session of the run",
    (o) => host.client.session.create({ title: `baton · ${title}` }, o),
    {
      isRepeatable: false,
    },
  )
  return session.id
}
