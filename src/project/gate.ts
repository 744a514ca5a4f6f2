import { realpathSync } from "node:fs"
import { relative, resolve, sep } from "node:path"
import { projectRoot } from "../config/find.ts"
import type { LoadOptions } from "../config/load.ts"
import type { UntrustedFolder } from "../core/view/needs.ts"
import type { TrustQuestion } from "../core/view/trust-question.ts"
import { revoke, type TrustedBy } from "../trust/record.ts"
import type { TrustPlace } from "../trust/set.ts"
import { decline, examine, type TouchedByRun, type Trust, trust } from "../trust/verdict.ts"
import type { Project } from "./project.ts"

/** What a command may use: the folder's own documents, only the user's own, or a person must be asked. */
export type Permit =
  | { readonly type: "folder"; readonly note?: string }
  | { readonly type: "own"; readonly note?: string }
  | { readonly type: "ask"; readonly question: TrustQuestion }

interface Examined {
  readonly trust: Trust
  readonly note?: string
}

const MOST_NAMED = 3
/** Enough of a digest to tell two sets apart. */
const DIGEST_CHARS = 12
/** Documents of Baton. A folder with OpenCode's configuration alone needs nobody's decision. */
const DOCUMENTS = /^(\.opencode|\.claude)\/workflows\/|(^|\/)orchestrator\.jsonc?$/

/**
 * Decides whether a folder's own documents and programs may be used. It examines the folder each
 * time, because files change, and remembers the last verdict for those who cannot wait.
 */
export class Gate {
  readonly #place: TrustPlace
  readonly #touched: () => Promise<TouchedByRun>
  readonly #startsOpencode: boolean
  #isTrusted = false

  /** `startsOpencode` says that work needs an OpenCode that is started in the folder. */
  constructor(options: LoadOptions, touched: () => Promise<TouchedByRun>, startsOpencode = false) {
    this.#startsOpencode = startsOpencode
    const { directory, worktree, env } = options
    this.#place = { root: projectRoot(options), directory, worktree, env }
    this.#touched = touched
  }

  /** The last verdict; false before the first. */
  readonly isTrusted = (): boolean => this.#isTrusted

  /** Examines the folder, and records nothing. */
  async look(more: readonly string[] = []): Promise<Trust> {
    const found = await examine(this.#place, this.#touched, more)
    this.#isTrusted = found.verdict === "trusted" || found.verdict === "edited"
    return found
  }

  /** Examines it for use. An edit of the person's own is recorded, and described in `note`. */
  async #use(more: readonly string[] = []): Promise<Examined> {
    const found = await this.look(more)
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
    return this.#permit(await this.#use(more), !isOwn, `workflow ${name}`)
  }

  /** Whether a run may go on. `usesFolder` says whether it was started with the folder's documents. */
  async forRun(workflow: string, usesFolder: boolean): Promise<Permit> {
    return this.#permit(await this.#use(), usesFolder, `this run of ${workflow}`)
  }

  /** Whether a worker may be started, with a profile of the folder if it is trusted. */
  async forWorker(name: string): Promise<Permit> {
    return this.#permit(await this.#use(), false, `worker ${name}`)
  }

  /**
   * What the person has to decide before the folder's workflows run; undefined when there is nothing
   * to decide, or the person has answered.
   */
  async need(): Promise<UntrustedFolder | undefined> {
    const { verdict, set, isDeclined, place } = await this.look()
    if (isDeclined || (verdict !== "untrusted" && verdict !== "changed")) return undefined
    const own = Object.keys(set.files).filter((path) => DOCUMENTS.test(path))
    if (verdict === "untrusted" && own.length === 0) return undefined
    return { folder: place.root, verdict, since: Math.max(0, ...Object.values(set.changedAt)) }
  }

  /** The question about the folder; undefined when it is trusted. */
  async question(): Promise<TrustQuestion | undefined> {
    const { trust: found } = await this.#use()
    return this.isTrusted() ? undefined : await questionOf(found, false, "a built-in workflow")
  }

  /** Takes trust back. Returns whether the folder was trusted. */
  async revoke(): Promise<boolean> {
    const wasTrusted = revoke(this.#place)
    await this.look()
    return wasTrusted
  }

  /** Records the answer to a question. Returns false when the files have changed since it was asked. */
  async answer(digest: string, isTrusted: boolean, by: TrustedBy): Promise<boolean> {
    const found = await this.look(this.#more)
    if (digest.length < DIGEST_CHARS || !found.set.digest.startsWith(digest)) return false
    if (isTrusted) trust(found, by, Date.now())
    else decline(found, Date.now())
    this.#isTrusted = isTrusted
    return true
  }

  /** The further files of the last question. */
  #more: readonly string[] = []

  async #permit({ trust: found, note }: Examined, isNeeded: boolean, wanted: string): Promise<Permit> {
    if (this.#isTrusted) return { type: "folder", ...(note === undefined ? {} : { note }) }
    const own = "this folder is not trusted: nothing of it is used, only your own settings; `baton trust` changes that"
    const anyway = this.#startsOpencode ? await this.#loadedAnyway(found) : undefined
    if (!isNeeded && anyway === undefined && found.isDeclined) return { type: "own", note: own }
    this.#more = Object.keys(found.set.files)
    const question = await questionOf(found, isNeeded || anyway !== undefined, wanted)
    return { type: "ask", question: { ...question, why: question.why ?? anyway ?? null } }
  }

  /** Why no OpenCode may be started in the folder without trust; undefined when one may. */
  async whyNoOpencode(): Promise<string | undefined> {
    const found = await this.look()
    return this.#isTrusted ? undefined : this.#loadedAnyway(found)
  }

  async #loadedAnyway(found: Trust): Promise<string | undefined> {
    const { loadedAnyway } = await import("./folder-contents.ts")
    const paths = loadedAnyway(found)
    return paths.length === 0
      ? undefined
      : `OpenCode would load ${paths.slice(0, MOST_NAMED).join(", ")} even without trust`
  }

  #isInside(file: string): boolean {
    const path = relative(real(this.#place.root), real(file))
    return path !== "" && !path.startsWith(`..${sep}`) && path !== ".."
  }
}

/** Makes the question about a folder. What it names is read only now, because that takes longer. */
export async function questionOf(found: Trust, isNeeded: boolean, wanted: string): Promise<TrustQuestion> {
  const { contentsOf } = await import("./folder-contents.ts")
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
