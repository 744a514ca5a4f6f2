import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { parseDuration } from "../../src/core/base/duration.ts"
import { DEFAULTS } from "../../src/core/model/defaults.ts"
import { policyOf } from "../../src/core/schedule/after-attempt.ts"
import { explain } from "../../src/project/explain.ts"
import { Project } from "../../src/project/project.ts"

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** The answers to a question in a project with one config and one workflow. */
function open(config: string | undefined, flow: string) {
  const directory = mkdtempSync(join(tmpdir(), "baton-explain-"))
  folders.push(directory)
  mkdirSync(join(directory, ".opencode", "workflows"), { recursive: true })
  if (config !== undefined) writeFileSync(join(directory, "orchestrator.json"), config)
  writeFileSync(join(directory, ".opencode", "workflows", "flow.yaml"), flow)
  const project = new Project({ directory, globalDir: join(directory, "none"), env: { SECRET: "s3cret" } })
  let read: [ReturnType<Project["config"]>, ReturnType<Project["checked"]>] | undefined
  const all = (key: string, on: { workflow?: boolean; step?: string; profile?: string } = {}) => {
    read ??= [project.config(), project.checked("flow")]
    const [loaded, found] = read
    if (!loaded.ok || !found.ok) throw new Error(JSON.stringify([loaded, found]))
    const { step, profile } = on
    const workflow = on.workflow || step !== undefined ? found.value : undefined
    return explain(loaded.value, { key, workflow, step, profile })
  }
  const ask = (...args: Parameters<typeof all>) => {
    const answers = all(...args)
    if (!answers.ok) throw new Error(answers.problems.map(({ message, hint }) => `${message}: ${hint}`).join())
    return answers.value.map(({ key, of, counts, overridden, rule, means }) => {
      const words = [counts, ...overridden].map(
        ({ value, level, file, line }) =>
          `${JSON.stringify(value)} ${level}${file === null ? "" : ` ${file.split("/").at(-1)}:${line}`}`,
      )
      const roles = means.map(({ value, level, line }) => `${level} is ${value} :${line}`)
      return {
        key,
        ...(of === null ? {} : { of }),
        is: words,
        ...(rule === "lowest" ? { rule } : {}),
        ...(roles.length ? { roles } : {}),
      }
    })
  }
  return { ask, project, all }
}

const CONFIG = `{
  "models": { "quick": "a/small" },
  "intervene": "on-error",
  "profiles": {
    "coder": {
      "model": "quick", "fallback": ["c/d"],
      "intervene": "always", "asks": "deny",
      "timeout": "45m"
    },
    "box": { "kind": "server", "url": "https://x:1", "password": "s3cret" },
    "env": { "backend": "server", "url": "https://x:1", "password": "{env:SECRET}" }
  },
  "limits": { "max_workers": 2, "budget": { "usd": 3 } }
}`
const FLOW = `settings:
  intervene: never
  budget: { usd: 5, tokens: 1000 }
steps:
  - id: a
    prompt: a
    profile: coder
    on_failure: retry
  - id: b
    prompt: b
    intervene: on-warning
hooks:
  on_complete:
    - { id: z, prompt: z, idle_timeout: 1m }
`

describe("explaining a key", () => {
  const { ask, all } = open(CONFIG, FLOW)

  it("shows the value nearest to the step, with its line, and the values that it overrides", () => {
    const settings = '"never" settings of flow flow.yaml:2'
    const top = '"on-error" orchestrator.json orchestrator.json:3'
    const none = '"never" default'
    const profile = '"always" profile coder orchestrator.json:7'
    expect(ask("intervene", { step: "b" })).toEqual([
      { key: "intervene", of: "step b", is: ['"on-warning" step b flow.yaml:11', settings, top, none] },
    ])
    expect(ask("intervene", { step: "a" })).toEqual([
      { key: "intervene", of: "step a", is: [profile, settings, top, none] },
    ])
    expect(ask("intervene", { workflow: true })).toEqual([{ key: "intervene", is: [settings, top, none] }])
    expect(ask("intervene", { profile: "coder" })).toEqual([
      { key: "intervene", of: "profile coder", is: [profile, top, none] },
    ])
    expect(ask("intervene")).toEqual([{ key: "intervene", is: [top, none] }])
    expect(ask("idle_timeout", { step: "z" })[0]?.is).toEqual(['"1m" step z flow.yaml:14', '"5m" default'])
  })

  it("shows the lower value when orchestrator.json sets a limit", () => {
    expect(ask("budget", { workflow: true })).toEqual([
      {
        key: "budget.usd",
        is: ["3 limits of orchestrator.json orchestrator.json:13", "5 settings of flow flow.yaml:3"],
        rule: "lowest",
      },
      { key: "budget.tokens", is: ["1000 settings of flow flow.yaml:3", "null default"], rule: "lowest" },
    ])
    expect(ask("max_parallel", { workflow: true })[0]?.is).toEqual([
      "2 limits of orchestrator.json orchestrator.json:13",
      "3 default",
    ])
  })

  it("explains every step or profile when none is named, and the models of roles", () => {
    const model = ask("model")
    expect(model.map(({ of }) => of)).toEqual(["profile default", "profile coder", "profile box", "profile env"])
    expect(model[1]).toMatchObject({ roles: ["role quick is a/small :2"] })
    expect(ask("model", { workflow: true }).map(({ of, is }) => [of, is[0]])).toEqual([
      ["step a", '"quick" profile coder orchestrator.json:6'],
      ["step b", expect.stringContaining("default")],
      ["step z", expect.stringContaining("default")],
    ])
    expect(ask("retry", { workflow: true })[0]?.is[0]).toBe('{"max_attempts":2} step a flow.yaml:8')
  })

  it("explains roles and models named instead of profiles, and every worker of a step", () => {
    const flow = `steps:
  - { id: role, prompt: r, profile: quick }
  - { id: bare, prompt: b, profile: x/large }
  - { id: own, prompt: o, profile: coder, model: y/z }
  - { id: all, type: parallel, steps: [{ id: inner, prompt: i, timeout: 2m }] }
  - { id: talk, type: ensemble, prompt: t, proposers: [coder, quick], judge: x/large }
`
    const { ask: about } = open(CONFIG, flow)
    const first = (step: string) => about("model", { step }).map(({ of, is }) => [of, is[0]])
    expect(first("role")).toEqual([["step role", '"a/small" role quick orchestrator.json:2']])
    expect(first("bare")).toEqual([["step bare", '"x/large" named by step bare flow.yaml:3']])
    expect(first("own")).toEqual([["step own", '"y/z" step own flow.yaml:4']])
    expect(about("timeout", { step: "inner" })[0]?.is).toEqual(['"2m" step inner flow.yaml:5', '"30m" default'])
    expect(first("talk").map(([of, is]) => [of, is?.split(" ")[0]])).toEqual([
      ["step talk as coder", '"quick"'],
      ["step talk as quick", '"a/small"'],
      ["step talk as x/large", '"x/large"'],
    ])
  })

  it("uses the profile `default` for roles and models, except its model and fallback", () => {
    const config = `{
  "models": { "quick": "a/small" },
  "profiles": { "default": { "model": "b/big", "fallback": ["c/d"], "timeout": "9m" } }
}`
    const steps = ["quick", "x/large", "default"].map((profile) => ({ id: profile.slice(0, 1), prompt: "p", profile }))
    const { ask: about, project } = open(config, JSON.stringify({ steps }))
    const prepared = project.prepare("flow", {}, "")
    const profiles = prepared.ok ? prepared.value.definition.profiles : {}
    for (const { id, profile } of steps) {
      const first = (key: string) => about(key, { step: id })[0]?.is[0]
      const own = profiles[profile]
      expect(first("fallback")).toContain(`${JSON.stringify(own?.fallback ?? null)} `)
      expect(first("timeout")).toBe('"9m" profile default orchestrator.json:3')
      expect(first("model")).toContain(`${JSON.stringify(own?.model)} `)
    }
  })

  it("takes the whole `asks` nearest to the step, also when only one part of it is explained", () => {
    const config = `{
  "profiles": { "p": { "asks": { "policy": "ask", "timeout": "10m", "otherwise": "allow" } } }
}`
    const flow = `steps:
  - { id: short, prompt: p, profile: p, asks: deny }
  - { id: long, prompt: p, profile: p, asks: { policy: ask } }
  - { id: none, prompt: p, profile: p }
  - { id: bare, prompt: p }
`
    const { ask: about } = open(config, flow)
    const part = (key: string, step: string) => about(`asks.${key}`, { step })[0]?.is
    const profile = "profile p orchestrator.json:2"
    expect(part("policy", "short")).toEqual(['"deny" step short flow.yaml:2', `"ask" ${profile}`, '"ask" default'])
    expect(part("timeout", "short")).toEqual(["null step short flow.yaml:2", `"10m" ${profile}`])
    expect(part("timeout", "long")?.[0]).toBe("null step long flow.yaml:3")
    expect(part("otherwise", "long")?.[0]).toBe('"deny" step long flow.yaml:3')
    expect(part("timeout", "none")).toEqual([`"10m" ${profile}`])
    expect(part("policy", "bare")).toEqual(['"ask" default'])
  })

  it("distinguishes keys with the same name at different levels", () => {
    expect(ask("timeout", { workflow: true })).toEqual([{ key: "timeout", is: ['"4h" default'] }])
    expect(ask("settings.timeout", { workflow: true })).toEqual([{ key: "timeout", is: ['"4h" default'] }])
    expect(ask("timeout", { step: "a" })[0]?.is).toEqual(['"45m" profile coder orchestrator.json:8', '"30m" default'])
    const modes = ask("mode", { step: "a" }).map(({ is }) => is[0])
    expect(modes).toEqual(['"parallel" default', '"background" default'])
    expect(ask("prompt", { step: "a" }).map(({ is }) => is[0])).toEqual(['"a" step a flow.yaml:6', "null default"])
  })

  it("never shows a secret", () => {
    expect(ask("password", { profile: "box" })[0]?.is[0]).toContain("(hidden)")
    expect(ask("password", { profile: "env" })[0]?.is[0]).toContain("{env:SECRET}")
    const everything = ["profiles", "profiles.box.password", "profiles.box", "password", "profiles.env.password"]
    for (const key of everything) expect(JSON.stringify(all(key))).not.toContain("s3cret")
  })

  it("explains every key of orchestrator.json without a workflow, by name and by path", () => {
    const top = ["models", "profiles", "limits", "toasts", "tools", "intervene", "$schema", "models.quick"]
    const limits = ["max_workers", "max_depth", "budget", "limits.max_workers", "limits.budget.usd"]
    const keys =
      "kind backend mode start keep agent model fallback pin purpose prompt permission asks intervene concurrency"
    const more = "timeout idle_timeout tool_timeout idle_stop url password directory"
    const profile = `${keys} ${more}`.split(" ")
    for (const key of [...top, ...limits, ...profile, ...profile.map((one) => `profiles.coder.${one}`)])
      expect(ask(key).length, key).toBeGreaterThan(0)
    expect(ask("limits.budget.usd")[0]).toMatchObject({
      key: "budget.usd",
      is: ["3 limits of orchestrator.json orchestrator.json:13"],
    })
    expect(ask("kind", { profile: "env" })[0]?.is[0]).toBe('"server" profile env orchestrator.json:11')
    expect(ask("gate.timeout", { workflow: true })).toEqual([{ key: "gate.timeout", is: ['"24h" default'] }])
  })

  it("reports what is wrong with the question", () => {
    const problem = (...args: Parameters<typeof all>) => {
      const answers = all(...args)
      return answers.ok ? "none" : `${answers.problems[0]?.message} — ${answers.problems[0]?.hint}`
    }
    expect(problem("tmeout")).toBe("there is no such key — did you mean `timeout`?")
    expect(problem("intervene", { step: "c" })).toContain("there is no step `c`")
    expect(problem("model", { profile: "codr" })).toBe("there is no profile `codr` — did you mean `coder`?")
    expect(problem("profiles.codr.model")).toBe("there is no profile `codr` — did you mean `coder`?")
    expect(problem("retry")).toBe(
      "is a key of a workflow — say which: --workflow NAME, and --step STEP for one of its steps",
    )
  })

  it("shows the original lines of a workflow in another dialect", () => {
    const flow = `settings: { intervene: never }
tasks:
  - id: a
    agent: coder
    parameters: { task: a }
    timeout: 1200
    retry: { max_attempts: 3 }
  - { id: b, agent: quick, parameters: { task: b } }
`
    const { ask: asked } = open(CONFIG, flow)
    expect(asked("timeout", { step: "a" })).toEqual([
      {
        key: "timeout",
        of: "step a",
        is: ["1200 step a flow.yaml:6", '"45m" profile coder orchestrator.json:8', '"30m" default'],
      },
    ])
    expect(asked("retry.max_attempts", { step: "a" })[0]?.is[0]).toBe("3 step a flow.yaml:7")
    expect(asked("intervene", { step: "b" })[0]?.is[0]).toBe('"never" settings of flow flow.yaml:1')
    const phases = open(CONFIG, "phases:\n  - name: a\n    model: x/y\n    idle_timeout: 1m\n")
    expect(phases.ask("idle_timeout", { step: "a" })[0]?.is[0]).toBe('"1m" step a flow.yaml:4')
    expect(phases.ask("model", { step: "a" })[0]?.is[0]).toBe('"x/y" named by step a flow.yaml:3')
  })

  it("shows defaults when there is no orchestrator.json, but a named model as written", () => {
    const named = open(undefined, "steps: [{ id: a, prompt: a, profile: x/y }]").ask("model", { step: "a" })
    expect(named[0]?.is).toEqual(['"x/y" named by step a flow.yaml:1', expect.stringContaining("default")])
    expect(open(undefined, "steps: [{ id: a, prompt: a }]").ask("toasts")).toEqual([
      { key: "toasts", is: ["true default"] },
    ])
  })
})

const policy = fc.constantFrom("never", "on-error", "on-warning", "always")
const duration = fc.constantFrom("7s", "3m", "2h", 90)
const written = fc.record(
  { intervene: policy, timeout: duration, idle_timeout: duration, asks: fc.constantFrom("ask", "deny") },
  { requiredKeys: [] },
)

it("the explained value is the one that the engine uses, wherever it is written", () => {
  const documents = fc.record({
    step: written,
    profile: written,
    mode: fc.constantFrom("foreground", "background"),
    settings: fc.record({ intervene: policy, max_parallel: fc.integer({ min: 1, max: 9 }) }, { requiredKeys: [] }),
    top: fc.record({ intervene: policy }, { requiredKeys: [] }),
    limits: fc.record({ max_workers: fc.integer({ min: 1, max: 9 }) }, { requiredKeys: [] }),
  })
  fc.assert(
    fc.property(documents, ({ step, profile, mode, settings, top, limits }) => {
      const { all, project } = open(
        JSON.stringify({ ...top, limits, profiles: { p: { ...profile, mode } } }),
        JSON.stringify({ settings, steps: [{ id: "s", prompt: "p", profile: "p", ...step }] }),
      )
      const counts = (key: string, on: Parameters<typeof all>[1]) => {
        const answers = all(key, on)
        return answers.ok ? answers.value[0]?.counts.value : answers.problems
      }
      const prepared = project.prepare("flow", {}, "")
      if (!prepared.ok) throw new Error(JSON.stringify(prepared.problems))
      const { definition } = prepared.value
      const [spec] = definition.workflow.steps
      const own = definition.profiles.p
      if (!spec || !own) throw new Error("no step")
      const total = mode === "foreground" ? DEFAULTS.foregroundTimeoutMs : DEFAULTS.stepTimeoutMs
      const ms = (key: string) => parseDuration(counts(key, { step: "s" }) as string)
      expect(counts("intervene", { step: "s" })).toBe(policyOf(definition, spec))
      expect(ms("timeout")).toBe(spec.timeoutMs ?? own.timeoutMs ?? total)
      expect(ms("idle_timeout")).toBe(spec.idleTimeoutMs ?? own.idleTimeoutMs ?? DEFAULTS.stepIdleTimeoutMs)
      expect(counts("asks", { step: "s" })).toBe((spec.asks ?? own.asks)?.policy ?? "ask")
      const cap = Math.min(definition.workflow.settings.maxParallel, definition.limits.maxWorkers)
      expect(counts("max_parallel", { workflow: true })).toBe(cap)
    }),
    { numRuns: 30, seed: 7 },
  )
})
