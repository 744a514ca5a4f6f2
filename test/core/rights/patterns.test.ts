import fc from "fast-check"
import picomatch from "picomatch"
import { describe, expect, it } from "vitest"
import { hostPatterns, overlapOf, owns, sharedPath } from "../../../src/core/rights/file-patterns.ts"
import { matches as hostMatches } from "../../../src/core/rights/host-wildcards.ts"

const segment = fc.oneof(
  fc.constantFrom(
    "**",
    "*",
    "?",
    "a",
    "b",
    "a.b",
    ".a",
    "*.b",
    "a*",
    "[ab]",
    "?b",
    "{a,b}",
    "{a,*.b}",
    "a{b,}",
    "[a-b]",
  ),
  fc.stringMatching(/^[ab.*?]{1,4}$/),
)
const pattern = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/"))
  .filter((text) => !/(^|\/)\.{1,2}(\/|$)|\*{3}/.test(text))
const name = fc.stringMatching(/^[ab.]{1,3}$/).filter((text) => !/^\.+$/.test(text))
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"))
const PATHS = [...new Set(fc.sample(path, { numRuns: 300, seed: 1 }))]
/** Returns the paths that a pattern matches. */
const matched = (pattern: string) => {
  const isMatch = picomatch(pattern, { dot: true })
  return PATHS.filter((one) => isMatch(one))
}

describe("two path patterns", () => {
  it("overlap whenever a path matches both according to picomatch", () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const theirs = new Set(matched(b))
        const shared = matched(a).filter((one) => theirs.has(one))
        expect(shared.length === 0 || sharedPath(a, b) !== undefined).toBe(true)
        expect(matched(a).filter((one) => !owns([a], one))).toEqual([])
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    ["src/**", "src/a/b.ts", true],
    ["src/**", "test/**", false],
    ["src/*.ts", "src/*.tsx", false],
    ["src/*.ts", "src/deep/*.ts", false],
    ["src/**/*.ts", "**/index.*", true],
    ["[ab].ts", "[bc].ts", true],
    ["[ab].ts", "[cd].ts", false],
    ["{api,ui}/**", "ui/button.tsx", true],
    ["{api,ui}/**", "docs/**", false],
    ["./src/a.ts", "src/a.ts", true],
    ["a\\*.ts", "ab.ts", false],
    ["docs/plan.md", "docs/plan.md.bak", false],
  ])("%s and %s: %s", (a, b, isShared) => {
    expect(sharedPath(a, b) !== undefined).toBe(isShared)
    expect(sharedPath(b, a) !== undefined).toBe(isShared)
  })

  it("that overlap yield a path that both match", () => {
    expect(overlapOf(["docs/**", "src/*/index.ts"], ["test/**", "src/api/*.ts"])).toBe("src/api/index.ts")
    expect(overlapOf(["docs/**"], ["test/**"])).toBeUndefined()
  })

  it("are compared in finite time, however they are written", () => {
    const evil = `${"a*".repeat(200)}b`
    const deep = `${"**/*a/".repeat(60)}b`
    sharedPath(evil, `${"*a".repeat(200)}c`)
    sharedPath(deep, `${"**/a*/".repeat(60)}c`)
    sharedPath("{a,b}".repeat(40), "{a,b}".repeat(40))
  })
})

describe("a path", () => {
  it.each([
    ["src/a.ts", true],
    ["src/[id]/page.tsx", true],
    ["src", true],
    ["srcs/a.ts", false],
    ["test/a.ts", false],
    ["../src/a.ts", false],
    ["/etc/passwd", false],
  ])("%s is owned: %s", (one, isOwned) => {
    expect(owns(["src/**", "docs/plan.md"], one)).toBe(isOwned)
  })

  it("is also matched by OpenCode's form of a pattern that matches it", () => {
    fc.assert(
      fc.property(pattern, (a) => {
        const hosts = hostPatterns(a)
        // `a/**` also matches `a` itself, which is a folder and cannot be written as a file.
        const isFolder = picomatch(a.replace(/(\/\*\*)+$/, ""), { dot: true })
        const missed = matched(a).filter((one) => !isFolder(one) && !hosts.some((host) => hostMatches(one, host)))
        expect(missed).toEqual([])
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    ["src/**", ["src/*"]],
    ["src/**/*.ts", ["src/*.ts", "src/*/*.ts"]],
    ["{a,b}/[xy].ts", ["b/?.ts", "a/?.ts"]],
    ["docs/plan.md", ["docs/plan.md"]],
  ])("%s is %j there", (a, host) => {
    expect(hostPatterns(a)).toEqual(host)
  })
})
