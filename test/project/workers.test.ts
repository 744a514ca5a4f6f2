import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { formatProblems } from "../../src/core/model/problem.ts"
import { Project } from "../../src/project/project.ts"
import { modelsWanted } from "../../src/project/workers.ts"

/** Tests how the workers of a run and their models are resolved. */

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baton-cast-"))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(path: string, text: string) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

const CONFIG = {
  models: { opus: "a/opus", quick: "a/quick" },
  profiles: {
    default: { prompt: "house rules", fallback: ["a/other"], permission: { edit: "deny" } },
    coder: { model: "opus", fallback: ["quick"] },
  },
}

function prepare(workflow: string, models: Record<string, string> = {}, config: object = CONFIG) {
  write(".opencode/workflows/w.yaml", workflow)
  write("orchestrator.json", JSON.stringify(config))
  const project = new Project({ directory: root, worktree: root, globalDir: join(root, "global"), env: {} })
  return project.prepare("w", {}, "", models)
}

function definition(workflow: string, models: Record<string, string> = {}) {
  const result = prepare(workflow, models)
  if (!result.ok) throw new Error(formatProblems(result.problems))
  return result.value.definition
}

function problems(workflow: string, models: Record<string, string> = {}) {
  const result = prepare(workflow, models)
  return result.ok ? "" : formatProblems(result.problems, root)
}

const one = (rest: string) => `steps: [{ id: a, prompt: p, ${rest} }]`

describe("a worker's name", () => {
  it("is a profile, else a role, else a model; roles and models work like the profile default", () => {
    const text = `
settings: { distill: quick }
steps:
  - { id: a, prompt: p, profile: coder, checks: [{ ask: good?, profile: b/critic }] }
  - { id: b, type: ensemble, prompt: p, proposers: [opus, b/gpt], judge: [coder, c/last] }
  - { id: c, type: routed, prompt: p, over: "[1]", route: { ui: d/ui }, default: e/rest }
  - { id: d, type: parallel, steps: [{ id: e, prompt: p, profile: f/inner }] }
`
    const { profiles } = definition(text)
    const names = ["coder", "b/critic", "b/gpt", "c/last", "d/ui", "e/rest", "f/inner", "opus", "quick"]
    expect(Object.keys(profiles)).toEqual(names)
    expect(profiles.opus).toEqual({
      name: "opus",
      kind: "subagent",
      prompt: "house rules",
      permission: [{ permission: "edit", pattern: "*", action: "deny" }],
      model: "a/opus",
    })
    expect(profiles["b/gpt"]).toMatchObject({ name: "b/gpt", model: "b/gpt", prompt: "house rules" })
    expect(profiles.coder).toMatchObject({ model: "a/opus", fallback: ["a/quick"] })
  })

  it("that is unknown is a problem with the nearest one, wherever it stands", () => {
    const text = `
settings: { distill: quik }
steps:
  - { id: a, prompt: p, model: opsu, checks: [{ ask: good?, profile: codr }] }
  - { id: b, type: ensemble, prompt: p, proposers: [opuss], judge: [coderr] }
  - { id: c, type: routed, prompt: p, over: "[1]", route: { ui: quikc }, default: defalt }
  - { id: d, type: parallel, steps: [{ id: e, prompt: p, profile: "a/ b" }] }
`
    expect(problems(text).replaceAll(".opencode/workflows/", "")).toBe(
      [
        "w.yaml:2:22: unknown profile `quik` — did you mean `quick`?",
        "w.yaml:4:32: unknown model role `opsu` — did you mean `opus`?",
        "w.yaml:4:70: unknown profile `codr` — did you mean `coder`?",
        "w.yaml:5:53: unknown profile `opuss` — did you mean `opus`?",
        "w.yaml:5:69: unknown profile `coderr` — did you mean `coder`?",
        "w.yaml:6:65: unknown profile `quikc` — did you mean `quick`?",
        "w.yaml:6:83: unknown profile `defalt` — did you mean `default`?",
        "w.yaml:7:67: `a/ b` is not a model — write `provider/model`",
      ].join("\n"),
    )
  })
})

describe("the model of a worker", () => {
  it("comes from the call, else the step, else the profile, else the role, else nowhere", () => {
    const model = (text: string, models: Record<string, string> = {}) => {
      const { workflow, profiles } = definition(text, models)
      const step = workflow.steps[0]
      return step?.model ?? profiles[step?.profile ?? ""]?.model
    }
    expect(model(one("profile: coder, model: quick"), { coder: "x/y" })).toBe("x/y")
    expect(model(one("profile: coder, model: quick"), { quick: "x/y" })).toBe("x/y")
    expect(model(one("profile: coder, model: quick"))).toBe("a/quick")
    expect(model(one("profile: coder, model: b/c"))).toBe("b/c")
    expect(model(one("profile: coder"))).toBe("a/opus")
    expect(model(one("profile: coder"), { opus: "x/y" })).toBe("x/y")
    expect(model(one("profile: opus"))).toBe("a/opus")
    expect(model(one("profile: opus"), { opus: "x/y" })).toBe("x/y")
    expect(model(one("profile: b/c"))).toBe("b/c")
    expect(model(one("effects: external"))).toBeUndefined()
    expect(model(one("effects: external"), { default: "x/y" })).toBe("x/y")
  })

  it("a call with an unknown name, or without a model, is a problem", () => {
    expect(problems(one("profile: coder"), { codr: "x/y" })).toBe(
      "--model: there is no role or profile `codr` — did you mean `coder`?",
    )
    expect(problems(one("profile: coder"), { coder: "best" })).toBe(
      "--model: `best` is not a model — write `coder=provider/model`",
    )
  })
})

it("every model that a run requests is known in advance, with its fallbacks, except on servers that others run", () => {
  const config = {
    models: { opus: "a/opus" },
    profiles: {
      coder: { model: "opus", fallback: ["a/other"] },
      far: { kind: "server", url: "http://far:1", model: "x/y" },
    },
  }
  const text = `
steps:
  - { id: a, prompt: p, profile: coder, model: b/own }
  - { id: b, type: parallel, steps: [{ id: c, prompt: p, profile: far }, { id: d, prompt: p, profile: opus }] }
  - { id: e, prompt: p }
`
  const result = prepare(text, {}, config)
  if (!result.ok) throw new Error(formatProblems(result.problems))
  expect(modelsWanted(result.value.definition)).toEqual([
    { who: "coder", models: ["a/opus", "a/other"] },
    { who: "opus", models: ["a/opus"] },
    { who: "coder", models: ["b/own", "a/other"] },
  ])
})

it("does not ask OpenCode for the models of a kind that has its own", () => {
  const prepared = prepare(
    "steps: [{ id: a, prompt: p, profile: coder }]",
    {},
    { profiles: { coder: { model: "a/b" } } },
  )
  if (!prepared.ok) throw new Error(formatProblems(prepared.problems))
  const { workflow, profiles } = prepared.value.definition
  const coder = { ...profiles.coder, name: "coder", kind: "cli" as const, permission: [] }
  expect(modelsWanted({ workflow, profiles })).toHaveLength(1)
  expect(modelsWanted({ workflow, profiles: { coder } })).toEqual([])
})

describe("a built-in workflow", () => {
  const INPUTS = { feature: "login", feature_name: "login", task: "log in" }
  const open = () => new Project({ directory: root, worktree: root, globalDir: join(root, "global"), env: {} })

  it.each(readdirSync(join(import.meta.dirname, "../../workflows")).map((file) => file.replace(".yaml", "")))(
    "%s runs with nothing configured, by the profile default",
    (name) => {
      const declared =
        open()
          .workflows()
          .find((one) => one.name === name)?.inputs ?? []
      const given = Object.fromEntries(
        Object.entries(INPUTS).filter(([key]) => declared.some((one) => one.name === key)),
      )
      const result = open().prepare(name, given, "")
      if (!result.ok) throw new Error(formatProblems(result.problems))
      for (const [key, profile] of Object.entries(result.value.definition.profiles)) {
        expect(profile).toEqual({ name: key, kind: "subagent", permission: [] })
      }
      expect(modelsWanted(result.value.definition)).toEqual([])
    },
  )

  it("uses the roles and profiles that are configured", () => {
    write(
      "orchestrator.json",
      JSON.stringify({ models: { planner: "a/opus" }, profiles: { backend: { model: "a/b" } } }),
    )
    const result = open().prepare("plan", { feature: "x" }, "", { frontend: "a/ui" })
    if (!result.ok) throw new Error(formatProblems(result.problems))
    const models = Object.entries(result.value.definition.profiles).map(([name, { model }]) => [name, model])
    expect(Object.fromEntries(models)).toEqual({ backend: "a/b", frontend: "a/ui", planner: "a/opus" })
  })
})

describe("a nested workflow", () => {
  const inner =
    "name: inner\ninputs: { topic: string, n: { type: integer, default: 1 } }\nsteps: [{ id: x, prompt: p, profile: opus }]"
  const outer = (rest: string) => `steps:\n  - id: a\n    type: workflow\n    workflow: inner\n    with: ${rest}\n`

  it("is part of the run, and so are its workers", () => {
    write(".claude/workflows/inner.yaml", inner)
    const { workflow, profiles } = definition(outer("{ topic: '${1 + 1}', n: 2 }"))
    expect(workflow.steps[0]?.group).toMatchObject({
      type: "workflow",
      with: { topic: "${1 + 1}", n: "2" },
      workflow: { name: "inner", steps: [{ id: "x" }] },
    })
    expect(Object.keys(profiles)).toEqual(["opus"])
  })

  it("must be given its required inputs, and no undeclared ones", () => {
    write(".claude/workflows/inner.yaml", inner)
    expect(problems(outer("{ topc: x, n: many }"))).toBe(
      [
        ".opencode/workflows/w.yaml:5:5: input `topic` of `inner` is missing — add it under `with`",
        ".opencode/workflows/w.yaml:5:13: `inner` has no input `topc` — did you mean `topic`?",
        ".opencode/workflows/w.yaml:5:25: input `n` must be a whole number, not `many` — write `n=3`",
      ].join("\n"),
    )
  })

  it("is a problem when it is missing or broken, or when it runs its parent", () => {
    expect(problems(outer("{}"))).toMatch(/w.yaml:4:15: there is no workflow `inner` — /)
    write(".claude/workflows/inner.yaml", "steps: [{ id: a }]")
    expect(problems(outer("{}"))).toMatch(
      /^\.claude\/workflows\/inner.yaml:1:9: `prompt` is missing.*\n.*w.yaml:4:15: workflow `inner` has problems of its own/,
    )
    write(".claude/workflows/inner.yaml", "steps: [{ id: a, type: workflow, workflow: w }]")
    expect(problems(outer("{}"))).toContain("inner.yaml:1:44: workflow cycle: w → inner → w")
  })

  it("can be at most five levels deep", () => {
    for (let at = 1; at <= 5; at++) {
      const step = at === 5 ? "prompt: p" : `type: workflow, workflow: level${at + 1}`
      write(`.opencode/workflows/level${at}.yaml`, `steps: [{ id: s, ${step} }]`)
    }
    expect(problems("steps: [{ id: s, type: workflow, workflow: level2 }]")).toBe("")
    expect(problems("steps: [{ id: s, type: workflow, workflow: level1 }]")).toBe(
      ".opencode/workflows/w.yaml:1:44: `level1` nests workflows too deeply — at most 5 levels, this one included",
    )
  })
})
