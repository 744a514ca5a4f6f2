import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { ownerToken } from "../../../src/state/key.ts"
import { type Project, ROOT } from "./project.ts"

/** A started `baton` process, as a user of a shell sees it. */
export interface Baton {
  readonly process: ChildProcess
  readonly pid: number
  stdout(): string
  stderr(): string
  /**
   * Resolves with the exit code, or with 128 if a signal ended the process. Rejects after
   * `timeoutMs` (default 90,000).
   */
  exit(timeoutMs?: number): Promise<number>
  signal(name: NodeJS.Signals): void
}

export interface EndedLine {
  readonly type: string
  readonly run: string
  readonly workflow: string
  readonly status: string
  readonly steps: Readonly<Record<string, EndedStep>>
  readonly tokens: { readonly input: number; readonly output: number }
  readonly cost: number | null
}
export interface EndedStep {
  readonly status: string
  readonly reason: string | null
  readonly attempts: number
  readonly output: string
  readonly detail: string | null
  readonly session: string | null
  readonly model: string | null
  readonly cost: number | null
}

/** The commands that drive a run and therefore need an OpenCode. */
const DRIVING = new Set(["run", "resume", "retry", "continue", "skip", "raise", "abort"])
/** The commands that want a person. */
const DECIDING = new Set(["resume", "retry", "continue", "skip", "raise"])

/**
 * Starts `node bin/baton.mjs …` in the project with Node instead of Bun, as a user's shell does. A
 * command that drives a run attaches to the project's server if there is one.
 */
export function startBaton(project: Project, ...words: readonly string[]): Baton {
  const isDriving = DRIVING.has(words[0] ?? "") && !words.includes("--attach")
  const attach = project.server && isDriving ? ["--attach", project.server.url] : []
  const decision = decisionOf(project, words)
  const args = [...words, ...attach, ...decision.words]
  const child = spawn("node", [project.program ?? join(ROOT, "bin/baton.mjs"), ...args], {
    cwd: project.dir,
    env: { ...project.env, ...decision.env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk) => {
    stdout += chunk
  })
  child.stderr.on("data", (chunk) => {
    stderr += chunk
  })
  const ended = once(child, "close")
  return {
    process: child,
    pid: child.pid as number,
    stdout: () => stdout,
    stderr: () => stderr,
    async exit(timeoutMs = 90_000) {
      const late = new Promise<never>((_, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`baton ${args.join(" ")} still runs.\n${stdout}\n${stderr}`)),
          timeoutMs,
        )
        timer.unref()
      })
      await Promise.race([ended, late])
      return child.exitCode ?? 128
    },
    signal: (name) => void child.kill(name),
  }
}

/** What lets a test decide without a terminal, as a person's script does. Earlier versions do not want it. */
function decisionOf({ env, program }: Project, words: readonly string[]) {
  if (program !== undefined || !DECIDING.has(words[0] ?? "") || words.includes("--yes")) return { words: [], env: {} }
  return { words: ["--yes"], env: { BATON_TOKEN: ownerToken(env).token } }
}

/** Runs `baton` to its end. */
export async function baton(project: Project, ...args: readonly string[]) {
  const started = startBaton(project, ...args)
  const code = await started.exit()
  return { code, stdout: started.stdout(), stderr: started.stderr() }
}

/** The lines of `--json`. */
export function linesOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** The last line of `--json`. */
export function endedOf(stdout: string): EndedLine {
  return linesOf(stdout).at(-1) as unknown as EndedLine
}
