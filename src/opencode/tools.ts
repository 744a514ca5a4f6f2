import type { Hooks, ToolContext } from "@opencode-ai/plugin"
import * as z from "zod"
import { formatRun } from "../core/format.ts"
import { capAnswer } from "../core/handoff.ts"
import { DEFAULTS } from "../core/model.ts"
import { formatProblems } from "../core/problem.ts"
import type { RunView } from "../core/view.ts"
import type { Engine } from "../engine/engine.ts"
import { askWorker } from "../project/ask.ts"
import type { Project } from "../project/project.ts"
import type { Runtime } from "../project/runtime.ts"
import { BY_MODEL } from "./desk.ts"

type Tools = NonNullable<Hooks["tool"]>
type Context = Pick<ToolContext, "sessionID" | "abort">

/**
 * The tools of a model that may orchestrate (`"tools": true` in orchestrator.json). A tool that cannot do what it was
 * asked throws the reason: a model must never take a failure for an answer. Descriptions are short on purpose: every
 * session pays for them with every turn.
 */
export function createTools(runtime: () => Promise<Runtime>): Tools {
  const workflow_run = tool({
    description: "Start a workflow of this project. wait: until it ends.",
    args: {
      name: z.string(),
      inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
      task: z.string().optional(),
      wait: z.boolean().optional(),
    },
    async execute({ name, inputs, task, wait }, context) {
      const { project, engine } = await runtime()
      const depth = depthFor(project, engine, context.sessionID, "start workflows")
      const prepared = project.prepare(name, inputs ?? {}, task ?? "")
      if (!prepared.ok) throw new Error(formatProblems(prepared.problems, project.root))
      const run = project.newRunId()
      const { definition } = prepared.value
      const started = engine.start({ ...definition, run, parent: context.sessionID, depth, by: BY_MODEL })
      if (!started.ok) throw new Error(started.why)
      if (!wait) return `Started run ${run}. workflow_status tells how it goes.`
      return describeRun(await finished(engine, run, context.abort))
    },
  })
  const workflow_status = tool({
    description: "How a workflow run stands (default: the newest).",
    args: { run: z.string().optional() },
    async execute({ run }) {
      const { engine } = await runtime()
      return describeRun(wanted(engine, run))
    },
  })
  const workflow_control = tool({
    description: "Abort a run, or resume an interrupted or paused one.",
    args: { run: z.string(), action: z.enum(["abort", "resume"]) },
    async execute({ run, action }, { sessionID }) {
      const { project, engine } = await runtime()
      depthFor(project, engine, sessionID, "control workflows")
      const { id } = wanted(engine, run)
      const outcome = action === "abort" ? engine.abort(id, BY_MODEL) : engine.resume(id, BY_MODEL)
      if (!outcome.ok) throw new Error(outcome.why)
      return `${action === "abort" ? "Aborting" : "Resumed"} run ${id}.`
    },
  })
  const worker_ask = tool({
    description: "Give a worker (profile of orchestrator.json, or its name) a task and get its answer.",
    args: { worker: z.string(), prompt: z.string() },
    async execute({ worker, prompt }, context) {
      const { project, engine } = await runtime()
      return await askFor(project, engine, worker, prompt, context)
    },
  })
  return { workflow_run, workflow_status, workflow_control, worker_ask }
}

/** A definition whose `execute` gets arguments as its own zod object types them. */
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
  worker: string,
  prompt: string,
  { sessionID, abort }: Context,
): Promise<string> {
  const depth = depthFor(project, engine, sessionID, "start workers")
  const callers = callersOf(engine, sessionID)
  const name = engine.kept(worker)?.name ?? worker
  if (callers.includes(name)) throw new Error(`${name} cannot be asked from here: it waits for this very answer`)
  const asked = await askWorker(project, engine, { worker, text: prompt, parent: sessionID, depth, by: BY_MODEL })
  if (!asked.ok) throw new Error(asked.why)
  const view = await finished(engine, asked.run, abort)
  const step = view.steps.at(-1)
  if (view.status === "success" && step) return capAnswer(step.output, name)
  if (view.status === "paused") throw new Error(`${name} has not answered: ${view.hold?.detail ?? "it is held"}`)
  throw new Error(`${name} did not answer: ${step?.reason ?? view.status}${step?.detail ? `: ${step.detail}` : ""}`)
}

/** How deep the session is; throws when it is a worker that may not do this. Nothing has been created then. */
function depthFor(project: Project, engine: Engine, session: string, what: string): number {
  const config = project.config()
  if (!config.ok) throw new Error(formatProblems(config.problems, project.root))
  const depth = engine.depthOf(session)
  const most = config.value.limits.maxDepth ?? DEFAULTS.maxDepth
  if (depth >= most) throw new Error(`workers may not ${what} here (limits.max_depth is ${most})`)
  return depth
}

/** The workers that wait while this session is at work, itself included: names and profiles of kept ones. */
function callersOf(engine: Engine, session: string): string[] {
  const workers = engine.workers()
  const names: string[] = []
  const seen = new Set<string>()
  for (let at: string | null = session; at !== null && !seen.has(at); ) {
    seen.add(at)
    const here: string = at
    const worker = workers.find((one) => one.session === here)
    const kept = engine.kept(here)
    if (kept) names.push(kept.name)
    if (worker) names.push(worker.name)
    at = worker?.parent ?? null
  }
  return names
}

/** The run at its end; a caller that gives up aborts it. */
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
  const view = engine.find(run)
  if (view) return view
  throw new Error(run === undefined ? "nothing has run in this project yet" : `there is no run ${run}`)
}

/** How the run stands, and what its last step said once it has succeeded. */
function describeRun(view: RunView): string {
  const last = view.status === "success" ? view.steps.at(-1) : undefined
  return last === undefined ? formatRun(view) : `${formatRun(view)}\n\n${last.id}:\n${capAnswer(last.output, last.id)}`
}
