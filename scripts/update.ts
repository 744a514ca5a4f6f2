// Shows with two packed versions of Baton that an update breaks no run: a run that the old version
// began and was killed in is finished by this one, which asks the model only for what is missing;
// and a run of this version is refused by the old one, which leaves it as it is.
//
//   bun scripts/update.ts COMMIT      (a commit or tag of the old version; dist/ must be built)
import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { baton, endedOf, startBaton } from "../test/e2e/support/baton.ts"
import { processesWith, signal } from "../test/e2e/support/processes.ts"
import { makeProject, OPENCODE, ROOT } from "../test/e2e/support/project.ts"
import { until } from "../test/e2e/support/until.ts"
import { DEMO, scriptDemo } from "../test/e2e/support/workflows.ts"
import { startScriptedModel } from "./scripted-model.ts"

const [commit] = process.argv.slice(2)
if (commit === undefined) throw new Error("name the commit of the old version")

const folder = mkdtempSync(join(tmpdir(), "baton-update-"))
const tree = join(folder, "tree")
const run = (cwd: string, program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

/** Packs the old version, and returns the folder of its package. */
function packOld(): string {
  run(ROOT, "git", "worktree", "add", "--detach", "--force", tree, commit as string)
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"))
  run(tree, "npm", "run", "build:plugin")
  const packed = run(tree, "npm", "pack", "--ignore-scripts", "--pack-destination", folder).trim().split("\n").at(-1)
  run(folder, "tar", "xzf", packed as string)
  const old = join(folder, "package")
  symlinkSync(join(ROOT, "node_modules"), join(old, "node_modules"))
  return old
}

function check(what: string, isSo: boolean, seen: unknown): void {
  process.stdout.write(`${isSo ? "✓" : "✗"} ${what}: ${JSON.stringify(seen)}\n`)
  if (!isSo) process.exitCode = 1
}

const model = await startScriptedModel()
const project = makeProject({ model, baton: false, workflows: { demo: DEMO } })
try {
  const old = packOld()
  // The same home and the same OpenCode, as after an update.
  const previous = { ...project, program: join(old, "bin/baton.mjs") }
  const options = ["--opencode", OPENCODE]

  const { prompts, asked } = scriptDemo(model, "tides")
  const second = model.hold(prompts[1])
  const began = startBaton(previous, "run", "demo", "-i", "topic=tides", "--run-id", "old-1", ...options)
  await second.arrived
  for (const { pid } of processesWith(project.marker)) signal(pid, "SIGKILL")
  await until(() => processesWith(project.marker).length === 0, { what: "the killed processes to be gone" })
  await began.exit()
  second.release()
  check("the old version asked for two steps and was killed in the second", `${asked()}` === "1,1,0", asked())
  // The first versions keep the journal in the project, and see nothing of this version's runs.
  const isApart = existsSync(project.path(".opencode/workflow-state/journal.db"))
  if (isApart) {
    const adopted = await baton(project, "state", "adopt")
    check("its journal in the project is taken over", adopted.code === 0, adopted.stderr.split("\n")[0])
  }
  const resumed = await baton(project, "resume", "old-1", "--json", ...options)
  check("this version finishes its run", endedOf(resumed.stdout).status === "success", resumed.code)
  check("it asked only for what was missing", `${asked()}` === "1,2,1", asked())

  scriptDemo(model, "moons")
  const fresh = await baton(project, "run", "demo", "-i", "topic=moons", "--run-id", "new-1", ...options)
  check("a run of this version succeeds", fresh.code === 0, fresh.code)
  const requests = model.requests.length
  const refused = await baton(previous, "resume", "new-1", ...options)
  const why = isApart ? /nothing has run/ : /update opencode-baton/
  check("the old version refuses it", refused.code !== 0 && why.test(refused.stderr), refused.stderr.split("\n")[0])
  const other = await baton(previous, "status", "old-1", ...options)
  const isShown = other.code === 0 && other.stdout.includes("success")
  check("and shows its own run where both have one journal", isShown !== isApart, other.code)
  check("no model was asked for that", model.requests.length === requests, model.requests.length - requests)
  const still = await baton(project, "status", "new-1", "--json", ...options)
  check("the run is as it was", endedOf(still.stdout).status === "success", endedOf(still.stdout).status)
} finally {
  await project.dispose()
  await model.close()
  execFileSync("git", ["worktree", "remove", "--force", tree], { cwd: ROOT })
  rmSync(folder, { recursive: true, force: true })
}
