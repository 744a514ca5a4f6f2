import { type Command, InvalidArgumentError } from "commander"
import { dollarsOf, tokensOf } from "../core/amount.ts"
import type { LoadCompose } from "./context.ts"
import { carryOut, decision, findOpen, RUN } from "./decide.ts"

/** `baton raise [RUN]`: lets a run spend more, and goes on with it if that held it. */
export function raiseCommand(compose: LoadCompose): Command {
  return decision("raise", "let a run spend so much in all, and go on with it if that held it")
    .argument("[run]", RUN)
    .option("--usd <amount>", "US dollars", amount(dollarsOf))
    .option("--tokens <count>", "tokens read and written (500k, 2M)", amount(tokensOf))
    .action((wanted: string | undefined, given: { usd?: number; tokens?: number }, command: Command) => {
      const { usd, tokens } = given
      if (usd === undefined && tokens === undefined) command.error("say how much: --usd N, or --tokens N")
      const budget = { ...(usd === undefined ? {} : { usd }), ...(tokens === undefined ? {} : { tokens }) }
      return carryOut(compose, command, {
        find: (engine) => findOpen(engine, wanted),
        act: (engine, { id }) => engine.raise(id, budget, "baton raise"),
      })
    })
}

function amount(read: (text: string) => number | undefined): (text: string) => number {
  return (text) => {
    const value = read(text)
    if (value === undefined) throw new InvalidArgumentError("it is no amount above 0")
    return value
  }
}
