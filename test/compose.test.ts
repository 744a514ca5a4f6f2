import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createBackends } from "../src/compose.ts"
import { KIND_NAMES, KINDS } from "../src/core/model/kinds.ts"
import { ledgerOf } from "../src/host/ledger.ts"
import { manualClock } from "./support/clock.ts"
import { profile } from "./support/runs.ts"
import { workerTask } from "./support/workers.ts"
import { openHost } from "./workers/session/support.ts"

/** Which backend works for a kind, recognised by where its worker's session is created. */

const SESSION_IS_MADE: Readonly<Record<string, string>> = {
  subagent: "as a child of main",
  agent: "as a root",
  server: "in a server of its own, which cannot be started here",
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baton-compose-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The real backends over an OpenCode in memory, without a program that could be started as a
 *  server. */
function openBackends() {
  const { host, calls } = openHost()
  const log = { error: () => undefined }
  const created: { readonly parentID?: string }[] = []
  calls["session.list"] = () => []
  const create = calls["session.create"] as (given: never) => unknown
  calls["session.create"] = (given: never) => {
    created.push(given)
    return create(given)
  }
  const servers = {
    origin: host,
    clock: manualClock(),
    log,
    binary: join(folder, "no-such-program"),
    env: { HOME: folder },
    usesFolder: () => true,
    folder: join(folder, "servers"),
    notes: join(folder, "sessions"),
    ledger: ledgerOf(folder),
    password: () => undefined,
    remotes: () => [],
    learn: () => undefined,
  }
  return { backends: createBackends({ host, log, notes: servers.notes, servers }), created }
}

async function whereIsMade(kind: string): Promise<string> {
  const { backends, created } = openBackends()
  try {
    await backends.of(kind).open(workerTask("s", { profile: profile(), parent: "main" }))
    const { parentID } = created[0] ?? {}
    return parentID === undefined ? "as a root" : `as a child of ${parentID}`
  } catch (error) {
    const why = (error as Error).message
    if (!why.startsWith("the server of profile `worker` did not start")) throw error
    return "in a server of its own, which cannot be started here"
  } finally {
    await backends.close()
  }
}

describe("the backend of a kind", () => {
  it.each(KIND_NAMES.filter((kind) => KINDS[kind].isBuilt))(
    "for %s creates its sessions where the kind says",
    async (kind) => {
      expect(await whereIsMade(kind)).toBe(SESSION_IS_MADE[kind])
    },
  )

  it.each([...KIND_NAMES.filter((kind) => !KINDS[kind].isBuilt), "later", "constructor"])(
    "does not exist for %s",
    (kind) => {
      expect(() => openBackends().backends.of(kind)).toThrow(`no worker backend for kind ${kind}`)
    },
  )
})
