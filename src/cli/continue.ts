import type { Command } from "commander"
import { continueRun, waitingRun } from "../project/decisions.ts"
import type { LoadCompose } from "./context.ts"
import { ASKER, carryOut, decision, RUN } from "./decide.ts"
import { type DecisionOptions, mustBePerson } from "./person.ts"

/**
 * `baton continue [RUN]`: continues a waiting run; the steps that wait for a decision count as they
 * are.
 */
export function continueCommand(compose: LoadCompose): Command {
  return decision("continue", "continue a waiting run; steps that wait for a decision count as they are")
    .argument("[run]", RUN)
    .action((wanted: string | undefined, options: DecisionOptions, command: Command) => {
      const by = { by: "baton continue", via: mustBePerson("continue", options) }
      return carryOut(compose, command, {
        find(engine) {
          const found = waitingRun(engine, wanted, ASKER)
          if (!found.ok || found.value.hold?.cause !== "budget") return found
          const { id, hold } = found.value
          return { ok: false, why: `${hold.detail}: raise it with \`baton raise ${id} --usd N\` (or --tokens N)` }
        },
        act: (engine, run, parent) => continueRun(engine, run, by, parent),
      })
    })
}
