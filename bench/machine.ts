import { readFileSync } from "node:fs"
import { availableParallelism, loadavg } from "node:os"
import { join } from "node:path"
import { ROOT } from "../test/e2e/support/project.ts"

/** The machine on which the numbers were measured, because they mean nothing without it. */
export interface Machine {
  readonly cores: number
  /**
   * Load average of one minute, at the start and at the end. The second value contains the
   * benchmark's own load.
   */
  readonly load: readonly [before: number, after: number]
  readonly opencode: string
  readonly bun: string
}

/** Call it at the start, and the returned function at the end. */
export function observeMachine(): () => Machine {
  const before = load()
  const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules/opencode-ai/package.json"), "utf8"))
  return () => ({ cores: availableParallelism(), load: [before, load()], opencode: version, bun: Bun.version })
}

export function formatMachine({ cores, load, opencode, bun }: Machine): string {
  return `${cores} cores · load ${load[0]} before, ${load[1]} after · OpenCode ${opencode} · Bun ${bun}`
}

function load(): number {
  return Number((loadavg()[0] ?? Number.NaN).toFixed(2))
}
