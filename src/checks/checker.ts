import { normalize } from "node:path"
import type { CheckResult } from "../core/model/result.ts"
import type { Check, CheckOf, CheckType } from "../core/model/workflow.ts"
import type { Checker, Snapshot } from "../core/ports/ports.ts"
import type { Git } from "../git/repository.ts"
import { type CommandDeps, runCommand } from "./command.ts"
import { find, hashOf, holdsText } from "./files.ts"
import { Prints } from "./prints.ts"
import { save } from "./save.ts"
import { scriptsOf } from "./scripts.ts"
import { type Compile, createStructure } from "./structure.ts"
import { fingerprint } from "./tree-state.ts"

type CheckOutcome = Pick<CheckResult, "isOk" | "detail"> & { readonly output?: string }

/** Runs checks on this machine: commands with the shell, and file checks on the file system. */
export function createChecker(deps: CommandDeps & { readonly compile: Compile; readonly git: Git }): Checker {
  const prints = new Prints(deps.root)
  return {
    async before(checks) {
      const paths = new Set(checks.flatMap((check) => runnerOf(check).watches(check)))
      return Object.fromEntries(await Promise.all([...paths].map(async (path) => [path, await hash(deps, path)])))
    },
    async run(checks, before, signal) {
      const scripts = protectedBy(checks, before)
      const results: CheckResult[] = []
      for (const check of checks) results.push(await runCheck(deps, check, { before, scripts }, signal))
      return results
    },
    structure: createStructure(deps.compile),
    save: (path, text) => save(deps.root, path, text),
    fingerprint: () => fingerprint(deps.root, deps.git, prints),
  }
}

/** The files' content before the attempt, and the scripts that the step must not change. */
interface CheckBaseline {
  readonly before: Snapshot | undefined
  readonly scripts: ReadonlySet<string>
}

interface Runner<C extends Check> {
  /** What a person calls it. */
  name(check: C): string
  /** Files whose content before the attempt matters to it. */
  watches(check: C): string[]
  /** Scripts that it trusts: what they say does not count when the step itself changed them. */
  scripts(check: C): string[]
  /** Files that it requires the step to change. */
  changes(check: C): string[]
  /** A rejection becomes the result, after the words of `failed`. */
  run(check: C, deps: CommandDeps, known: CheckBaseline, signal: AbortSignal): Promise<CheckOutcome>
  readonly failed: string
}

const RUNNERS: { readonly [T in CheckType]: Runner<CheckOf<T>> } = {
  command: {
    name: (check) => check.run,
    watches: (check) => scriptsOf(check.run),
    scripts: (check) => scriptsOf(check.run),
    changes: () => [],
    run: command,
    failed: "could not be run",
  },
  file: {
    name: (check) => check.path,
    watches: ({ path, changed }) => (changed === undefined ? [] : [path]),
    scripts: () => [],
    changes: ({ path, changed }) => (changed ? [path] : []),
    run: file,
    failed: "could not be checked",
  },
}

/** For a check that a newer version wrote to the journal: it fails instead of being ignored. */
const UNKNOWN: Runner<Check> = {
  name: ({ type }) => type,
  watches: () => [],
  scripts: () => [],
  changes: () => [],
  run: () => Promise.reject(new Error("this version does not know such a check: update opencode-baton")),
  failed: "could not be run",
}

const runnerOf = (check: Check): Runner<Check> => (Object.hasOwn(RUNNERS, check.type) ? RUNNERS[check.type] : UNKNOWN)

/**
 * Scripts of command checks that existed before the attempt, except those that another check
 * requires to change. A script that did not exist is the step's own work, because the step was
 * asked to write its tests.
 */
function protectedBy(checks: readonly Check[], before: Snapshot = {}): Set<string> {
  const changed = checks.flatMap((check) => runnerOf(check).changes(check)).map(normalize)
  const scripts = checks.flatMap((check) => runnerOf(check).scripts(check))
  return new Set(scripts.filter((path) => typeof before[path] === "string" && !changed.includes(normalize(path))))
}

/** A file that cannot be read counts as unchanged while the error stays the same. */
function hash({ root }: CommandDeps, path: string): Promise<string | null> {
  return hashOf(root, path).catch((error) => `unreadable: ${error}`)
}

async function runCheck(
  deps: CommandDeps,
  check: Check,
  known: CheckBaseline,
  signal: AbortSignal,
): Promise<CheckResult> {
  const runner = runnerOf(check)
  const about = { name: runner.name(check), severity: check.severity }
  if (signal.aborted) return { ...about, isOk: false, detail: "stopped", output: "" }
  try {
    return { ...about, output: "", ...(await runner.run(check, deps, known, signal)) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ...about, isOk: false, detail: `${runner.failed}: ${why}`, output: "" }
  }
}

/** A script that the step itself changed proves nothing, so it is not run. */
async function command(
  check: CheckOf<"command">,
  deps: CommandDeps,
  { before, scripts }: CheckBaseline,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  for (const script of scriptsOf(check.run)) {
    if (!scripts.has(script) || before?.[script] === (await hash(deps, script))) continue
    return { isOk: false, detail: `\`${script}\` was changed by the step itself, so its result does not count` }
  }
  return runCommand(deps, check, signal)
}

async function file(check: CheckOf<"file">, { root }: CommandDeps, { before }: CheckBaseline): Promise<CheckOutcome> {
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
