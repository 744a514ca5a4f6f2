import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, expect, it } from "vitest"
import { formatProblem } from "../../src/core/model/problem.ts"
import { findWorkflows, resolveWorkflow } from "../../src/spec/files.ts"

const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const GOOD = "steps: [{ id: a, prompt: p }]\n"
let root: string

function write(path: string, text = GOOD): string {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

/** The file that a name resolves to, or the problems. */
function resolved(nameOrPath: string, directory = root) {
  const result = resolveWorkflow(nameOrPath, { root, directory })
  return result.ok ? result.value.file : result.problems.map(formatProblem)
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baton-workflows-"))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const BUILT_IN = ["bug-fix", "docs", "feature-build", "full-stack-feature", "plan", "spec-first-tdd", "workshop"]

it("an empty project has only the built-in workflows, and the result names the searched folders", () => {
  const { workflows, searched } = findWorkflows({ root, profiles: [], roles: [] })
  expect(workflows.map(({ name, problems, isBuiltIn }) => [name, problems, isBuiltIn])).toEqual(
    BUILT_IN.map((name) => [name, [], true]),
  )
  expect(searched).toEqual([join(root, ".opencode/workflows"), join(root, ".claude/workflows")])
  expect(resolved("demo")).toEqual([
    `demo: there is no such workflow — known workflows: ${BUILT_IN.map((name) => `\`${name}\``).join(", ")} (looked in ${root}/.opencode/workflows, ${root}/.claude/workflows)`,
  ])
})

it("a project file replaces the built-in workflow of the same name, also when another workflow runs it", () => {
  const file = write(".claude/workflows/x.yaml", `name: plan\n${GOOD}`)
  write(".opencode/workflows/outer.yaml", "steps: [{ id: s, type: workflow, workflow: plan }]")
  expect(resolved("plan")).toBe(file)
  const { workflows } = findWorkflows({ root })
  expect(workflows.map(({ name }) => name)).toEqual(["outer", "plan", ...BUILT_IN.filter((name) => name !== "plan")])
  expect(workflows[0]?.workflow?.steps[0]?.group).toMatchObject({ workflow: { steps: [{ id: "a" }] } })
})

it("finds workflows with every file extension in both folders, broken ones with their problems", () => {
  write(".opencode/workflows/b.yaml")
  write(".opencode/workflows/a.yml")
  write(".claude/workflows/c.json", '{"name": "other", "steps": [{"id": "a", "prompt": "p"}]}')
  write(".opencode/workflows/broken.yaml", "name: half\nsteps: []")
  write(".opencode/workflows/notes.md", "# not a workflow")
  const workflows = findWorkflows({ root }).workflows.filter((one) => !one.isBuiltIn)
  expect(workflows.map((one) => [one.name, one.workflow?.name, one.problems.length])).toEqual([
    ["a", "a", 0],
    ["b", "b", 0],
    ["half", undefined, 1],
    ["other", "other", 0],
  ])
})

it("resolves a name, and a path relative to the user's folder", () => {
  const inside = write(".opencode/workflows/demo.yaml")
  const beside = write("sub/x.yaml")
  expect(resolved("demo")).toBe(inside)
  expect(resolved("./x.yaml", join(root, "sub"))).toBe(beside)
  expect(resolved("x.yaml", join(root, "sub"))).toBe(beside)
  expect(resolved(inside)).toBe(inside)
})

it("names the nearest match for a misspelt name", () => {
  write(".opencode/workflows/demo.yaml")
  expect(resolved("dmeo")).toEqual([expect.stringContaining("dmeo: there is no such workflow — did you mean `demo`?")])
  expect(resolved("zzzzzz")).toEqual([expect.stringContaining("known workflows: `demo`, `bug-fix`")])
})

it("refuses two files with the same workflow name, naming both", () => {
  const one = write(".opencode/workflows/demo.yaml")
  const two = write(".claude/workflows/x.yaml", `name: demo\n${GOOD}`)
  expect(resolved("demo")).toEqual([`${one}: ${two} is also called \`demo\` — rename one of the two`])
})

it("reports a missing file", () => {
  expect(resolved("./no.yaml")).toEqual([expect.stringMatching(/no\.yaml: cannot be read: .*ENOENT/)])
})

it("checks worker names against the given profiles", () => {
  write(".opencode/workflows/demo.yaml", "steps: [{ id: a, profile: writr, prompt: p }]")
  const result = resolveWorkflow("demo", { root, profiles: ["writer"] })
  expect(result.ok ? [] : result.problems.map((one) => one.hint)).toEqual(["did you mean `writer`?"])
})

it("reads the example project", () => {
  const profiles = ["researcher", "writer", "teacher", "editor"]
  const result = resolveWorkflow("demo", { root: join(REPOSITORY, "examples/demo"), profiles })
  expect(result.ok ? result.value.workflow.steps.map((one) => one.id) : result.problems).toEqual([
    "survey",
    "page",
    "proof",
  ])
})
