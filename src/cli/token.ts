import { Command } from "commander"
import { ownerToken } from "../state/key.ts"
import { hasTerminal, refuseWorker } from "./person.ts"
import { stdout } from "./terminal.ts"

/** `baton token`: the token with which a script decides for this user. */
export function tokenCommand(): Command {
  return new Command("token")
    .description("show the token with which a script decides for you; without a terminal, the file that has it")
    .action(() => {
      refuseWorker("token", "only the person has it")
      const { token, file } = ownerToken(process.env)
      stdout.write(`${hasTerminal() && stdout.isTTY ? token : file}\n`)
    })
}
