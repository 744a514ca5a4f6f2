import type { LoadedConfig } from "../config/load.ts"
import { suggest } from "../core/base/nearest.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import { formatProblems } from "../core/model/problem.ts"
import type { Profile } from "../core/model/profile.ts"
import type { CommandOutcome, Engine } from "../engine/engine.ts"
import type { Project } from "./project.ts"

/** What is asked of a worker, or of a profile nobody has spawned: one question, one answer. */
export interface WorkerQuestion {
  /** Name or session of a kept worker, or name of a profile. */
  readonly worker: string
  readonly text: string
  /** Session it is asked from; the answer is for it. */
  readonly parent: string
  /** How deep that session is. */
  readonly depth: number
  readonly by: string
}

/** The whole question as the worker is told to answer `summarize`. */
export const SUMMARIZE =
  "Summarize for the main session what was worked out here: decisions, findings, files that matter, open questions. Only what the main session needs to go on; at most 400 words."

/**
 * Starts a run of one step that asks the question. A worker that was spawned, or whose profile says `keep`, goes on in
 * its session; any other is a new one.
 * Nothing is created when it is refused; an unknown name is answered with the nearest one.
 */
export async function startQuestionRun(
  project: Project,
  engine: Engine,
  question: WorkerQuestion,
): Promise<CommandOutcome> {
  const found = findWorker(project, engine, question.worker)
  if (!found.ok) return found
  const { name, profile, limits } = found
  // A person works in its session: it must be one that can be typed into, which only opening it for a person makes.
  if (profile.mode === "foreground" && engine.kept(name) === undefined) {
    const spawned = await engine.spawn(name, profile, question.parent)
    if (!spawned.ok) return spawned
  }
  return engine.start({
    run: project.newRunId(),
    workflow: {
      name,
      inputs: {},
      settings: { maxParallel: 1, timeoutMs: DEFAULTS.runTimeoutMs, onFailure: "stop" },
      // A prompt of a step is a template; this one is not.
      steps: [
        {
          id: "ask",
          type: "single",
          profile: profile.name,
          prompt: question.text.replaceAll("${", () => "$${"),
          needs: [],
          // One answer is wanted, without a person in between: at no gate, and not as the one who works.
          intervene: "never",
        },
      ],
    },
    inputs: {},
    profiles: { [profile.name]: { ...profile, mode: "background" } },
    limits,
    parent: question.parent,
    depth: question.depth,
    ask: name,
    by: question.by,
  })
}

type WorkerMatch =
  | { readonly ok: true; readonly name: string; readonly profile: Profile; readonly limits: LoadedConfig["limits"] }
  | { readonly ok: false; readonly why: string }

/** The profile of a kept worker (by name or session), else the profile of that name. */
export function findWorker(project: Project, engine: Engine, wanted: string): WorkerMatch {
  const config = project.config()
  if (!config.ok) return { ok: false, why: formatProblems(config.problems, project.root) }
  const { profiles, limits } = config.value
  const kept = engine.kept(wanted)
  const profile = Object.hasOwn(profiles, kept?.profile ?? wanted) ? profiles[kept?.profile ?? wanted] : undefined
  if (profile !== undefined) return { ok: true, name: kept?.name ?? wanted, profile, limits }
  if (kept !== undefined) return { ok: false, why: `orchestrator.json has no profile \`${kept.profile}\` any more` }
  const known = [...new Set([...engine.workers().map((worker) => worker.name), ...Object.keys(profiles)])]
  return {
    ok: false,
    why: `there is no worker or profile \`${wanted}\`: ${suggest(wanted, known, "workers and profiles")}`,
  }
}

/** The session a person works from: of a worker's own session the one its task, or else itself, was started from. */
export function mainSession(engine: Engine, session: string): string {
  return engine.workers().find((one) => one.session === session)?.parent ?? session
}
