import type { RunEvent } from "../core/model/events.ts"
import type { Engine } from "../engine/engine.ts"
import type { TouchedByRun, TouchedPath } from "../trust/verdict.ts"

/**
 * Tells from the journal whether a run may have changed files of the trusted set: by what its steps
 * are recorded to have written, by what git saw at its end, and by the time of a change that fell
 * into a worker's turn, because a shell's writes are not recorded.
 */
export function touchedByRuns(engine: Pick<Engine, "list" | "events" | "isElsewhere"> | undefined): TouchedByRun {
  return (since, paths) => {
    for (const { id, workflow } of engine?.list() ?? []) {
      const events = eventsOf(engine, id)
      if ((events.at(-1)?.at ?? 0) < since) continue
      const path = writtenBy(events, since, paths) ?? changedDuring(events, paths, engine?.isElsewhere(id) ?? false)
      if (path !== undefined) return `run ${id} of ${workflow} may have changed ${path}`
    }
    return undefined
  }
}

/** The run's events; none for a run that cannot be read, which is reported where runs are shown. */
function eventsOf(engine: Pick<Engine, "events"> | undefined, run: string): readonly RunEvent[] {
  try {
    return engine?.events(run) ?? []
  } catch {
    // Another Baton wrote this run, and its events are not known here.
    return []
  }
}

/** The first of the paths that an event since then says was written. */
function writtenBy(events: readonly RunEvent[], since: number, paths: readonly TouchedPath[]): string | undefined {
  const written = new Set(events.filter(({ at }) => at >= since).flatMap(filesOf))
  return paths.find(({ path }) => written.has(path))?.path
}

function filesOf(event: RunEvent): readonly string[] {
  switch (event.type) {
    case "step.ended":
    case "step.answered":
      return event.result.files ?? []
    case "step.checked":
      return event.saved === undefined ? [] : [event.saved]
    case "run.changed":
      return event.files
    default:
      return []
  }
}

/** A step that a crash left has no end: it lasted until the run's last event, unless it still runs. */
function changedDuring(
  events: readonly RunEvent[],
  paths: readonly TouchedPath[],
  isRunning: boolean,
): string | undefined {
  const turns: { from: number; to: number }[] = []
  const open = new Map<string, number>()
  for (const event of events) {
    if (event.type === "step.opened") open.set(event.step, event.at)
    else if (event.type === "step.ended" || event.type === "step.answered" || event.type === "step.held") {
      const from = open.get(event.step)
      if (from !== undefined) turns.push({ from, to: event.at })
      open.delete(event.step)
    }
  }
  const last = isRunning ? Number.POSITIVE_INFINITY : (events.at(-1)?.at ?? 0)
  for (const from of open.values()) turns.push({ from, to: last })
  const isIn = (at: number) => turns.some(({ from, to }) => from <= at && at <= to)
  return paths.find(({ changedAt }) => changedAt !== undefined && isIn(changedAt))?.path
}
