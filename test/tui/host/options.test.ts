import { expect, it } from "vitest"
import { DEFAULT_KEYS } from "../../../src/tui/host/key-table.ts"
import { readKeys } from "../../../src/tui/host/options.ts"

it("the key options keep the defaults when nothing is set", () => {
  expect(readKeys(undefined)).toEqual({ keys: DEFAULT_KEYS, problems: [] })
  expect(readKeys({ other: 1 })).toEqual({ keys: DEFAULT_KEYS, problems: [] })
})

it("the key options rebind the named keys and leave the rest", () => {
  const { keys } = readKeys({ keybinds: { jump: "none", workflow: "<leader>j" } })
  expect(keys).toEqual({ ...DEFAULT_KEYS, jump: "none", workflow: "<leader>j" })
})

it("the key options accept the id of a command as a name, also for a key of the dashboard", () => {
  const { keys } = readKeys({
    keybinds: { "baton.inbox": "f9", "baton.dashboard.retry": "f5", "dashboard.skip": "none" },
  })
  expect(keys).toEqual({ ...DEFAULT_KEYS, inbox: "f9", "dashboard.retry": "f5", "dashboard.skip": "none" })
})

it("the key options report a misspelt keybind with the nearest name, and a value that is not a string", () => {
  const { keys, problems } = readKeys({ keybinds: { jmup: "f9", status: 8 } })
  expect(keys).toEqual(DEFAULT_KEYS)
  expect(problems[0]).toBe("unknown keybind `jmup`: did you mean `jump`?")
  expect(problems[1]).toContain("`status` must be a string")
  expect(readKeys({ keybinds: "f9" }).problems).toEqual(["`keybinds` must be an object of name to key"])
})
