import { readFileSync, realpathSync } from "node:fs"
import { expect, it } from "vitest"
import { DASHBOARD_KEYS, GLOBAL_KEYS, shortKey } from "../../../src/tui/host/key-table.ts"

/**
 * The keys that OpenCode binds itself, read from the program that this version of Baton is tested
 * with.
 */
function boundByOpenCode(): Set<string> {
  const program = readFileSync(realpathSync("node_modules/.bin/opencode"), "latin1")
  const start = program.search(/session_child_first:\w+\("/)
  const table = program.slice(start - 20_000, start + 20_000)
  const keys = [...table.matchAll(/[a-z]+(?:_[a-z0-9]+)+:\w+\("([^"]+)","/g)].flatMap(([, key = ""]) => key.split(","))
  return new Set(keys)
}

it("no default key of Baton is bound by OpenCode", () => {
  const theirs = boundByOpenCode()
  expect(theirs.size).toBeGreaterThan(60)
  expect(theirs).toContain("<leader>down")
  const ours = GLOBAL_KEYS.map(({ key }) => key).filter((key) => key !== "none")
  expect(ours.filter((key) => theirs.has(key))).toEqual([])
})

it("no key is bound twice in the table of keys", () => {
  for (const table of [GLOBAL_KEYS, DASHBOARD_KEYS]) {
    const keys = table.flatMap(({ key }) => key.split(",")).filter((key) => key !== "none")
    expect(new Set(keys).size).toBe(keys.length)
  }
})

it.each([
  ["return", "enter"],
  ["escape,q", "esc"],
  ["shift+r", "R"],
  ["up,k", "↑"],
  ["f5", "f5"],
  ["none", undefined],
])("the binding %s is displayed as %s", (key, said) => {
  expect(shortKey(key)).toBe(said)
})
