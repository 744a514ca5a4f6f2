/** Measures all sides alternately, so that other load on the machine affects them alike. */

/** The numbers of each side, one for each round, in the order of the rounds. */
export type Samples<Side extends string> = Readonly<Record<Side, readonly number[]>>

/**
 * Measures every side once in each round. The order rotates (A B, B A, A B, …), so that no side
 * always has the warmer caches. Each function returns its own number, which is also reported to
 * `tell`.
 */
export async function interleave<Side extends string>(
  rounds: number,
  sides: Readonly<Record<Side, () => Promise<number>>>,
  tell: (side: Side, round: number, value: number) => void,
): Promise<Samples<Side>> {
  const names = Object.keys(sides) as Side[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Side, number[]>
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length
    for (const side of [...names.slice(first), ...names.slice(0, first)]) {
      const value = await sides[side]()
      samples[side].push(value)
      tell(side, round, value)
    }
  }
  return samples
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** The middle value, or the mean of the two middle values. NaN for an empty list. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}
