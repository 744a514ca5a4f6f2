import { expect, it } from "vitest"
import { evaluate, workerRules } from "../../../src/core/rights/permission.ts"
import { isTrustedSetPath, protectedPatterns } from "../../../src/core/rights/trusted-set.ts"

it.each([
  ".opencode/plugin/a.ts",
  ".opencode/plugins/a/b.ts",
  "./.opencode/agent/a.md",
  ".OpenCode/Tool/a.ts",
  ".opencode\\command\\a.md",
  ".opencode/workflows/a.yaml",
  ".claude/workflows/a.yaml",
  ".claude/skills/a/SKILL.md",
  "opencode.json",
  ".opencode/opencode.jsonc",
  "orchestrator.json",
  "tui.json",
  ".git/config",
  ".git/hooks/pre-commit",
])("%s decides what runs in a folder", (path) => {
  expect(isTrustedSetPath(path)).toBe(true)
})

it.each([
  "src/opencode.json",
  ".opencode/workflow-state/a.md",
  "opencode.json.md",
  ".github/a.yaml",
  "plugin/a.ts",
  ".git",
])("%s does not decide what runs in a folder", (path) => {
  expect(isTrustedSetPath(path)).toBe(false)
})

const allow = [{ permission: "*", pattern: "*", action: "allow" as const }]
const rulesWith = (files?: readonly string[]) =>
  workerRules({ agent: allow, profile: [], mayDelegate: true, mayAsk: true, files, closed: protectedPatterns("app/") })

it("a worker that may edit everything edits no file that decides what runs in its folder", () => {
  const rules = rulesWith()
  for (const path of ["app/opencode.json", "app/.opencode/plugin/a.ts", "app/.git/hooks/x", "app/.git/config"])
    expect([path, evaluate(rules, "edit", path)]).toEqual([path, "deny"])
  for (const path of ["app/src/a.ts", "app/.opencode/notes.md", "opencode.json"])
    expect([path, evaluate(rules, "edit", path)]).toEqual([path, "allow"])
  expect(evaluate(rules, "read", "app/opencode.json")).toBe("allow")
})

it("a step's files open such a file only when they name it literally", () => {
  expect(evaluate(rulesWith(["app/*"]), "edit", "app/opencode.json")).toBe("deny")
  const named = rulesWith(["app/opencode.json"])
  expect(evaluate(named, "edit", "app/opencode.json")).toBe("allow")
  expect(evaluate(named, "edit", "app/tui.json")).toBe("deny")
})
