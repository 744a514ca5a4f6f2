import { expect, it } from "vitest"
import { DEFAULT_KIND, KIND_NAMES, KINDS, traitsOf } from "../../../src/core/model/kinds.ts"

it("knows what each kind can do", () => {
  for (const kind of KIND_NAMES) expect(traitsOf(kind)).toBe(KINDS[kind])
  expect(KINDS[DEFAULT_KIND].isBuilt).toBe(true)
})

it.each(["kind-of-a-later-version", "toString", "__proto__"])("lets the unknown kind %s do nothing", (kind) => {
  const flags = Object.entries(traitsOf(kind)).filter(([, value]) => value === true)
  expect(flags).toEqual([])
  expect(traitsOf(kind).ownKeys).toEqual([])
})

it("lets a person work in the foreground only where there is a session that can be opened here", () => {
  for (const kind of KIND_NAMES.filter((name) => KINDS[name].mayBeForeground)) {
    expect([kind, KINDS[kind].hasSession, KINDS[kind].canOpenHere]).toEqual([kind, true, true])
  }
})
