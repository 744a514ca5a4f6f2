import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { connect, UnsupportedError } from "../../src/cli/connect.ts"
import { serveVersion } from "../support/old-server.ts"

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baton-connect-"))
})
afterEach(() => rmSync(root, { recursive: true }))

it.each(["1.18.17", "2.0.15"])("nothing is asked of a server with OpenCode %s but its version", async (version) => {
  await using server = await serveVersion(version)
  const options = { directory: root, root, attach: server.url, usesFolder: true, log: { error: () => undefined } }
  const refused = await connect(options).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(UnsupportedError)
  expect(String(refused)).toContain(`OpenCode ${version} is not supported: Baton needs OpenCode >=1.18.18 <2`)
  expect(server.others).toEqual([])
})
