import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { PermissionAction, PermissionRule } from "../../../src/core/model/profile.ts"
import { contains, intersection, matches } from "../../../src/core/rights/host-wildcards.ts"
import {
  closeReadOnly,
  evaluate,
  intersect,
  isDenied,
  isReadOnly,
  mayWrite,
  workerRules,
} from "../../../src/core/rights/permission.ts"

const rule = (permission: string, pattern: string, action: PermissionAction): PermissionRule => ({
  permission,
  pattern,
  action,
})
const rules = (...lines: string[]) =>
  lines.map((line) => rule(...(line.split("|") as [string, string, PermissionAction])))
const lines = (list: readonly PermissionRule[]) =>
  list.map(({ permission, pattern, action }) => `${permission}|${pattern}|${action}`)
const ORDER = { deny: 0, ask: 1, allow: 2 }

/** The matcher of OpenCode 1.18.33, copied from its source. */
function host(text: string, pattern: string): boolean {
  let escaped = pattern
    .replaceAll("\\", "/")
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".")
  if (escaped.endsWith(" .*")) escaped = `${escaped.slice(0, -3)}( .*)?`
  return new RegExp(`^${escaped}$`, "s").test(text.replaceAll("\\", "/"))
}

/** OpenCode hides a tool only if the last rule that matches its name is `*` deny. */
function isHidden(list: readonly PermissionRule[], tool: string): boolean {
  const last = list.findLast((one) => host(tool, one.permission))
  return last?.pattern === "*" && last.action === "deny"
}

// The rules that `GET /agent` of OpenCode 1.18.33 returns.
const COMMON = rules(
  "*|*|allow",
  "doom_loop|*|ask",
  "external_directory|*|ask",
  "external_directory|/home/me/.local/share/opencode/tool-output/*|allow",
  "external_directory|/tmp/opencode/*|allow",
  "question|*|deny",
  "plan_enter|*|deny",
  "plan_exit|*|deny",
  "read|*|allow",
  "read|*.env|ask",
  "read|*.env.*|ask",
  "read|*.env.example|allow",
)
const LAST = rules("external_directory|/home/me/.local/share/opencode/tool-output/*|allow")
const BUILD = [...COMMON, ...rules("question|*|allow", "plan_enter|*|allow"), ...LAST]
const PLAN = [
  ...COMMON,
  ...rules("question|*|allow", "plan_exit|*|allow", "task|general|deny"),
  ...rules("external_directory|/home/me/.local/share/opencode/plans/*|allow", "edit|*|deny"),
  ...rules("edit|.opencode/plans/*.md|allow", "edit|home/me/.local/share/opencode/plans/*.md|allow"),
  ...LAST,
]
const EXPLORE = [
  ...COMMON,
  ...rules("*|*|deny", "grep|*|allow", "glob|*|allow", "bash|*|allow", "read|*|allow", "external_directory|*|ask"),
  ...LAST,
]

const TOOLS = ["read", "edit", "bash", "task", "question", "grep", "mcp_write", "external_directory", "doom_loop"]
const THINGS = [
  "*",
  "a.ts",
  ".env",
  "x.env.local",
  "x.env.env",
  "x.env.example",
  "git log -1",
  "git push",
  "git",
].concat([
  ".opencode/plans/a.md",
  "/tmp/opencode/x",
  "/home/me/.local/share/opencode/plans/p.md",
  "/etc/passwd",
  "rm -rf /",
])

const word = fc.stringMatching(/^[ab*? ./]{0,5}$/)
const text = fc.stringMatching(/^[ab ./]{0,6}$/)
const action = fc.constantFrom<PermissionAction>("allow", "ask", "deny")
const list = fc.array(
  fc.record({ permission: fc.constantFrom("*", "bash", "edit", "b*", "?dit"), pattern: word, action }),
  {
    maxLength: 6,
  },
)
const tool = fc.constantFrom("bash", "edit", "browse", "audit", "x")

describe("wildcard patterns", () => {
  it("match as OpenCode matches them", () => {
    for (const [subject, pattern] of [
      ["git", "git *"],
      ["git log", "git *"],
      ["gitk", "git *"],
      ["a\nb", "a*b"],
      ["a\\b", "a/b"],
      ["a/b", "a\\b"],
      ["", "*"],
      ["a+b", "a+b"],
      ["aab", "a+b"],
    ] as const)
      expect([subject, pattern, matches(subject, pattern)]).toEqual([subject, pattern, host(subject, pattern)])
    fc.assert(fc.property(text, word, (subject, pattern) => matches(subject, pattern) === host(subject, pattern)))
  })

  it("contain another pattern only when they match everything that it matches", () => {
    fc.assert(
      fc.property(word, word, text, (outer, inner, subject) => {
        if (contains(outer, inner) && host(subject, inner)) expect(host(subject, outer)).toBe(true)
      }),
    )
  })

  it("intersect in exactly what matches both", () => {
    fc.assert(
      fc.property(word, word, text, (a, b, subject) => {
        const both = intersection(a, b)
        fc.pre(both !== undefined)
        expect(both?.some((one) => host(subject, one))).toBe(host(subject, a) && host(subject, b))
      }),
      { numRuns: 2_000 },
    )
    expect(intersection("*.env", "*.env.*")?.toSorted()).toEqual(["*.env.*.env", "*.env.env"])
    expect(intersection("git *", "* --help")).toBeDefined()
    expect(intersection("src/*", "test/*")).toEqual([])
  })

  it("give up an intersection that would need too many patterns", () => {
    const wild = "*a*b*a*b*a*b*a*b*a*b*"
    expect(intersection(wild, wild.replaceAll("a", "c"))).toBeUndefined()
    expect(
      evaluate(
        intersect([rule("bash", wild, "allow")], [rule("bash", "*c*d*c*d*c*d*c*d*", "deny")]),
        "bash",
        "abababababcdcdcdcd",
      ),
    ).toBe("deny")
  })
})

describe("the intersection of two lists of rules", () => {
  it("never allows more than either list", () => {
    fc.assert(
      fc.property(list, list, tool, text, (child, ceiling, permission, subject) => {
        const both = ORDER[evaluate(intersect(child, ceiling), permission, subject)]
        const own = ORDER[evaluate(child, permission, subject)]
        const other = ORDER[evaluate(ceiling, permission, subject)]
        expect(both).toBe(Math.min(own, other))
      }),
      { numRuns: 1_000 },
    )
  })

  it("decides every case, so that earlier rules never apply", () => {
    fc.assert(
      fc.property(list, list, list, tool, text, (before, child, ceiling, permission, subject) => {
        const both = intersect(child, ceiling)
        expect(evaluate([...before, ...both], permission, subject)).toBe(evaluate(both, permission, subject))
      }),
    )
  })

  it("hides the tools that are denied for everything", () => {
    fc.assert(
      fc.property(list, list, fc.constantFrom("bash", "edit"), (child, ceiling, permission) => {
        const both = intersect(child, ceiling)
        if (isDenied(child, permission) || isDenied(ceiling, permission)) expect(isHidden(both, permission)).toBe(true)
        if (isHidden(both, permission)) expect(evaluate(both, permission, "anything")).toBe("deny")
      }),
      { numRuns: 500 },
    )
    const byWildcard = intersect(rules("*||allow"), rules("?dit|*|deny", "b*||allow"))
    expect(isHidden(byWildcard, "edit")).toBe(true)
    const denied = intersect(rules("bash|*|deny", "bash|a*|allow"), rules("bash|*|allow", "bash|a*|deny"))
    expect(isHidden(denied, "bash")).toBe(true)
  })

  it.each([
    ["build × build", BUILD, BUILD],
    ["plan × build", PLAN, BUILD],
    ["build × plan", BUILD, PLAN],
    ["explore × plan", EXPLORE, PLAN],
    ["explore × explore", EXPLORE, EXPLORE],
  ])("of %s stays short and exact", (_name, child, ceiling) => {
    const both = intersect(child, ceiling)
    expect(both.length).toBeLessThanOrEqual(30)
    for (const permission of TOOLS)
      for (const thing of THINGS) {
        const lowest = Math.min(ORDER[evaluate(child, permission, thing)], ORDER[evaluate(ceiling, permission, thing)])
        expect([permission, thing, ORDER[evaluate(both, permission, thing)]]).toEqual([permission, thing, lowest])
      }
  })

  it("does not grow from worker to worker", () => {
    let own: readonly PermissionRule[] = PLAN
    for (let depth = 0; depth < 5; depth++) own = intersect(PLAN, [...BUILD, ...own])
    expect(own.length).toBeLessThanOrEqual(30)
  })
})

describe("a read-only profile", () => {
  const closed = (...own: string[]) => closeReadOnly(BUILD, rules(...own))

  it("is a profile that denies every edit", () => {
    expect(isReadOnly(rules("edit|*|deny"))).toBe(true)
    expect(isReadOnly(rules("*|*|deny"))).toBe(true)
    expect(isReadOnly(rules("edit|*|deny", "edit|docs/*|allow"))).toBe(false)
    expect(isReadOnly(rules("edit|src/*|deny"))).toBe(false)
    expect(isReadOnly([])).toBe(false)
  })

  it("cannot write in any other way, and can still read", () => {
    const list = closed("edit|*|deny")
    for (const name of ["edit", "bash", "task", "mcp_write", "any_plugin_tool"]) expect(isHidden(list, name)).toBe(true)
    for (const name of ["read", "grep", "webfetch", "question", "external_directory"])
      for (const thing of THINGS)
        expect([name, thing, evaluate(list, name, thing)]).toEqual([name, thing, evaluate(BUILD, name, thing)])
  })

  it("keeps the tools that it names itself, with the same patterns", () => {
    const list = closed("edit|*|deny", "bash|git log*|allow", "mcp_*|*|ask")
    expect(evaluate(list, "bash", "git log -1")).toBe("allow")
    expect(evaluate(list, "bash", "git push")).toBe("deny")
    expect(evaluate(list, "mcp_write", "*")).toBe("ask")
    expect(isHidden(list, "other_tool")).toBe(true)
  })

  it("stays closed when it allows everything by a wildcard, or when a later rule revokes a tool", () => {
    expect(isHidden(closed("*|*|allow", "edit|*|deny"), "bash")).toBe(true)
    expect(isHidden(closed("bash|*|allow", "*|*|deny"), "bash")).toBe(true)
    expect(isHidden(closed("read|*|allow", "*|*|deny"), "read")).toBe(true)
  })

  it("differs from a profile that may edit, whose rules stay as they are", () => {
    expect(closed("bash|*|deny")).toEqual([...BUILD, ...rules("bash|*|deny")])
  })
})

describe("a worker's rules", () => {
  const may = { mayDelegate: false, mayAsk: false }

  it("never allow more than those of the session that it is started from", () => {
    const list = workerRules({ agent: BUILD, profile: rules("*|*|allow"), parent: PLAN, ...may })
    expect(evaluate(list, "edit", "src/a.ts")).toBe("deny")
    expect(evaluate(list, "edit", ".opencode/plans/a.md")).toBe("allow")
    expect(evaluate(list, "external_directory", "/etc")).toBe("ask")
  })

  it("never allow the task tool, and allow other special tools only when they are useful", () => {
    const open = workerRules({ agent: BUILD, profile: [], parent: BUILD, mayDelegate: true, mayAsk: true })
    const shut = workerRules({ agent: BUILD, profile: [], parent: BUILD, ...may })
    for (const name of ["question", "worker_ask", "workflow_run", "workflow_status", "workflow_control"]) {
      expect([name, isHidden(open, name), isHidden(shut, name)]).toEqual([name, false, true])
    }
    expect(isHidden(open, "task")).toBe(true)
  })

  it("are those of its agent and profile when it is not started from a session", () => {
    const list = workerRules({ agent: BUILD, profile: rules("bash|*|ask"), parent: undefined, ...may })
    expect(evaluate(list, "bash", "ls")).toBe("ask")
    expect(evaluate(list, "edit", "a")).toBe("allow")
    expect(evaluate(list, "read", "x.env.local")).toBe("ask")
  })

  it("limit edits to the files that it owns, and never extend its right to edit", () => {
    const owner = (profile: string) =>
      workerRules({ agent: BUILD, profile: rules(profile), parent: BUILD, ...may, files: ["src/ui/*", "a.md"] })
    const list = owner("*|*|allow")
    expect(["src/ui/b.ts", "a.md"].map((file) => evaluate(list, "edit", file))).toEqual(["allow", "allow"])
    expect(["src/api/b.ts", "b.md"].map((file) => evaluate(list, "edit", file))).toEqual(["deny", "deny"])
    expect(evaluate(list, "bash", "ls")).toBe("allow")
    expect(evaluate(owner("edit|*.md|ask"), "edit", "a.md")).toBe("ask")
  })

  it("allow the result tool only when its step has a schema", () => {
    const reports = (mayReport?: boolean) =>
      evaluate(
        workerRules({ agent: BUILD, profile: [], ...may, ...(mayReport === undefined ? {} : { mayReport }) }),
        "worker_result",
        "*",
      )
    expect([reports(), reports(false), reports(true)]).toEqual(["deny", "deny", "allow"])
  })

  it("allow no writing when a read-only worker starts it", () => {
    const parent = workerRules({
      agent: BUILD,
      profile: rules("edit|*|deny"),
      parent: BUILD,
      mayDelegate: true,
      mayAsk: true,
    })
    expect(isHidden(parent, "worker_ask")).toBe(false)
    const child = workerRules({ agent: BUILD, profile: rules("*|*|allow"), parent: [...BUILD, ...parent], ...may })
    for (const name of ["edit", "bash", "mcp_write"]) expect([name, isHidden(child, name)]).toEqual([name, true])
    expect(lines(child).length).toBeLessThan(40)
  })
})

it("a worker may write unless it edits nothing and its profile names no other tool that could", () => {
  expect(mayWrite([])).toBe(true)
  expect(mayWrite(rules("edit|docs/*|allow"))).toBe(true)
  expect(mayWrite(rules("edit|*|deny"))).toBe(false)
  expect(mayWrite(rules("edit|*|deny", "read|*|allow", "bash|*|deny"))).toBe(false)
  expect(mayWrite(rules("edit|*|deny", "bash|git log|allow"))).toBe(true)
  expect(mayWrite(rules("edit|*|deny", "mcp_write|*|ask"))).toBe(true)
})
