import { expect, it } from "vitest"
import type { Activity, Clock } from "../../../src/core/ports/ports.ts"
import { ActivityThrottle } from "../../../src/workers/session/activity-throttle.ts"
import { recordReport } from "../../support/workers.ts"

/** A clock on which one thing at a time is due. */
function handClock() {
  let due: (() => void) | undefined
  const clock: Clock = {
    now: () => 0,
    after(_ms, fn) {
      due = fn
      return () => {
        due = undefined
      }
    },
  }
  return { clock, ring: () => due?.(), isSet: () => due !== undefined }
}

const activity = (over: Partial<Activity>): Activity => ({
  phase: "working",
  tool: null,
  lastActivityAt: 0,
  tokens: { input: 0, output: 0 },
  cost: null,
  ...over,
})

it("a new phase or tool is reported at once, anything else with the next beat and only the latest", () => {
  const { clock, ring, isSet } = handClock()
  const report = recordReport()
  const throttle = new ActivityThrottle(clock, report)
  throttle.tell(activity({ phase: "starting" }))
  throttle.tell(activity({ phase: "tool", tool: "read" }))
  throttle.tell(activity({ phase: "tool", tool: "bash" }))
  expect(report.activities.map(({ tool }) => tool)).toEqual([null, "read", "bash"])
  for (const lastActivityAt of [1, 2, 3]) throttle.tell(activity({ phase: "tool", tool: "bash", lastActivityAt }))
  expect(report.activities).toHaveLength(3)
  ring()
  expect(report.activities.at(-1)?.lastActivityAt).toBe(3)
  expect(report.activities).toHaveLength(4)
  throttle.tell(activity({ phase: "tool", tool: "bash", lastActivityAt: 4 }))
  throttle.close()
  expect(isSet()).toBe(false)
})
