import type { Checker } from "../core/ports.ts"

/** Placeholder until the real one is merged. */
export function createChecker(): Checker {
  return {
    before: () => Promise.resolve({}),
    run: (checks) =>
      Promise.resolve(
        checks.map((check) => ({
          name: check.type === "command" ? check.run : check.path,
          isOk: false,
          severity: check.severity,
          detail: "checks cannot be run yet",
          output: "",
        })),
      ),
  }
}
