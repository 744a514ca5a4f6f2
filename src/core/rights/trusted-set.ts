/**
 * The files of a project that decide what is executed and where data goes: workflow and profile
 * documents, the configuration of OpenCode, and what OpenCode loads with it. A person trusts them as
 * a set, and a worker may not write them.
 */

/** Folders of `.opencode` whose files OpenCode or Baton loads. OpenCode takes both forms of a name. */
export const LOADED_FOLDERS = ["plugin", "agent", "command", "tool", "skill", "mode"].flatMap((name) => [
  name,
  `${name}s`,
])

/** Names of documents, in `.opencode` or beside it. */
export const OPENCODE_DOCUMENTS = ["opencode.json", "opencode.jsonc", "tui.json", "tui.jsonc"]
export const BATON_DOCUMENTS = ["orchestrator.json", "orchestrator.jsonc"]

/** Folders in which Baton looks for workflows. */
export const WORKFLOW_FOLDERS = [".opencode/workflows", ".claude/workflows"]
/** Folders of skills that other tools defined and OpenCode loads too. */
export const SKILL_FOLDERS = [".claude/skills", ".agents/skills"]

const DOCUMENTS = [...OPENCODE_DOCUMENTS, ...BATON_DOCUMENTS]
const GIT = [".git/config", ".git/config.worktree", ".git/hooks"]

/** Files and folders of the set, and of git's own programs, relative to the project. */
const PROTECTED: readonly string[] = [
  ...DOCUMENTS,
  ...DOCUMENTS.map((name) => `.opencode/${name}`),
  ".opencode/package.json",
  ...LOADED_FOLDERS.map((name) => `.opencode/${name}`),
  ...WORKFLOW_FOLDERS,
  ...SKILL_FOLDERS,
  ...GIT,
]

/**
 * Whether a path, relative to the project and with `/`, is in the trusted set or is a program of
 * git. Case is ignored, because some file systems ignore it.
 */
export function isTrustedSetPath(path: string): boolean {
  const name = path.toLowerCase().replaceAll("\\", "/").replace(/^\.\//, "")
  return PROTECTED.some((one) => name === one || name.startsWith(`${one}/`))
}

/**
 * The same as OpenCode's permission patterns, whose `*` also matches `/`, for a project at `prefix`
 * (empty, or ending in `/`) of what the patterns are relative to.
 */
export function protectedPatterns(prefix: string): string[] {
  const documents = new Set([...DOCUMENTS, ".git/config", ".git/config.worktree"])
  return PROTECTED.flatMap((one) => (documents.has(one) ? [one] : [one, `${one}/*`])).map((one) => prefix + one)
}
