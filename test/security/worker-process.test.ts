import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { driversOf, recordDriver } from "../../src/host/ancestry.ts"
import { ownerToken } from "../../src/state/key.ts"

/** A worker that types commands of the person's: directly, or with all that a shell can do to hide. */

const ROOT = join(import.meta.dirname, "../..")
let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "baton-worker-"))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

/** A program that says what it is told about the one who started it. */
function program(): string {
  const file = join(base, "who.ts")
  writeFileSync(
    file,
    `import { workerAbove } from ${JSON.stringify(join(ROOT, "src/host/ancestry.ts"))}
     process.stdout.write(workerAbove(${JSON.stringify(driversOf(base))}, process.env) ?? "nobody")`,
  )
  return `${process.execPath} ${file}`
}

async function said(command: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawn("/bin/sh", ["-c", command], { env: { PATH: process.env.PATH, ...env } })
  let text = ""
  child.stdout.on("data", (chunk) => {
    text += chunk
  })
  await once(child, "close")
  return text.trim()
}

describe.skipIf(process.platform !== "linux")("what a worker's shell starts", () => {
  it.each([
    ["by itself", (typed: string) => typed],
    ["without its environment", (typed: string) => `env -i ${typed}; true`],
    ["in a session of its own", (typed: string) => `setsid --wait ${typed}; true`],
    ["in a session of its own without its environment", (typed: string) => `env -i setsid --wait ${typed}; true`],
    ["in a terminal of its own", (typed: string) => `script -qec 'env -i ${typed}' /dev/null; true`],
    ["below many shells", (typed: string) => `sh -c "env -i sh -c 'env -i sh -c \\"${typed}; true\\"; true'; true"`],
  ])("is the worker's, %s", async (_, how) => {
    expect(await said(how(program()), { BATON_WORKER: "r1/build" })).toBe("it runs in a shell of the worker r1/build")
    expect(await said(how(program()), { BATON_CHILD: "x".repeat(24) })).toBe(
      "it runs in what Baton started for a worker",
    )
    expect(await said(how(program()))).toBe("nobody")
  })

  it("is the worker's below a process in which workers work, whatever it removes", async () => {
    const end = recordDriver(driversOf(base))
    const typed = `exec env -i setsid --wait ${program()}`
    expect(await said(typed)).toBe("it runs below the process in which workers work")
    end()
    expect(await said(typed)).toBe("nobody")
  })

  it("is the worker's below a server of this machine that a run is attached to", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const end = recordDriver(driversOf(base), `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect(await said(`exec env -i ${program()}`)).toBe("it runs below the process in which workers work")
    end()
    server.close()
  })

  it("forgets processes that have ended, and what is no record", async () => {
    const folder = driversOf(base)
    recordDriver(folder)()
    writeFileSync(join(folder, "1.json"), JSON.stringify({ pid: 999_999_999, startedAt: "x" }))
    writeFileSync(join(folder, "2.json"), "[".repeat(9_000))
    writeFileSync(join(folder, "3.json"), JSON.stringify({ pid: -1, startedAt: 5 }))
    expect(await said(program())).toBe("nobody")
    recordDriver(folder)()
    expect(readdirSync(folder)).toEqual([])
  })
})

describe("the token of a person", () => {
  it("is made once, and only this user can read it", () => {
    const env = { BATON_STATE_DIR: base }
    const { token, file } = ownerToken(env)
    expect(token).toMatch(/^[0-9a-f]{64}$/)
    expect(ownerToken(env)).toEqual({ token, file })
  })
})
