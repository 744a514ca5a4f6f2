import { readFileSync, realpathSync } from "node:fs"
import { expect, it } from "vitest"
import { DASHBOARD_KEYS, GLOBAL_KEYS, shortKey } from "../../../src/tui/host/key-table.ts"

/** What OpenCode itself binds, read from the program this version of Baton is tested with. */
function boundByOpenCode(): Set<string> {
  const program = readFileSync(realpathSync("node_modules/.bin/opencode"), "latin1")
  const start = program.search(/session_child_first:\w+\("/)
  const table = program.slice(start - 20_000, start + 20_000)
  const keys = [...table.matchAll(/[a-z]+(?:_[a-z0-9]+)+:\w+\("([^"]+)","/g)].flatMap(([, key = ""]) => key.split(","))
  return new Set(keys)
}

it("clashes with no key of OpenCode's", () => {
  const theirs = boundByOpenCode()
  expect(theirs.size).toBeGreaterThan(60)
  expect(theirs).toContain("<leader>down")
  const ours = GLOBAL_KEYS.map(({ key }) => key).filter((key) => key !== "none")
  expect(ours.filter((key) => theirs.has(key))).toEqual([])
})

it("binds no key twice", () => {
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
])("says %s as %s", (key, said) => {
  expect(shortKey(key)).toBe(said)
})
