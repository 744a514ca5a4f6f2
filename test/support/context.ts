import { composer } from "../../src/context/compose.ts"
import type { ProjectFiles } from "../../src/core/ports/composer.ts"
import { createVault } from "../../src/project/vault.ts"

/** The dependencies of an engine for composing prompts, for a project without files and secrets. */
export const context = () => ({ composer, files: memoryFiles(), vault: createVault("/nowhere", {}) })

/** The files of a project in memory, with the kept answers. */
export function memoryFiles(
  files: Readonly<Record<string, string>> = {},
): ProjectFiles & { kept: Map<string, string> } {
  const kept = new Map<string, string>()
  const pathOf = (run: string, step: string) => `outputs/${run}/${step}.md`
  return {
    kept,
    pathOf,
    find: (patterns) =>
      Promise.resolve(
        patterns.flatMap((path) => {
          const text = files[path]
          return text === undefined ? [] : [{ path, bytes: text.length, text }]
        }),
      ),
    keep(run, step, answer) {
      kept.set(pathOf(run, step), answer)
      return Promise.resolve(pathOf(run, step))
    },
    forget(run) {
      for (const path of kept.keys()) if (path.startsWith(`outputs/${run}/`)) kept.delete(path)
    },
  }
}
