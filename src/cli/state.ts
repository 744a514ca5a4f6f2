import { cpSync, existsSync, readdirSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { Command } from "commander"
import { projectRoot } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import {
  adoptState,
  allStates,
  findState,
  forgetState,
  formerJournal,
  isThere,
  openState,
  type ProjectState,
} from "../state/project-state.ts"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { UserError } from "./exit.ts"
import { writeJson } from "./json.ts"
import type { StateDocument } from "./json-types.ts"
import { refuseWorker } from "./person.ts"
import { stdout } from "./terminal.ts"

/** `baton state`: where the runs of projects are kept, and to which folder they belong. */
export function stateCommand(compose: LoadCompose): Command {
  return new Command("state")
    .description("list, take over or delete the stored runs of projects")
    .addCommand(listCommand())
    .addCommand(adoptCommand(compose))
    .addCommand(forgetCommand(compose))
}

function listCommand(): Command {
  return new Command("ls")
    .description("list the projects that have stored runs, and where they are stored")
    .option("--json", "as one JSON object")
    .action((options: { json?: boolean }) => {
      const states = allStates(process.env).map(({ id, folder, identity }) => {
        return { id, path: identity.path, exists: isThere(identity), folder }
      })
      if (options.json) writeJson({ states } satisfies StateDocument)
      else stdout.write(states.length === 0 ? "No project has stored runs.\n" : formatStates(states))
    })
}

function formatStates(states: StateDocument["states"]): string {
  const width = Math.max(...states.map(({ id }) => id.length))
  const lines = states.map(({ id, path, exists }) => `${id.padEnd(width)}  ${path}${exists ? "" : "  (gone)"}`)
  const gone = states.filter(({ exists }) => !exists)
  const hint = gone.length === 0 ? "" : "\n`baton state forget ID` deletes the runs of a folder that is gone.\n"
  return `${lines.join("\n")}\n${hint}`
}

function adoptCommand(compose: LoadCompose): Command {
  return new Command("adopt")
    .description("take over the runs of a moved or replaced folder, or of an earlier version of Baton in this folder")
    .argument("[id]", "which, as `baton state ls` names it (default: those of an earlier version in this folder)")
    .action(async (id: string | undefined, _: object, command: Command) => {
      refuseWorker("state adopt", "a person says which runs belong to a folder")
      const place = placeOf(command.optsWithGlobals<GlobalOptions>())
      const root = projectRoot(place)
      const own = findState(root, place.env)
      if (own && existsSync(join(own.folder, "journal.db")))
        throw new UserError("this project has runs of its own, and the runs of two folders cannot be merged")
      const { isInUse } = await compose()
      if (id === undefined) adoptFormer(root, place, isInUse)
      else {
        const state = stateNamed(id)
        if (isThere(state.identity)) throw new UserError(`the runs of ${state.identity.path} belong to that folder`)
        refuseInUse(state.folder, isInUse)
        if (own) forgetState(own)
        adoptState(state, root, place.env)
      }
      stdout.write("This project has these runs now; `baton list` shows them.\n")
    })
}

/** Copies what an earlier version kept in the project, and then removes it there. */
function adoptFormer(root: string, place: LoadOptions, isInUse: (folder: string) => boolean): void {
  const journal = formerJournal(root)
  if (journal === undefined) throw new UserError("this folder has no runs of an earlier version of Baton")
  const former = dirname(journal)
  refuseInUse(former, isInUse)
  const { folder } = openState(root, place.env)
  // A repository could have brought a record of trust, or one of whose runs these are.
  const own = ["outputs", "reports", ".gitignore", "trust.json", "project.json"]
  const names = readdirSync(former).filter((name) => !own.includes(name))
  for (const name of names) cpSync(join(former, name), join(folder, name), { recursive: true, verbatimSymlinks: true })
  for (const name of names) rmSync(join(former, name), { recursive: true })
}

function forgetCommand(compose: LoadCompose): Command {
  return new Command("forget")
    .description("delete the stored runs of a project; shows what it deletes, and deletes with --yes")
    .argument("<id>", "which, as `baton state ls` names it")
    .option("--yes", "delete them")
    .action(async (id: string, options: { yes?: boolean }) => {
      const state = stateNamed(id)
      const { path } = state.identity
      if (options.yes) refuseWorker("state forget", "a person deletes runs")
      else {
        stdout.write(`The runs of ${path} in ${state.folder} would be deleted. Add --yes to delete.\n`)
        return
      }
      const { isInUse } = await compose()
      refuseInUse(state.folder, isInUse)
      forgetState(state)
      stdout.write(`The runs of ${path} are deleted. Their sessions stay in OpenCode.\n`)
    })
}

function refuseInUse(folder: string, isInUse: (folder: string) => boolean): void {
  if (isInUse(folder)) throw new UserError(`a process drives a run in ${folder}: end it first`)
}

function stateNamed(id: string): ProjectState {
  const states = allStates(process.env)
  const state = states.find((one) => one.id === id)
  if (state) return state
  throw new UserError(`there are no stored runs called ${id}: \`baton state ls\` lists them`)
}
