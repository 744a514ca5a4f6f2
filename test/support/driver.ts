import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { RunCreated } from "../../src/core/model/events.ts"
import type { StepResult } from "../../src/core/model/result.ts"
import type { Checker, Store, WorkerBackend } from "../../src/core/ports/ports.ts"
import { Engine } from "../../src/engine/engine.ts"
import { systemClock } from "../../src/host/clock.ts"
import { holds, render, resultOf } from "../../src/spec/template.ts"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import { checker } from "./checker.ts"
import { context } from "./context.ts"
import { SECRET } from "./owner.ts"

/**
 * A process that drives runs and can be killed: the real engine and the real journal, with workers
 * that call a model over HTTP. Like OpenCode, it saves each answer in a file named by the task's
 * key before returning it, so that an existing answer is not requested again. `DIE=after:3` ends it
 * with SIGKILL right after its third append, `before:3` right before. It resumes the runs it finds,
 * and reads one JSON object per line: `{"start": …}` or `{"look": true}`.
 */
const { FOLDER: folder = "", MODEL: model = "", DIE: death = "" } = process.env
const [when, count] = death.split(":")
const sessions = join(folder, "sessions")
mkdirSync(sessions, { recursive: true })

function mortal(store: Store): Store {
  let left = when ? Number(count) : Number.POSITIVE_INFINITY
  let appended = 0
  const die = () => process.kill(process.pid, "SIGKILL")
  return {
    ...store,
    append(run, events, done) {
      left--
      if (left === 0 && when === "before") die()
      store.append(run, events, done)
      if (left === 0 && when === "after") die()
      appended++
      if (events.some(({ type }) => type === "run.ended")) process.stdout.write(`appended ${appended}\n`)
    },
  }
}

const fileOf = (key: string) => join(sessions, encodeURIComponent(key))

async function answer(key: string, prompt: string, signal: AbortSignal): Promise<Partial<StepResult>> {
  const file = fileOf(key)
  if (existsSync(file)) return { reason: "ok", output: readFileSync(file, "utf8") }
  const body = JSON.stringify({ messages: [{ role: "user", content: `[${key}] ${prompt}` }] })
  // Each request opens a new connection, because a reused one may be closed at that moment.
  const headers = { "content-type": "application/json", connection: "close" }
  const request = { method: "POST", headers, body, signal, keepalive: false }
  const response = await fetch(`${model}/chat/completions`, request)
  if (!response.ok) return { reason: "error", detail: `the model says ${response.status}` }
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] }
  const output = choices[0]?.message.content ?? ""
  writeFileSync(`${file}.new`, output)
  renameSync(`${file}.new`, file)
  return { reason: "ok", output }
}

const backend: WorkerBackend = {
  async run({ key, prompt }, report, signal) {
    const session = `ses_${key}`
    const result = { output: "", session, tokens: { input: 1, output: 1 }, cost: 0.01 }
    report.opened({ session, model: null })
    try {
      return { reason: "ok", ...result, ...(await answer(key, prompt, signal)) }
    } catch (error) {
      return { ...result, reason: signal.aborted ? "aborted" : "error", detail: String(error) }
    }
  },
  open: ({ key }) => Promise.resolve({ session: `ses_${key}`, model: null }),
  steer: () => Promise.resolve(undefined),
  answer: () => Promise.resolve(undefined),
  stop: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

/** A check named `STEP/ATTEMPT` passes once the worker of that attempt has answered. */
const checks: Checker = {
  ...checker,
  run: (checks) =>
    Promise.resolve(
      checks.map((check) => {
        const name = check.type === "command" ? check.run : check.path
        const isOk = readdirSync(sessions).some((file) => decodeURIComponent(file).endsWith(`/${name}`))
        return { name, isOk, severity: check.severity, detail: isOk ? "exit code 0" : "exit code 1", output: "" }
      }),
    ),
}

const store = mortal(openSqliteStore(folder, SECRET))
const engine = new Engine({
  store,
  clock: systemClock,
  log: { error: (message, detail) => process.stderr.write(`${message} ${JSON.stringify(detail)}\n`) },
  render,
  evaluate: holds,
  checker: checks,
  value: resultOf,
  ...context(),
  hash: (text) => createHash("sha256").update(text).digest("hex"),
  random: Math.random,
  backend: () => backend,
})

/** Handles the commands that were queued for the runs. */
function look(): void {
  for (const { run, key } of store.queued()) void engine.settled({ ok: true, run, handed: [key] })
}

for (const { id } of store.list()) if (engine.view(id)?.status === "interrupted") engine.resume(id, "driver")
look()
process.stdout.write("ready\n")
createInterface({ input: process.stdin }).on("line", (line) => {
  const { start } = JSON.parse(line) as { start?: Omit<RunCreated, "type" | "at"> }
  if (start === undefined) return look()
  engine.start(start)
  process.stdout.write(`started ${start.run}\n`)
})
