import { projectRoot } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import type { RunView } from "../core/view/view.ts"
import type { CommandOutcome, Engine } from "../engine/engine.ts"
import { driversOf, recordDriver } from "../host/ancestry.ts"
import { callHost, type Host, HostError } from "../host/host.ts"
import type { Match } from "../project/decisions.ts"
import type { Gate } from "../project/gate.ts"
import type { Prepared } from "../project/project.ts"
import { fleetingState, stateBase } from "../state/folder.ts"
import { connect } from "./connect.ts"
import { type GlobalOptions, type LoadCompose, stderrLog } from "./context.ts"
import { EXIT, exitCodeOf, UserError } from "./exit.ts"
import { endedLine, reportJson, writeJson } from "./json.ts"
import { gateOf, type PermitOptions, settle } from "./permit.ts"
import { clearLine, createProgress, showLine } from "./progress.ts"
import { keepAlive, reportRemote } from "./remote-control.ts"
import { formatReport } from "./report.ts"
import { onInterrupt } from "./signals.ts"
import { readJournal } from "./status.ts"
import { stdout } from "./terminal.ts"

export interface DriveOptions extends PermitOptions {
  readonly attach?: string
}

/** A run that is to be started. */
export interface Fresh {
  /** Title of the session whose children the steps are. */
  readonly title: string
  /**
   * The definition of a run that has not started, so that its models are checked before the start.
   */
  readonly definition?: Prepared["definition"]
  /** Whether it uses the documents of the project's folder, which is trusted then. */
  readonly usesFolder: boolean
  begin(engine: Engine, parent: string): CommandOutcome
}

/** An existing run and the operation on it. */
export interface Existing {
  /** The command's name, such as `continue`. */
  readonly word: string
  /** Finds the run before a server is started for it, or says why no run qualifies. */
  find(engine: Engine): Match<RunView>
  /**
   * `parent` is the session that the run belongs to from now on. Undefined keeps the current one.
   * `usesFolder` says whether the project's folder is trusted.
   */
  act(engine: Engine, run: RunView, parent: string | undefined, usesFolder: boolean): CommandOutcome
}

/**
 * Connects, starts or continues a run, shows its progress, waits for its end and cleans up. Returns
 * the exit code. When another process drives the run, the operation is handed to that process and
 * no server is started. Ctrl-C interrupts the run so that it can be resumed, stops the server and
 * returns 130.
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
      usesFolder: begin.usesFolder,
      log: stderrLog,
    })
    const connection = await Promise.race([connecting, interrupt.happened])
    if (connection === "interrupted") {
      await (await connecting).close()
      return EXIT.interrupted
    }
    const endRecord = options.attach === undefined ? undefined : recordServer(place, options.attach)
    try {
      return await work(compose, place, options, begin, connection.host, interrupt.happened)
    } finally {
      endRecord?.()
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
  const usesFolder = () => task.usesFolder
  const runtime = (await compose()).openRuntime({ ...place, host, log: stderrLog, usesFolder })
  const { engine } = runtime
  try {
    const missing = task.definition && (await runtime.missing(task.definition))
    if (missing !== undefined) throw new UserError(missing)
    const parent = (await keptSession(host, task.session)) ?? (await createSession(host, task.title))
    const stopShowing = options.json ? reportJson(engine) : createProgress(engine)
    const begun = task.begin(engine, parent)
    const settled = await engine.settled(begun)
    if (!settled.ok || !begun.ok) throw new UserError(settled.ok ? "the run was not started" : settled.why)
    // Another process took up the run while the server was starting.
    if (settled.driver === "elsewhere") return reportRemote(engine, settled, task.word ?? "run", options)
    const finished = engine.finished(begun.run)
    if ((await Promise.race([finished, interrupted])) === "interrupted") await engine.interrupt("Ctrl-C")
    const { view, broken } = await finished
    stopShowing()
    if (!view) throw new UserError(broken ?? `run ${begun.run} left no journal`)
    if (options.json) writeJson(endedLine(view))
    else stdout.write(`${formatReport(view, stdout)}${lossOf(view, place)}`)
    if (broken !== undefined) throw new UserError(`${broken}; fix it, then run: baton resume ${view.id}`)
    return exitCodeOf(view)
  } finally {
    await runtime.close("baton ended")
  }
}

/** Records that the server at `url` has workers now, in case it is on this machine. */
function recordServer({ env }: LoadOptions, url: string): () => void {
  return recordDriver(driversOf(stateBase(env)), url)
}

/** Says of a run that is to be continued later that its journal may be gone by then. */
function lossOf({ status }: RunView, { env }: LoadOptions): string {
  const fleeting = status === "paused" || status === "interrupted" ? fleetingState(env) : undefined
  return fleeting === undefined ? "" : `Note: ${fleeting}\n`
}

/** How a run is started or continued; `session` is the one it belonged to before. */
interface Begin extends Fresh {
  readonly word?: string
  readonly session?: string | null
}

/**
 * How to continue a run that no process drives, or the exit code when the operation was handed to
 * another process. Throws UserError when the run does not exist or does not allow the operation.
 */
async function actOn(
  compose: LoadCompose,
  place: LoadOptions,
  { find, act, word }: Existing,
  options: DriveOptions,
): Promise<Begin | number> {
  const journal = await readJournal(compose, place)
  if (journal === undefined) throw new UserError("nothing has run in this project yet")
  const gate = gateOf(compose, place, options.attach)
  for (;;) {
    const found = find(journal)
    if (!found.ok) throw new UserError(found.why)
    const { id, workflow, parent: session } = found.value
    const usesFolder = await mayUseFolder(gate, word, { workflow, usesFolder: journal.usesFolder(id) }, options)
    if (!journal.isElsewhere(id)) {
      const begin: Begin["begin"] = (engine, parent) => act(engine, found.value, parent, usesFolder)
      return { word, title: workflow, session, usesFolder, begin }
    }
    const settled = await keepAlive(journal.settled(act(journal, found.value, undefined, usesFolder)))
    if (settled.ok) return reportRemote(journal, settled, word, options)
    if (journal.isElsewhere(id)) throw new UserError(settled.why)
    // The process that drove the run has ended, so the run may now be in another state.
  }
}

/** Whether a run that is taken up may use the folder. Ending one needs no trust. */
async function mayUseFolder(
  gate: Gate,
  word: string,
  { workflow, usesFolder }: { readonly workflow: string; readonly usesFolder: boolean },
  options: PermitOptions,
): Promise<boolean> {
  if (word !== "abort") return settle(gate, await gate.forRun(workflow, usesFolder), options)
  await gate.look()
  return gate.isTrusted()
}

async function keptSession(host: Host, session: string | null | undefined): Promise<string | undefined> {
  if (session === null || session === undefined) return undefined
  try {
    return (await callHost("read the session", (o) => host.client.session.get({ sessionID: session }, o))).id
  } catch (error) {
    if (error instanceof HostError && error.status === 404) return undefined
    throw error
  }
}

async function createSession(host: Host, title: string): Promise<string> {
  const session = await callHost(
    "create the session of the run",
    (o) => host.client.session.create({ title: `baton · ${title}` }, o),
    {
      isRepeatable: false,
    },
  )
  return session.id
}
