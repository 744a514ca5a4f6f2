import { normalize } from "node:path"
import type { CheckResult } from "../core/model/result.ts"
import type { Check } from "../core/model/workflow.ts"
import type { Checker, Snapshot } from "../core/ports/ports.ts"
import { type CommandDeps, runCommand } from "./command.ts"
import { find, hashOf, holdsText } from "./files.ts"
import { fingerprint } from "./fingerprint.ts"
import { save } from "./save.ts"
import { scriptsOf } from "./scripts.ts"
import { type Compile, createStructure } from "./structure.ts"

type CheckOutcome = Pick<CheckResult, "isOk" | "detail"> & { readonly output?: string }
type FileCheck = Extract<Check, { type: "file" }>

/** Runs checks on this machine: commands with the shell, and file checks on the file system. */
export function createChecker(deps: CommandDeps & { readonly compile: Compile }): Checker {
  return {
    async before(checks) {
      const paths = new Set(checks.flatMap(watchedBy))
      return Object.fromEntries(await Promise.all([...paths].map(async (path) => [path, await hash(deps, path)])))
    },
    async run(checks, before, signal) {
      const scripts = protectedBy(checks, before)
      const results: CheckResult[] = []
      for (const check of checks) results.push(await look(deps, check, { before, scripts }, signal))
      return results
    },
    structure: createStructure(deps.compile),
    save: (path, text) => save(deps.root, path, text),
    fingerprint: () => fingerprint(deps.root),
  }
}

/** The files whose content before the attempt matters to a check. */
function watchedBy(check: Check): string[] {
  if (check.type === "command") return scriptsOf(check.run)
  return check.changed === undefined ? [] : [check.path]
}

/** The files' content before the attempt, and the scripts that the step must not change. */
interface CheckBaseline {
  readonly before: Snapshot | undefined
  readonly scripts: ReadonlySet<string>
}

/**
 * Scripts of command checks that existed before the attempt, except those that another check
 * requires to change. A script that did not exist is the step's own work, because the step was
 * asked to write its tests.
 */
function protectedBy(checks: readonly Check[], before: Snapshot = {}): Set<string> {
  const wanted = checks.flatMap((check) => (check.type === "file" && check.changed ? [normalize(check.path)] : []))
  const scripts = checks.flatMap((check) => (check.type === "command" ? scriptsOf(check.run) : []))
  return new Set(scripts.filter((path) => typeof before[path] === "string" && !wanted.includes(normalize(path))))
}

/** A file that cannot be read counts as unchanged while the error stays the same. */
function hash({ root }: CommandDeps, path: string): Promise<string | null> {
  return hashOf(root, path).catch((error) => `unreadable: ${error}`)
}

async function look(deps: CommandDeps, check: Check, known: CheckBaseline, signal: AbortSignal): Promise<CheckResult> {
  const name = check.type === "command" ? check.run : check.path
  const { severity } = check
  if (signal.aborted) return { name, severity, isOk: false, detail: "stopped", output: "" }
  try {
    const looking = check.type === "command" ? command(deps, check, known, signal) : file(deps, check, known.before)
    return { name, severity, output: "", ...(await looking) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const detail = check.type === "command" ? `could not be run: ${why}` : `could not be checked: ${why}`
    return { name, severity, isOk: false, detail, output: "" }
  }
}

/** A script that the step itself changed proves nothing, so it is not run. */
async function command(
  deps: CommandDeps,
  check: Extract<Check, { type: "command" }>,
  { before, scripts }: CheckBaseline,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  for (const script of scriptsOf(check.run)) {
    if (!scripts.has(script) || before?.[script] === (await hash(deps, script))) continue
    return { isOk: false, detail: `\`${script}\` was changed by the step itself, so its result does not count` }
  }
  return runCommand(deps, check, signal)
}

async function file({ root }: CommandDeps, check: FileCheck, before: Snapshot | undefined): Promise<CheckOutcome> {
  const { path, exists, changed, contains } = check
  const found = await find(root, path)
  const no = (detail: string): CheckOutcome => ({ isOk: false, detail })
  if (found.type === "outside") return no("is outside the project")
  const isThere = found.type !== "missing"
  if (exists === false && isThere) return no("exists")
  const mustBeThere = exists === true || contains !== undefined || (exists === undefined && changed === undefined)
  if (mustBeThere && !isThere) return no("does not exist")
  if (found.type === "other" && (changed !== undefined || contains !== undefined)) return no("is not a file")
  if (changed !== undefined) {
    const known = before?.[path]
    if (known === undefined) return no("its content before the step is not known")
    const isChanged = known !== (await hashOf(root, path))
    if (isChanged !== changed) return no(isChanged ? "was changed" : "was not changed")
  }
  if (contains !== undefined && found.type === "file" && !(await holdsText(found.file, contains)))
    return no(`does not contain \`${contains}\``)
  return { isOk: true, detail: "as expected" }
}
