import { expect, it } from "vitest"
import { STOP_GRACE_MS } from "../../src/core/ports/ports.ts"

it("a worker that is told to stop has five seconds", () => {
  expect(STOP_GRACE_MS).toBe(5_000)
})
