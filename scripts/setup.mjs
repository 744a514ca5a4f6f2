// Makes a fresh clone ready with only Node and npm. Installs the dependencies if they are missing
// or older than package.json, and builds dist/ if a source is newer than it. Runs before `npm test`
// and `npm run demo`.
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const mtime = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

function run(command, args) {
  console.error(`> ${command} ${args.join(" ")}`)
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" })
  if (result.status !== 0) {
    console.error(
      `setup: \`${command} ${args.join(" ")}\` failed (${result.error?.message ?? `exit ${result.status}`})`,
    )
    process.exit(1)
  }
}

function newest(dir) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, mtime(join(entry.parentPath ?? entry.path, entry.name))), 0)
}

if (mtime(join(root, "node_modules/.package-lock.json")) < mtime(join(root, "package.json"))) {
  run("npm", ["install", "--no-audit", "--no-fund"])
}
const sources = Math.max(
  newest(join(root, "src")),
  mtime(join(root, "scripts/build.ts")),
  mtime(join(root, "package.json")),
)
if (mtime(join(root, "dist/cli.js")) < sources) run(join(root, "node_modules/.bin/bun"), ["scripts/build.ts"])
