import { projectRoot } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import type { RunView } from "../core/view/view.ts"
import type { Engine, Outcome } from "../engine/engine.ts"
import { ask, type Host, HostError } from "../host/host.ts"
import type { Found } from "../project/decisions.ts"
import type { Prepared } from "../project/project.ts"
import { connect } from "./connect.ts"
import { type GlobalOptions, type LoadCompose, stderrLog } from "./context.ts"
import { EXIT, exitCodeOf, UserError } from "./exit.ts"
import { staying, tellHanded } from "./handover.ts"
import { endedLine, reportJson, writeJson } from "./json.ts"
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
  /** What it is made of, where nothing of it has run yet: its models are looked up before it starts. */
  readonly definition?: Prepared["definition"]
  begin(engine: Engine, parent: string): Outcome
}

/** A run that is there already, and what is to be done with it. */
export interface Existing {
  /** The command's word: `continue`. */
  readonly word: string
  /** Looks for the run before a server is started for it, or says why there is none to act on. */
  find(engine: Engine): Found<RunView>
  /** `parent`: session its work belongs to from here on; undefined: as it was. */
  act(engine: Engine, run: RunView, parent: string | undefined): Outcome
}

/**
 * Connects, begins, shows the progress, waits for the end and cleans up; gives the exit code. What is asked of a run that
 * another process drives is handed to that process, and nothing is started. Ctrl-C at any point stops
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
    const begin = "find" in task ? await actOn(compose, place, task, options) : task
    if (typeof begin === "number") return begin
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
    const missing = task.definition && (await runtime.missing(task.definition))
    if (missing !== undefined) throw new UserError(missing)
    const parent = (await keptSession(host, task.session)) ?? (await createSession(host, task.title))
    const stopShowing = options.json ? reportJson(engine) : createProgress(engine)
    const begun = task.begin(engine, parent)
    const settled = await engine.settled(begun)
    if (!settled.ok || !begun.ok) throw new UserError(settled.ok ? "nothing was begun" : settled.why)
    // Somebody was faster than the server to start.
    if (settled.driver === "elsewhere") return tellHanded(engine, settled, task.word ?? "run", options)
    const finished = engine.finished(begun.run)
    if ((await Promise.race([finished, interrupted])) === "interrupted") await engine.interrupt("Ctrl-C")
    const { view, broken } = await finished
    stopShowing()
    if (!view) throw new UserError(broken ?? `run ${begun.run} left no journal`)
    if (options.json) writeJson(endedLine(view))
    else process.stdout.write(formatReport(view, process.stdout))
    if (broken !== undefined) throw new UserError(`${broken}; when that is put right: baton resume ${view.id}`)
    return exitCodeOf(view)
  } finally {
    await runtime.close("baton ended")
  }
}

/** How a run is begun; `session` is the one it belonged to. */
interface Begin extends Fresh {
  readonly word?: string
  readonly session?: string | null
}

/**
 * How to go on with a run that no process drives, or the exit code when another has been told. Throws UserError when there
 * is no such run, or nothing to be done with it.
 */
async function actOn(
  compose: LoadCompose,
  place: LoadOptions,
  { find, act, word }: Existing,
  options: DriveOptions,
): Promise<Begin | number> {
  const journal = await readJournal(compose, place)
  if (journal === undefined) throw new UserError("nothing has run in this project yet")
  for (;;) {
    const found = find(journal)
    if (!found.ok) throw new UserError(found.why)
    const { id, workflow, parent: session } = found.value
    if (!journal.isElsewhere(id))
      return { word, title: workflow, session, begin: (engine, parent) => act(engine, found.value, parent) }
    const settled = await staying(journal.settled(act(journal, found.value, undefined)))
    if (settled.ok) return tellHanded(journal, settled, word, options)
    if (journal.isElsewhere(id)) throw new UserError(settled.why)
    // Whoever drove it is gone: what there is to be done may be something else now.
  }
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
