import { formatRun, formatTrace, formatWorkflows } from "../core/format.ts"
import { suggest } from "../core/nearest.ts"
import { formatProblems } from "../core/problem.ts"
import type { Reply, WorkflowItem } from "../core/protocol.ts"
import type { RunView } from "../core/view.ts"
import type { Engine } from "../engine/engine.ts"
import type { Project } from "../project/project.ts"
import { parseLine, SUBCOMMANDS } from "./line.ts"

/** What `/workflow help` says. */
const HELP = [
  "/workflow                              pick a workflow and run it",
  "/workflow run NAME [key=value …] [task text]",
  "/workflow list                         the workflows of this project",
  "/workflow status [RUN]                 how the newest run goes",
  "/workflow resume [RUN]                 go on with an interrupted run",
  "/workflow abort [RUN]                  end a run and everything it is running",
  "/trace STEP                            what a step was asked, by whom it was answered, and what it cost",
].join("\n")

/** Who runs things when a person types in OpenCode, as the journal records it. */
const BY = "person in OpenCode"

/**
 * The one handler of every `/workflow` and `/trace`, whichever way it came in. Never throws for what a user typed: a
 * mistake is a reply that says what to type instead.
 */
export function handleLine(line: string, session: string | undefined, project: Project, engine: Engine): Reply {
  const parsed = parseLine(line)
  switch (parsed.command) {
    case "run":
      return run(parsed, session, project, engine)
    case "pick":
    case "list":
      return list(project.workflows())
    case "help":
      return { tone: "info", title: "Workflow commands", text: HELP }
    case "status":
      return status(engine.find(parsed.run), parsed.run)
    case "resume":
      return resume(engine, parsed.run, session)
    case "abort":
      return abort(engine, parsed.run)
    case "trace":
      return trace(parsed.step, engine)
    case "wrong": {
      const word = line.trim().split(/\s+/)[1] ?? ""
      const hint = line.startsWith("/trace") ? "" : `\n${suggest(word, SUBCOMMANDS, "subcommands")}\n\n${HELP}`
      return error("Not a workflow command", parsed.why + hint)
    }
  }
}

function error(title: string, text: string): Reply {
  return { tone: "error", title, text }
}

function run(
  wanted: Extract<ReturnType<typeof parseLine>, { command: "run" }>,
  session: string | undefined,
  project: Project,
  engine: Engine,
): Reply {
  if (session === undefined) return error("No session", "open a session first: the steps become its child sessions")
  const prepared = project.prepare(wanted.workflow, wanted.inputs, wanted.task)
  if (!prepared.ok) return error(`Cannot run ${wanted.workflow}`, formatProblems(prepared.problems, project.root))
  const started = engine.start({ ...prepared.value.definition, run: project.newRunId(), parent: session, by: BY })
  if (!started.ok) return error(`Cannot run ${wanted.workflow}`, started.why)
  return {
    tone: "success",
    title: `Running ${prepared.value.definition.workflow.name}`,
    text: `Started ${prepared.value.definition.workflow.name} (run ${started.run}). \`/workflow status\` shows how it goes.`,
    view: { type: "started", run: started.run },
  }
}

function list(workflows: readonly WorkflowItem[]): Reply {
  const text =
    workflows.length > 0
      ? formatWorkflows(workflows)
      : "There are no workflows here yet. Put one in .opencode/workflows/NAME.yaml, for example:\n\nsteps:\n  - id: hello\n    prompt: Say hello."
  return { tone: "info", title: "Workflows", text, view: { type: "workflows", workflows } }
}

function status(view: RunView | undefined, wanted: string | undefined): Reply {
  if (view)
    return {
      tone: "info",
      title: `${view.workflow} · ${view.status}`,
      text: formatRun(view),
      view: { type: "run", run: view },
    }
  if (wanted !== undefined) return error("No such run", `there is no run ${wanted} in this project`)
  return { tone: "info", title: "No runs", text: "Nothing has run in this project yet. `/workflow` picks a workflow." }
}

function outcome(result: ReturnType<Engine["resume"]>, done: string, engine: Engine): Reply {
  if (!result.ok) return error("That did not work", result.why)
  const view = engine.view(result.run)
  return {
    tone: "success",
    title: view?.workflow ?? result.run,
    text: done,
    ...(view?.status === "running" ? { view: { type: "started", run: result.run } } : {}),
  }
}

/** Resumes the named run, or the newest one that can be. */
function resume(engine: Engine, wanted: string | undefined, session: string | undefined): Reply {
  const target = wanted === undefined ? newestInterrupted(engine) : engine.find(wanted)
  if (target) return outcome(engine.resume(target.id, BY, session), `Resumed run ${target.id}.`, engine)
  return error("Nothing to resume", wanted === undefined ? "no run was interrupted" : `there is no run ${wanted}`)
}

/** Reads no further back than it must: each run is folded from its whole journal. */
function newestInterrupted(engine: Engine): RunView | undefined {
  for (const { id } of engine.list()) {
    const view = engine.view(id)
    if (view?.status === "interrupted") return view
  }
  return undefined
}

function abort(engine: Engine, wanted: string | undefined): Reply {
  const running = engine.live().find((view) => view.status === "running")
  const target = wanted === undefined ? running : engine.find(wanted)
  if (!target)
    return error("Nothing to abort", wanted === undefined ? "no run is going on here" : `there is no run ${wanted}`)
  return outcome(engine.abort(target.id, BY), `Aborting run ${target.id}.`, engine)
}

/** The step of the newest run that has one of that name. */
function trace(wanted: string, engine: Engine): Reply {
  const newest = engine.find(undefined)
  for (const { id } of engine.list().slice(0, 20)) {
    const view = engine.view(id)
    const step = view?.steps.find((other) => other.id === wanted)
    if (view && step) {
      const text = formatTrace(view.id, step)
      return { tone: "info", title: `${step.id} · ${view.workflow}`, text, view: { type: "trace", run: view.id, step } }
    }
  }
  const known = newest?.steps.map((step) => step.id) ?? []
  return error(
    `No step ${wanted}`,
    `no run here has a step \`${wanted}\`: ${suggest(wanted, known, "steps of the newest run")}`,
  )
}
