import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { formatRun, formatTrace } from "../../src/core/view/format.ts"
import type { RunView } from "../../src/core/view/view.ts"
import { holds, render } from "../../src/spec/template.ts"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import { createScriptedBackend } from "../../src/workers/scripted/backend.ts"
import { handDriven } from "../support/engine.ts"
import { events, views, writeOldJournal } from "../support/old-journal.ts"

/**
 * A journal that an earlier version wrote must read the same today, and its runs must be resumable.
 */

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** The journal file of that version, opened by this one, and an engine over it whose workers
 *  answer at once. */
function open() {
  const folder = mkdtempSync(join(tmpdir(), "baton-old-"))
  folders.push(folder)
  writeOldJournal(join(folder, "journal.db"))
  const store = openSqliteStore(folder)
  const asked: string[] = []
  const idTimes: unknown[] = []
  const backend = createScriptedBackend(({ step, prompt, idTime }) => {
    asked.push(step)
    idTimes.push(idTime)
    return { output: `again ${prompt}`, model: "acme/small" }
  })
  const now = Math.max(...events.map(({ body }) => body.at))
  return { ...handDriven({ store, now, render, evaluate: holds, backend: () => backend }), asked, idTimes }
}

const doneIn = (run: RunView | undefined) =>
  run?.steps.filter((step) => step.status === "success").map(({ id, output }) => ({ id, output })) ?? []

describe("a journal of format 2", () => {
  it("has every event type that version could write", () => {
    const types = new Set(events.map(({ body }) => body.type))
    expect([...types].sort()).toEqual([
      "budget.raised",
      "gate.decided",
      "gate.opened",
      "run.closing",
      "run.created",
      "run.edited",
      "run.ended",
      "run.interrupted",
      "run.paused",
      "run.pausing",
      "run.resumed",
      "run.stopping",
      "step.answered",
      "step.checked",
      "step.ended",
      "step.held",
      "step.opened",
      "step.skipped",
      "step.started",
      "step.steered",
      "step.warned",
    ])
  })

  it.each(views)("shows run $id as that version showed it", ({ id, steps, ...run }) => {
    const { engine } = open()
    const view = engine.view(id)
    expect(view).toMatchObject(run)
    const shown = view?.steps.map((step) => ({ ...step, warnings: step.warnings.length }))
    expect(shown).toMatchObject(steps)
    if (view === undefined) return
    expect(formatRun(view)).toContain(id)
    for (const step of view.steps) expect(formatTrace(id, step)).toContain(step.id)
  })

  it.each([
    ["killed", ["k2", "k3", "k4"], "success"],
    ["interrupted", ["i2"], "success"],
    ["paused", ["p2"], "success"],
    ["held", ["spend", "last"], "success"],
    ["rich-gate", ["bship", "btell"], "success"],
    ["fan-failed", ["sad", "after"], "success"],
    ["aborted", ["long", "never"], "success"],
  ])("resumes run %s and runs only %j", async (id, expected, status) => {
    const { engine, asked, idTimes, store } = open()
    const before = doneIn(engine.view(id))
    expect(engine.resume(id, "person").ok).toBe(true)
    const { view } = await engine.finished(id)
    expect(view?.status).toBe(status)
    expect([...asked].sort()).toEqual([...expected].sort())
    expect(doneIn(view)).toEqual(expect.arrayContaining(before))
    // The ids of its messages stay hashes, so that answers to them are found.
    expect(idTimes.filter((time) => time !== undefined)).toEqual([])
    const old = events.filter(({ run }) => run === id).map(({ body }) => body)
    expect(store.read(id).slice(0, old.length)).toEqual(old)
  })

  it("has its kept workers and the runs that workers started", () => {
    const { store, engine } = open()
    expect(store.kept()).toMatchObject([{ name: "docs", session: "ses_asked/ask/1" }])
    expect(store.delegated()).toMatchObject([{ id: "deeper", parent: "ses_asked/ask/1" }])
    expect(engine.list()).toHaveLength(views.length)
    expect(store.queued()).toEqual([])
  })
})
