#!/usr/bin/env node
// Starts Baton's command line. The journal is SQLite, which Node 20 does not have and OpenCode's own Bun does: what
// needs it runs there, so nobody has to install a second runtime. Everything else runs right here.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { constants } from "node:os"
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))
const cli = join(here, "..", "dist", "cli.js")
const args = process.argv.slice(2)

const NO_JOURNAL = new Set(["plan", "validate", "config", "convert", "graph", "help", "token"])
const command = args.find(
  (arg, at) => !arg.startsWith("-") && !["-C", "--directory", "--opencode"].includes(args[at - 1]),
)
const isAboutBaton = args.some((arg) => ["-h", "--help", "-V", "--version"].includes(arg))

if (!existsSync(cli)) {
  console.error("baton: dist/cli.js is missing. In a checkout of Baton, run `npm run setup`.")
  process.exit(2)
}
const needsJournal = command !== undefined && !isAboutBaton && !NO_JOURNAL.has(command)
const opencode = needsJournal ? findOpencode() : undefined
// `init` asks an OpenCode for its models, and does without where there is none.
const canDoWithout = command === "init" && opencode === undefined && option("--attach") === undefined
if (needsJournal && !canDoWithout && !process.versions.bun) {
  runInBun()
} else {
  if (opencode) process.env.BATON_OPENCODE = opencode
  const { main } = await import(cli)
  process.exitCode = await main(args)
}

function runInBun() {
  const bun = opencode ?? onPath("bun")
  if (!bun) {
    const inProject = findBelow(resolve(option("-C") ?? option("--directory") ?? "."))
    const hint = inProject
      ? `this folder has one, which Baton does not run unasked: --opencode ${inProject}`
      : "install it (`npm install -g opencode-ai`), or name it with --opencode PATH"
    console.error(shown(`baton: OpenCode was not found: ${hint}`))
    process.exit(2)
  }
  // An empty config and no .env: Bun would otherwise run what a foreign project's bunfig.toml tells it to.
  const config = join(here, "empty.bunfig.toml")
  const env = { ...process.env, ...(opencode ? { BUN_BE_BUN: "1", BATON_OPENCODE: opencode } : {}) }
  const child = spawn(bun, [`--config=${config}`, "--no-env-file", fileURLToPath(import.meta.url), ...args], {
    stdio: "inherit",
    env,
  })
  // A terminal sends Ctrl-C to both of us, `kill` to this process alone: the child takes a second one for the first.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
  child.on("error", (error) => {
    console.error(shown(`baton: ${bun} could not be started: ${error.message}`))
    process.exit(2)
  })
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

/** --opencode, $BATON_OPENCODE, the one beside Baton, the one on PATH. Never one that the project brings: a command that
 *  only looks must not run a program of a folder that somebody else made. */
function findOpencode() {
  const named = option("--opencode") ?? process.env.BATON_OPENCODE
  if (named) return resolve(named)
  return findBelow(here) ?? onPath("opencode")
}

/** A text as a terminal may show it: the name of a folder can have characters that control one. */
function shown(text) {
  return text.replaceAll(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, "\ufffd")
}

/** OpenCode in the node_modules of a folder, or of the nearest one above it. */
function findBelow(start) {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, "node_modules", "opencode-ai", "bin", "opencode.exe")
    if (existsSync(file)) return file
    if (folder === dirname(folder)) return undefined
  }
}

/** The value of an option, written `--name value` or `--name=value`. */
function option(name) {
  const at = args.indexOf(name)
  return at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1)
}

function onPath(name) {
  const names = process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name]
  // A relative folder on PATH would be one of the project.
  const folders = (process.env.PATH ?? "").split(delimiter).filter(isAbsolute)
  return folders.flatMap((folder) => names.map((file) => join(folder, file))).find((file) => existsSync(file))
}
