import { Command, InvalidArgumentError } from "commander"
import { dollarsOf, tokensOf } from "../core/amount.ts"
import type { RunView } from "../core/view.ts"
import type { Engine } from "../engine/engine.ts"
import { abortRun, continueRun, type Found, findDecision, findRun, waitingRun, wantedOf } from "../project/decisions.ts"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { type DriveOptions, drive, type Existing } from "./drive.ts"
import { EXIT } from "./exit.ts"

/** `baton continue`, `retry`, `skip`, `abort` and `raise`: decide how a run goes on, then go on with it. */

const ASKER = { prefix: "baton" }
const RUN = "id of the run, or its beginning (default: the newest that waits)"

export function decisionCommands(compose: LoadCompose): Command[] {
  return [continueCommand, retryCommand, skipCommand, abortCommand, raiseCommand].map((make) =>
    make(compose)
      .option("--json", "one JSON object a line on stdout, the last of them the result")
      .option("--attach <url>", "use a running OpenCode server instead of starting one"),
  )
}

async function carryOut(
  compose: LoadCompose,
  wish: Existing,
  command: Command,
  codeOf = (code: number) => code,
): Promise<void> {
  const globals = command.optsWithGlobals<GlobalOptions & DriveOptions>()
  process.exitCode = codeOf(await drive(compose, placeOf(globals), globals, wish))
}

function continueCommand(compose: LoadCompose): Command {
  return new Command("continue")
    .description("go on with a run that waits; what waits for a decision counts as it is")
    .argument("[run]", RUN)
    .action((wanted: string | undefined, _: unknown, command: Command) =>
      carryOut(
        compose,
        {
          find(engine) {
            const found = waitingRun(engine, wanted, ASKER)
            if (!found.ok || found.value.hold?.cause !== "budget") return found
            const { id, hold } = found.value
            return { ok: false, why: `${hold.detail}: raise it with \`baton raise ${id} --usd N\` (or --tokens N)` }
          },
          act: (engine, run, parent) => continueRun(engine, run, "baton continue", parent),
        },
        command,
      ),
    )
}

function retryCommand(compose: LoadCompose): Command {
  return stepCommand(compose, "retry", "try a step again that waits or has failed").option(
    "-m, --message <text>",
    "said to its worker, in its session",
  )
}

function skipCommand(compose: LoadCompose): Command {
  return stepCommand(compose, "skip", "do without a step that waits")
}

/** A decision about one step; `baton retry STEP` means the newest run in which it waits. */
function stepCommand(compose: LoadCompose, action: "retry" | "skip", description: string): Command {
  return new Command(action)
    .description(`${description} (RUN: ${RUN})`)
    .usage("[options] [RUN] STEP")
    .argument("<words...>", "the run, if it is not the newest that waits, and the step")
    .action((words: string[], options: { message?: string }, command: Command) => {
      if (words.length > 2) command.error(`too many words: \`baton ${action} [RUN] STEP\``)
      const [run, step] = words.length === 2 ? words : [undefined, words[0]]
      const wanted = run === undefined ? wantedOf(step ?? "") : { run, step: step ?? "" }
      const { message } = options
      return carryOut(
        compose,
        {
          find(engine) {
            const found = findDecision(engine, wanted, action === "retry", ASKER)
            return found.ok ? { ok: true, value: found.value.run } : found
          },
          act: (engine, { id }, parent) =>
            engine.decide(id, {
              step: wanted.step,
              action,
              by: `baton ${action}`,
              parent,
              ...(message === undefined ? {} : { message }),
            }),
        },
        command,
      )
    })
}

function abortCommand(compose: LoadCompose): Command {
  return new Command("abort")
    .description("end a run for good that waits or was interrupted")
    .argument("[run]", RUN)
    .action((wanted: string | undefined, _: unknown, command: Command) =>
      carryOut(
        compose,
        {
          find: (engine) => (wanted === undefined ? waitingRun(engine, wanted, ASKER) : openRun(engine, wanted)),
          act: (engine, run) => abortRun(engine, run, "baton abort"),
        },
        command,
        // What was asked for is no failure.
        (code) => (code === EXIT.failed ? EXIT.success : code),
      ),
    )
}

function raiseCommand(compose: LoadCompose): Command {
  return new Command("raise")
    .description("let a run spend so much in all, and go on with it if that held it")
    .argument("[run]", RUN)
    .option("--usd <amount>", "US dollars", amount(dollarsOf))
    .option("--tokens <count>", "tokens read and written (500k, 2M)", amount(tokensOf))
    .action((wanted: string | undefined, budget: { usd?: number; tokens?: number }, command: Command) => {
      const { usd, tokens } = budget
      if (usd === undefined && tokens === undefined) command.error("say how much: --usd N, or --tokens N")
      return carryOut(
        compose,
        {
          find: (engine) => (wanted === undefined ? waitingRun(engine, wanted, ASKER) : openRun(engine, wanted)),
          act(engine, { id }) {
            const given = { ...(usd === undefined ? {} : { usd }), ...(tokens === undefined ? {} : { tokens }) }
            return engine.raise(id, given, "baton raise")
          },
        },
        command,
      )
    })
}

function amount(read: (text: string) => number | undefined): (text: string) => number {
  return (text) => {
    const value = read(text)
    if (value === undefined) throw new InvalidArgumentError("it is no amount above 0")
    return value
  }
}

/** A run that is not over. */
function openRun(engine: Engine, wanted: string): Found<RunView> {
  const found = findRun(engine, wanted, ASKER, { is: () => true, none: "" })
  if (!found.ok || found.value.endedAt === null) return found
  return { ok: false, why: `run ${found.value.id} has ended (${found.value.status})` }
}
