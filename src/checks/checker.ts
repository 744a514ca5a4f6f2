import type { CheckResult } from "../core/model/result.ts"
import type { Check, CheckOf, CheckType } from "../core/model/workflow.ts"
import type { Checker, JudgedStep } from "../core/ports/ports.ts"
import type { Git } from "../git/repository.ts"
import { type CommandDeps, runCommand } from "./command.ts"
import { find, hashOf, holdsText } from "./files.ts"
import { tamperedWith } from "./named.ts"
import { Prints, sha256 } from "./prints.ts"
import { save } from "./save.ts"
import { type Compile, createStructure } from "./structure.ts"
import type { Tree } from "./tree.ts"
import type { TreeRecord } from "./tree-record.ts"
import { fingerprint } from "./tree-state.ts"

type CheckOutcome = Pick<CheckResult, "isOk" | "detail"> & { readonly output?: string }

export interface CheckerDeps extends CommandDeps {
  readonly compile: Compile
  readonly git: Git
  /** When it is undefined, what steps changed is not known. */
  readonly tree?: Tree
}

/** Runs checks on this machine: commands with the shell, and file checks on the file system. */
export function createChecker(deps: CheckerDeps): Checker {
  const prints = new Prints(deps.root)
  return {
    async run(checks, judged, signal) {
      const results: CheckResult[] = []
      for (const check of checks) results.push(await runCheck(deps, check, judged, signal))
      return results
    },
    structure: createStructure(deps.compile),
    async save(path, text) {
      const saved = await save(deps.root, path, text)
      if ("saved" in saved) deps.tree?.wrote(saved.saved, sha256(Buffer.from(text)))
      return saved
    },
    fingerprint: () => fingerprint(deps.root, deps.git, prints),
  }
}

interface Runner<C extends Check> {
  /** What a person calls it. */
  name(check: C): string
  /** A rejection becomes the result, after the words of `failed`. */
  run(check: C, deps: CheckerDeps, judged: JudgedStep | undefined, signal: AbortSignal): Promise<CheckOutcome>
  readonly failed: string
}

const RUNNERS: { readonly [T in CheckType]: Runner<CheckOf<T>> } = {
  command: {
    name: (check) => check.run,
    run: command,
    failed: "could not be run",
  },
  file: {
    name: (check) => check.path,
    run: file,
    failed: "could not be checked",
  },
}

/** For a check that a newer version wrote to the journal: it fails instead of being ignored. */
const UNKNOWN: Runner<Check> = {
  name: ({ type }) => type,
  run: () => Promise.reject(new Error("this version does not know such a check: update opencode-baton")),
  failed: "could not be run",
}

const runnerOf = (check: Check): Runner<Check> => (Object.hasOwn(RUNNERS, check.type) ? RUNNERS[check.type] : UNKNOWN)

async function runCheck(
  deps: CheckerDeps,
  check: Check,
  judged: JudgedStep | undefined,
  signal: AbortSignal,
): Promise<CheckResult> {
  const runner = runnerOf(check)
  const about = { name: runner.name(check), severity: check.severity }
  if (signal.aborted) return { ...about, isOk: false, detail: "stopped", output: "" }
  try {
    return { ...about, output: "", ...(await runner.run(check, deps, judged, signal)) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ...about, isOk: false, detail: `${runner.failed}: ${why}`, output: "" }
  }
}

/** A command that trusts a file which a step changed proves nothing, so it is not run. */
async function command(
  check: CheckOf<"command">,
  deps: CheckerDeps,
  judged: JudgedStep | undefined,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const { root, tree } = deps
  if (tree === undefined || judged === undefined) return runCommand(deps, check, signal)
  const { run, step } = judged
  const records = await tree.records(run)
  const changedSince = (record: TreeRecord) => tree.changedSince(run, record)
  const found = await tamperedWith({ root, records, changedSince }, check)
  if (found === undefined) return runCommand(deps, check, signal)
  const who = found.step === step ? "the step itself" : `step ${found.step}`
  const wayOut = `name it in \`files\` of the step whose task that is, or set \`protect: []\` on the check`
  const detail = `\`${found.path}\` was changed by ${who}, so its result does not count: ${wayOut}`
  return { isOk: false, detail }
}

async function file(check: CheckOf<"file">, deps: CheckerDeps, judged?: JudgedStep): Promise<CheckOutcome> {
  const { root, tree } = deps
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
    const records = judged && (await tree?.records(judged.run))
    const known = judged && records?.get(judged.step)?.[0]?.named.prints[path]
    if (known === undefined) return no("its content before the step is not known")
    const isChanged = known !== (await hashOf(root, path))
    if (isChanged !== changed) return no(isChanged ? "was changed" : "was not changed")
  }
  if (contains !== undefined && found.type === "file" && !(await holdsText(found.file, contains)))
    return no(`does not contain \`${contains}\``)
  return { isOk: true, detail: "as expected" }
}
