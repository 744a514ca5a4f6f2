import type { Hooks, ToolContext } from "@opencode-ai/plugin"
import * as z from "zod"
import { DEFAULTS } from "../core/model/defaults.ts"
import { capAnswer } from "../core/model/handoff.ts"
import { formatProblems } from "../core/model/problem.ts"
import { RESULT_TOOL } from "../core/rights/permission.ts"
import { formatRun } from "../core/view/format.ts"
import type { RunView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { abortRun, continueRun, findDecision, waitingRun } from "../project/decisions.ts"
import type { Permit } from "../project/gate.ts"
import type { Project } from "../project/project.ts"
import { startQuestionRun, type WorkerQuestion } from "../project/question-run.ts"
import { runNamed } from "../project/runs.ts"
import type { Runtime } from "../project/runtime.ts"
import { BY_MODEL } from "./command-context.ts"

type Tools = NonNullable<Hooks["tool"]>
/** Messages to a model name the commands that a person has. */
const MODEL = { prefix: "/workflow" }
const MODEL_DECIDES = { by: BY_MODEL, via: "tool" } as const
type Context = Pick<ToolContext, "sessionID" | "abort">
/** Returns the depth that a session is marked with; 0 for a person's session. */
type MarkedDepth = (session: string) => Promise<number>

/**
 * The tools of a model that may orchestrate (`"tools": true` in orchestrator.json). A tool that
 * cannot do what it was asked throws the reason, so that a model never takes a failure for an
 * answer. Descriptions are short because every session pays for them in every turn.
 */
export function createTools(runtime: () => Promise<Runtime>, markedDepth: MarkedDepth): Tools {
  const workflow_run = tool({
    description: "Start a workflow of this project. wait: until it ends.",
    args: {
      name: z.string(),
      inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
      task: z.string().optional(),
      wait: z.boolean().optional(),
    },
    async execute({ name, inputs, task, wait }, context) {
      const { project, engine, gate, missing } = await runtime()
      const depth = await depthFor(markedDepth, project, engine, context.sessionID, "start workflows")
      const usesFolder = mayUse(await gate.forWorkflow(project, name))
      const prepared = project.using(usesFolder).prepare(name, inputs ?? {}, task ?? "")
      if (!prepared.ok) throw new Error(formatProblems(prepared.problems, project.root))
      const run = project.newRunId()
      const { definition } = prepared.value
      const models = await missing(definition)
      if (models !== undefined) throw new Error(models)
      const own = usesFolder ? {} : { usesFolder }
      const origin = { nonceKey: project.newNonceKey(), parent: context.sessionID, depth, by: BY_MODEL, ...own }
      const started = engine.start({ ...definition, run, ...origin })
      if (!started.ok) throw new Error(started.why)
      if (!wait) return `Started run ${run}. workflow_status shows its progress.`
      return describeRun(engine, await finished(engine, run, context.abort))
    },
  })
  const workflow_status = tool({
    description: "The state of a workflow run (default: the newest).",
    args: { run: z.string().optional() },
    async execute({ run }) {
      const { engine } = await runtime()
      return describeRun(engine, wanted(engine, run))
    },
  })
  const workflow_control = tool({
    description: "Act on a run; retry and skip need a waiting step. message: sent to its worker.",
    args: { run: z.string(), action: z.enum(ACTIONS), step: z.string().optional(), message: z.string().optional() },
    async execute(control, { sessionID }) {
      const { project, engine, gate } = await runtime()
      await depthFor(markedDepth, project, engine, sessionID, "control workflows")
      const view = wanted(engine, control.run)
      const endsIt = control.action === "abort" || control.action === "pause"
      if (!endsIt) mayUse(await gate.forRun(view.workflow, engine.usesFolder(view.id)))
      return controlRun(engine, view, control)
    },
  })
  const worker_ask = tool({
    description: "Give a worker (profile of orchestrator.json, or its name) a task and get its answer.",
    args: { worker: z.string(), prompt: z.string() },
    async execute({ worker, prompt }, context) {
      const { project, engine, gate } = await runtime()
      const depth = await depthFor(markedDepth, project, engine, context.sessionID, "start workers")
      const usesFolder = mayUse(await gate.forWorker(worker))
      const question = { worker, text: prompt, parent: context.sessionID, depth, by: BY_MODEL, usesFolder }
      return await askFor(project.using(usesFolder), engine, question, context)
    },
  })
  return { workflow_run, workflow_status, workflow_control, worker_ask }
}

/** The tool with which workers give data, which is validated while they can still correct it. It
 *  is hidden from all other sessions (hooks.ts). */
export function createResultTool(runtime: () => Promise<Runtime>): Tools {
  const worker_result = tool({
    description: "Give the requested data as your answer.",
    args: { result: z.unknown() },
    async execute({ result }, { sessionID }) {
      const { engine } = await runtime()
      const refused = await engine.refuseData(sessionID, result)
      if (refused !== undefined) throw new Error(`The data does not match: ${refused}. Correct it and call again.`)
      return "Accepted. You are done: end your turn."
    },
  })
  return { [RESULT_TOOL]: worker_result }
}

const ACTIONS = ["abort", "resume", "pause", "continue", "retry", "skip"] as const
interface Control {
  readonly action: (typeof ACTIONS)[number]
  readonly step?: string | undefined
  readonly message?: string | undefined
}

/** Whether the folder may be used. A model cannot trust it, so it is told whom to ask. */
function mayUse(permit: Permit): boolean {
  if (permit.type !== "ask") return permit.type === "folder"
  throw new Error("this folder is not trusted: ask the user to type `/workflow trust`")
}

/** Carries out the action and says so; throws the reason when that is not possible. */
async function controlRun(engine: Engine, run: RunView, { action, step, message }: Control): Promise<string> {
  const isForStep = action === "retry" || action === "skip" || action === "continue"
  if (step && !isForStep) throw new Error(`${action} is for the whole run: leave out step`)
  if (message && (!step || !isForStep)) throw new Error("say with step whom the message is for, or leave it out")
  const outcome = () => {
    if (action === "retry" || action === "skip" || (action === "continue" && step !== undefined)) {
      if (step === undefined) throw new Error(`say which step to ${action}`)
      const found = findDecision(engine, { run: run.id, step }, action === "retry", MODEL)
      return found.ok
        ? engine.decide(run.id, { step, action, ...MODEL_DECIDES, ...(message ? { message } : {}) })
        : found
    }
    if (action === "continue") {
      const found = waitingRun(engine, run.id, MODEL)
      return found.ok ? continueRun(engine, run, MODEL_DECIDES, undefined) : found
    }
    if (action === "abort") return abortRun(engine, run, MODEL_DECIDES)
    return action === "pause" ? engine.pause(run.id, MODEL_DECIDES) : engine.resume(run.id, MODEL_DECIDES)
  }
  const done = await engine.settled(outcome())
  if (!done.ok) throw new Error(done.why)
  if (done.isPending) return `Handed to the process that drives run ${run.id}, which has not processed it yet.`
  return `Done: ${action}${step === undefined ? "" : ` ${step}`}. Run ${run.id} is ${engine.view(run.id)?.status}.`
}

/** A tool definition whose `execute` gets arguments typed by its own zod object. */
function tool<Args extends z.ZodRawShape>(definition: {
  readonly description: string
  readonly args: Args
  execute(args: z.infer<z.ZodObject<Args>>, context: Context): Promise<string>
}): Tools[string] {
  // The host's zod is another copy with the same shape.
  return definition as unknown as Tools[string]
}

async function askFor(
  project: Project,
  engine: Engine,
  question: WorkerQuestion,
  { sessionID, abort }: Context,
): Promise<string> {
  const kept = engine.kept(question.worker)
  const name = kept?.name ?? question.worker
  // The worker's only session waits for this answer, so the worker would wait for itself.
  if (kept && callersOf(engine, sessionID).includes(kept.session))
    throw new Error(`${name} cannot be asked from here: it waits for this very answer`)
  const asked = await startQuestionRun(project, engine, question)
  if (!asked.ok) throw new Error(asked.why)
  const view = await finished(engine, asked.run, abort)
  const step = view.steps.at(-1)
  if (view.status === "success" && step) return capAnswer(step.output, name, await engine.fileOf(view.id, step))
  if (view.status === "paused") throw new Error(`${name} has not answered: ${view.hold?.detail ?? "it is held"}`)
  throw new Error(`${name} did not answer: ${step?.reason ?? view.status}${step?.detail ? `: ${step.detail}` : ""}`)
}

/**
 * The nesting depth of the session; throws, before anything is created, when it is a worker that
 * may not do this. A worker of another process (`baton run --attach`) is recognised by the mark of
 * its session.
 */
async function depthFor(
  markedDepth: MarkedDepth,
  project: Project,
  engine: Engine,
  session: string,
  what: string,
): Promise<number> {
  const config = project.config()
  if (!config.ok) throw new Error(formatProblems(config.problems, project.root))
  const depth = Math.max(engine.depthOf(session), await markedDepth(session))
  const most = config.value.limits.maxDepth ?? DEFAULTS.maxDepth
  if (depth >= most) throw new Error(`workers may not ${what} here (limits.max_depth is ${most})`)
  return depth
}

/** The sessions that wait while this one works, itself included. */
function callersOf(engine: Engine, session: string): string[] {
  const workers = engine.workers()
  const sessions: string[] = []
  for (let at: string | null | undefined = session; at && !sessions.includes(at); ) {
    const here: string = at
    sessions.push(here)
    at = workers.find((one) => one.session === here)?.parent
  }
  return sessions
}

/** Resolves with the run at its end. A caller that aborts its tool call aborts the run. */
async function finished(engine: Engine, run: string, abort: AbortSignal): Promise<RunView> {
  const stop = () => void engine.abort(run, BY_MODEL)
  if (abort.aborted) stop()
  else abort.addEventListener("abort", stop, { once: true })
  try {
    const { view, broken } = await engine.finished(run)
    if (broken !== undefined || view === undefined) throw new Error(broken ?? `run ${run} left no journal`)
    return view
  } finally {
    abort.removeEventListener("abort", stop)
  }
}

function wanted(engine: Engine, run: string | undefined): RunView {
  const view = runNamed(engine, run)
  if (view) return view
  throw new Error(run === undefined ? "nothing has run in this project yet" : `there is no run ${run}`)
}

/** The state of the run, with the output of its last step once it has succeeded. */
async function describeRun(engine: Engine, view: RunView): Promise<string> {
  const last = view.status === "success" ? view.steps.at(-1) : undefined
  if (last === undefined) return formatRun(view)
  return `${formatRun(view)}\n\n${last.id}:\n${capAnswer(last.output, last.id, await engine.fileOf(view.id, last))}`
}
