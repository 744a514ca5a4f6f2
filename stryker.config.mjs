/** `npm run mutation`: would the unit tests notice a small change of the code? One is made at a time. */
export default {
  packageManager: "npm",
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutation.config.ts" },
  // Each change is tested by the tests that reach it, and by no others.
  coverageAnalysis: "perTest",
  mutate: ["src/{core,engine,spec}/**/*.ts", "src/workers/session/turn/*.ts"],
  // Most texts are messages for a person, and a test of each word of them would only repeat them.
  mutator: { excludedMutations: ["StringLiteral"] },
  // What runs once, when a file is loaded, would need all tests for every change.
  ignoreStatic: true,
  // Biome takes a second biome.json for a mistake while the copy of the project is there.
  ignorePatterns: ["biome.json", "dist", "bench", "examples", ".opencode"],
  // The native TypeScript has no API with which the types could be read or switched off.
  tsconfigFile: "none",
  disableTypeChecks: false,
  // What has not changed since the last run keeps its result.
  incremental: true,
  incrementalFile: "reports/mutation/incremental.json",
  reporters: ["clear-text", "json", "html"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
  concurrency: 1,
  timeoutMS: 10_000,
}
