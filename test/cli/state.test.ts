import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Command } from "commander"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { stateCommand } from "../../src/cli/state.ts"
import { statusCommand } from "../../src/cli/status.ts"
import { allStates, openState } from "../../src/state/project-state.ts"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import { createdEvent } from "../support/runs.ts"

/** The stored runs of moved, replaced and old projects, with real journals. */

let top: string
let written: string
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), "baton-cli-state-")))
  vi.stubEnv("BATON_STATE_DIR", join(top, "state"))
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(top, { recursive: true, force: true })
})

/** What a command in `directory` writes, with `!` before what it refuses. */
async function baton(directory: string, ...words: string[]): Promise<string> {
  written = ""
  const take = (text: unknown) => {
    written += String(text)
    return true
  }
  vi.spyOn(process.stdout, "write").mockImplementation(take)
  vi.spyOn(process.stderr, "write").mockImplementation(take)
  const compose = () => import("../../src/compose.ts")
  const program = new Command("baton").option("-C, --directory <dir>")
  program.addCommand(stateCommand(compose)).addCommand(statusCommand(compose))
  try {
    await program.parseAsync(["-C", directory, ...words], { from: "user" })
  } catch (error) {
    written += `!${(error as Error).message}`
  }
  vi.restoreAllMocks()
  return written.replaceAll(top, "TOP").replaceAll(/[0-9a-f]{16}/g, "ID")
}

function makeProject(name: string): string {
  const path = join(top, name)
  mkdirSync(path)
  writeFileSync(join(path, "file"), "")
  return path
}
/** A journal with one run. */
function makeJournal(folder: string): void {
  const store = openSqliteStore(folder)
  store.append("r1", [createdEvent("r1")])
  store.close()
}

it("the runs of a moved folder are offered in one line, and taken over with their journal", async () => {
  const old = openState(makeProject("old"), process.env)
  makeJournal(old.folder)
  renameSync(join(top, "old"), join(top, "new"))
  const path = join(top, "new")
  expect(await baton(path, "status")).toBe(
    "baton: there are runs of TOP/old, from where this folder was moved: `baton state adopt ID` takes them over, `baton state forget ID` deletes them\nNothing has run in this project yet.\n",
  )
  expect(await baton(path, "state", "ls")).toContain("ID  TOP/old  (gone)\n")
  expect(await baton(path, "state", "adopt", old.id)).toContain("This project has these runs now")
  expect(await baton(path, "status")).toContain("run r1")
  expect(await baton(path, "state", "ls")).toBe("ID  TOP/new\n")
})

it("the runs of an earlier version are named and not read, and taken over when a person says so", async () => {
  const path = makeProject("p")
  const former = join(path, ".opencode/workflow-state")
  makeJournal(former)
  mkdirSync(join(former, "outputs"))
  writeFileSync(join(former, "outputs/a.md"), "answer")
  mkdirSync(join(former, "locks"), { recursive: true })
  writeFileSync(join(former, "locks/r1.lock-journal"), "what a killed process left behind")
  expect(await baton(path, "status")).toContain("has runs of an earlier version of Baton, which are not read")
  expect(allStates(process.env)).toEqual([])
  await baton(path, "state", "adopt")
  expect(await baton(path, "status")).toContain("run r1")
  expect([existsSync(join(former, "journal.db")), readFileSync(join(former, "outputs/a.md"), "utf8")]).toEqual([
    false,
    "answer",
  ])
})

it("runs that a process drives are neither taken over nor deleted", async () => {
  const path = makeProject("p")
  const former = join(path, ".opencode/workflow-state")
  const store = openSqliteStore(former)
  const claim = store.claim("r1")
  expect(await baton(path, "state", "adopt")).toContain("!a process drives a run in TOP/p/.opencode/workflow-state")
  claim?.release()
  store.close()
  const state = openState(makeProject("q"), process.env)
  const driven = openSqliteStore(state.folder)
  const held = driven.claim("r1")
  expect(await baton(path, "state", "forget", state.id, "--yes")).toContain("!a process drives a run in")
  held?.release()
  driven.close()
})

it("runs are not merged, not taken from a folder that is still there, and deleted only with --yes", async () => {
  const path = makeProject("p")
  const own = openState(path, process.env)
  makeJournal(own.folder)
  const other = openState(makeProject("q"), process.env)
  expect(await baton(path, "state", "adopt", other.id)).toContain("!this project has runs of its own")
  expect(await baton(makeProject("r"), "state", "adopt", own.id)).toContain("!the runs of TOP/p belong to that folder")
  expect(await baton(path, "state", "adopt", "nonsense")).toContain("!this project has runs of its own")
  expect(await baton(makeProject("s"), "state", "adopt", "nonsense")).toContain("!there are no stored runs called")
  expect(await baton(path, "state", "forget", other.id)).toContain("Add --yes to delete.")
  expect(allStates(process.env)).toHaveLength(2)
  expect(await baton(path, "state", "forget", other.id, "--yes")).toContain("The runs of TOP/q are deleted.")
  expect(allStates(process.env).map(({ id }) => id)).toEqual([own.id])
})

it("nothing is offered in a project with runs of its own, and nothing where nothing has run", async () => {
  const path = makeProject("p")
  expect(await baton(path, "status")).toBe("Nothing has run in this project yet.\n")
  expect(await baton(path, "state", "ls")).toBe("No project has stored runs.\n")
  makeJournal(openState(path, process.env).folder)
  mkdirSync(join(path, ".opencode/workflow-state"), { recursive: true })
  writeFileSync(join(path, ".opencode/workflow-state/journal.db"), "not ours")
  expect(await baton(path, "status")).not.toContain("earlier version")
})
