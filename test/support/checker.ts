import type { Checker } from "../../src/core/ports/ports.ts"

/**
 * A checker whose checks all pass, whose answers are any JSON, which saves nothing, and whose
 * project never changes.
 */
export const checker: Checker = {
  run: (checks) =>
    Promise.resolve(
      checks.map((check) => ({
        name: check.type === "command" ? check.run : check.path,
        isOk: true,
        severity: check.severity,
        detail: "holds",
        output: "",
      })),
    ),
  structure: (answer) => {
    try {
      return Promise.resolve({ value: JSON.parse(answer) as unknown })
    } catch {
      return Promise.resolve({ error: "is not JSON" })
    }
  },
  save: (path) => Promise.resolve({ saved: path }),
  fingerprint: () => Promise.resolve("same"),
}
