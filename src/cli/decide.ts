import { Command } from "commander"
import type { RunView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { decisionQueryOf, findDecision, findRun, type Match, waitingRun } from "../project/decisions.ts"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { type DriveOptions, drive, type Existing } from "./drive.ts"
import { trustOption } from "./permit.ts"
import { mustBePerson, withDecisionOptions } from "./person.ts"

/**
 * Shared parts of `baton continue`, `retry`, `skip`, `abort` and `raise`. Each records a decision
 * about a run and then drives the run.
 */

export const ASKER = { prefix: "baton" }
export const RUN = "id of the run, or its beginning (default: the newest that waits)"

/** A command with the options that all commands driving a run have. */
export function stopping(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--json", "one JSON object per line on stdout; the last one is the result")
    .option("--attach <url>", "use a running OpenCode server instead of starting one")
    .addOption(trustOption())
}

/** A command that only a person may give. */
export function decision(name: string, description: string): Command {
  return withDecisionOptions(stopping(name, description))
}

/** Records the decision and drives the run. The exit code becomes that of the process. */
export async function carryOut(
  compose: LoadCompose,
  command: Command,
  existing: Omit<Existing, "word">,
): Promise<void> {
  const globals = command.optsWithGlobals<GlobalOptions & DriveOptions>()
  process.exitCode = await drive(compose, placeOf(globals), globals, { ...existing, word: command.name() })
}

/**
 * A command that decides about one step. Without a run, it takes the newest run in which that step
 * waits.
 */
export function stepDecision(compose: LoadCompose, action: "retry" | "skip", description: string): Command {
  return decision(action, `${description} (RUN: ${RUN})`)
    .usage("[options] [RUN] STEP")
    .argument("<[RUN] STEP...>", "the run, if it is not the newest that waits, and the step")
    .action((words: string[], { message }: { message?: string }, command: Command) => {
      if (words.length > 2) command.error(`error: too many words: \`baton ${action} [RUN] STEP\``)
      if (message?.trim() === "") command.error("error: the message is empty: write one, or leave out --message")
      const [run, step = ""] = words.length === 2 ? words : [undefined, words[0]]
      const wanted = run === undefined ? decisionQueryOf(step) : { run, step }
      const said = message === undefined ? {} : { message }
      const via = mustBePerson(action, command.opts())
      return carryOut(compose, command, {
        find(engine) {
          const found = findDecision(engine, wanted, action === "retry", ASKER)
          return found.ok ? { ok: true, value: found.value.run } : found
        },
        act: (engine, { id }, parent) =>
          engine.decide(id, {
            step: wanted.step,
            action,
            by: `baton ${action}`,
            via,
            ...(parent === undefined ? {} : { parent }),
            ...said,
          }),
      })
    })
}

/** The named run, if it has not ended; without a name, the newest run that waits. */
export function findOpen(engine: Engine, wanted: string | undefined): Match<RunView> {
  if (wanted === undefined) return waitingRun(engine, wanted, ASKER)
  const found = findRun(engine, wanted, ASKER, { is: () => true, none: "" })
  if (!found.ok || found.value.endedAt === null) return found
  return { ok: false, why: `run ${found.value.id} has ended (${found.value.status})` }
}
