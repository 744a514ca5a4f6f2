import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterEach, beforeEach, expect, it } from "vitest"
import { loadedBy } from "../../src/config/halves.ts"
import { contentsOf, loadedAnyway } from "../../src/project/folder-contents.ts"
import { ownerToken } from "../../src/state/key.ts"
import { allStates, findState, openState } from "../../src/state/project-state.ts"
import { readStored, writeDeclined } from "../../src/trust/record.ts"
import { examine } from "../../src/trust/verdict.ts"
import { readNote, writeNote } from "../../src/wall/session-note.ts"
import { timesToTry } from "../support/scale.ts"

/** Files that Baton reads, with whatever somebody else may have written into them. */

const TRIES = timesToTry(300, 20_000)
/** The reading of a whole folder takes about 50 ms. */
const FOLDERS = timesToTry(60, 2_000)
let top: string
let root: string
let env: Record<string, string>

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "baton-records-"))
  root = join(top, "project")
  mkdirSync(join(root, ".opencode/workflows"), { recursive: true })
  env = { BATON_STATE_DIR: join(top, "state"), HOME: join(top, "home") }
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
)

/** A JSON text in which one place has another value, or that was cut or changed in one byte. */
function mutated(valid: unknown): fc.Arbitrary<Uint8Array> {
  const text = JSON.stringify(valid)
  const place = fc.integer({ min: 0, max: text.length })
  const cut = fc
    .tuple(place, place)
    .map(([from, to]) => text.slice(0, Math.min(from, to)) + text.slice(Math.max(from, to)))
  const values = [...text.matchAll(/:("[^"]*"|\d+|null|\{|\[)/g)]
  const swapped = fc.tuple(fc.nat(Math.max(0, values.length - 1)), fc.json()).map(([at, json]) => {
    const [match, value = ""] = values[at] ?? [""]
    return value === "{" || value === "[" ? text : text.replace(match, () => `:${json}`)
  })
  return fc.oneof(cut, swapped, fc.json()).map((one) => Buffer.from(one))
}

const each = async (arbitrary: fc.Arbitrary<Uint8Array>, use: (content: Uint8Array) => unknown, numRuns = TRIES) =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (content) => void (await use(content))),
    { numRuns },
  )

it("a record of trust that is not whole counts as none, and is replaced by the next decision", async () => {
  const place = { root, directory: root, env }
  const file = join(openState(root, env).folder, "trust.json")
  const valid = {
    trusted: { at: 1, by: "dialog", head: null, files: { a: "x" }, texts: {} },
    declined: { digest: "d", at: 2 },
  }
  await each(fc.oneof(bytes, mutated(valid)), async (content) => {
    writeFileSync(file, content)
    expect(typeof readStored(place)).toBe("object")
    await examine(place, () => Promise.resolve(() => undefined))
    writeDeclined(place, "new", 3)
    expect(readStored(place).declined?.digest).toBe("new")
  })
})

it("the identity of a state that cannot be read makes it nobody's, and others are found", async () => {
  const { id, folder, identity } = openState(root, env)
  mkdirSync(join(top, "other"))
  const other = openState(join(top, "other"), env)
  await each(fc.oneof(bytes, mutated(identity)), (content) => {
    writeFileSync(join(folder, "project.json"), content)
    expect(allStates(env).map((state) => state.id)).toContain(other.id)
    expect([undefined, id]).toContain(findState(root, env)?.id)
  })
})

it("a note about a session is read or refused", async () => {
  const file = join(top, "note.json")
  writeNote(file, { env: ["CI"], schema: { type: "object" } })
  await each(fc.oneof(bytes, mutated({ env: ["CI"], schema: {} })), async (content) => {
    writeFileSync(file, content)
    const note = await readNote(file).catch((error: unknown) => error)
    expect(typeof note).toBe("object")
  })
})

it("a token of another length is refused with what to do", async () => {
  const { file } = ownerToken(env)
  await each(bytes, (content) => {
    writeFileSync(file, content, { mode: 0o600 })
    if (content.length === 64) return
    expect(() => ownerToken(env)).toThrow("does not have the right length: delete it, and Baton makes a new one")
  })
})

it("whatever is in a folder's configuration, what it names can be shown, and what loads Baton is known", async () => {
  const place = { root, directory: root, env }
  const valid = {
    plugin: ["x", ["y", {}]],
    mcp: { m: { type: "local", command: ["a"] } },
    provider: { p: { options: { baseURL: "http://h/{env:K}" } } },
    formatter: { f: { command: ["b"] } },
    shell: "sh",
  }
  await each(
    fc.oneof(bytes, mutated(valid)),
    async (content) => {
      for (const name of ["opencode.json", "tui.json", ".opencode/orchestrator.json", ".opencode/workflows/w.yaml"])
        writeFileSync(join(root, name), content)
      const trust = await examine(place, () => Promise.resolve(() => undefined))
      expect(trust.verdict).toBe("untrusted")
      for (const { names } of contentsOf(trust)) expect(names.every((name) => typeof name === "string")).toBe(true)
      expect(Array.isArray(loadedAnyway(trust))).toBe(true)
      loadedBy("opencode", root, join(top, "global"))
    },
    FOLDERS,
  )
})
