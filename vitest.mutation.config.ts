import { defineConfig } from "vitest/config"

/**
 * The tests that `npm run mutation` runs against each change of the code: those of core, spec, engine
 * and a worker's turn, in Node. Tests that start processes, measure time or try thousands of random
 * runs are left out, because each of them would run for every change.
 */
export default defineConfig({
  test: {
    include: ["test/{core,spec,engine}/**/*.test.ts", "test/workers/session/turn/*.test.ts"],
    exclude: [
      "test/core/anything.test.ts",
      "test/spec/{fuzz,files}.test.ts",
      "test/engine/{crash,kill,host,old-journal}.test.ts",
    ],
    // Documents that are hostile by their size take seconds each.
    testNamePattern: /^(?!hostile documents)/,
    setupFiles: ["test/support/node.ts"],
    testTimeout: 60_000,
  },
})
