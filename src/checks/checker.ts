import { normalize } from "node:path"
import type { CheckResult } from "../core/model/result.ts"
import type { Check } from "../core/model/workflow.ts"
import type { Checker, Snapshot } from "../core/ports/ports.ts"
import { type CommandSite, runCommand } from "./command.ts"
import { find, hashOf, holdsText } from "./files.ts"
import { fingerprint } from "./fingerprint.ts"
import { save } from "./save.ts"
import { scriptsOf } from "./scripts.ts"
import { type Compile, createStructure } from "./structure.ts"

type Verdict = Pick<CheckResult, "isOk" | "detail"> & { readonly output?: string }
type FileCheck = Extract<Check, { type: "file" }>

/** Checks on this machine: commands by the shell, files by looking at them. */
export function createChecker(site: CommandSite & { readonly compile: Compile }): Checker {
  return {
    async before(checks) {
      const paths = new Set(checks.flatMap(watchedBy))
      return Object.fromEntries(await Promise.all([...paths].map(async (path) => [path, await hash(site, path)])))
    },
    async run(checks, before, signal) {
      const scripts = protectedBy(checks, before)
      const results: CheckResult[] = []
      for (const check of checks) results.push(await look(site, check, { before, scripts }, signal))
      return results
    },
    structure: createStructure(site.compile),
    save: (path, text) => save(site.root, path, text),
    fingerprint: () => fingerprint(site.root),
  }
}

/** The files whose content before the attempt matters to a check. */
function watchedBy(check: Check): string[] {
  if (check.type === "command") return scriptsOf(check.run)
  return check.changed === undefined ? [] : [check.path]
}

/** What is known of the files before the attempt, and which scripts among them the step was to leave alone. */
interface Known {
  readonly before: Snapshot | undefined
  readonly scripts: ReadonlySet<string>
}

/**
 * The scripts of commands that were there before the attempt, but for those that another check wants changed. One that was
 * not there is the step's work: it was asked to write its tests.
 */
function protectedBy(checks: readonly Check[], before: Snapshot = {}): Set<string> {
  const wanted = checks.flatMap((check) => (check.type === "file" && check.changed ? [normalize(check.path)] : []))
  const scripts = checks.flatMap((check) => (check.type === "command" ? scriptsOf(check.run) : []))
  return new Set(scripts.filter((path) => typeof before[path] === "string" && !wanted.includes(normalize(path))))
}

/** What cannot be read stays the same as long as it cannot. */
function hash({ root }: CommandSite, path: string): Promise<string | null> {
  return hashOf(root, path).catch((error) => `unreadable: ${error}`)
}

async function look(site: CommandSite, check: Check, known: Known, signal: AbortSignal): Promise<CheckResult> {
  const name = check.type === "command" ? check.run : check.path
  const { severity } = check
  if (signal.aborted) return { name, severity, isOk: false, detail: "stopped", output: "" }
  try {
    const looking = check.type === "command" ? command(site, check, known, signal) : file(site, check, known.before)
    return { name, severity, output: "", ...(await looking) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const detail = check.type === "command" ? `could not be run: ${why}` : `could not be looked at: ${why}`
    return { name, severity, isOk: false, detail, output: "" }
  }
}

/** A script that the step itself has changed proves nothing, whatever it says: it is not even run. */
async function command(
  site: CommandSite,
  check: Extract<Check, { type: "command" }>,
  { before, scripts }: Known,
  signal: AbortSignal,
): Promise<Verdict> {
  for (const script of scriptsOf(check.run)) {
    if (!scripts.has(script) || before?.[script] === (await hash(site, script))) continue
    return { isOk: false, detail: `\`${script}\` was changed by the step itself, so what it says does not count` }
  }
  return runCommand(site, check, signal)
}

async function file({ root }: CommandSite, check: FileCheck, before: Snapshot | undefined): Promise<Verdict> {
  const { path, exists, changed, contains } = check
  const found = await find(root, path)
  const no = (detail: string): Verdict => ({ isOk: false, detail })
  if (found.type === "outside") return no("is outside the project")
  const isThere = found.type !== "missing"
  if (exists === false && isThere) return no("is there")
  const mustBeThere = exists === true || contains !== undefined || (exists === undefined && changed === undefined)
  if (mustBeThere && !isThere) return no("is not there")
  if (found.type === "other" && (changed !== undefined || contains !== undefined)) return no("is not a file")
  if (changed !== undefined) {
    const known = before?.[path]
    if (known === undefined) return no("what it was before is not known any more")
    const isChanged = known !== (await hashOf(root, path))
    if (isChanged !== changed) return no(isChanged ? "was changed" : "was not changed")
  }
  if (contains !== undefined && found.type === "file" && !(await holdsText(found.file, contains)))
    return no(`does not contain \`${contains}\``)
  return { isOk: true, detail: "holds" }
}
