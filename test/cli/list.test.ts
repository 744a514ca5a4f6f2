import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Command } from "commander"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import type { ListDocument } from "../../src/cli/json-types.ts"
import { listCommand } from "../../src/cli/list.ts"
import { reportCommand } from "../../src/cli/report-page.ts"
import { statusCommand } from "../../src/cli/status.ts"
import { terminalWidth, textTable } from "../../src/cli/table.ts"
import { traceCommand } from "../../src/cli/trace.ts"
import { openState } from "../../src/state/project-state.ts"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import { createScriptedBackend } from "../../src/workers/scripted/backend.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, step, workflow } from "../support/runs.ts"

const HOUR = 3_600_000
let root: string
let bare: string
let state: string

/** A project with 25 runs, one an hour, the newest an hour ago. */
beforeAll(async () => {
  bare = mkdtempSync(join(tmpdir(), "baton-list-bare-"))
  root = mkdtempSync(join(tmpdir(), "baton-list-"))
  state = mkdtempSync(join(tmpdir(), "baton-list-state-"))
  vi.stubEnv("BATON_STATE_DIR", state)
  const store = openSqliteStore(openState(root, process.env).folder)
  for (let at = 1; at <= 25; at++) {
    const isBad = at % 5 === 0
    const backend = createScriptedBackend(() => ({
      reason: isBad ? "error" : "ok",
      output: "x",
      tokens: { input: 9, output: 1 },
      cost: 0.0223,
    }))
    const { engine } = handDriven({ store, now: Date.now() - (26 - at) * HOUR, backend: () => backend })
    const name = at % 2 === 0 ? "even" : "odd"
    const {
      type,
      at: _,
      ...created
    } = createdEvent(`run-${at}`, {
      workflow: { ...workflow([step("a"), step("b", "a")]), name },
      inputs: { topic: `tea ${at}` },
    })
    engine.start(created)
    await engine.finished(`run-${at}`)
  }
  store.close()
})
afterAll(() => {
  vi.unstubAllEnvs()
  for (const folder of [root, bare, state]) rmSync(folder, { recursive: true, force: true })
})

async function baton(directory: string, ...words: string[]): Promise<string> {
  let out = ""
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += text
    return true
  })
  try {
    const compose = () => import("../../src/compose.ts")
    const program = new Command("baton").option("-C, --directory <dir>")
    const commands = [listCommand(compose), statusCommand(compose), traceCommand(compose), reportCommand(compose)]
    for (const command of commands) program.addCommand(command.exitOverride())
    await program.parseAsync(["-C", directory, ...words], { from: "user" })
    return out
  } finally {
    spy.mockRestore()
  }
}

const rowsOf = (out: string) => out.split("\nRuns\n")[1]?.trimEnd().split("\n") ?? []
const idsOf = (out: string) => rowsOf(out).flatMap((row) => /^run-\d+/.exec(row)?.[0] ?? [])

describe("baton list", () => {
  it("shows runs in columns, with the progress, cost and inputs of each, and how to see older ones", async () => {
    const rows = rowsOf(await baton(root, "list"))
    expect(rows[0]).toMatch(/^RUN +STATE +STARTED +TOOK +DONE +COST +WORKFLOW$/)
    expect(rows[1]).toMatch(
      /^run-25 +failed +(\d{4}-\d\d-\d\d )?\d\d:\d\d +0\.0s +0\/2 +\$0\.0223 +odd · topic=tea 25$/,
    )
    expect(rows[2]).toMatch(/^run-24 +success +.* +2\/2 +\$0\.0446 +even · topic=tea 24$/)
    expect(new Set(rows.slice(1, 21).map((row) => row.search(/odd|even/))).size).toBe(1)
    expect(rows.at(-1)).toBe("… older runs: --page 2 shows the next 20, and --limit 100 more at once")
    expect(rows).toHaveLength(22)
  })

  it("pages, limits and filters by workflow, state and time, also all of them together", async () => {
    expect(idsOf(await baton(root, "list", "--page", "2"))).toEqual(["run-5", "run-4", "run-3", "run-2", "run-1"])
    expect(idsOf(await baton(root, "list", "--limit", "3"))).toEqual(["run-25", "run-24", "run-23"])
    expect(idsOf(await baton(root, "list", "-n", "2", "--page", "3", "--workflow", "even"))).toEqual([
      "run-16",
      "run-14",
    ])
    expect(idsOf(await baton(root, "list", "--state", "failed"))).toEqual([25, 20, 15, 10, 5].map((at) => `run-${at}`))
    expect(idsOf(await baton(root, "list", "--state", "failed", "-n", "2", "--page", "2"))).toEqual([
      "run-15",
      "run-10",
    ])
    expect(idsOf(await baton(root, "list", "--since", "3h"))).toEqual(["run-25", "run-24"])
    expect(idsOf(await baton(root, "list", "--since", "8h", "-s", "failed", "-w", "even"))).toEqual(["run-20"])
    expect(idsOf(await baton(root, "list", "--since", "2001-02-03", "-n", "99"))).toHaveLength(25)
  })

  it("says when nothing matches, when a page is past the end, and when nothing has run", async () => {
    expect(rowsOf(await baton(root, "list", "--workflow", "none"))).toEqual(["none that match"])
    expect(rowsOf(await baton(root, "list", "--page", "9"))).toEqual(["none on this page"])
    expect(rowsOf(await baton(bare, "list"))).toEqual(["none yet"])
  })

  it.each([
    ["--limit", "0"],
    ["--page", "x"],
    ["--state", "done"],
    ["--since", "2026-11-31"],
    ["--since", "soon"],
  ])("refuses %s %s", async (...words) => {
    const spy = vi.spyOn(process.stderr, "write").mockImplementation(() => true)
    await expect(baton(root, "list", ...words)).rejects.toThrow(/invalid|error/)
    spy.mockRestore()
  })

  it("has the same page and filters with --json, and says whether there is more", async () => {
    const page = JSON.parse(await baton(root, "list", "--json", "--limit", "1", "--state", "failed")) as ListDocument
    expect(page).toMatchObject({ more: true, runs: [{ id: "run-25", label: "topic=tea 25", cost: 0.0223 }] })
    const last = JSON.parse(await baton(root, "list", "--json", "--page", "2")) as ListDocument
    expect([last.more, last.runs.length]).toEqual([false, 5])
  })
})

it("status, report and trace agree when nothing has run: they say so, and it is no mistake", async () => {
  const before = process.exitCode
  for (const words of [["status"], ["report"], ["report", "--out", "x.html"], ["trace", "a"]])
    expect(await baton(bare, ...words)).toBe("Nothing has run in this project yet.\n")
  for (const words of [["status"], ["trace", "a"]]) expect(await baton(bare, ...words, "--json")).toBe("null\n")
  expect(process.exitCode).toBe(before)
})

describe("a table of the command line", () => {
  const plain = { dim: (text: string) => text } as never
  const columns = [
    { title: "RUN", of: (row: string[]) => row[0] ?? "" },
    { title: "COST", of: (row: string[]) => row[1] ?? "", isRight: true as const, drop: 2 },
    { title: "TOOK", of: (row: string[]) => row[2] ?? "", drop: 1 },
    { title: "NAME", of: (row: string[]) => row[3] ?? "" },
  ]
  const rows = [
    ["a", "$1", "", "日本語"],
    ["bbbb", "$10.00", "", "long name"],
  ]

  it("aligns its cells, leaves out empty columns, and has no width in a pipe", () => {
    expect(textTable(columns, rows, undefined, plain)).toEqual([
      "RUN     COST  NAME",
      "a         $1  日本語",
      "bbbb  $10.00  long name",
    ])
    expect(terminalWidth({})).toBeUndefined()
    expect(terminalWidth({ isTTY: true, columns: 60 })).toBe(60)
  })

  it("leaves out the least important columns of a narrow terminal, and then cuts the last one", () => {
    expect(textTable(columns, rows, 21, plain)[2]).toBe("bbbb  $10.00  long n…")
    expect(textTable(columns, rows, 14, plain)).toEqual(["RUN   NAME", "a     日本語", "bbbb  long na…"])
  })
})
