import { availableParallelism } from "node:os"
import { transformAsync } from "@babel/core"
import { defineConfig } from "vitest/config"
import LongestFirst from "./test/support/longest-first.ts"

// The transform OpenCode itself applies to .tsx: babel-preset-solid in universal mode.
const opentuiSolid = () => ({
  name: "opentui-solid",
  enforce: "pre" as const,
  async transform(code: string, id: string) {
    const filename = id.replace(/[?#].*$/, "")
    if (!/\.[jt]sx$/.test(filename) || filename.includes("node_modules")) return
    const out = await transformAsync(code, {
      filename,
      configFile: false,
      babelrc: false,
      sourceMaps: true,
      presets: [
        ["babel-preset-solid", { moduleName: "@opentui/solid", generate: "universal" }],
        ["@babel/preset-typescript"],
      ],
    })
    return { code: out?.code ?? code, map: out?.map }
  },
})

// These download other versions of OpenCode.
const nightlyOnly = process.env.BATON_RUNS === "nightly" ? [] : ["test/e2e/hosts.test.ts"]

export default defineConfig({
  plugins: [opentuiSolid()],
  // Without this alias tests get Solid's server build: views render once and never update.
  resolve: {
    alias: [
      { find: /^solid-js$/, replacement: "solid-js/dist/solid.js" },
      { find: /^solid-js\/store$/, replacement: "solid-js/store/dist/store.js" },
    ],
  },
  test: {
    // Files of one worker share its process: a process for each costs 0.25 s of CPU, and the tests on
    // the real OpenCode share a warm server in it.
    isolate: false,
    pool: "forks", // threads do not start under Bun 1.3.14, vmThreads cannot import bun:sqlite
    testTimeout: 30_000, // against what hangs: a machine may be busy
    reporters: ["default", "./test/support/summary-reporter.ts"],
    maxWorkers: Math.max(2, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: "plugin", include: ["test/**/*.test.{ts,tsx}"], exclude: ["test/e2e/**"] } },
      { extends: true, test: { name: "e2e", include: ["test/e2e/*.test.ts"], exclude: nightlyOnly } },
    ],
  },
})
