import { expect, it } from "vitest"
import { callHost } from "../../src/host/host.ts"

it("a call is given up at its deadline, even when it ignores its signal", async () => {
  let calls = 0
  const deaf = () => {
    calls++
    return new Promise<{ data: string }>(() => undefined)
  }
  await expect(callHost("read it", deaf, { timeoutMs: 20 })).rejects.toThrow(
    "could not read it: the OpenCode server did not answer in time",
  )
  expect(calls).toBe(2)
}, 2_000)
