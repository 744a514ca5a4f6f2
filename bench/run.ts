import { parseArgs } from "node:util"
import { contextTokens } from "./context.ts"
import { dashboard } from "./dashboard.ts"
import { engineGrowth, engineOverhead } from "./engine.ts"
import { hostile } from "./hostile.ts"
import { formatMachine, observeMachine } from "./machine.ts"
import { memory } from "./memory.ts"
import { recovery } from "./recovery.ts"
import { formatTable, type Row } from "./report.ts"
import { startUp } from "./start-up.ts"
import { fanOut, sequential } from "./steps.ts"
import { transition } from "./transition.ts"
import { tree } from "./tree.ts"

/** A benchmark, which returns its rows. Its progress goes to stderr. */
type Benchmark = (tell: (line: string) => void) => Promise<Row | readonly Row[]>

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  sequential,
  "fan-out": fanOut,
  "start-up": startUp,
  engine: engineOverhead,
  growth: engineGrowth,
  context: contextTokens,
  memory,
  recovery,
  transition,
  dashboard,
  hostile,
  tree,
}

const HELP = `Measures Baton side by side with the same work done without it.

  npm run bench                     everything, about eight minutes
  bun bench/run.ts [NAME…]          some of it: ${Object.keys(BENCHMARKS).join(", ")}
    --json                          the rows and the machine as JSON
    --quiet                         no progress on stderr
    --help                          this

Exit code 1 when a ratio is over its bound, 2 for an unknown name or option. bench/README.md explains the table.`

async function main(args: readonly string[]): Promise<number> {
  const flag = { type: "boolean" } as const
  const options = { json: flag, quiet: flag, help: flag }
  // Not strict, so that an unknown option is reported like an unknown name.
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, strict: false, options })
  if (values.help) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  const unknown = [
    ...positionals.filter((name) => !Object.hasOwn(BENCHMARKS, name)),
    ...Object.keys(values).filter((name) => !Object.hasOwn(options, name)),
  ]
  if (unknown.length > 0) {
    process.stderr.write(`no such benchmark or option: ${unknown.join(", ")}\n\n${HELP}\n`)
    return 2
  }
  const tell = (line: string) => void (values.quiet || process.stderr.write(`${line}\n`))
  const seen = observeMachine()
  const rows: Row[] = []
  for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
    if (positionals.length === 0 || positionals.includes(name)) rows.push(...[await benchmark(tell)].flat())
  }
  const machine = seen()
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ machine, rows }, undefined, 2)}\n`
      : `\n${formatTable(rows)}\n\n${formatMachine(machine)}\n`,
  )
  return rows.every((row) => row.ok) ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
