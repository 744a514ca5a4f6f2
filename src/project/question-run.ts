import type { LoadedConfig } from "../config/load.ts"
import { suggest } from "../core/base/nearest.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import { formatProblems } from "../core/model/problem.ts"
import type { Profile } from "../core/model/profile.ts"
import type { CommandOutcome, Engine } from "../engine/engine.ts"
import type { Project } from "./project.ts"

/** One question to a worker, or to a profile without a spawned worker. */
export interface WorkerQuestion {
  /** Name or session of a kept worker, or name of a profile. */
  readonly worker: string
  readonly text: string
  /** Session that asks and receives the answer. */
  readonly parent: string
  /** Nesting depth of that session. */
  readonly depth: number
  readonly by: string
  /** Whether the project's folder is trusted. */
  readonly usesFolder: boolean
}

/** The prompt of the command `summarize`. */
export const SUMMARIZE =
  "Summarize for the main session what was worked out here: decisions, findings, relevant files, open questions. Include only what the main session needs to continue; at most 400 words."

/**
 * Starts a run of one step that asks the question. A spawned worker, or one whose profile sets
 * `keep`, continues in its session; any other gets a new session. A refused question creates
 * nothing; for an unknown name the reason suggests the nearest one.
 */
export async function startQuestionRun(
  project: Project,
  engine: Engine,
  question: WorkerQuestion,
): Promise<CommandOutcome> {
  const found = findWorker(project, engine, question.worker)
  if (!found.ok) return found
  const { name, profile, limits } = found
  // A person types in a foreground worker's session, and only spawning it creates such a session.
  if (profile.mode === "foreground" && engine.kept(name) === undefined) {
    const spawned = await engine.spawn(name, profile, question.parent)
    if (!spawned.ok) return spawned
  }
  return engine.start({
    run: project.newRunId(),
    nonceKey: project.newNonceKey(),
    workflow: {
      name,
      inputs: {},
      settings: { maxParallel: 1, timeoutMs: DEFAULTS.runTimeoutMs, onFailure: "stop" },
      // A step's prompt is a template, but the question is plain text: its `${` is escaped.
      steps: [
        {
          id: "ask",
          type: "single",
          profile: profile.name,
          prompt: question.text.replaceAll("${", () => "$${"),
          needs: [],
          // A question has one answer and no person in between: no gate here, and no foreground
          // mode below.
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
    ...(question.usesFolder ? {} : { usesFolder: false as const }),
  })
}

type WorkerMatch =
  | { readonly ok: true; readonly name: string; readonly profile: Profile; readonly limits: LoadedConfig["limits"] }
  | { readonly ok: false; readonly why: string }

/** Finds the profile of a kept worker (by name or session), or else the profile of that name. */
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

/**
 * The session from which a worker was started; a session that is not a worker's is returned
 * unchanged.
 */
export function mainSession(engine: Engine, session: string): string {
  return engine.workers().find((one) => one.session === session)?.parent ?? session
}
