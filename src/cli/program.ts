import { readFileSync } from "node:fs"
import { Command } from "commander"
import { abortCommand } from "./abort.ts"
import { configCommand } from "./config.ts"
import type { LoadCompose } from "./context.ts"
import { continueCommand } from "./continue.ts"
import { convertCommand } from "./convert.ts"
import { doctorCommand } from "./doctor.ts"
import { graphCommand } from "./graph.ts"
import { initCommand } from "./init.ts"
import { listCommand } from "./list.ts"
import { pauseCommand } from "./pause.ts"
import { planCommand } from "./plan.ts"
import { pruneCommand } from "./prune.ts"
import { raiseCommand } from "./raise.ts"
import { refuseRepeats } from "./repeats.ts"
import { reportCommand } from "./report-page.ts"
import { resumeCommand } from "./resume.ts"
import { retryCommand } from "./retry.ts"
import { runCommand } from "./run.ts"
import { skipCommand } from "./skip.ts"
import { stateCommand } from "./state.ts"
import { statusCommand } from "./status.ts"
import { stderr, stdout } from "./terminal.ts"
import { tokenCommand } from "./token.ts"
import { traceCommand } from "./trace.ts"
import { trustCommand } from "./trust.ts"
import { validateCommand } from "./validate.ts"
import { workersCommand } from "./workers.ts"

/** The whole command line. Each command has its own file, and this one lists them. */
export function createProgram(compose: LoadCompose, version = packageVersion()): Command {
  const program = new Command("baton")
    .description("Runs declarative workflows over OpenCode sessions, from the command line.")
    .version(version, "-V, --version", "print the version")
    .option("-C, --directory <dir>", "work in this folder instead of the current one")
    .option("--opencode <path>", "the OpenCode program to use (default: the project's, then the one on PATH)")
    .showHelpAfterError(helpHint("baton", "lists the commands"))
    .addHelpText("after", EXIT_CODES)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
  const commands = [
    runCommand(compose),
    resumeCommand(compose),
    continueCommand(compose),
    retryCommand(compose),
    skipCommand(compose),
    abortCommand(compose),
    raiseCommand(compose),
    pauseCommand(compose),
    planCommand(),
    validateCommand(),
    configCommand(),
    convertCommand(),
    initCommand(compose),
    doctorCommand(compose),
    graphCommand(),
    reportCommand(compose),
    listCommand(compose),
    statusCommand(compose),
    traceCommand(compose),
    workersCommand(compose),
    pruneCommand(compose),
    stateCommand(compose),
    trustCommand(compose),
    tokenCommand(),
  ]
  for (const command of commands) {
    program.addCommand(inherit(command, program, `baton ${command.name()}`))
    for (const own of command.commands) inherit(own, command, `baton ${command.name()} ${own.name()}`)
    for (const one of [command, ...command.commands]) refuseRepeats(one)
  }
  refuseRepeats(program)
  return program
}

/** Gives a command the settings of the one above it, and the way to its own help. */
function inherit(command: Command, above: Command, path: string): Command {
  return command.exitOverride().copyInheritedSettings(above).showHelpAfterError(helpHint(path, "shows how it is used"))
}

function helpHint(path: string, what: string): string {
  return `(${path} --help ${what})`
}

const EXIT_CODES = `
Exit codes: 0 success, 1 failed, 2 usage, config or workflow invalid, 3 paused (a person is needed), 4 over budget, 5 deadline passed, 130 interrupted (resumable).`

function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8")
  return (JSON.parse(text) as { version: string }).version
}
