import { describe, expect, it } from "vitest"
import { formatNeeds } from "../../../src/core/view/format.ts"
import { needsOf } from "../../../src/core/view/needs.ts"
import { formatTrust, type TrustQuestion, trustMeaning, trustTitle } from "../../../src/core/view/trust-question.ts"

const question: TrustQuestion = {
  folder: "/home/ann/app",
  verdict: "untrusted",
  why: null,
  digest: "d",
  contents: [],
  changes: [],
  isNeeded: true,
  wanted: "workflow review",
}
const names = (count: number) => Array.from({ length: count }, (_, at) => `n${at + 1}`)

describe("the question whether a folder is trusted", () => {
  it("says what trust means, what happens without it, and what the folder names", () => {
    const contents = [
      { what: "commands", names: ["npm test"] },
      { what: "MCP servers", names: names(14) },
    ]
    expect(formatTrust({ ...question, contents })).toBe(`/home/ann/app

If you trust it, Baton and the OpenCode that Baton starts run what its files name, with your rights, logins and environment. Without trust, workflow review does not run.

It names:
  commands     npm test
  MCP servers  ${names(12).join(", ")} … and 2 more`)
    expect(trustTitle(question)).toBe("Do you trust this folder?")
  })

  it("shows of a folder that changed what differs and where that came from", () => {
    const changed: TrustQuestion = {
      ...question,
      verdict: "changed",
      why: "another commit is checked out",
      isNeeded: false,
      changes: [
        { path: "opencode.json", how: "changed", lines: ["-a", "+b"] },
        { path: "x.yaml", how: "removed" },
      ],
    }
    expect(formatTrust(changed)).toBe(`/home/ann/app

Its files changed since you trusted it, and not by your own edit: another commit is checked out. Without trust, workflow review runs with your own settings and uses nothing of the folder.

changed opencode.json
    -a
    +b
removed x.yaml`)
    expect(trustTitle(changed)).toBe("This folder changed. Do you still trust it?")
    expect(trustMeaning({ ...changed, why: null })).toContain("it is not known how")
  })

  it("says why nothing at all can run without trust", () => {
    expect(trustMeaning({ ...question, why: "OpenCode would load its plugins" })).toContain(
      "workflow review does not run, because OpenCode would load its plugins.",
    )
  })
})

it("a folder that waits for trust needs the person, by its name, with the command that answers", () => {
  const needs = needsOf(
    [],
    [],
    [
      { folder: "/home/ann/app/", verdict: "untrusted", since: 1 },
      { folder: "C:\\work\\tool", verdict: "changed", since: 2 },
      { folder: "/", verdict: "untrusted", since: 3 },
    ],
  )
  expect(formatNeeds(needs, 9)).toBe(`app: is not trusted: its workflows do not run
  /workflow trust

tool: changed since you trusted it
  /workflow trust

/: is not trusted: its workflows do not run
  /workflow trust`)
})
