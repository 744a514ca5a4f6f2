import { expect, it } from "vitest"
import plugin from "../../src/plugin.ts"

it("the server half has an entry for OpenCode 1, and one for OpenCode 2 that says what to do", () => {
  expect(Object.keys(plugin).sort()).toEqual(["id", "server", "setup"])
  expect(() => plugin.setup()).toThrow(/does not run on OpenCode 2 yet: .* >=1\.18\.18 <2\. .*opencode-ai@1$/)
})
