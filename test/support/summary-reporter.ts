import type { Reporter, TestModule } from "vitest/node"

/**
 * Ends every test run with one line that a script can read: `N passed, N failed` (and `, N skipped`
 * if there are any).
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    let skipped = 0
    let failed = errors.length
    for (const module of modules) {
      const before = failed
      for (const test of module.children.allTests()) {
        const state = test.result().state
        if (state === "passed") passed++
        else if (state === "skipped") skipped++
        else failed++
      }
      // A file that could not be loaded has no tests, and counts as one failure.
      if (module.state() === "failed" && failed === before) failed++
    }
    console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`)
  }
}
