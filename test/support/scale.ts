/** The number of random trials of a test: `few` in every run, `many` with `BATON_RUNS=nightly`. */
export function timesToTry(few: number, many: number): number {
  return process.env.BATON_RUNS === "nightly" ? many : few
}
