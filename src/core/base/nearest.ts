/**
 * Returns the number of edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`:
 * the optimal string alignment distance.
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

/**
 * Returns the candidate that a misspelt word most likely meant, or undefined when none is close. A
 * candidate is close when at most a third of the longer word differs (the rule of thumb that
 * compilers use), ignoring case, or when one is a prefix of the other and has at least three
 * letters.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase()
  let best: { name: string; cost: number; lengths: number } | undefined
  for (const name of candidates) {
    const other = name.toLowerCase()
    const limit = Math.max(1, Math.floor(Math.max(wanted.length, other.length) / 3))
    const isPrefix =
      Math.min(wanted.length, other.length) >= 3 && (other.startsWith(wanted) || wanted.startsWith(other))
    const cost = distance(wanted, other)
    // Of two equally close candidates, the one of more similar length wins: `modle` means `model`
    // rather than `mode`.
    const lengths = Math.abs(other.length - wanted.length)
    const isBetter = !best || cost < best.cost || (cost === best.cost && lengths < best.lengths)
    if ((cost <= limit || isPrefix) && isBetter) best = { name, cost, lengths }
  }
  return best?.name
}

/** Returns "did you mean `x`?" when a candidate is close, or else the list of candidates. */
export function suggest(word: string, candidates: readonly string[], what: string): string {
  const match = nearest(word, candidates)
  if (match !== undefined) return `did you mean \`${match}\`?`
  if (candidates.length === 0) return `there are no ${what}`
  const shown = candidates.slice(0, 12).map((name) => `\`${name}\``)
  return `known ${what}: ${shown.join(", ")}${candidates.length > 12 ? ", …" : ""}`
}
