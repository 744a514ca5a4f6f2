import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { drive, storeOf } from "./engine.ts"
import { interleave } from "./measure.ts"
import { compare, type Row } from "./report.ts"

const ROUNDS = 3
const MANY = 10_000
const FEW = 1_000
const LIFE = join(import.meta.dirname, "life.ts")

/**
 * Peak memory of a process that drives a run of 10,000 steps, compared with one that writes the
 * same bytes.
 */
export async function memory(tell: (line: string) => void): Promise<Row[]> {
  const bodies: string[] = []
  await drive(
    storeOf((_, events) => void bodies.push(JSON.stringify(events))),
    MANY,
    true,
  )
  const text = bodies.map((body) => `${body}\n`).join("")
  const life = (side: "engine" | "bare", count: number) => {
    const folder = mkdtempSync(join(tmpdir(), "baton-bench-"))
    try {
      if (side === "bare") writeFileSync(join(folder, "bodies"), text)
      return Promise.resolve(Number(execFileSync(process.execPath, [LIFE, side, folder, String(count)])))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const samples = await interleave(
    ROUNDS,
    { many: () => life("engine", MANY), few: () => life("engine", FEW), bare: () => life("bare", MANY) },
    (side, round, mb) => tell(`memory, round ${round + 1} of ${ROUNDS}, ${side}: ${mb.toFixed(0)} MB`),
  )
  const more = (what: string, atMost: number, of: readonly number[], than: readonly number[]) =>
    compare(what, { unit: "MB", comparison: "more", atMost }, of, than)
  return [
    more(`memory of ${MANY} steps (bare: the same bytes)`, 100, samples.many, samples.bare),
    more(`memory of ${MANY} steps (bare: ${FEW} steps)`, 100, samples.many, samples.few),
  ]
}
