import { formatDuration } from "../core/base/duration.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import type { CheckOf } from "../core/model/workflow.ts"
import type { Clock } from "../core/ports/ports.ts"
import { startTracked, type Tracked } from "../host/ledger.ts"
import { createTail } from "./tail.ts"

export interface CommandDeps {
  /** The project's folder, in which commands run. */
  readonly root: string
  /** The file that lists the started processes. */
  readonly ledger: string
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  /** Removes text from a command's output that must not be shown, before the output is cut. */
  readonly hide?: (text: string) => string
}

/** Exit codes of the shell for a program that does not exist or cannot be executed. */
const NO_PROGRAM = /^exit code 12[67]$/
/** Time in which the output that an ended shell left in its pipes arrives. */
const DRAIN_MS = 1_000

/**
 * Runs one command in the shell until it ends, its timeout passes or `signal` aborts. When the
 * function resolves, no process that the command started is left. Rejects when the shell cannot be
 * started.
 */
export async function runCommand(deps: CommandDeps, check: CheckOf<"command">, signal: AbortSignal) {
  const { root, ledger, clock } = deps
  const tail = createTail()
  const tracked = await startTracked(ledger, shell(check.run), {
    cwd: root,
    env: deps.env,
    stdio: ["ignore", "pipe", "pipe"],
    windowsVerbatimArguments: true,
  })
  const { stdout, stderr } = tracked.child
  for (const stream of [stdout, stderr]) stream?.on("data", (chunk: Uint8Array) => tail.add(chunk))
  const closed = new Promise<void>((resolve) => tracked.child.once("close", () => resolve()))
  const timeoutMs = check.timeoutMs ?? DEFAULTS.checkTimeoutMs
  const how = await endOf(tracked, clock, timeoutMs, signal)
  await tracked.stop()
  await within(clock, DRAIN_MS, closed)
  const output = tail.text(deps.hide)
  if (how === "stopped") return { isOk: false, detail: "stopped", output }
  if (how === "deadline") return { isOk: false, detail: `did not end in ${formatDuration(timeoutMs)}`, output }
  const said = await tracked.ended
  if (NO_PROGRAM.test(said)) return { isOk: false, detail: `could not be started: ${lastLine(output) ?? said}`, output }
  const isPass = said === "exit code 0"
  const wanted = check.expect === "fail" && isPass ? ", but it should fail" : ""
  return { isOk: isPass === (check.expect === "pass"), detail: `${said}${wanted}`, output }
}

/** How the command ends: by itself, at its deadline, or because it was stopped. */
async function endOf(tracked: Tracked, clock: Clock, timeoutMs: number, signal: AbortSignal) {
  const cut = Promise.withResolvers<"deadline" | "stopped">()
  const stop = () => cut.resolve("stopped")
  const cancel = clock.after(timeoutMs, () => cut.resolve("deadline"))
  if (signal.aborted) stop()
  else signal.addEventListener("abort", stop, { once: true })
  const how = await Promise.race([tracked.ended.then(() => "ended" as const), cut.promise])
  cancel()
  signal.removeEventListener("abort", stop)
  return how
}

async function within(clock: Clock, ms: number, promise: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>()
  const cancel = clock.after(ms, late.resolve)
  await Promise.race([promise, late.promise])
  cancel()
}

function shell(command: string): [string, ...string[]] {
  if (process.platform === "win32") return [process.env.ComSpec ?? "cmd.exe", "/d", "/s", "/c", `"${command}"`]
  return ["/bin/sh", "-c", command]
}

function lastLine(output: string): string | undefined {
  return output.trim().split("\n").at(-1) || undefined
}
