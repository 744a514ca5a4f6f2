import type { Part } from "@opencode-ai/sdk/v2"
import { describe, expect, it } from "vitest"
import type { Entry } from "../../../src/host/entries.ts"
import { briefOf, forkOf } from "../../../src/workers/session/context.ts"

const text = (content: string, over: object = {}) => ({ type: "text", text: content, ...over }) as unknown as Part
const tool = (name: string) => ({ type: "tool", tool: name }) as unknown as Part
const said = (role: "user" | "assistant", ...parts: Part[]): Entry => ({ info: { role } as Entry["info"], parts })

const talk = [
  said("user", text("first"), text("a file", { synthetic: true })),
  said("assistant", text("hm"), tool("read")),
  said("user", text("a note", { ignored: true })),
  said("user", text("last")),
  said("assistant", text("the answer")),
]

describe("a digest", () => {
  it("a digest holds the title, the first and last request and the last answer, as they were typed", () => {
    expect(briefOf("Apples", talk).split("\n").slice(1)).toEqual([
      "Title: Apples",
      "First request: first",
      "Last request: last",
      "Last answer: the answer",
    ])
  })

  it("a digest is never longer than 2,000 characters, and says what was cut", () => {
    const brief = briefOf("T".repeat(5_000), [
      said("user", text("a".repeat(5_000))),
      said("assistant", text("b".repeat(5_000))),
    ])
    expect(brief.length).toBeLessThanOrEqual(2_000)
    expect(brief.split("… (cut)")).toHaveLength(4)
  })

  it("the digest of a session in which nothing was said is its title", () => {
    expect(briefOf("New", []).split("\n")).toHaveLength(2)
  })
})

describe("the whole conversation", () => {
  it("the whole conversation says who said what, and names the tools", () => {
    const fork = forkOf("Apples", talk)
    expect(fork.slice(fork.indexOf("User:"))).toBe(
      "User: first\na file\n\nAssistant: hm\n[used read]\n\nUser: last\n\nAssistant: the answer",
    )
  })

  it("the whole conversation is at most 100,000 characters, and says that its oldest part is left out", () => {
    const fork = forkOf("Long", [
      said("user", text("oldest")),
      ...Array.from({ length: 300 }, (_, n) => said("user", text(`${n} ${"x".repeat(1_000)}`))),
    ])
    expect(fork.length).toBeLessThanOrEqual(100_000)
    expect(fork).toContain("is left out")
    expect(fork).toContain("User: 299 ")
    expect(fork).not.toContain("oldest\n\nUser")
  })
})
