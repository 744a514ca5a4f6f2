import { readFileSync } from "node:fs"
import { availableParallelism, loadavg } from "node:os"
import { join } from "node:path"
import { ROOT } from "../test/e2e/support/project.ts"

/** Where numbers come from: without it they say nothing. */
export interface Machine {
  readonly cores: number
  /** Of the last minute, at the beginning and at the end; the benchmark's own load is in the second. */
  readonly load: readonly [before: number, after: number]
  readonly opencode: string
  readonly bun: string
}

/** Call it at the beginning; the function it returns, at the end. */
export function observeMachine(): () => Machine {
  const before = load()
  const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules/opencode-ai/package.json"), "utf8"))
  return () => ({ cores: availableParallelism(), load: [before, load()], opencode: version, bun: Bun.version })
}

/** The facts in one line. */
export function formatMachine({ cores, load, opencode, bun }: Machine): string {
  return `${cores} cores · load ${load[0]} before, ${load[1]} after · OpenCode ${opencode} · Bun ${bun}`
}

function load(): number {
  return Number((loadavg()[0] ?? Number.NaN).toFixed(2))
}
