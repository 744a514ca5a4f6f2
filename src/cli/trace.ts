import { Command } from "commander"
import { suggest } from "../core/base/nearest.ts"
import { formatTrace } from "../core/view/format.ts"
import { traceOf } from "../core/view/trace.ts"
import { stepNamed } from "../project/runs.ts"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { UserError } from "./exit.ts"
import { writeJson } from "./json.ts"
import type { TraceDocument } from "./json-types.ts"
import { findRun, NOTHING_RAN, readJournal } from "./status.ts"
import { stdout } from "./terminal.ts"

/**
 * `baton trace STEP`: shows the prompt, the model, the cost and the whole answer of a step or a
 * worker.
 */
export function traceCommand(compose: LoadCompose): Command {
  return new Command("trace")
    .description("show one step in full: prompt, answer, model, session, cost")
    .argument("<step>", "id of the step, or name of a worker")
    .option("-r, --run <id>", "of this run (default: the newest that has such a step)")
    .option("--json", "as one JSON object")
    .action(async (wanted: string, options: { run?: string; json?: boolean }, command: Command) => {
      const engine = await readJournal(compose, placeOf(command.optsWithGlobals<GlobalOptions>()))
      const found = engine && options.run === undefined ? stepNamed(engine, wanted) : undefined
      const view = found?.run ?? findRun(engine, options.run)
      if (!view) {
        if (options.json) writeJson(null)
        else stdout.write(NOTHING_RAN)
        return
      }
      const step = found?.step ?? view.steps.find((other) => other.id === wanted)
      const known = view.steps.map((other) => other.id)
      if (!step) throw new UserError(`run ${view.id} has no step \`${wanted}\`: ${suggest(wanted, known, "steps")}`)
      // The messages are in the session, which only OpenCode can read.
      const told = engine && traceOf(engine.events(view.id), step.id, [])
      const happened = told === undefined ? {} : { happened: told.rows }
      if (options.json) writeJson({ run: view.id, ...step, ...happened } satisfies TraceDocument)
      else stdout.write(`${formatTrace(view.id, step, told)}\n`)
    })
}
