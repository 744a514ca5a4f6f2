import { projectRoot } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import type { RunView } from "../core/view.ts"
import type { Engine, Outcome } from "../engine/engine.ts"
import { ask, type Host, HostError } from "../host/host.ts"
import type { Found } from "../project/decisions.ts"
import { connect } from "./connect.ts"
import { type GlobalOptions, type LoadCompose, stderrLog } from "./context.ts"
import { EXIT, exitCodeOf, UserError } from "./exit.ts"
import { endedLine, reportJson } from "./json.ts"
import { clearLine, createProgress, showLine } from "./progress.ts"
import { formatReport } from "./report.ts"
import { onInterrupt } from "./signals.ts"
import { readJournal } from "./status.ts"

export interface DriveOptions {
  readonly json?: boolean
  readonly attach?: string
}

/** A run to be started. */
export interface Fresh {
  /** What to call the session the steps are children of. */
  readonly title: string
  begin(engine: Engine, parent: string): Outcome
}

/** A run that is there already, and what is to be done with it. */
export interface Existing {
  /** Looks for the run before a server is started for it, or says why there is none to act on. */
  find(engine: Engine): Found<RunView>
  act(engine: Engine, run: RunView, parent: string): Outcome
}

/**
 * Connects, begins, shows the progress, waits for the end and cleans up; gives the exit code. Ctrl-C at any point stops
 * what runs so that it can be resumed, ends the server, and gives 130.
 */
export async function drive(
  compose: LoadCompose,
  place: LoadOptions,
  options: DriveOptions & GlobalOptions,
  task: Fresh | Existing,
): Promise<number> {
  const interrupt = onInterrupt()
  try {
    const begin = "find" in task ? await actOn(compose, place, task) : task
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
      return await work(compose, place, options, begin, connection.host, interrupt.happened)
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
  task: Begin,
  host: Host,
  interrupted: Promise<"interrupted">,
): Promise<number> {
  const runtime = (await compose()).openRuntime({ ...place, host, log: stderrLog })
  const { engine } = runtime
  try {
    const parent = (await keptSession(host, task.session)) ?? (await createSession(host, task.title))
    const stopShowing = options.json ? reportJson(engine) : createProgress(engine)
    const begun = task.begin(engine, parent)
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

/** How a run is begun; `session` is the one it belonged to. */
interface Begin extends Fresh {
  readonly session?: string | null
}

/** Throws UserError when there is no such run, or nothing to be done with it. */
async function actOn(compose: LoadCompose, place: LoadOptions, { find, act }: Existing): Promise<Begin> {
  const journal = await readJournal(compose, place)
  if (journal === undefined) throw new UserError("nothing has run in this project yet")
  const found = find(journal)
  if (!found.ok) throw new UserError(found.why)
  const run = found.value
  if (run.status === "running") throw new UserError(`run ${run.id} is being worked on by another process`)
  return { title: run.workflow, session: run.parent, begin: (engine, parent) => act(engine, run, parent) }
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
