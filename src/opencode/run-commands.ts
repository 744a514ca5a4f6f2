import { budgetWords } from "../core/model/budget.ts"
import { formatProblems } from "../core/model/problem.ts"
import { openGates } from "../core/view/gate-view.ts"
import type { Reply } from "../core/view/protocol.ts"
import type { RunView } from "../core/view/view.ts"
import type { CommandOutcome, Engine } from "../engine/engine.ts"
import {
  type Asker,
  abortRun,
  continueRun,
  decisionQueryOf,
  findDecision,
  findRun,
  resumableRun,
  stepsAheadText,
  waitingRun,
} from "../project/decisions.ts"
import { mainSession } from "../project/question-run.ts"
import { BY, type CommandContext, type CommandOrigin, done, error } from "./command-context.ts"
import type { CommandLine } from "./line.ts"
import { allowedRun } from "./trust-commands.ts"

/** The commands for a run: pause, continue, retry, skip, raise, resume, abort. */

const PREFIX = "/workflow"
/** Runs of other processes are looked for in so many runs at most. */
const RUNS_READ = 20

function askerOf(engine: Engine, { session }: CommandOrigin): Asker {
  return { prefix: PREFIX, session: session === undefined ? undefined : mainSession(engine, session) }
}

/** The runs of this process, which are preferred when none is named. */
function liveIds(engine: Engine): ReadonlySet<string> {
  return new Set(engine.live().map(({ id }) => id))
}

/**
 * Replies with the outcome of a command. The status line, and a toast at the end, show how a run of
 * this process proceeds, so the TUI shows nothing more; for a run of another process the reply says
 * it.
 */
async function outcome(
  engine: Engine,
  asked: CommandOutcome,
  [verb, wanted]: readonly [verb: string, run: string],
  text: string,
): Promise<Reply> {
  const result = await engine.settled(asked)
  if (!result.ok) return failed(verb, wanted, result.why)
  const { run } = result
  if (result.driver === "elsewhere") return done(engine.view(run)?.workflow ?? run, `${text} ${where(result)}`)
  return { tone: "success", title: engine.view(run)?.workflow ?? run, text, view: { type: "started", run } }
}

function failed(verb: string, run: string, why: string): Reply {
  return error(`Could not ${verb} run ${run}`, why)
}

/** Says that another process has carried the command out, or still has to. */
function where({ isPending }: { readonly isPending: boolean }): string {
  return isPending
    ? "(Handed to the process that drives it, which has not processed it yet.)"
    : "(Done by the process that drives it.)"
}

export async function pause(
  { engine }: CommandContext,
  wanted: string | undefined,
  origin: CommandOrigin,
): Promise<Reply> {
  const live = liveIds(engine)
  const asker = askerOf(engine, origin)
  const isGoing = (run: RunView) => run.status === "running" && run.hold === null
  const none = "no run is active here"
  const own = findRun(engine, wanted, asker, { is: (run) => live.has(run.id) && isGoing(run), none })
  const found = own.ok ? own : findRun(engine, wanted, asker, { is: isGoing, none })
  if (!found.ok) return error("Nothing to pause", found.why)
  const { id } = found.value
  const result = await engine.settled(engine.pause(id, BY))
  if (!result.ok) return failed("pause", id, result.why)
  const running = engine.view(id)?.steps.filter((step) => step.status === "running") ?? []
  const rest = running.length === 0 ? "" : ` ${running.map((step) => step.id).join(", ")} may finish.`
  return done(
    `${found.value.workflow} ${running.length === 0 ? "is paused" : "pauses"}`,
    `No more steps start.${rest} \`${PREFIX} continue ${id}\` continues it.${result.driver === "here" ? "" : ` ${where(result)}`}`,
  )
}

/** Continues a run that waits, or one step of it. */
export async function goOn(
  context: CommandContext,
  line: Extract<CommandLine, { command: "continue" }>,
  origin: CommandOrigin,
): Promise<Reply> {
  const { engine } = context
  const { target, message } = line
  const asker = askerOf(engine, origin)
  // The name is looked up as a step before as a run, because a waiting step is what a person sees.
  const isStep = target !== undefined && findDecision(engine, decisionQueryOf(target), false, asker).ok
  if (isStep || (target !== undefined && engine.find(target) === undefined)) {
    return decideStep(context, { command: "continue", step: target, message }, origin)
  }
  const found = waitingRun(engine, target, asker)
  if (!found.ok) return error("Nothing to continue", found.why)
  const { id, hold, workflow } = found.value
  const may = await allowedRun(context, found.value)
  if (!may.ok) return may.reply
  if (message !== "")
    return error("For which step?", `an answer belongs to a step: \`${PREFIX} continue STEP ${message}\``)
  if (hold?.cause === "budget") {
    return error(`${workflow} is over its budget`, `${hold.detail}: \`${PREFIX} raise usd=… tokens=… ${id}\` first`)
  }
  const gates = openGates(found.value).map(({ step }) => step)
  const what = gates.length > 0 ? ` after ${gates.join(", ")}` : ""
  return outcome(
    engine,
    continueRun(engine, found.value, BY, asker.session),
    ["continue", id],
    `Run ${id} goes on${what}.`,
  )
}

const SAID = { continue: "goes on", retry: "is tried again", skip: "is skipped" } as const

/** Decides about one step. */
export async function decideStep(
  context: CommandContext,
  {
    command,
    step,
    message,
  }: { readonly command: "continue" | "retry" | "skip"; readonly step: string; readonly message: string },
  origin: CommandOrigin,
): Promise<Reply> {
  const { engine } = context
  const asker = askerOf(engine, origin)
  const found = findDecision(engine, decisionQueryOf(step), command === "retry", asker)
  if (!found.ok) return error(`Nothing to ${command}`, found.why)
  const { run, step: at } = found.value
  const may = await allowedRun(context, run)
  if (!may.ok) return may.reply
  const result = engine.decide(run.id, {
    step: at.id,
    action: command,
    by: BY,
    ...(message === "" ? {} : { message }),
    ...(asker.session === undefined ? {} : { parent: asker.session }),
  })
  return outcome(engine, result, [`${command} ${at.id} of`, run.id], `${at.id} ${SAID[command]} (run ${run.id}).`)
}

export async function raise(
  context: CommandContext,
  line: Extract<CommandLine, { command: "raise" }>,
  origin: CommandOrigin,
): Promise<Reply> {
  const { engine } = context
  const asker = askerOf(engine, origin)
  const isHeld = (run: RunView) => run.hold?.cause === "budget"
  const none = "no run is active here"
  const first = findRun(engine, line.run, asker, { is: isHeld, none })
  const found = first.ok ? first : findRun(engine, line.run, asker, { is: (run) => run.endedAt === null, none })
  if (!found.ok) return error("Nothing to raise", found.why)
  const { id, workflow } = found.value
  const may = await allowedRun(context, found.value)
  if (!may.ok) return may.reply
  const result = await engine.settled(engine.raise(id, line.budget, BY))
  if (!result.ok) return error(`The budget of ${workflow} is not raised`, result.why)
  const { hold } = engine.view(id) ?? {}
  if (hold?.cause === "budget") return error(`${workflow} is still over its budget`, `${hold.detail}: raise it further`)
  return done(
    `${workflow} may spend ${budgetWords(line.budget)}`,
    `This is the total, including what run ${id} has already spent.${result.driver === "here" ? "" : ` ${where(result)}`}`,
  )
}

/** Resumes the named run, or the newest one that can be resumed; with `--edited`, using the
 *  current version of the workflow. */
export async function resume(
  context: CommandContext,
  line: Extract<CommandLine, { command: "resume" }>,
  origin: CommandOrigin,
): Promise<Reply> {
  const { project, engine } = context
  const asker = askerOf(engine, origin)
  const found = resumableRun(engine, line.run, asker)
  if (!found.ok) return error("Nothing to resume", found.why)
  const { id, workflow } = found.value
  const may = await allowedRun(context, found.value)
  if (!may.ok) return may.reply
  const edited = line.isEdited ? project.using(may.usesFolder).edited(workflow, engine.inputs(id) ?? {}) : undefined
  if (edited?.ok === false) return error(`Cannot resume ${workflow}`, formatProblems(edited.problems, project.root))
  const result = engine.resume(id, BY, asker.session, edited?.value)
  const text = `Resumed run ${id}${stepsAheadText(engine.view(id))}.`
  if (!result.ok || result.handed || found.value.endedAt === null) return outcome(engine, result, ["resume", id], text)
  // An ended run runs some steps again, and the person should see which.
  return done(found.value.workflow, text)
}

export async function abort(
  { engine }: CommandContext,
  wanted: string | undefined,
  origin: CommandOrigin,
): Promise<Reply> {
  const asker = askerOf(engine, origin)
  const none = "no run is active here"
  const live = liveIds(engine)
  const isLive = (status: RunView["status"]) => (run: RunView) => live.has(run.id) && run.status === status
  const going = findRun(engine, wanted, asker, { is: isLive("running"), none })
  const found = going.ok ? going : findRun(engine, wanted, asker, { is: isLive("paused"), none })
  if (!found.ok) return error("Nothing to abort", `${found.why}${elsewhere(engine)}`)
  return outcome(
    engine,
    abortRun(engine, found.value, BY),
    ["abort", found.value.id],
    `Aborting run ${found.value.id}.`,
  )
}

/**
 * Lists the running runs of other processes, because a person must name one of them to abort it.
 */
function elsewhere(engine: Engine): string {
  const runs = engine
    .list()
    .slice(0, RUNS_READ)
    .filter(({ id }) => engine.isElsewhere(id))
  if (runs.length === 0) return ""
  const named = runs.map(({ id, workflow }) => `\`${PREFIX} abort ${id}\` (${workflow})`)
  return `; in another process: ${named.join(", ")}`
}
