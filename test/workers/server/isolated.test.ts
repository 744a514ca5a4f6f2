import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { isolatedEnv } from "../../../src/workers/server/isolated.ts"
import { openHost } from "../session/support.ts"

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "baton-isolated-"))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

it("an isolated server finds the settings of other programs at every start, even past a link that leads nowhere", async () => {
  const settings = join(base, ".config")
  for (const name of ["git", "opencode"]) mkdirSync(join(settings, name), { recursive: true })
  symlinkSync(join(base, "gone"), join(settings, "dangling"))
  const start = () => isolatedEnv(openHost().host, join(base, "own"), { HOME: base }, true)
  await start()
  mkdirSync(join(settings, "gh"))
  const { XDG_CONFIG_HOME: own = "" } = (await start()).env
  expect(readdirSync(own).sort()).toEqual(["dangling", "gh", "git", "opencode"])
  expect(readlinkSync(join(own, "git"))).toBe(join(settings, "git"))
  expect(readdirSync(join(own, "opencode")).sort()).toEqual(["node_modules", "package-lock.json"])
})
