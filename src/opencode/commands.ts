import { suggest } from "../core/base/nearest.ts"
import { formatProblems } from "../core/model/problem.ts"
import { formatWorkflows } from "../core/view/format.ts"
import type { Purpose, Reply, WorkflowItem } from "../core/view/protocol.ts"
import { mainSession } from "../project/question-run.ts"
import { BY, type CommandContext, type CommandOrigin, error } from "./command-context.ts"
import { show, status } from "./dashboard-data.ts"
import { answerRequest, listRequests } from "./inbox-commands.ts"
import { parseLine, SUBCOMMANDS } from "./line.ts"
import { INBOX_HELP, INBOX_SUBCOMMANDS, WORKERS_HELP, WORKERS_SUBCOMMANDS } from "./line-workers.ts"
import { graph, report } from "./report-commands.ts"
import { abort, decideStep, goOn, pause, raise, resume } from "./run-commands.ts"
import { trace } from "./trace-command.ts"
import { allowed, trust } from "./trust-commands.ts"
import { act, askOrTell, handBack, listWorkers, spawn } from "./worker-commands.ts"

/** The text of `/workflow help`. */
const HELP = [
  "/workflow                              pick a workflow and run it",
  "/workflow run NAME [key=value …] [--model NAME=MODEL] [task text]",
  "/workflow list                         the workflows of this project",
  "/workflow plan NAME [key=value …]      what it would do, without asking a model",
  "/workflow status [RUN]                 the dashboard: how runs go, step by step",
  "/workflow show RUN STEP                one step of a run, in the dashboard",
  "/workflow pause [RUN]                  start no more of its steps",
  "/workflow continue [RUN]               continue a run that waits for you",
  "/workflow continue STEP [answer]       the same for one step",
  "/workflow retry STEP [message…]        one more try, in its session",
  "/workflow skip STEP [reason]           continue without this step",
  "/workflow raise usd=… tokens=… [RUN]   what it may spend in all",
  "/workflow resume [RUN] [--edited]      after a crash or a failure; --edited: with the file as it is now",
  "/workflow abort [RUN]                  end it and all it runs",
  "/workflow report [RUN] [out=FILE]      everything about a run as one HTML page",
  "/workflow trust [revoke]               let Baton use what is in this folder, or no longer",
  "/workflow graph NAME [ascii|mermaid]   its steps and what they need",
  "/trace STEP-or-WORKER                  its prompt, answer and cost in full",
  WORKERS_HELP,
  INBOX_HELP,
  "/handback [text]                       give back the result of the worker here",
  "/handback NAME [text]                  the same for another worker",
].join("\n")

/** Baton's slash commands, with their descriptions. */
export const COMMANDS = {
  workflow: "Run a workflow, or see how one goes (Baton)",
  trace: "Look at a workflow step or a worker in full (Baton)",
  workers: "See, ask and steer the workers (Baton)",
  inbox: "Answer what workers ask (Baton)",
  handback: "Give a worker's result back (Baton)",
} as const

type Given = Omit<CommandContext, "line">

/** Handles every line for Baton, whichever way it arrived. Never throws for what a user typed: a
 *  mistake is answered with what to type instead. */
export function handleLine(line: string, origin: CommandOrigin, given: Given): Promise<Reply> | Reply {
  const parsed = parseLine(line)
  const context = { ...given, line }
  const { project, engine } = context
  const { session } = origin
  switch (parsed.command) {
    case "run":
      return run(parsed, session, context)
    case "plan":
      return plan(parsed, context)
    case "pick":
    case "list":
      return list(project.workflows(), parsed.command === "pick" ? parsed.purpose : "run")
    case "help":
      return { tone: "info", title: "Workflow commands", text: HELP }
    case "status":
      return status(engine, parsed.run, parsed.limit)
    case "show":
      return show(engine, parsed.run, parsed.step)
    case "pause":
      return pause(context, parsed.run, origin)
    case "continue":
      return goOn(context, parsed, origin)
    case "retry":
    case "skip":
      return decideStep(context, parsed, origin)
    case "raise":
      return raise(context, parsed, origin)
    case "resume":
      return resume(context, parsed, origin)
    case "abort":
      return abort(context, parsed.run, origin)
    case "report":
      return report(context, parsed)
    case "graph":
      return graph(context, parsed)
    case "trust":
      return trust(context, parsed)
    case "trace":
      return trace(context, parsed.step)
    case "workers":
      return listWorkers(context)
    case "spawn":
      return spawn(context, parsed, origin)
    case "ask":
      return askOrTell(context, parsed, origin)
    case "handback":
      return handBack(context, parsed, origin)
    case "inbox":
      return listRequests(context)
    case "answer":
      return answerRequest(context, parsed.ask, parsed.answer)
    case "wrong":
      return wrong(line, parsed.why)
    default:
      return act(context, parsed.command, parsed.worker, origin)
  }
}

function wrong(line: string, why: string): Reply {
  const [slash, word = ""] = line.trim().split(/\s+/)
  const [names, help] =
    slash === "/workers"
      ? [WORKERS_SUBCOMMANDS, WORKERS_HELP]
      : slash === "/inbox"
        ? [INBOX_SUBCOMMANDS, INBOX_HELP]
        : [SUBCOMMANDS, HELP]
  const hint = why.startsWith("there is no") ? `\n${suggest(word, names, "subcommands")}\n\n${help}` : ""
  return error(slash === "/workflow" ? "Not a workflow command" : `Not a ${slash} command`, why + hint)
}

type RunLine = Extract<ReturnType<typeof parseLine>, { command: "run" | "plan" }>

/** Shows what a workflow would do. It asks no model and starts nothing. */
async function plan({ workflow, inputs, task, models }: RunLine, { project }: CommandContext): Promise<Reply> {
  const prepared = project.prepare(workflow, inputs, task, models)
  if (!prepared.ok) return error(`Cannot plan ${workflow}`, formatProblems(prepared.problems, project.root))
  const { formatPlan } = await import("../project/plan.ts")
  return {
    tone: "info",
    title: `Plan of ${prepared.value.definition.workflow.name}`,
    text: formatPlan(prepared.value).trimEnd(),
  }
}

async function run(
  wanted: RunLine,
  session: string | undefined,
  { project, engine, gate, line, missing }: CommandContext,
): Promise<Reply> {
  if (session === undefined) return error("No session", "open a session first: the steps become its child sessions")
  const prepare = (usesFolder: boolean) =>
    project.using(usesFolder).prepare(wanted.workflow, wanted.inputs, wanted.task, wanted.models)
  const permit = await gate.forWorkflow(project, wanted.workflow)
  const may = allowed(permit, line)
  // Problems of its documents are said before a person is asked about the folder.
  const needsFolder = permit.type === "ask" && permit.question.isNeeded
  const prepared = prepare(may.ok ? may.usesFolder : needsFolder)
  if (!prepared.ok) return error(`Cannot run ${wanted.workflow}`, formatProblems(prepared.problems, project.root))
  if (!may.ok) return may.reply
  const models = await missing(prepared.value.definition)
  if (models !== undefined) return error(`Cannot run ${wanted.workflow}`, models)
  const parent = mainSession(engine, session)
  const own = may.usesFolder ? {} : { usesFolder: false as const }
  const ids = { run: project.newRunId(), nonceKey: project.newNonceKey() }
  const started = engine.start({ ...prepared.value.definition, ...ids, parent, by: BY, ...own })
  if (!started.ok) return error(`Cannot run ${wanted.workflow}`, started.why)
  return {
    tone: "success",
    title: `Running ${prepared.value.definition.workflow.name}`,
    text: `Started ${prepared.value.definition.workflow.name} (run ${started.run}). \`/workflow status\` shows how it goes.`,
    ...(may.note === undefined ? {} : { notice: may.note }),
    view: { type: "started", run: started.run },
  }
}

function list(workflows: readonly WorkflowItem[], purpose: Purpose): Reply {
  const own = workflows.some((one) => !one.isBuiltIn)
    ? ""
    : "\n\nYour own go into .opencode/workflows/NAME.yaml, for example:\n\nsteps:\n  - id: hello\n    prompt: Say hello."
  const text = formatWorkflows(workflows) + own
  return { tone: "info", title: "Workflows", text, view: { type: "workflows", workflows, purpose } }
}
