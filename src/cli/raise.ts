import { type Command, InvalidArgumentError } from "commander"
import { AMOUNTS } from "../core/documents/amount.ts"
import type { LoadCompose } from "./context.ts"
import { carryOut, decision, findOpen, RUN } from "./decide.ts"
import { type DecisionOptions, mustBePerson } from "./person.ts"

type Given = DecisionOptions & Readonly<Record<string, unknown>>

/** `baton raise [RUN]`: sets a new total budget, and continues a run that the old budget held. */
export function raiseCommand(compose: LoadCompose): Command {
  return decision("raise", "set the total budget of a run, and continue it if the old budget held it")
    .argument("[run]", RUN)
    .option("--usd <amount>", "US dollars", amount("usd"))
    .option("--tokens <count>", "tokens read and written (500k, 2M)", amount("tokens"))
    .option("--time <duration>", "working time (90m, 2h)", amount("time"))
    .option("--workers <count>", "workers started: tries of steps", amount("workers"))
    .action((wanted: string | undefined, given: Given, command: Command) => {
      const named = Object.entries(AMOUNTS).filter(([name]) => given[name] !== undefined)
      if (named.length === 0) command.error("error: no amount given: add --usd N, --tokens N, --time T, or --workers N")
      const via = mustBePerson("raise", given)
      const budget = Object.fromEntries(named.map(([name, { key }]) => [key, given[name]]))
      return carryOut(compose, command, {
        find: (engine) => findOpen(engine, wanted),
        act: (engine, { id }) => engine.raise(id, budget, { by: "baton raise", via }),
      })
    })
}

function amount(name: string): (text: string) => number {
  return (text) => {
    const value = AMOUNTS[name]?.read(text)
    if (value === undefined) throw new InvalidArgumentError("use an amount above 0")
    return value
  }
}
