import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { providerConfig } from "../../../scripts/scripted-model.ts"
import { processesWith, signal } from "./processes.ts"
import { until } from "./until.ts"

/** This repository. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..")
/** The `opencode` under test: the one pinned in package.json. */
export const OPENCODE = join(ROOT, "node_modules/.bin/opencode")

export interface ProjectOptions {
  /** The model that `scripted/small`, `/large` and `/unpriced` speak to; without one no provider is configured. */
  readonly model?: { readonly url: string }
  /** Contents of `.opencode/orchestrator.json`: an object, or text to be written as it stands. */
  readonly config?: object | string
  /** `.opencode/workflows/NAME.yaml` by name. */
  readonly workflows?: Readonly<Record<string, string>>
  /** More files by their path in the project. */
  readonly files?: Readonly<Record<string, string>>
  /** Laid over `opencode.json`, top-level key by top-level key. */
  readonly opencode?: object
  /** Laid over `tui.json`, top-level key by top-level key. */
  readonly tui?: object
  /** Whether OpenCode loads Baton, both halves, from this repository's dist/; true when left out. */
  readonly baton?: boolean
  /** Options of the plugin entry in `opencode.json`. */
  readonly pluginOptions?: object
  /** Makes it a git repository with everything committed. */
  readonly git?: boolean
  /** A running server that `baton` attaches to in this project; without one each start of it has a server of its own. */
  readonly server?: RunningServer
}

/** A server that runs already. */
export interface RunningServer {
  readonly url: string
  /** Of one that outlives the project: lets go of its folder, which is about to be removed. */
  forget?(directory: string): Promise<void>
}

/**
 * A project and a home of its own in a temporary folder, with nothing of the real home or network in reach.
 * `await using project = makeProject()` disposes of it at the end of the block.
 */
export interface Project extends AsyncDisposable {
  /** The project folder. */
  readonly dir: string
  readonly home: string
  /** The whole environment for everything that is started in it; nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** `NAME=value` found in the environment of every process started with `env`: see `processesWith`. */
  readonly marker: string
  /** What `baton` attaches to: see `alone`. */
  readonly server: RunningServer | undefined
  /** Absolute path of a file in the project. */
  path(file: string): string
  read(file: string): string
  write(file: string, content: string): void
  /** OpenCode's own log; empty before there is one. */
  log(): string
  /** Kills every process that still bears the marker, and removes the folder. */
  dispose(): Promise<void>
}

/** Folders of the projects that are still there, by their markers. A test that forgets one must not leave a server
 *  running, and the project of the warm server lasts as long as the process. */
const remaining = new Map<string, string>()
const disposeForgotten = () => {
  for (const [marker, base] of remaining) {
    for (const { pid } of processesWith(marker)) signal(pid, "SIGKILL")
    rmSync(base, { recursive: true, force: true, maxRetries: 10 })
  }
  remaining.clear()
}
process.once("exit", disposeForgotten)
// How vitest ends the process of its test files; there is no exit event then.
process.once("SIGTERM", () => {
  disposeForgotten()
  process.exit(143)
})

/** Makes a project. The caller must `dispose` of it. */
export function makeProject(options: ProjectOptions = {}): Project {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "baton-e2e-")))
  const [dir, home, temp] = [join(base, "project"), join(base, "home"), join(base, "tmp")]
  mkdirSync(temp)
  const id = randomUUID()
  const env = environment(home, temp, id)
  const path = (file: string) => resolve(dir, file)
  const write = (file: string, content: string) => {
    mkdirSync(dirname(path(file)), { recursive: true })
    writeFileSync(path(file), content)
  }
  for (const [file, content] of Object.entries(filesOf(options, home))) write(file, content)
  if (options.git) makeRepository(dir, env)
  const log = join(home, ".local/share/opencode/log/opencode.log")
  const marker = `BATON_TEST_ID=${id}`
  remaining.set(marker, base)
  const dispose = async () => {
    await options.server?.forget?.(dir)
    await killAll(marker)
    rmSync(base, { recursive: true, force: true })
    remaining.delete(marker)
  }
  return {
    dir,
    home,
    env,
    marker,
    server: options.server,
    path,
    read: (file) => readFileSync(path(file), "utf8"),
    write,
    log: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}

/** The same project, in which every start of `baton` has an OpenCode server of its own. */
export function alone(project: Project): Project {
  return { ...project, server: undefined }
}

/** The same project, in which `baton` attaches to this server. */
export function attached(project: Project, server: RunningServer): Project {
  return { ...project, server }
}

function filesOf(options: ProjectOptions, home: string): Record<string, string> {
  const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`
  const baton = options.baton ?? true
  const plugin = [[pathToFileURL(ROOT).href, options.pluginOptions ?? {}]]
  const opencode = {
    ...(options.model ? providerConfig(options.model.url) : { share: "disabled", autoupdate: false }),
    ...(baton ? { plugin } : {}),
    ...options.opencode,
  }
  const files: Record<string, string> = { "opencode.json": json(opencode) }
  if (baton) files["tui.json"] = json({ plugin, ...options.tui })
  if (options.config !== undefined)
    files[".opencode/orchestrator.json"] = typeof options.config === "string" ? options.config : json(options.config)
  for (const [name, text] of Object.entries(options.workflows ?? {})) files[`.opencode/workflows/${name}.yaml`] = text
  Object.assign(files, options.files)
  for (const folder of [".opencode", join(home, ".config/opencode")]) Object.assign(files, installed(folder))
  return files
}

/**
 * OpenCode runs an npm install of its plugin package in every config folder: 4 s of CPU and the network at each start.
 * It leaves a folder alone that has a `node_modules` and a lock file that names the package.
 */
function installed(folder: string): Record<string, string> {
  const lock = { lockfileVersion: 3, packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } }
  return { [join(folder, "node_modules/.keep")]: "", [join(folder, "package-lock.json")]: JSON.stringify(lock) }
}

/** Built from nothing, so that no key, proxy, XDG folder or setting of the outer environment reaches the tests. */
function environment(home: string, temp: string, id: string): Record<string, string> {
  return {
    PATH: [join(ROOT, "node_modules/.bin"), ...realPath()].join(delimiter),
    HOME: home,
    TMPDIR: temp,
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
    SHELL: "/bin/sh",
    GIT_CONFIG_NOSYSTEM: "1",
    npm_config_fetch_retries: "0",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    // One provider instead of all that there are: reading them takes OpenCode a quarter of its start.
    OPENCODE_MODELS_PATH: join(ROOT, "test/e2e/support/models.json"),
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    BATON_TEST_ID: id,
  }
}

/** Without the folder in which `bun --bun` puts itself under the name of `node`: users start things with Node. */
function realPath(): string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => !/bun-node-/.test(folder))
}

function makeRepository(dir: string, env: Readonly<Record<string, string>>): void {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: dir, env, stdio: "pipe" })
  git("init", "--quiet", "--initial-branch=main")
  git("add", "--all")
  git("-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "--quiet", "--message=Start")
}

async function killAll(marker: string): Promise<void> {
  await until(
    () => {
      const left = processesWith(marker)
      for (const { pid } of left) signal(pid, "SIGKILL")
      return left.length === 0
    },
    { what: `every process with ${marker} to end`, timeoutMs: 10_000 },
  )
}
