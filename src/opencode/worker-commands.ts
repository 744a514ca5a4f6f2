import { suggest } from "../core/base/nearest.ts"
import { handoffText } from "../core/model/handoff.ts"
import { traitsOf } from "../core/model/kinds.ts"
import { formatWorkers } from "../core/view/format.ts"
import type { Reply } from "../core/view/protocol.ts"
import type { WorkerView } from "../core/view/view.ts"
import type { CommandOutcome, Engine } from "../engine/engine.ts"
import { describe } from "../host/host.ts"
import { findWorker, mainSession, SUMMARIZE, startQuestionRun } from "../project/question-run.ts"
import { BY, type CommandContext, type CommandOrigin, done, error } from "./command-context.ts"
import type { WorkerAction, WorkersLine } from "./line-workers.ts"
import { allowed } from "./trust-commands.ts"

const NO_SESSION = "open a session first: the worker belongs to it, and its answers come into it"
const NAME = /^[A-Za-z][\w-]*$/

export function listWorkers({ engine, now }: CommandContext): Reply {
  const workers = engine.workers()
  const text =
    workers.length > 0
      ? formatWorkers(workers, now())
      : "No workers are running or kept. `/workers spawn PROFILE` creates a worker that is kept."
  return { tone: "info", title: "Workers", text, view: { type: "workers", workers } }
}

export function spawn(
  context: CommandContext,
  line: Extract<WorkersLine, { command: "spawn" }>,
  origin: CommandOrigin,
): Promise<Reply> {
  const { project, engine } = context
  const refuse = (why: string) => Promise.resolve(error(`Cannot spawn ${line.name}`, why))
  if (origin.session === undefined) return refuse(NO_SESSION)
  if (!NAME.test(line.name)) return refuse("a name is letters, digits, `-` and `_`, beginning with a letter")
  if (engine.kept(line.name)) return refuse(`there is already a worker ${line.name}: \`/workers open ${line.name}\``)
  const shown = findWorker(project, engine, line.profile)
  if (!shown.ok) return refuse(shown.why)
  const other = line.name === shown.profile.name ? undefined : findWorker(project, engine, line.name)
  if (other?.ok) return refuse(`\`${line.name}\` is the name of another profile: choose another name`)
  return attempt(`Cannot spawn ${line.name}`, async () => {
    const may = allowed(await context.gate.forWorker(line.name), context.line)
    if (!may.ok) return may.reply
    const found = findWorker(project.using(may.usesFolder), engine, line.profile)
    if (!found.ok) return error(`Cannot spawn ${line.name}`, found.why)
    const { profile } = found
    const spawned = await engine.spawn(line.name, profile, mainSession(engine, origin.session as string))
    if (!spawned.ok) return error(`Cannot spawn ${line.name}`, spawned.why)
    const { session } = spawned.worker
    const next = `\`/workers ask ${line.name} …\` asks it, \`/workers open ${line.name}\` opens its session.`
    if (profile.mode !== "foreground") return done(`Spawned ${line.name}`, next)
    const text = "You are in its session: type to it; `/handback` takes the result to the main session."
    return { tone: "success", title: `Spawned ${line.name}`, text, view: { type: "open", session } }
  })
}

/** Sends the text to a worker that has a task. Otherwise it starts a run of one step that asks
 *  the worker, and its answer is posted to `parent`. */
export function askOrTell(
  { project, engine, gate, line }: CommandContext,
  { worker, text }: { readonly worker: string; readonly text: string },
  origin: CommandOrigin,
): Promise<Reply> {
  const live = atWork(engine.workers(), worker) ?? engine.workerElsewhere(worker)
  if (live) {
    const told = engine.steer(worker, { type: "message", id: origin.id, text }, BY)
    return outcome(engine, told, { title: `Said to ${live.name}`, text, wrong: `Could not message ${live.name}` })
  }
  if (origin.session === undefined) return Promise.resolve(error(`Cannot ask ${worker}`, NO_SESSION))
  const parent = mainSession(engine, origin.session)
  return attempt(`Cannot ask ${worker}`, async () => {
    const may = allowed(await gate.forWorker(worker), line)
    if (!may.ok) return may.reply
    const { usesFolder } = may
    const question = { worker, text, parent, depth: engine.depthOf(parent), by: BY, usesFolder }
    const asked = await startQuestionRun(project.using(usesFolder), engine, question)
    if (!asked.ok) return error(`Cannot ask ${worker}`, asked.why)
    const name = engine.view(asked.run)?.ask ?? worker
    return {
      tone: "success",
      title: `Asked ${name}`,
      text: `Its answer comes into this session; \`/trace ${name}\` has all of it.`,
      view: { type: "started", run: asked.run },
    }
  })
}

export function act(
  context: CommandContext,
  action: WorkerAction,
  wanted: string,
  origin: CommandOrigin,
): Promise<Reply> | Reply {
  const { engine } = context
  const workers = engine.workers()
  const worker = atWork(workers, wanted) ?? workers.find((one) => one.name === wanted || one.session === wanted)
  const other = worker === undefined ? engine.workerElsewhere(wanted) : undefined
  if (action === "stop" || action === "interrupt" || action === "wake") {
    const name = worker?.name ?? other?.name
    return name === undefined ? unknown(workers, wanted) : steer(engine, action, wanted, name)
  }
  if (other)
    return error(`${other.name} works in another process`, `act on it there; \`/trace ${other.name}\` shows it here`)
  if (worker === undefined) return unknown(workers, wanted)
  const { name } = worker
  switch (action) {
    case "open":
      // A person who opens a worker wants its result in the session they came from.
      if (origin.session !== undefined && origin.session !== worker.session)
        engine.adopt(name, mainSession(engine, origin.session))
      return open(worker)
    case "summarize":
      if (worker.run !== null) return error(`${name} is at work`, "its answer comes when it is done")
      return askOrTell(context, { worker: name, text: SUMMARIZE }, origin)
    case "forget":
      if (worker.run !== null) return error(`${name} is at work`, `end its task first: \`/workers stop ${name}\``)
      engine.forget(name)
      return done(`Forgot ${name}`, "Its session stays in OpenCode's list of sessions.")
  }
}

/** Acts on a worker during its task, whichever process runs it. */
function steer(engine: Engine, action: "stop" | "interrupt" | "wake", wanted: string, name: string): Promise<Reply> {
  switch (action) {
    case "stop": {
      const text = `Its task is over; \`/trace ${name}\` has what it did.`
      return outcome(engine, engine.stopWorker(wanted), {
        title: `Stopped ${name}`,
        text,
        wrong: `Could not stop ${name}`,
      })
    }
    case "interrupt": {
      const text = `It keeps its task: \`/workers resume ${name}\`, or \`/workers ask ${name} …\`.`
      return outcome(engine, engine.steer(wanted, { type: "interrupt" }, BY), {
        title: `Interrupted ${name}`,
        text,
        wrong: `Could not interrupt ${name}`,
      })
    }
    case "wake": {
      const said = {
        title: `${name} continues`,
        text: "It works on its task again.",
        wrong: `Could not resume ${name}`,
      }
      return outcome(engine, engine.steer(wanted, { type: "resume" }, BY), said)
    }
  }
}

/** Hands back the result of a person's work with a worker: to the step that waits for it, or to
 *  the main session. */
export async function handBack(
  context: CommandContext,
  line: Extract<WorkersLine, { command: "handback" }>,
  origin: CommandOrigin,
): Promise<Reply> {
  const { engine } = context
  const workers = engine.workers()
  const onScreen = line.worker.startsWith("ses_") ? undefined : origin.screen
  const here = workers.find((one) => one.session !== null && one.session === onScreen)
  const isNamed = (one: WorkerView) => one.name === line.worker || one.session === line.worker
  const worker = here ?? atWork(workers, line.worker) ?? workers.find(isNamed)
  const text = (here ? line.text : line.rest).trim()
  if (worker === undefined) {
    if (line.worker !== "") return unknown(workers, line.worker)
    return error("No worker here", "type `/handback` in the session of a worker, or name one: `/handback NAME [text]`")
  }
  const { name, session } = worker
  if (session === null) return error(`${name} has not started yet`, "there is nothing to hand back")
  const parent = mainSession(engine, session)
  const goBack = { type: "open" as const, session: parent }
  if (worker.run !== null) {
    if (worker.mode !== "foreground")
      return error(`${name} works on its own`, "its result is handed on when it is done")
    const given = engine.steer(session, { type: "handback", ...(text === "" ? {} : { text }) }, BY)
    if (!given.ok) return error(`${name} did not hand back`, given.why)
    return { tone: "success", title: `${name} handed back`, text: "The run continues.", view: goBack }
  }
  if (parent === session) return error(`${name} belongs to no session`, "so there is no session to hand back to")
  if (text !== "") {
    context.handoff(parent, handoffText(name, text), origin.id)
    return { tone: "success", title: `${name} handed back`, text: "The result is in the main session.", view: goBack }
  }
  const asked = await askOrTell(context, { worker: name, text: SUMMARIZE }, { ...origin, session })
  return asked.tone === "error" || asked.view?.type === "trust" ? asked : { ...asked, view: goBack }
}

function open({ name, kind, session }: WorkerView): Reply {
  if (session === null) return error(`${name} has no session yet`, "it waits for a free place, or is just starting")
  if (!traitsOf(kind).canOpenHere) {
    return error(`${name} is elsewhere`, `it works in a ${kind} of its own: \`/trace ${name}\` shows what it did`)
  }
  return { tone: "info", title: name, text: `Its session is ${session}.`, view: { type: "open", session } }
}

/** The newest worker with a task that has this name or this session. */
function atWork(workers: readonly WorkerView[], wanted: string): WorkerView | undefined {
  return workers.findLast((one) => one.run !== null && (one.name === wanted || one.session === wanted))
}

function unknown(workers: readonly WorkerView[], wanted: string): Reply {
  const names = [...new Set(workers.map((worker) => worker.name))]
  return error(`No worker ${wanted}`, `there is no worker \`${wanted}\`: ${suggest(wanted, names, "workers")}`)
}

async function outcome(
  engine: Engine,
  asked: CommandOutcome,
  { title, text, wrong }: { readonly title: string; readonly text: string; readonly wrong: string },
): Promise<Reply> {
  const result = await engine.settled(asked)
  if (!result.ok) return error(wrong, result.why)
  return result.isPending ? done("Handed to the worker's process", "It has not processed it yet.") : done(title, text)
}

/** Turns an error into a reply: a backend that cannot create a session throws. */
async function attempt(title: string, work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work()
  } catch (cause) {
    return error(title, describe(cause))
  }
}
