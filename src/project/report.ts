import type { RunView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"

/**
 * Writes the report of a run as one HTML page, from the journal alone. `now` is in milliseconds
 * since 1970.
 */
export async function reportPage(engine: Engine, run: RunView, now: number): Promise<string> {
  // The report is imported on demand, because its graph layout is needed for nothing else.
  const [{ reportOf }, { pageOf }] = await Promise.all([import("../report/data.ts"), import("../report/page.ts")])
  return pageOf(reportOf(engine.events(run.id), { run, find: (id) => engine.view(id), now }))
}
