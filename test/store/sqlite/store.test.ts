import { Database } from "bun:sqlite"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it, onTestFinished } from "vitest"
import { openSqliteStore } from "../../../src/store/sqlite/store.ts"
import { storeContract } from "../../contract/store.ts"
import { createdEvent, startedEvent } from "../../support/runs.ts"

const folders: string[] = []
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), "baton-store-"))
  folders.push(path)
  return path
}
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true })
})

describe("sqlite store", () => {
  storeContract(() => openSqliteStore(folder()))

  it("keeps the journal across processes, and only its user can read it", () => {
    const path = join(folder(), "deep", "workflow-state")
    const first = openSqliteStore(path)
    first.append("r1", [createdEvent("r1"), startedEvent("a")])
    first.close()
    expect(openSqliteStore(path).read("r1")).toHaveLength(2)
    const files = readdirSync(path).filter((name) => name.startsWith("journal.db"))
    expect(files.map((name) => statSync(join(path, name)).mode & 0o777)).toEqual(files.map(() => 0o600))
  })

  it("shows one process what another has appended", () => {
    const path = folder()
    const owner = openSqliteStore(path)
    const onlooker = openSqliteStore(path)
    owner.append("r1", [createdEvent("r1")])
    expect(onlooker.read("r1")).toHaveLength(1)
    expect(owner.claim("r1")).toBeDefined()
    expect(onlooker.isClaimed("r1")).toBe(true)
    expect(onlooker.claim("r1")).toBeUndefined()
  })

  it("passes a command that one process queues to the process that drives the run, once", () => {
    const path = folder()
    const owner = openSqliteStore(path)
    const other = openSqliteStore(path)
    owner.append("r1", [createdEvent("r1")])
    const entry = { run: "r1", key: "k", command: { type: "pause", by: "p" } } as const
    other.post(entry)
    expect(owner.queued()).toEqual([entry])
    owner.append("r1", [startedEvent("a")], "k")
    expect(other.withdraw("r1", "k")).toBeUndefined()
    expect(other.outcomeOf("r1", "k")).toEqual({})
    expect(openSqliteStore(path).queued()).toEqual([])
  })

  it("writes an append completely or not at all", () => {
    const store = openSqliteStore(folder())
    store.append("r1", [createdEvent("r1")])
    const circular: Record<string, unknown> = { type: "step.started", at: 1, step: "b", attempt: 1 }
    circular.self = circular
    expect(() => store.append("r1", [startedEvent("a"), circular as never])).toThrow()
    expect(store.read("r1")).toHaveLength(1)
  })

  it("reads a journal of format 1, and migrates it without loss", () => {
    const path = folder()
    const old = new Database(join(path, "journal.db"), { create: true })
    old.exec(`
      CREATE TABLE run (id TEXT PRIMARY KEY, workflow TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE event (run TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID;
      INSERT INTO run VALUES ('r1', 'w', 5);
      PRAGMA user_version=1`)
    old.query("INSERT INTO event VALUES ('r1', 1, ?)").run(JSON.stringify(createdEvent("r1")))
    old.close()
    const store = openSqliteStore(path)
    expect(store.read("r1")).toEqual([createdEvent("r1")])
    expect(store.list()).toEqual([{ id: "r1", workflow: "w", createdAt: 5 }])
    store.append("r1", [startedEvent("a")])
    store.append("r2", [createdEvent("r2", { parent: "ses_1", depth: 1 })])
    expect(store.delegated()).toHaveLength(1)
    expect(store.kept()).toEqual([])
    expect(store.queued()).toEqual([])
    expect(store.readAll(0, 9).map(({ position, run }) => [position, run])).toEqual([
      [1, "r1"],
      [2, "r1"],
      [3, "r2"],
    ])
  })

  it("gives the events of a process that runs an earlier version a position, and drops its commands", () => {
    const path = folder()
    const store = openSqliteStore(path)
    const earlier = new Database(join(path, "journal.db"))
    earlier.query("INSERT INTO run VALUES ('r1', 'w', 5, NULL)").run()
    for (const [at, event] of [createdEvent("r1"), startedEvent("a")].entries())
      earlier.query("INSERT INTO event (run, seq, body) VALUES ('r1', ?, ?)").run(at + 1, JSON.stringify(event))
    earlier.query("INSERT INTO event (run, seq, body) VALUES ('r1', 3, '{')").run()
    earlier.query("INSERT INTO inbox (run, key, body) VALUES ('r1', 'k', '{\"type\":\"pause\"}')").run()
    earlier.close()
    store.append("r2", [createdEvent("r2")])
    expect(store.readAll(0, 9).map(({ position, run, event }) => [position, run, event?.type])).toEqual([
      [1, "r1", "run.created"],
      [2, "r1", "step.started"],
      [3, "r1", undefined],
      [4, "r2", "run.created"],
    ])
    expect(store.queued()).toEqual([])
    expect(store.drop()).toEqual([{ run: "r1", key: "k", why: "it is not signed by this user's Baton" }])
    expect(store.drop()).toEqual([])
  })

  it("refuses a journal that a newer version wrote", () => {
    const path = folder()
    openSqliteStore(path).close()
    const db = new Database(join(path, "journal.db"))
    db.exec("PRAGMA user_version=99")
    db.close()
    expect(() => openSqliteStore(path)).toThrow(/newer version of Baton \(format 99\): update opencode-baton/)
  })

  it("keeps appended events and frees the claim when the owner is killed with SIGKILL", async () => {
    const path = folder()
    const script = `
      import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, "../../../src/store/sqlite/store.ts"))}
      const store = openSqliteStore(${JSON.stringify(path)})
      // A claim that nothing refers to is released when its database is collected.
      globalThis.claim = store.claim("r1")
      if (!globalThis.claim) throw new Error("no claim")
      store.append("r1", [${JSON.stringify(createdEvent("r1"))}])
      console.log("appended")
      setInterval(() => {}, 1000)`
    const owner = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] })
    onTestFinished(() => void owner.kill("SIGKILL"))
    await once(owner.stdout, "data")
    const store = openSqliteStore(path)
    expect(store.isClaimed("r1")).toBe(true)
    owner.kill("SIGKILL")
    await once(owner, "exit")
    expect(store.isClaimed("r1")).toBe(false)
    expect(store.read("r1")).toHaveLength(1)
    expect(store.claim("r1")).toBeDefined()
    expect(existsSync(join(path, "journal.db"))).toBe(true)
  })
})
