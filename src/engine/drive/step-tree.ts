import type { StepResult, Warning } from "../../core/model/result.ts"
import { type Run, stepOf } from "../../core/model/run.ts"
import { stepsInside } from "../../core/model/step-types.ts"
import type { Check, Step } from "../../core/model/workflow.ts"
import type { Render } from "../../core/ports/ports.ts"
import type { StepTree, StepWindow, StrayFile } from "../../core/ports/tree.ts"
import { owns } from "../../core/rights/file-patterns.ts"
import { mayWrite } from "../../core/rights/permission.ts"
import { followUpOf } from "../../core/schedule/conclude.ts"
import { ownedBy } from "../task/file-ownership.ts"

/** At most so many files are named in one warning. */
const NAMED = 10
/** At most so many files are listed in the result of a step. */
const LISTED = 1_000

type Attempt = Pick<StepWindow, "run" | "step" | "attempt">

/** Watches what the attempts of one run change in the project. */
export class TreeWatch {
  readonly #tree: StepTree | undefined
  readonly #render: Render
  readonly #open = new Set<string>()

  constructor(tree: StepTree | undefined, render: Render) {
    this.#tree = tree
    this.#render = render
  }

  /**
   * Called before the worker of an attempt is prompted. A worker that cannot write is not watched,
   * and neither is a question to one worker, which is no work on the project.
   */
  async begin(run: Run, step: Step, { attempt, resumed }: Start, signal: AbortSignal): Promise<Warning | undefined> {
    const profile = run.created.profiles[step.profile]
    if (this.#tree === undefined || run.created.ask !== undefined || !mayWrite(profile?.permission ?? []))
      return undefined
    const owned = ownedBy(this.#render, run, step)
    const begun = this.#tree.begin({
      ...{ run: run.id, step: step.id, attempt },
      isResumed: resumed && stepOf(run, step.id)?.session !== undefined,
      owned: owned.ok ? owned.value : undefined,
      own: followUpOf(step).checks,
      checks: checksOf(run),
    })
    this.#open.add(`${step.id}/${attempt}`)
    const why = await unlessAborted(begun, signal)
    if (why !== undefined) this.#open.delete(`${step.id}/${attempt}`)
    return why === undefined
      ? undefined
      : { kind: "files", text: `what it changes in the project is not known: ${why}` }
  }

  /** The attempt stopped working and may continue later. */
  leave(attempt: Attempt): void {
    if (this.#open.delete(`${attempt.step}/${attempt.attempt}`)) this.#tree?.leave(attempt)
  }

  /** Called when the run is left: one that has ended needs no comparisons any more. */
  close({ id, endedAt, created }: Run): void {
    if (endedAt !== undefined && created.ask === undefined) void this.#tree?.settle(id)
  }

  /** The result with the files that the attempt changed, and warnings about files that it does not own. */
  async end(run: Run, step: Step, { attempt, result }: Answer, signal: AbortSignal): Promise<Watched> {
    const said = this.#saidStrays(run, step, result)
    const isWatched = this.#open.delete(`${step.id}/${attempt}`)
    if (this.#tree === undefined || !isWatched) return { result, warnings: strayWarnings(said, [], undefined) }
    const changes = await unlessAborted(this.#tree.end({ run: run.id, step: step.id, attempt }), signal)
    if (changes === undefined) return { result, warnings: strayWarnings(said, [], undefined) }
    if ("why" in changes) {
      const text = `what it changed in the project is not known: ${changes.why}`
      return { result, warnings: [...strayWarnings(said, [], undefined), { kind: "files", text }] }
    }
    const files = [...new Set([...(result.files ?? []), ...changes.files, ...changes.strays.map(({ path }) => path)])]
    const notes = [...changes.notes]
    if (files.length > LISTED) notes.push(`it changed ${files.length} files, of which ${LISTED} are listed`)
    return {
      result: files.length === 0 ? result : { ...result, files: files.slice(0, LISTED) },
      warnings: [
        ...strayWarnings(said, changes.strays, changes.kept),
        ...notes.map((text): Warning => ({ kind: "files", text })),
      ],
    }
  }

  /** Files that the worker wrote with its editing tools, as it says, and that the step does not own. */
  #saidStrays(run: Run, step: Step, { files = [] }: StepResult): readonly string[] {
    const owned = ownedBy(this.#render, run, step)
    if (!owned.ok || owned.value === undefined) return []
    const patterns = owned.value
    return files.filter((file) => !owns(patterns, file))
  }
}

interface Start {
  readonly attempt: number
  /** Whether it may have been prompted before. */
  readonly resumed: boolean
}

interface Answer {
  readonly attempt: number
  readonly result: StepResult
}

/** What a promise resolves with, or undefined at once when the signal fires: git may take its time. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>()
  const stop = () => aborted.resolve(undefined)
  if (signal.aborted) stop()
  signal.addEventListener("abort", stop, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener("abort", stop)
  }
}

export interface Watched {
  readonly result: StepResult
  readonly warnings: readonly Warning[]
}

/** The checks of all steps of a run, also of those inside groups that have not started. */
function checksOf(run: Run): readonly Check[] {
  const all: Check[] = []
  const open = [...run.created.workflow.steps, ...run.specs]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    all.push(...(step.checks ?? []))
    open.push(...stepsInside(step))
  }
  return all
}

function strayWarnings(said: readonly string[], found: readonly StrayFile[], kept: string | undefined): Warning[] {
  const alone = found.filter(({ others }) => others.length === 0)
  const shared = found.filter(({ others }) => others.length > 0)
  const texts = [
    ...(said.length > 0 ? [`it wrote outside its files: ${namesOf(said)}`] : []),
    ...unsaid(said, alone, "outside its files these changed while it worked"),
    ...unsaid(
      said,
      shared,
      `these changed while it and ${[...new Set(shared.flatMap(({ others }) => others))].join(", ")} worked, and neither owns them`,
    ),
  ]
  if (texts.length === 0) return []
  const lost = found.filter(({ before }) => before !== "kept" && before !== "new")
  const reasons = lost.map(({ path, before }) => `${path} (${before})`)
  const saved = found.filter(({ before }) => before === "kept").map(({ path }) => path)
  return [
    {
      kind: "files",
      text: [
        ...texts,
        ...(kept === undefined ? [] : [`the earlier content of ${namesOf(saved)} is in ${kept}`]),
        ...(reasons.length === 0 ? [] : [`the earlier content was not kept of ${namesOf(reasons)}`]),
      ].join("; "),
    },
  ]
}

function unsaid(said: readonly string[], strays: readonly StrayFile[], words: string): string[] {
  const paths = strays.map(({ path }) => path).filter((path) => !said.includes(path))
  return paths.length === 0 ? [] : [`${words}: ${namesOf(paths)}`]
}

function namesOf(paths: readonly string[]): string {
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : ""
  return `${paths.slice(0, NAMED).join(", ")}${more}`
}
