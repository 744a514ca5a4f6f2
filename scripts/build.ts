// Builds the four entries into dist/. Dependencies stay external: the host resolves solid-js and
// @opentui/*, and npm installs the rest. The TUI half is compiled here, because OpenCode does not
// transform .tsx files in node_modules.
import { rmSync } from "node:fs"
import solid from "@opentui/solid/bun-plugin"

const common = {
  outdir: "dist",
  format: "esm",
  packages: "external",
  sourcemap: "linked",
  splitting: true,
  throw: false,
} as const

rmSync("dist", { recursive: true, force: true })
const builds = [
  await Bun.build({
    ...common,
    entrypoints: ["src/plugin.ts"],
    naming: { entry: "server.js", chunk: "chunk-[hash].js" },
    target: "bun",
  }),
  await Bun.build({
    ...common,
    entrypoints: ["src/guard.ts"],
    naming: { entry: "guard.js", chunk: "chunk-[hash].js" },
    target: "bun",
  }),
  await Bun.build({
    ...common,
    entrypoints: ["src/tui.tsx"],
    naming: { entry: "tui.js", chunk: "chunk-[hash].js" },
    target: "bun",
    plugins: [solid],
  }),
  await Bun.build({
    ...common,
    entrypoints: ["src/cli.ts"],
    naming: { entry: "cli.js", chunk: "chunk-[hash].js" },
    target: "node",
  }),
]
for (const result of builds) {
  if (!result.success) throw new AggregateError(result.logs, "build failed")
}
