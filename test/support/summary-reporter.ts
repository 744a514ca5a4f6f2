import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node"

/**
 * Ends every test run with one line that a script can read: `N passed, N failed` (and `, N skipped`
 * if there are any). The names of the skipped tests stand before it, because something that they
 * need is missing; they are left out when the command selected tests by name.
 */
export default class SummaryReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    let failed = errors.length
    const skipped: TestCase[] = []
    for (const module of modules) {
      const before = failed
      for (const test of module.children.allTests()) {
        const state = test.result().state
        if (state === "passed") passed++
        else if (state === "skipped") skipped.push(test)
        else failed++
      }
      // A file that could not be loaded has no tests, and counts as one failure.
      if (module.state() === "failed" && failed === before) failed++
    }
    if (this.#vitest?.config.testNamePattern === undefined)
      for (const { module, fullName } of skipped) console.log(`not run: ${module.relativeModuleId} > ${fullName}`)
    console.log(`\n${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`)
  }
}
