/** Measuring side by side: whatever else the machine does, it does to all sides alike. */

/** Numbers of each side, a number a round, in the order of the rounds. */
export type Samples<Side extends string> = Readonly<Record<Side, readonly number[]>>

/**
 * Measures every side once a round, one after another (A B, B A, A B, …): the side that goes first changes, so that
 * none of them always has the warmer caches. Each function gives its own number. `tell` hears of every one.
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

/** The middle of some numbers, or the mean of the two in the middle. NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}
