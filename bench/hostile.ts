import { checkConfig } from "../src/config/load.ts"
import { sharedPath } from "../src/core/rights/file-patterns.ts"
import { parseWorkflow } from "../src/spec/parse.ts"
import { interleave, timed } from "./measure.ts"
import { compare, type Row } from "./report.ts"

/** Texts written to keep a parser busy: twice the length may take about twice the time. */

const ROUNDS = 7
/** Quadratic work would take four times as long. */
const AT_MOST = 3
const NAMES = { profiles: [], roles: [], lookup: () => ({ message: "none", hint: "none", problems: [] }) }

const lines = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join("\n")
const parse = (text: string) => () => parseWorkflow(text, "w.yaml", NAMES)

/** What is done with a text of this size, by name. */
const WORK: Readonly<Record<string, (size: number) => () => unknown>> = {
  "unknown keys in a workflow": (size) => parse(lines(10_000 * size, (at) => `k${at}: 1`)),
  "broken steps": (size) =>
    parse(`steps:\n${lines(2_000 * size, (at) => `  - { id: s${at}, needs: [t${at}], x: 1 }`)}`),
  "unknown needs": (size) =>
    parse(`steps:\n${lines(2_000 * size, (at) => `  - { id: s${at}, needs: [t${at}], prompt: p }`)}`),
  "steps in a row": (size) =>
    parse(`steps:\n${lines(1_000 * size, (at) => `  - { id: s${at}, needs: [s${Math.max(0, at - 1)}], prompt: p }`)}`),
  "broken expressions": (size) =>
    parse(JSON.stringify({ steps: [{ id: "a", prompt: `\${${"a-".repeat(4_900)}}`.repeat(10 * size) }] })),
  "unknown keys in orchestrator.json": (size) => () =>
    checkConfig(`{${lines(10_000 * size, (at) => `"k${at}": 1,`)}"z": 1}`, "o.json", {}),
}

/** Each position of one file pattern is compared with each of the other, which is quadratic. */
const PATTERNS: typeof WORK = {
  "stars in two file patterns": (size) => () =>
    sharedPath(`${"a*".repeat(100 * size)}b`, `${"*a".repeat(100 * size)}c`),
  "folders in two file patterns": (size) => () =>
    sharedPath(`${"**/*a/".repeat(30 * size)}b`, `${"**/a*/".repeat(30 * size)}c`),
}

export async function hostile(tell: (line: string) => void): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const [works, atMost] of [
    [WORK, AT_MOST],
    [PATTERNS, 10],
  ] as const) {
    for (const [name, workOf] of Object.entries(works)) {
      const sides = { twice: workOf(2), once: workOf(1) }
      sides.once()
      const samples = await interleave(
        ROUNDS,
        { twice: () => timed(sides.twice), once: () => timed(sides.once) },
        (side, round, ms) => tell(`hostile: ${name}, round ${round + 1}, ${side}: ${ms.toFixed(1)} ms`),
      )
      const options = { unit: "ms", comparison: "times", atMost } as const
      rows.push(compare(`${name} (bare: half of it)`, options, samples.twice, samples.once))
    }
  }
  return rows
}
