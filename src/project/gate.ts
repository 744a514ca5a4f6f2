import { realpathSync } from "node:fs"
import { relative, resolve, sep } from "node:path"
import { projectRoot } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import type { TrustQuestion } from "../core/view/trust-question.ts"
import type { TrustedBy } from "../trust/record.ts"
import type { TrustPlace } from "../trust/set.ts"
import { decline, examine, type TouchedByRun, type Trust, trust } from "../trust/verdict.ts"
import { contentsOf } from "./folder-contents.ts"
import type { Project } from "./project.ts"

/** What a command may use: the folder's own documents, only the user's own, or a person must be asked. */
export type Permit =
  | { readonly type: "folder"; readonly note?: string }
  | { readonly type: "own"; readonly note?: string }
  | { readonly type: "ask"; readonly question: TrustQuestion }

const MOST_NAMED = 3

/**
 * Decides whether a folder's own documents and programs may be used. It examines the folder each
 * time, because files change, and remembers the last verdict for those who cannot wait.
 */
export class Gate {
  readonly #place: TrustPlace
  readonly #touched: () => Promise<TouchedByRun>
  #isTrusted = false

  constructor(options: LoadOptions, touched: () => Promise<TouchedByRun>) {
    const { directory, worktree, env } = options
    this.#place = { root: projectRoot(options), directory, worktree, env }
    this.#touched = touched
  }

  /** The last verdict; false before the first. */
  readonly isTrusted = (): boolean => this.#isTrusted

  /** Examines the folder. An edit of the person's own is recorded, and described in `note`. */
  async examine(more: readonly string[] = []): Promise<{ readonly trust: Trust; readonly note?: string }> {
    const found = await examine(this.#place, this.#touched, more)
    this.#isTrusted = found.verdict === "trusted" || found.verdict === "edited"
    if (found.verdict !== "edited") return { trust: found }
    trust(found, "edit", Date.now())
    const names = found.changes.map(({ path }) => path)
    const rest = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ""
    return {
      trust: found,
      note: `you edited ${names.slice(0, MOST_NAMED).join(", ")}${rest} since you trusted this folder: trusted as it is now`,
    }
  }

  /** Whether a run of the named workflow may use the folder. */
  async forWorkflow(project: Project, name: string): Promise<Permit> {
    const found = project.checked(name)
    const file = found.ok ? found.value.file : undefined
    const isOwn = file !== undefined && ((found.ok && found.value.isBuiltIn) || !this.#isInside(file))
    const more = file === undefined || isOwn ? [] : [relative(this.#place.root, file).split(sep).join("/")]
    return this.#permit(await this.examine(more), !isOwn, `workflow ${name}`)
  }

  /** Whether a run may go on. `usesFolder` says whether it was started with the folder's documents. */
  async forRun(workflow: string, usesFolder: boolean): Promise<Permit> {
    return this.#permit(await this.examine(), usesFolder, `this run of ${workflow}`)
  }

  /** Whether a worker may be started, with a profile of the folder if it is trusted. */
  async forWorker(name: string): Promise<Permit> {
    return this.#permit(await this.examine(), false, `worker ${name}`)
  }

  /** The question about the folder; undefined when it is trusted. */
  async question(): Promise<TrustQuestion | undefined> {
    const { trust: found } = await this.examine()
    return this.isTrusted() ? undefined : questionOf(found, false, "a built-in workflow")
  }

  /** Records the answer to a question. Returns false when the files have changed since it was asked. */
  async answer(digest: string, isTrusted: boolean, by: TrustedBy): Promise<boolean> {
    const { trust: found } = await this.examine(this.#more)
    if (found.set.digest !== digest) return false
    if (isTrusted) trust(found, by, Date.now())
    else decline(found, Date.now())
    this.#isTrusted = isTrusted
    return true
  }

  /** The further files of the last question. */
  #more: readonly string[] = []

  #permit({ trust: found, note }: Awaited<ReturnType<Gate["examine"]>>, isNeeded: boolean, wanted: string): Permit {
    if (this.#isTrusted) return { type: "folder", ...(note === undefined ? {} : { note }) }
    const own = "this folder is not trusted: nothing of it is used, only your own settings; `baton trust` changes that"
    if (!isNeeded && found.isDeclined) return { type: "own", note: own }
    this.#more = Object.keys(found.set.files)
    return { type: "ask", question: questionOf(found, isNeeded, wanted) }
  }

  #isInside(file: string): boolean {
    const path = relative(real(this.#place.root), real(file))
    return path !== "" && !path.startsWith(`..${sep}`) && path !== ".."
  }
}

export function questionOf(found: Trust, isNeeded: boolean, wanted: string): TrustQuestion {
  return {
    folder: found.place.root,
    verdict: found.verdict === "changed" ? "changed" : "untrusted",
    why: found.why ?? null,
    digest: found.set.digest,
    contents: contentsOf(found),
    changes: found.changes,
    isNeeded,
    wanted,
  }
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // It does not exist: its name alone tells where it would be.
    return resolve(path)
  }
}
