import { expect, it } from "vitest"
import { DEFAULT_KIND, KIND_NAMES, KINDS, traitsOf } from "../../../src/core/model/kinds.ts"

it("a kind's traits say what it can do", () => {
  for (const kind of KIND_NAMES) expect(traitsOf(kind)).toBe(KINDS[kind])
  expect(KINDS[DEFAULT_KIND].isBuilt).toBe(true)
})

it.each(["kind-of-a-later-version", "toString", "__proto__"])("the unknown kind %s has no capabilities", (kind) => {
  const flags = Object.entries(traitsOf(kind)).filter(([, value]) => value === true)
  expect(flags).toEqual([])
  expect(traitsOf(kind).ownKeys).toEqual([])
})

it("only a kind whose sessions can be opened here allows the foreground mode", () => {
  for (const kind of KIND_NAMES.filter((name) => KINDS[name].mayBeForeground)) {
    expect([kind, KINDS[kind].hasSession, KINDS[kind].canOpenHere]).toEqual([kind, true, true])
  }
})
