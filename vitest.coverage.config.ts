import { defineConfig } from "vitest/config"

/**
 * Fails unless the tests of `test/core` reach every line of `src/core`. V8 counts the lines, so this runs in Node while
 * `npm test` runs in Bun. A random test reaches other lines each time, so the one that is random as a whole is left out.
 */
export default defineConfig({
  test: {
    include: ["test/core/**/*.test.ts"],
    exclude: ["test/core/anything.test.ts"],
    pool: "forks",
    testTimeout: 60_000,
    coverage: {
      enabled: true,
      provider: "v8",
      include: ["src/core/**"],
      reporter: ["text-summary", ["text", { skipFull: true }]],
      thresholds: { lines: 100 },
    },
  },
})
