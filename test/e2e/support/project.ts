import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { providerConfig } from "../../../scripts/scripted-model.ts"
import { openState } from "../../../src/state/project-state.ts"
import { examine, trust } from "../../../src/trust/verdict.ts"
import { processesWith, signal } from "./processes.ts"
import { until } from "./until.ts"

/** This repository. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..")
/** The `opencode` under test: the one pinned in package.json. */
export const OPENCODE = join(ROOT, "node_modules/.bin/opencode")

export interface ProjectOptions {
  /**
   * The model behind `scripted/small`, `/large` and `/unpriced`. Without it, no provider is
   * configured.
   */
  readonly model?: { readonly url: string }
  /** Contents of `.opencode/orchestrator.json`: an object, or a text that is written unchanged. */
  readonly config?: object | string
  /** `.opencode/workflows/NAME.yaml` by name. */
  readonly workflows?: Readonly<Record<string, string>>
  /** More files by their path in the project. */
  readonly files?: Readonly<Record<string, string>>
  /** Replaces top-level keys of `opencode.json`. */
  readonly opencode?: object
  /** Replaces top-level keys of `tui.json`. */
  readonly tui?: object
  /**
   * Whether OpenCode loads both halves of Baton from this repository's dist/; the default is true.
   */
  readonly baton?: boolean
  /** Options of the plugin entry in `opencode.json`. */
  readonly pluginOptions?: object
  /** Makes it a git repository with everything committed. */
  readonly git?: boolean
  /** Whether a person trusts the folder; the default is true. */
  readonly trusted?: boolean
  /**
   * A running server that `baton` attaches to in this project. Without it, each `baton` starts its
   * own server.
   */
  readonly server?: RunningServer
}

/** A server that is already running. */
export interface RunningServer {
  readonly url: string
  /**
   * Releases the project's folder before it is removed; needed if the server outlives the project.
   */
  forget?(directory: string): Promise<void>
}

/**
 * A project with its own home in a temporary folder, without access to the real home or network.
 * `await using project = makeProject()` disposes of it at the end of the block.
 */
export interface Project extends AsyncDisposable {
  /** The project folder. */
  readonly dir: string
  readonly home: string
  /** The whole environment of every process that is started in it. Nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>
  /**
   * `NAME=value` in the environment of every process that is started with `env`; see
   * `processesWith`.
   */
  readonly marker: string
  /** The `baton` of another version. Without it, it is that of this repository. */
  readonly program?: string
  /** The server that `baton` attaches to; see `alone`. */
  readonly server: RunningServer | undefined
  /** The folder of its state, which is outside of it. */
  state(): string
  /** Absolute path of a file in the project. */
  path(file: string): string
  read(file: string): string
  write(file: string, content: string): void
  /** OpenCode's own log; empty before there is one. */
  log(): string
  /** Kills every process that still has the marker, and removes the folder. */
  dispose(): Promise<void>
}

/**
 * Folders of the projects that are not disposed of yet, by their markers. A test that forgets to
 * dispose must not leave a server running, and the project of the warm server exists as long as the
 * process.
 */
const remaining = new Map<string, string>()
const disposeForgotten = () => {
  for (const [marker, base] of remaining) {
    for (const { pid } of processesWith(marker)) signal(pid, "SIGKILL")
    rmSync(base, { recursive: true, force: true, maxRetries: 10 })
  }
  remaining.clear()
  rmSync(STATE, { recursive: true, force: true, maxRetries: 10 })
}
process.once("exit", disposeForgotten)
// Vitest ends the process of its test files with SIGTERM, and no exit event follows.
process.once("SIGTERM", () => {
  disposeForgotten()
  process.exit(143)
})

/**
 * All projects of this process share a state folder, so that `baton` and the warm server, which has
 * another home, know the same runs.
 */
const STATE = mkdtempSync(join(tmpdir(), "baton-e2e-state-"))

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
  // Reading the folder takes a few milliseconds, which is less than any process needs to start.
  const trusting = options.trusted === false ? undefined : trustFolder(dir, env)
  const dispose = async () => {
    await trusting
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
    state: () => openState(dir, env).folder,
    path,
    read: (file) => readFileSync(path(file), "utf8"),
    write,
    log: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}

/** The same project, but every `baton` starts its own OpenCode server. */
export function alone(project: Project): Project {
  return { ...project, server: undefined }
}

/** The same project, but `baton` attaches to this server. */
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
 * Files that keep OpenCode from installing packages. It runs an npm install of its plugin package
 * in every config folder, which takes 4 s of CPU and the network at each start, except where there
 * is a `node_modules` and a lock file that names the package.
 */
function installed(folder: string): Record<string, string> {
  const lock = { lockfileVersion: 3, packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } }
  return { [join(folder, "node_modules/.keep")]: "", [join(folder, "package-lock.json")]: JSON.stringify(lock) }
}

/**
 * Inherits nothing but the PATH, so that no key, proxy, XDG folder or setting of the outer
 * environment reaches the tests.
 */
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
    // Contains one provider instead of all, because reading all of them takes OpenCode a quarter of
    // its start.
    OPENCODE_MODELS_PATH: join(ROOT, "test/e2e/support/models.json"),
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    BATON_STATE_DIR: STATE,
    BATON_TEST_ID: id,
  }
}

/**
 * The PATH without the folder in which `bun --bun` stands in for `node`, because users start
 * programs with Node.
 */
function realPath(): string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => !/bun-node-/.test(folder))
}

function makeRepository(dir: string, env: Readonly<Record<string, string>>): void {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: dir, env, stdio: "pipe" })
  git("init", "--quiet", "--initial-branch=main")
  git("add", "--all")
  git("-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "--quiet", "--message=Start")
}

/** Records that a person trusts the folder as it is. */
async function trustFolder(dir: string, env: Readonly<Record<string, string>>): Promise<void> {
  const place = { root: dir, directory: dir, worktree: existsSync(join(dir, ".git")) ? dir : undefined, env }
  trust(await examine(place, () => Promise.resolve(() => undefined)), "terminal", Date.now())
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
