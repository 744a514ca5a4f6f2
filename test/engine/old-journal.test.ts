import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import type { RunEvent } from "../../src/core/model/events.ts"
import { formatRun, formatTrace } from "../../src/core/view/format.ts"
import type { RunView } from "../../src/core/view/view.ts"
import { runNamed } from "../../src/project/runs.ts"
import { holds, render } from "../../src/spec/template.ts"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import { createScriptedBackend } from "../../src/workers/scripted/backend.ts"
import { handDriven } from "../support/engine.ts"
import { events, views, writeOldJournal } from "../support/old-journal.ts"
import { createdEvent, step, workflow } from "../support/runs.ts"

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

/** A run of a version that does not exist yet: its format, or an event that this version does not know. */
const NEWER: readonly (readonly [string, object, RegExp])[] = [
  ["a higher format", { type: "run.format", at: 2, format: 99 }, /newer version of Baton \(format 99, this one reads/],
  ["an unknown event", { type: "step.dreamt", at: 2, step: "k1" }, /`step.dreamt`, which this version does not know/],
]

describe.each(NEWER)("a run of a newer version, with %s", (_, event, why) => {
  const withNewer = () => {
    const { store, engine, errors, ...rest } = open()
    const { type, at, ...created } = createdEvent("newer", { workflow: workflow([step("k1")]) })
    store.append("newer", [{ type, at: at + 10 ** 13, ...created }, event as RunEvent])
    return { store, engine, errors, ...rest }
  }

  it("is refused with a reason, and its journal is not touched", () => {
    const { engine, store } = withNewer()
    const before = store.read("newer")
    expect(() => engine.view("newer")).toThrow(why)
    for (const refused of [engine.resume("newer", "person"), engine.abort("newer", "person")])
      expect(refused).toEqual({ ok: false, why: expect.stringMatching(why) })
    expect(store.read("newer")).toEqual(before)
    expect(store.isClaimed("newer")).toBe(false)
  })

  it("costs the other runs nothing: they are found and resumed, and it is logged once", async () => {
    const { engine, errors } = withNewer()
    expect(engine.list()[0]?.id).toBe("newer")
    expect(engine.list().filter(({ id }) => engine.readable(id) === undefined)).toHaveLength(1)
    expect(engine.followed().map(({ id }) => id)).not.toContain("newer")
    expect(runNamed(engine, undefined)?.id).not.toBe("newer")
    expect(engine.workerElsewhere("nobody")).toBeUndefined()
    expect(errors).toEqual(["a run cannot be read"])
    expect(engine.resume("killed", "person").ok).toBe(true)
    expect((await engine.finished("killed")).view?.status).toBe("success")
  })
})

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
