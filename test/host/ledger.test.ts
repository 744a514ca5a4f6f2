import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { CHILD_VARIABLE, ledgerOf, reap, startTracked } from "../../src/host/ledger.ts"
import { identityOf, isRunning, pidsWith, signal } from "../../src/host/proc.ts"
import { until } from "../e2e/support/until.ts"

/** Real processes. A shell stands for a server: it has a child in its group, and one that a tool set free. */
const LEDGER = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "src/host/ledger.ts")
const SHELL = ["sh", "-c", "sleep 1000 & setsid sleep 1000 & wait"] as const

let root: string
let folder: string
const strays: number[] = []
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baton-ledger-"))
  folder = ledgerOf(root)
})
afterEach(() => {
  for (const pid of strays.splice(0)) signal(pid, "SIGKILL")
  rmSync(root, { recursive: true, force: true })
})

const entries = () => (existsSync(folder) ? readdirSync(folder) : [])
const read = () => JSON.parse(readFileSync(join(folder, entries()[0] as string), "utf8"))
const carriers = (token: string) => pidsWith(`${CHILD_VARIABLE}=${token}`)
const pidOf = (child: ChildProcess) => {
  strays.push(child.pid as number)
  return child.pid as number
}

/** A Baton in a process of its own that has started the shell; it tells the token. */
async function startOwner() {
  const script = `
    const { startTracked } = await import(${JSON.stringify(LEDGER)})
    const { token } = await startTracked(${JSON.stringify(folder)}, ${JSON.stringify(SHELL)}, { stdio: "ignore", env: process.env })
    console.log("token " + token)
    setInterval(() => undefined, 1_000)`
  const owner = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] })
  pidOf(owner)
  let output = ""
  owner.stdout.on("data", (chunk) => (output += chunk))
  const token = (await until(() => /token (\S+)\n/.exec(output), { what: "the owner's token" }))[1] as string
  await until(() => carriers(token).length === 3, { what: () => `the shell and its two: ${carriers(token)}` })
  return { owner, token }
}

describe("a process that Baton starts", () => {
  it("a process that Baton starts is recorded with pid, start and owner, and a stop ends it with everything it started", async () => {
    const tracked = await startTracked(folder, SHELL, { stdio: "ignore", env: process.env })
    await until(() => carriers(tracked.token).length === 3, { what: "the shell and its two" })
    expect(read()).toMatchObject({
      command: SHELL,
      token: tracked.token,
      process: identityOf(tracked.pid),
      owner: identityOf(process.pid),
    })
    await tracked.stop()
    expect(carriers(tracked.token)).toEqual([])
    expect(entries()).toEqual([])
    expect(await tracked.ended).toBe("signal SIGTERM")
  })

  it("a process that could not be started leaves no record", async () => {
    await expect(startTracked(folder, [join(root, "nothing")], {})).rejects.toThrow("could not be started")
    expect(entries()).toEqual([])
  })
})

describe("what a killed Baton leaves running", () => {
  it("what a killed Baton left running is ended at the next start, all of it and nothing else", async () => {
    const foreign = spawn("sh", ["-c", "sleep 1000 & wait"], { stdio: "ignore", detached: true })
    const other = await startTracked(join(root, "other"), SHELL, { stdio: "ignore", env: process.env })
    const { owner, token } = await startOwner()
    owner.kill("SIGKILL")
    await once(owner, "exit")
    expect(carriers(token)).toHaveLength(3)
    expect(await reap(folder)).toEqual([SHELL.join(" ")])
    expect(carriers(token)).toEqual([])
    expect(entries()).toEqual([])
    expect(identityOf(pidOf(foreign))).toBeDefined()
    expect(carriers(other.token)).toHaveLength(3)
    signal(-pidOf(foreign), "SIGKILL")
    await other.stop()
  })

  it("a process is left alone while its owner lives", async () => {
    const { owner, token } = await startOwner()
    expect(await reap(folder)).toEqual([])
    expect(carriers(token)).toHaveLength(3)
    expect(entries()).toHaveLength(1)
    owner.kill("SIGKILL")
    await once(owner, "exit")
    await reap(folder)
  })

  it("another process that has the recorded pid by now is left alone", async () => {
    const innocent = spawn("sleep", ["1000"], { stdio: "ignore", detached: true })
    const id = await until(() => identityOf(pidOf(innocent)), { what: "the process" })
    const tracked = await startTracked(folder, SHELL, { stdio: "ignore", env: process.env })
    const entry = read()
    await tracked.stop()
    const dead = { pid: entry.process.pid, startedAt: "long ago" }
    const recycled = { ...entry, process: { ...id, startedAt: "long ago" }, owner: dead }
    writeFileSync(join(folder, "recycled.json"), JSON.stringify(recycled))
    expect(await reap(folder)).toEqual([])
    expect(isRunning(id)).toBe(true)
    expect(entries()).toEqual([])
  })

  it("a process whose owner is the first process of its container is left alone while that lives", async () => {
    const first = identityOf(1)
    const tracked = await startTracked(folder, SHELL, { stdio: "ignore", env: process.env })
    const file = join(folder, entries()[0] as string)
    writeFileSync(file, JSON.stringify({ ...read(), owner: first }))
    expect(await reap(folder)).toEqual([])
    expect(carriers(tracked.token).length).toBeGreaterThan(0)
    expect(first).toMatchObject({ pid: 1 })
    // Once that is gone, what it started is ended like that of any other owner.
    writeFileSync(file, JSON.stringify({ ...read(), owner: { pid: 1, startedAt: "long ago" } }))
    expect(await reap(folder)).toEqual([SHELL.join(" ")])
    expect(carriers(tracked.token)).toEqual([])
  })

  it("a process of another machine and a file of unknown form are left alone", async () => {
    const tracked = await startTracked(folder, SHELL, { stdio: "ignore", env: process.env })
    const dead = { pid: tracked.pid, startedAt: "long ago" }
    writeFileSync(
      join(folder, entries()[0] as string),
      JSON.stringify({ ...read(), owner: dead, machine: "elsewhere" }),
    )
    writeFileSync(join(folder, "torn.json"), "{")
    expect(await reap(folder)).toEqual([])
    expect(isRunning(identityOf(tracked.pid) ?? dead)).toBe(true)
    await tracked.stop()
  })

  it("nothing is ended where nothing was ever started", async () => {
    expect(await reap(folder)).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })
})
