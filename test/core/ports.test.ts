import { expect, it } from "vitest"
import { STOP_GRACE_MS } from "../../src/core/ports/ports.ts"

it("a worker has five seconds to stop", () => {
  expect(STOP_GRACE_MS).toBe(5_000)
})
