import { readFileSync } from "node:fs"
import { join } from "node:path"
import { openSqliteStore } from "../src/store/sqlite/store.ts"
import { bareAppends, drive } from "./engine.ts"

/**
 * One side of `memory`, as its own process. `engine FOLDER COUNT` drives a run of COUNT steps on a
 * journal in the folder; `bare FOLDER` writes the lines of its file `bodies` just as durably.
 * Prints the peak memory of the process in MB.
 */
const [side, folder = "", count] = process.argv.slice(2)
if (side === "engine") {
  const store = openSqliteStore(folder)
  await drive(store, Number(count), true)
  store.close()
} else {
  await bareAppends(folder, linesOf(readFileSync(join(folder, "bodies"))))
}
const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]
process.stdout.write(`${(Number(kilobytes) * 1_024) / 1e6}\n`)

/** Yields one line after another, so that not all texts are in memory at once. */
function* linesOf(bytes: Buffer): Generator<string> {
  for (let from = 0, to = bytes.indexOf(10); to >= 0; from = to + 1, to = bytes.indexOf(10, from))
    yield bytes.toString("utf8", from, to)
}
