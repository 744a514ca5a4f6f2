import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ownFolder, stateBase } from "../../src/state/folder.ts"
import {
  adoptState,
  allStates,
  findState,
  forgetState,
  formerJournal,
  formerStates,
  identityOf,
  isThere,
  openState,
} from "../../src/state/project-state.ts"

let top: string
let env: { readonly BATON_STATE_DIR: string }
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), "baton-state-")))
  env = { BATON_STATE_DIR: join(top, "state") }
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

/** A project whose folder has changed since it was made, as every real one. */
function makeProject(name: string): string {
  const path = join(top, name)
  mkdirSync(path)
  // The clock of the file system ticks every few milliseconds.
  for (let at = 0; at < 10_000 && identityOf(path).born === null; at++) writeFileSync(join(path, `file${at % 9}`), "")
  return path
}
const modeOf = (path: string) => statSync(path).mode & 0o777

describe("the folder of all states", () => {
  it.each([
    [{ BATON_STATE_DIR: "/s", XDG_STATE_HOME: "/x", HOME: "/h" }, "/s"],
    [{ XDG_STATE_HOME: "/x", HOME: "/h" }, "/x/baton"],
    [{ XDG_STATE_HOME: "relative", HOME: "/h" }, "/h/.local/state/baton"],
    [{ HOME: "/h" }, "/h/.local/state/baton"],
  ])("with %j is %s", (given, folder) => {
    expect(stateBase(given)).toBe(folder)
  })

  it("is refused as a relative path", () => {
    expect(() => stateBase({ BATON_STATE_DIR: "state" })).toThrow("must be an absolute path, and is state")
  })

  it("is closed to others, also when it existed before", () => {
    mkdirSync(env.BATON_STATE_DIR)
    chmodSync(env.BATON_STATE_DIR, 0o755)
    const { folder } = openState(makeProject("p"), env)
    expect([env.BATON_STATE_DIR, join(env.BATON_STATE_DIR, "projects"), folder].map(modeOf)).toEqual([
      0o700, 0o700, 0o700,
    ])
    expect(modeOf(join(folder, "project.json"))).toBe(0o600)
  })

  it.each([
    ["a link", (path: string) => symlinkSync(top, path), "is a link"],
    ["a file", (path: string) => writeFileSync(path, ""), "is not a folder"],
  ])("is refused when it is %s", (_, make, why) => {
    make(env.BATON_STATE_DIR)
    expect(() => ownFolder(env.BATON_STATE_DIR)).toThrow(`${env.BATON_STATE_DIR} ${why}: move it away`)
    expect(() => openState(makeProject("p"), env)).toThrow(why)
  })

  it("is refused when it belongs to another user", () => {
    const isRoot = process.getuid?.() === 0
    const foreign = isRoot ? env.BATON_STATE_DIR : "/usr"
    if (isRoot) {
      mkdirSync(foreign)
      chownSync(foreign, 1, 1)
    }
    expect(() => ownFolder(foreign)).toThrow(`${foreign} belongs to another user`)
  })
})

describe("a project", () => {
  it("has one state, whichever path leads to it", () => {
    const path = makeProject("p")
    expect(findState(path, env)).toBeUndefined()
    const state = openState(path, env)
    symlinkSync(path, join(top, "link"))
    expect(openState(join(top, "link"), env)).toEqual(state)
    expect(findState(path, env)).toEqual(state)
    expect(openState(makeProject("q"), env).folder).not.toBe(state.folder)
    expect(allStates(env).map(({ identity }) => identity.path)).toEqual([path, join(top, "q")])
  })

  it("that took the place of another one inherits nothing, and the other state is offered", () => {
    const path = makeProject("p")
    const old = openState(path, env)
    renameSync(path, join(top, "aside"))
    makeProject("p")
    expect(findState(path, env)).toBeUndefined()
    expect(formerStates(path, env)).toEqual([old])
    const fresh = openState(path, env)
    expect(fresh.folder).not.toBe(old.folder)
    expect(openState(path, env)).toEqual(fresh)
    expect(isThere(old.identity)).toBe(false)
  })

  it("that was moved inherits nothing by itself, and its state is offered and can be taken over", () => {
    const path = makeProject("p")
    const old = openState(path, env)
    writeFileSync(join(old.folder, "journal.db"), "kept")
    renameSync(path, join(top, "moved"))
    expect(findState(join(top, "moved"), env)).toBeUndefined()
    expect(formerStates(join(top, "moved"), env)).toEqual([old])
    const adopted = adoptState(old, join(top, "moved"), env)
    expect(findState(join(top, "moved"), env)).toEqual(adopted)
    expect(statSync(join(adopted.folder, "journal.db")).size).toBe(4)
    expect([allStates(env), formerStates(join(top, "moved"), env)]).toEqual([[adopted], []])
  })

  it("that was copied has a state of its own, and the first one is not offered while it is in use", () => {
    const first = openState(makeProject("p"), env)
    const copy = makeProject("copy")
    expect(formerStates(copy, env)).toEqual([])
    expect(openState(copy, env).folder).not.toBe(first.folder)
  })

  it("is the same after a reboot gave its device another number, and another one with another birth", () => {
    const path = makeProject("p")
    const { folder, identity } = openState(path, env)
    expect(identity.born).not.toBeNull()
    const write = (change: object) =>
      writeFileSync(join(folder, "project.json"), JSON.stringify({ ...identity, ...change }))
    write({ device: "7" })
    expect(findState(path, env)?.folder).toBe(folder)
    write({ born: "7" })
    expect(findState(path, env)).toBeUndefined()
    write({ born: null })
    expect(findState(path, env)?.folder).toBe(folder)
    write({ born: null, device: "7" })
    expect(findState(path, env)).toBeUndefined()
  })

  it("gets a new state when its record is broken, and the broken one is left alone", () => {
    const path = makeProject("p")
    const { folder } = openState(path, env)
    writeFileSync(join(folder, "project.json"), "{")
    const next = openState(path, env)
    expect(next.folder).toBe(`${folder}-2`)
    expect(openState(path, env)).toEqual(next)
  })

  it("is forgotten with everything in its state", () => {
    const path = makeProject("p")
    forgetState(openState(path, env))
    expect(findState(path, env)).toBeUndefined()
  })

  it("that has the journal of an earlier version is recognised", () => {
    const path = makeProject("p")
    expect(formerJournal(path)).toBeUndefined()
    mkdirSync(join(path, ".opencode/workflow-state"), { recursive: true })
    writeFileSync(join(path, ".opencode/workflow-state/journal.db"), "")
    expect(formerJournal(path)).toBe(join(path, ".opencode/workflow-state/journal.db"))
  })
})

it("a folder that is gone has no identity", () => {
  expect(() => identityOf(join(top, "none"))).toThrow("ENOENT")
})
