import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"

/** Node itself: Bun puts a `node` that is Bun on the PATH of the processes it starts. */
export const NODE = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((folder) => !folder.includes("bun-node"))
  .map((folder) => join(folder, process.platform === "win32" ? "node.exe" : "node"))
  .find((file) => existsSync(file)) as string
