import { expect, it } from "vitest"
import { doneBy, groupTraits, stepsInside } from "../../../src/core/model/step-types.ts"
import type { Group, Step } from "../../../src/core/model/workflow.ts"
import { step } from "../../support/runs.ts"

const UNKNOWN = ["group-of-a-later-version", "toString", "constructor", "__proto__"]
const groupOf = (type: string) => ({ type }) as unknown as Group

it.each(UNKNOWN)("the unknown group type %s has no steps, profiles or quorum of its own", (type) => {
  const group = groupOf(type)
  const unknown: Step = { ...step("a"), group }
  expect(doneBy(type)).toBe("parts")
  expect(stepsInside(unknown)).toEqual([])
  const traits = groupTraits(group)
  expect([traits.profiles(group), traits.quorum(group), traits.nested(group)]).toEqual([[], undefined, undefined])
  expect(traits.withSteps(group, () => [])).toBe(group)
})
