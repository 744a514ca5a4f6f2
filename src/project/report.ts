import type { RunView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"

/** The report of a run as one HTML page, from the journal alone. `now` is milliseconds since 1970. */
export async function reportPage(engine: Engine, run: RunView, now: number): Promise<string> {
  // Laying out graphs is not for those who never ask for a report.
  const [{ reportOf }, { pageOf }] = await Promise.all([import("../report/data.ts"), import("../report/page.ts")])
  return pageOf(reportOf(engine.events(run.id), { run, find: (id) => engine.view(id), now }))
}
