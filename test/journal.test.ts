import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { hasJournal, hasUnended, stampOf } from "../src/journal.ts"
import { openState } from "../src/state/project-state.ts"
import { openSqliteStore } from "../src/store/sqlite/store.ts"
import { createdEvent } from "./support/runs.ts"

let directory: string
const env = () => ({ BATON_STATE_DIR: join(directory, "state") })
const place = () => ({ directory, globalDir: join(directory, "none"), env: env() })

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "baton-journal-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

it("a look at a project in which nothing has run creates no journal", () => {
  const before = stampOf(place())
  expect([hasJournal(place()), hasUnended(place()), stampOf(place())]).toEqual([false, false, before])
  expect(existsSync(env().BATON_STATE_DIR)).toBe(false)
})

it("a look sees what another process writes, and whether a run has not ended", () => {
  const store = openSqliteStore(openState(directory, env()).folder)
  const stamps = [stampOf(place())]
  expect(hasUnended(place())).toBe(false)
  store.append("r1", [createdEvent("r1")])
  stamps.push(stampOf(place()))
  expect(hasUnended(place())).toBe(true)
  store.append("r1", [{ type: "run.ended", at: 1, status: "failed" }])
  stamps.push(stampOf(place()))
  expect(hasUnended(place())).toBe(false)
  store.close()
  // After the last process has closed the journal, one file is left, and it can still be read.
  expect(hasUnended(place())).toBe(false)
  expect(new Set(stamps).size).toBe(3)
})
