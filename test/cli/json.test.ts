import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Command } from "commander"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import { configCommand } from "../../src/cli/config.ts"
import { doctorCommand } from "../../src/cli/doctor.ts"
import { endedLine, reportJson, writeJson } from "../../src/cli/json.ts"
import type { JsonDocuments } from "../../src/cli/json-types.ts"
import { listCommand } from "../../src/cli/list.ts"
import { planCommand } from "../../src/cli/plan.ts"
import { pruneCommand } from "../../src/cli/prune.ts"
import { stateCommand } from "../../src/cli/state.ts"
import { statusCommand } from "../../src/cli/status.ts"
import { traceCommand } from "../../src/cli/trace.ts"
import { trustCommand } from "../../src/cli/trust.ts"
import { workersCommand } from "../../src/cli/workers.ts"
import { holds, render } from "../../src/spec/template.ts"
import { openState } from "../../src/state/project-state.ts"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import { createScriptedBackend } from "../../src/workers/scripted/backend.ts"
import { handDriven } from "../support/engine.ts"
import { events, writeOldJournal } from "../support/old-journal.ts"

/**
 * Tests that the output of `--json` has the exported types. The output is written to a TypeScript
 * file as a literal of its type, and the compiler reports each key that is missing, undeclared or
 * of another type.
 */

const ROOT = join(import.meta.dirname, "../..")
let root: string
let journal: string

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "baton-json-"))
  vi.stubEnv("BATON_STATE_DIR", join(root, "state"))
  journal = openState(root, process.env).folder
  mkdirSync(join(root, ".opencode/workflows"), { recursive: true })
  writeFileSync(join(root, ".opencode/workflows/own.yaml"), "steps: [{ id: a, prompt: x }]")
  writeFileSync(join(root, ".opencode/workflows/sick.yaml"), "steps: [{ id: a, promt: x }]")
  writeOldJournal(join(journal, "journal.db"))
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true, force: true })
})

/** Returns what `work` writes to stdout. */
async function printed(work: () => Promise<unknown>): Promise<string> {
  let out = ""
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text
    return true
  })
  try {
    await work()
    return out
  } finally {
    spy.mockRestore()
  }
}

/** Returns the JSON that a command prints. */
async function baton(...words: string[]): Promise<string> {
  const compose = () => import("../../src/compose.ts")
  const program = new Command("baton").option("-C, --directory <dir>")
  const onJournal = [
    doctorCommand,
    listCommand,
    pruneCommand,
    statusCommand,
    traceCommand,
    trustCommand,
    workersCommand,
  ]
  for (const command of onJournal) program.addCommand(command(compose))
  program.addCommand(planCommand()).addCommand(configCommand()).addCommand(stateCommand(compose))
  const exitCode = process.exitCode
  const out = await printed(() => program.parseAsync(["-C", root, ...words, "--json"], { from: "user" }))
  process.exitCode = exitCode
  expect(out.endsWith("\n")).toBe(true)
  return out.trim()
}

/** Resumes a run and returns all lines printed for it, including the last one. */
async function linesOf(run: string): Promise<string[]> {
  const store = openSqliteStore(journal)
  const backend = createScriptedBackend(() => ({ output: "done", model: "acme/small" }))
  const now = Math.max(...events.map(({ body }) => body.at))
  const { engine } = handDriven({ store, now, render, evaluate: holds, backend: () => backend })
  const out = await printed(async () => {
    const stop = reportJson(engine)
    engine.resume(run, "person")
    const { view } = await engine.finished(run)
    stop()
    if (view) writeJson(endedLine(view))
  })
  store.close()
  return out.trim().split("\n")
}

/** The lines of `--json` that the guide shows. */
function linesInGuide(): string[] {
  const guide = readFileSync(join(ROOT, "docs/guide/command-line.md"), "utf8")
  return guide.split("\n").filter((line) => line.startsWith('{"type"'))
}

/** The compiler's errors about these values, each with its type. */
function compilerOn(values: readonly (readonly [type: string, json: string])[]): string {
  const types = JSON.stringify(join(ROOT, "src/types.ts"))
  const source = values.map(([type, json], at) => `export const value${at}: ${type} =\n${json}`)
  const head = `import type { JsonDocuments, JsonLine, RunEvent } from ${types}\n`
  writeFileSync(join(root, "values.ts"), head + source.join("\n"))
  const config = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: { typeRoots: [join(ROOT, "node_modules")] },
    include: [],
    files: ["values.ts"],
  }
  writeFileSync(join(root, "tsconfig.json"), JSON.stringify(config))
  try {
    return execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", root], { encoding: "utf8" })
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}

it("the output of every command with --json, and every event, has its exported type", async () => {
  const documents: Record<keyof JsonDocuments, string | undefined> = {
    list: await baton("list"),
    status: await baton("status", "rich-gate"),
    trace: await baton("trace", "aship", "--run", "rich-done"),
    workers: await baton("workers"),
    plan: await baton("plan", "feature-build", "-i", "feature=x"),
    prune: await baton("prune"),
    state: await baton("state", "ls"),
    trust: await baton("trust", "--list"),
    doctor: await baton("doctor", "--attach", "http://127.0.0.1:1"),
    explain: await baton("config", "explain", "timeout", "--workflow", "own"),
    // Printed only when another process drives the run, so the line of the guide is used.
    pause: linesInGuide().find((line) => line.includes("run.handed")),
  }
  const lines = [...(await linesOf("killed")), ...(await linesOf("rich-gate")), ...linesInGuide()]
  expect(lines.filter((line) => line.startsWith('{"type":"run.ended"'))).toHaveLength(3)
  const named = Object.entries(documents).map(([name, json]) => [`JsonDocuments["${name}"]`, json ?? ""] as const)
  const ofRuns = lines.map((line) => ["JsonLine", line] as const)
  const journalled = events.map(({ body }) => ["RunEvent", JSON.stringify(body)] as const)
  expect(compilerOn([...named, ...ofRuns, ...journalled])).toBe("")
}, 60_000)
