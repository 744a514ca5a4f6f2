import { Database } from "bun:sqlite"
import { chmodSync, lstatSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { QueuedCommand, Store } from "../../src/core/ports/ports.ts"
import { ownerSecret } from "../../src/state/key.ts"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, step, workflow } from "../support/runs.ts"

/** A worker that writes the journal with a shell and sqlite3, and cannot read the owner's key. */

let folder: string
let stores: Store[]
const SECRET = Buffer.alloc(32, 1)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baton-writer-"))
  stores = []
})
afterEach(() => {
  for (const store of stores) store.close()
  rmSync(folder, { recursive: true, force: true })
})

const open = (secret: Uint8Array = SECRET) => {
  const store = openSqliteStore(folder, secret)
  stores.push(store)
  return store
}
const sql = (text: string, ...values: (string | number | null | Uint8Array)[]) => {
  const db = new Database(join(folder, "journal.db"))
  db.query(text).run(...values)
  db.close()
}
const insert = (command: QueuedCommand | string, key = "forged") =>
  sql(
    "INSERT INTO inbox (run, key, body) VALUES ('r', ?, ?)",
    key,
    typeof command === "string" ? command : JSON.stringify(command),
  )

/** A run whose first step has answered and waits at its gate. */
async function waiting() {
  const store = open()
  const owner = handDriven({ store, now: Date.now() })
  const gated = [{ ...step("a"), intervene: "always" as const }, step("b", "a"), step("c")]
  const { type, at, ...created } = createdEvent("r", { workflow: workflow(gated) })
  expect(owner.engine.start(created).ok).toBe(true)
  ;(await owner.backend.job("a")).finish()
  await owner.backend.job("c")
  const gate = () => owner.engine.view("r")?.steps[0]?.status
  for (let turn = 0; turn < 100 && gate() !== "waiting"; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(gate()).toBe("waiting")
  return { ...owner, store, gate }
}

const CONTINUE = { type: "decide", step: "a", action: "continue", by: "person in OpenCode" } as const

describe("a row that somebody inserts into the queue", () => {
  it.each([
    ["a gate decision", CONTINUE],
    ["a raise", { type: "raise", budget: { usd: 999 }, by: "person in OpenCode" }],
    ["the answer to a request", { type: "answer", ask: "per_1", answer: { type: "allow" }, by: "person in OpenCode" }],
    ["the result of a step", { type: "ended", step: "c", attempt: 1, result: { reason: "ok", output: "fine" } }],
  ] as const)("does nothing and is named once: %s", async (_, command) => {
    const { clock, gate, errors, engine, store } = await waiting()
    const before = store.read("r").length
    insert(command as QueuedCommand)
    for (let look = 0; look < 3; look++) clock.advance(200)
    expect(gate()).toBe("waiting")
    expect(store.read("r")).toHaveLength(before)
    expect(errors).toEqual([
      "a queued command for run r was not carried out: it is not signed by this user's Baton. If it was yours, give it again",
    ])
    expect(engine.view("r")?.status).toBe("running")
  })

  it("costs only itself when it is no command at all", async () => {
    const { clock, gate, errors, store } = await waiting()
    insert("{", "k1")
    insert("null", "k2")
    insert("[".repeat(200_000), "k3")
    insert(`"${"x".repeat(2_000_000)}"`, "k4")
    sql("INSERT INTO inbox (run, key, body, at, mac) VALUES (?, ?, ?, ?, ?)", "r", new Uint8Array([1]), 5, "x", 7)
    store.post({ run: "r", key: "mine", command: CONTINUE })
    clock.advance(200)
    expect(errors).toHaveLength(5)
    expect(gate()).toBe("success")
    expect(store.outcomeOf("r", "mine")).toEqual({})
  })

  it("does nothing when it was signed for another run, another key or by another user", async () => {
    const { clock, gate, errors, store } = await waiting()
    store.append("other", [createdEvent("other")])
    store.post({ run: "other", key: "k", command: CONTINUE })
    sql("UPDATE inbox SET run = 'r' WHERE key = 'k'")
    open(Buffer.alloc(32, 2)).post({ run: "r", key: "k2", command: CONTINUE })
    clock.advance(200)
    expect(gate()).toBe("waiting")
    expect(errors).toHaveLength(2)
  })

  it("does nothing when it is a command that was carried out before", async () => {
    const { clock, gate, errors, store, backend } = await waiting()
    store.post({ run: "r", key: "k1", command: { type: "raise", budget: { usd: 9 }, by: "p" } })
    store.post({ run: "r", key: "k2", command: { ...CONTINUE, action: "retry" } })
    store.post({ run: "r", key: "k3", command: { type: "raise", budget: { usd: 2 }, by: "p" } })
    clock.advance(200)
    ;(await backend.job("a", 1)).finish()
    for (let turn = 0; turn < 100 && gate() !== "waiting"; turn++) await new Promise((resolve) => setImmediate(resolve))
    const before = store.read("r").length
    sql("UPDATE inbox SET outcome = NULL WHERE key = 'k2'")
    sql("UPDATE inbox SET outcome = NULL, key = 'k4', seq = 99 WHERE key = 'k1'")
    clock.advance(200)
    expect(gate()).toBe("waiting")
    expect(store.read("r")).toHaveLength(before)
    expect(errors.map((text) => text.replace(/^.*not carried out: /, ""))).toEqual([
      "it is older than a command that was carried out. If it was yours, give it again",
      "it is not signed by this user's Baton. If it was yours, give it again",
    ])
  })

  it("is left to nobody when no process drives the run: the next one drops it", async () => {
    const { store } = await waiting()
    insert({ type: "abort", by: "p" })
    expect(store.queued()).toEqual([])
    expect(store.withdraw("r", "forged")).toBeUndefined()
  })
})

describe("the owner's key", () => {
  const env = () => ({ BATON_STATE_DIR: join(folder, "state") })
  const file = () => join(folder, "state", "key")

  it("is created once, is readable by its user alone, and gives each purpose a secret of its own", () => {
    const first = ownerSecret(env(), "queue", "p1")
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(statSync(file()).size).toBe(32)
    expect(statSync(file()).nlink).toBe(1)
    expect(ownerSecret(env(), "queue", "p1")).toEqual(first)
    expect(ownerSecret(env(), "queue", "p2")).not.toEqual(first)
  })

  it.each([
    ["is a link", () => symlinkSync(join(folder, "elsewhere"), file())],
    ["can be read by others", () => chmodSync(file(), 0o644)],
    ["does not have the right length", () => writeFileSync(file(), "short", { mode: 0o600 })],
  ])("is refused when it %s", (why, spoil) => {
    ownerSecret(env(), "queue")
    writeFileSync(join(folder, "elsewhere"), Buffer.alloc(32), { mode: 0o600 })
    if (why !== "can be read by others") rmSync(file())
    spoil()
    expect(() => ownerSecret(env(), "queue")).toThrow(`${file()} ${why}: delete it, and Baton makes a new one`)
    expect(lstatSync(join(folder, "elsewhere")).size).toBe(32)
  })

  it("is the same for two processes that create it at the same time", async () => {
    const script = `
      const { ownerSecret } = await import(${JSON.stringify(join(import.meta.dirname, "../../src/state/key.ts"))})
      process.stdout.write(Buffer.from(ownerSecret({ BATON_STATE_DIR: ${JSON.stringify(env().BATON_STATE_DIR)} }, "x")).toString("hex"))`
    const made = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" })
        return await new Response(child.stdout).text()
      }),
    )
    expect(new Set(made).size).toBe(1)
    expect(made[0]).toMatch(/^[0-9a-f]{64}$/)
  })
})
