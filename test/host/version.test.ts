import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import type { Host } from "../../src/host/host.ts"
import { SUPPORTED_VERSIONS, versionOf, whyRefused, whyUnsupported } from "../../src/host/version.ts"

/** A server that answers the question for its health with this. */
const server = (health: unknown) => {
  const asked = { times: 0 }
  const client = {
    global: {
      health: async () => {
        asked.times++
        return { data: health }
      },
    },
  }
  return { host: { client } as unknown as Host, asked }
}

it.each(["1.18.18", "1.18.33", "1.18.34", "1.19.0", "1.20.3-beta.1", "v1.18.20", "0.0.0-dev-202611301200", "local"])(
  "OpenCode %s is supported",
  (version) => expect(whyUnsupported(version)).toBeUndefined(),
)

it.each(["1.18.17", "1.18.3", "1.17.20", "0.15.31", "2.0.0", "2.0.15", "2.0.0-beta.3", "10.1.0"])(
  "OpenCode %s is not supported",
  (version) => expect(whyUnsupported(version)).toContain(`OpenCode ${version} is not supported`),
)

it("a server that is not supported is refused with its version, the range, and what to do", async () => {
  expect(await whyRefused(server({ healthy: true, version: "1.18.3" }).host)).toMatch(
    /^OpenCode 1\.18\.3 is not supported: Baton needs OpenCode >=1\.18\.18 <2\. Install .*npm install --global opencode-ai@1$/,
  )
})

it.each([
  ["a page", "<html>"],
  ["no version", { healthy: true }],
  ["another version", { version: 2 }],
])("a server that answers with %s does not say its version as OpenCode 1 does, and is refused", async (_, health) => {
  const { host } = server(health)
  expect(await versionOf(host)).toBe("")
  expect(await whyRefused(host)).toMatch(/^This OpenCode is not supported/)
})

it("a supported server is asked once, and a refused one each time, because it may be replaced", async () => {
  const [good, bad] = [server({ version: "1.18.34" }), server({ version: "1.18.3" })]
  for (const _ of [1, 2]) {
    expect(await whyRefused(good.host)).toBeUndefined()
    expect(await whyRefused(bad.host)).toContain("1.18.3")
  }
  expect([good.asked.times, bad.asked.times]).toEqual([1, 2])
})

it("package.json names the same range, for OpenCode and for npm", () => {
  const { engines, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"))
  expect([engines.opencode, peerDependencies["opencode-ai"]]).toEqual([SUPPORTED_VERSIONS, SUPPORTED_VERSIONS])
})
