import { suggest } from "../core/base/nearest.ts"
import { traitsOf } from "../core/model/kinds.ts"
import { formatTrace } from "../core/view/format.ts"
import type { Reply } from "../core/view/protocol.ts"
import { type SessionTranscript, type TranscriptLocation, traceOf, transcriptLocations } from "../core/view/trace.ts"
import type { StepView } from "../core/view/view.ts"
import { runNamed, stepNamed } from "../project/runs.ts"
import { type CommandContext, error } from "./command-context.ts"

/** Shown instead of a transcript that cannot be cleared of secrets: a session holds their values
 *  as they were sent. */
const UNSAFE: SessionTranscript = {
  missing:
    "The transcript is not shown: the values of the workflow's secrets are missing, so they could not be removed from it.",
}

/** `/trace STEP-or-WORKER`: everything about the step of the newest run that has a step of that
 *  name, or that a worker of that name did. The transcript is read from the step's session. */
export async function trace(context: CommandContext, wanted: string): Promise<Reply> {
  const { engine } = context
  const found = stepNamed(engine, wanted)
  if (found === undefined) return noStep(context, wanted)
  const { run, step } = found
  const events = engine.events(run.id)
  const transcripts = await Promise.all(
    transcriptLocations(run.id, events, step.id).map((origin) => transcriptOf(context, step, origin)),
  )
  const told = traceOf(events, step.id, engine.withoutSecrets(run.id, transcripts) ?? [UNSAFE])
  const title = run.ask === null ? `${step.id} · ${run.workflow}` : run.workflow
  const view = { type: "trace" as const, run: run.id, step, trace: told }
  return { tone: "info", title, text: formatTrace(run.id, step, told), view }
}

function transcriptOf(
  context: CommandContext,
  { kind, profile }: StepView,
  origin: TranscriptLocation,
): Promise<SessionTranscript> {
  if (traitsOf(kind).canOpenHere) return context.transcript(origin)
  const missing = `The transcript is in the ${kind} of profile ${profile}, which is not read: the rest is from the journal.`
  return Promise.resolve({ missing })
}

function noStep({ engine }: CommandContext, wanted: string): Reply {
  const steps = runNamed(engine, undefined)?.steps ?? []
  const known = [...steps.map((step) => step.id), ...engine.workers().map((worker) => worker.name)]
  return error(
    `No step ${wanted}`,
    `no run here has a step \`${wanted}\`: ${suggest(wanted, [...new Set(known)], "steps of the newest run")}`,
  )
}
