import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { formatProblems } from "../../src/core/model/problem.ts"
import { formatPlan } from "../../src/project/plan.ts"
import { Project } from "../../src/project/project.ts"

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baton-project-"))
  mkdirSync(join(root, ".opencode/workflows"), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true }))

/** The workflow `w` of a project with this config, prepared as `plan` and `run` prepare it. */
function prepared(workflow: string, config: object) {
  writeFileSync(join(root, ".opencode/workflows/w.yaml"), workflow)
  writeFileSync(join(root, "orchestrator.json"), JSON.stringify(config))
  const project = new Project({ directory: root, worktree: root, globalDir: join(root, "global"), env: {} })
  const result = project.prepare("w", {}, "")
  if (!result.ok) throw new Error(formatProblems(result.problems))
  return result.value
}

/** The output of `plan` without its first line, which names the file. */
function planned(workflow: string, config: object = {}): string[] {
  return formatPlan(prepared(workflow, config)).split("\n").slice(1)
}

const ONE = "steps: [{ id: a, prompt: p }]"
const SAYS_SO = `settings: { intervene: always }\n${ONE}`

describe("the policy for pausing a run", () => {
  it.each([
    ["nobody says", ONE, {}, undefined, "workflow"],
    ["orchestrator.json says", ONE, { intervene: "on-error" }, "on-error", "config"],
    ["the workflow says otherwise", SAYS_SO, { intervene: "on-error" }, "always", "workflow"],
    ["the workflow says", SAYS_SO, {}, "always", "workflow"],
  ])("is part of the journalled definition: %s", (_name, workflow, config, intervene, whose) => {
    const { definition, interveneOf } = prepared(workflow, config)
    expect(definition.workflow.settings.intervene).toBe(intervene)
    expect(interveneOf).toBe(whose)
  })

  it("is kept with its profile", () => {
    const { definition } = prepared(ONE, { profiles: { default: { intervene: "on-warning" } } })
    expect(definition.profiles.default).toMatchObject({ intervene: "on-warning" })
    expect(definition.workflow.settings).not.toHaveProperty("intervene")
  })
})

it("the budgets of the workflow and of orchestrator.json are kept apart", () => {
  const { definition } = prepared(`settings: { budget: { usd: 3 } }\n${ONE}`, { limits: { budget: { tokens: 1_000 } } })
  expect(definition.workflow.settings.budget).toEqual({ usd: 3 })
  expect(definition.limits).toEqual({ maxWorkers: 8, maxDepth: 1, budget: { tokens: 1_000 } })
})

it("a gate has no profile in a run", () => {
  const { definition } = prepared("steps: [{ id: a, type: gate, prompt: sure? }]", {})
  expect(definition.profiles).toEqual({})
})

describe("plan", () => {
  it("has no lines about failure when nothing is set", () => {
    expect(planned(ONE)).toEqual([
      "at most 3 at the same time, 4h 00m for the whole run, on failure: stop",
      "",
      "1.",
      "   a",
      "      profile default (subagent), model of the session",
      "      at most 30m 00s, 5m 00s of silence",
      "",
      "default: subagent, background, starts fresh",
      "   agent OpenCode's default, model of the session",
      "   permissions of the agent, never task",
      "   asks a person",
      "every worker: limited to the rights of the session it starts from; starts no workers (max_depth 1)",
      "",
      "At least 1 model call. Planning used none.",
      "",
    ])
  })

  it("shows the longer deadline of a foreground profile", () => {
    const profiles = { talk: { mode: "foreground" } }
    const shown = planned("steps: [{ id: a, prompt: p, profile: talk }]", { profiles })
    expect(shown).toContain("      at most 4h 00m, 5m 00s of silence")
  })

  it("shows which files the steps must leave as they are for a check to count, and what is not known", () => {
    for (const [path, text] of [
      ["package.json", JSON.stringify({ scripts: { test: "node --test a.test.js", dev: "x" } })],
      ["a.test.js", ""],
      ["check.sh", ""],
    ] as const)
      writeFileSync(join(root, path), text)
    const lines = planned(`
steps:
  - { id: a, prompt: p, checks: [npm test, { run: ./check.sh docs, protect: [check.sh, "lint/**"] }] }
  - { id: b, needs: [a], prompt: p, checks: [{ run: ./check.sh, protect: [] }] }
  - { id: c, needs: [b], prompt: p, checks: [timeout 60 ./check.sh .opencode] }
`)
    expect(lines.filter((line) => line.includes("protected: "))).toEqual([
      "      protected: check.sh, lint/**, a.test.js, package.json (script test)",
      "      not protected: what these commands read by themselves",
      "      protected: no file",
      "      protected: check.sh",
      "      not protected: .opencode/, what these commands read by themselves",
    ])
  })

  const FULL = `
settings: { budget: { usd: 10, tokens: 500 }, gate: { timeout: 2h } }
steps:
  - id: build
    prompt: p
    retry: { max_attempts: 3, delay: 5s, backoff: exponential }
    on_failure: skip
    checks:
      - npm test
      - { run: grep TODO x, expect: fail, severity: warning, timeout: 1m }
      - { file: a.md, changed: true, contains: b }
  - { id: agree, type: gate, needs: [build], prompt: "Deploy?\\nReally?" }
  - { id: deploy, profile: careful, needs: [agree], prompt: p, condition: "\${agree.output != 'no'}" }
  - { id: tell, needs: [agree], prompt: p, intervene: never, on_failure: retry }
`
  it("shows tries, checks, opinions and pauses, and where each policy was set", () => {
    const config = {
      intervene: "on-error",
      profiles: { careful: { intervene: "always" } },
      limits: { budget: { usd: 2 } },
    }
    const lines = planned(FULL, config)
    expect(
      lines.slice(
        0,
        lines.findIndex((line) => line.startsWith("default:")),
      ),
    ).toEqual([
      "at most 3 at the same time, 4h 00m for the whole run, on failure: stop",
      "budget: $2.00 (orchestrator.json's), 500 tokens (the workflow's)",
      "a gate waits 2h 00m for a person, then: continue, abort at a step of type gate",
      "",
      "1.",
      "   build",
      "      profile default (subagent), model of the session",
      "      at most 30m 00s, 5m 00s of silence",
      '      checks: npm test; grep TODO x (must fail, only a warning, at most 1m 00s); a.md has changed, contains "b"',
      "      protected: no file",
      "      not protected: what these commands read by themselves",
      "      up to 3 tries, 5.0s before the second and twice as long each time; if it fails, it counts as skipped",
      "      pauses for a person: on-error (orchestrator.json's)",
      "2.",
      "   agree  after build",
      "      a gate: Deploy?",
      "      Really?",
      "3.",
      "   deploy  after agree",
      "      profile careful (subagent), model of the session",
      "      at most 30m 00s, 5m 00s of silence",
      "      only if ${agree.output != 'no'}",
      "      pauses for a person: always (profile careful's)",
      "   tell  after agree",
      "      profile default (subagent), model of the session",
      "      at most 30m 00s, 5m 00s of silence",
      "      up to 2 tries; if it fails, no more steps start",
      "      pauses for a person: never (the step's)",
      "",
    ])
    expect(lines).toContain("At least 2 model calls, 6 at most. Planning used none.")
  })

  it("shows the version and the notes of the authors, shortened", () => {
    const notes = `metadata: { author: Ann, tags: [a, b], more: { x: 1 }, long: "${"y".repeat(300)}", lines: "one\\n two" }`
    const shown = planned(`version: 1.2\n${notes}\nsteps: [{ id: a, prompt: p }]`)
    const at = shown.findIndex((line) => line.startsWith("version"))
    expect(shown.slice(at, at + 6)).toEqual([
      "version: 1.2",
      "author: Ann",
      "tags: a, b",
      'more: {"x":1}',
      `long: ${"y".repeat(199)}…`,
      "lines: one two",
    ])
  })

  it("shows hooks separately, by the end state they are for", () => {
    const text = `
hooks: { on_start: [{ id: first, prompt: p }], on_failure: [{ id: why, prompt: p }], on_complete: [{ id: tell, prompt: p, needs: [tidy] }, { id: tidy, prompt: p }] }
steps: [{ id: a, prompt: p, effects: external }]`
    const shown = planned(text).filter(
      (line) => /^(\d|At least|\w.*:$| {3}\w)|effects/.test(line) && !/agent|permissions|asks/.test(line),
    )
    expect(shown).toEqual([
      "1.",
      "   first",
      "2.",
      "   a  after first",
      "      has external effects: runs again only when a person says so",
      "After a failure:",
      "   why",
      "At the end in any case:",
      "   tell  after tidy",
      "   tidy",
      "At least 2 model calls, 5 at most. Planning used none.",
    ])
  })

  it.each([
    [ONE, {}, []],
    [ONE, { intervene: "never" }, []],
    [ONE, { intervene: "always" }, ["a gate waits 24h 00m for a person, then: continue"]],
    [
      "steps: [{ id: a, type: gate, prompt: sure? }]",
      {},
      ["a gate waits 24h 00m for a person, then: abort at a step of type gate"],
    ],
    [
      `settings: { intervene: on-error, gate: { timeout: 1h, default: skip } }\n${ONE}`,
      {},
      ["a gate waits 1h 00m for a person, then: skip"],
    ],
  ])("of %s with %j has these lines about gates: %j", (workflow, config, expected) => {
    expect(planned(workflow, config).filter((line) => line.startsWith("a gate waits"))).toEqual(expected)
  })
})

describe("plan of groups", () => {
  const text = `
steps:
  - { id: think, type: ensemble, proposers: [a/x, b/y, a/x], judge: [c/z, a/x], mode: sequential, verdict: pick, prompt: p, retry: {} }
  - id: each
    needs: [think]
    type: routed
    over: \${think.structured.list}
    route: { ui: a/x }
    default: b/y
    max: 5
    prompt: p
    files: [src/**]
    context: scoped
  - id: both
    needs: [each]
    type: parallel
    loop: { max: 4, until: "one.output == 'ok'", stagnant: 2 }
    steps:
      - { id: one, prompt: p, model: c/z, checks: [{ ask: Is it good?, profile: b/y }] }
      - { id: two, needs: [one], type: check, run: npm test }
  - { id: end, needs: [both], prompt: p, schema: { type: object }, output: out.md, budget: { usd: 1, workers: 2 } }
`
  it("shows parts, maximums, loops, and the possible number of model turns", () => {
    const lines = planned(text)
    expect(
      lines.slice(2, lines.indexOf("") + 40).filter((line) => line.startsWith("   ") || /turns/.test(line)),
    ).toEqual(
      expect.arrayContaining([
        "      3 propose (one after another, each seeing those before): a/x, b/y, a/x; 2 must answer",
        "      c/z picks one, or else a/x",
        "      each item of ${think.structured.list}, 5 at most, by its category: ui → a/x, any other → b/y",
        "      context: scoped",
        "      may write: src/**",
        "      up to 4 rounds, until one.output == 'ok'; a person is asked after 2 without any change",
        "      one",
        "         profile default (subagent), model c/z (the step's)",
        "         opinion of b/y: Is it good?",
        "      two  after one",
        "         runs only its checks, without a worker",
        "         checks: npm test",
        "      answers with JSON that fits its schema",
        "      writes its answer to out.md",
        "      may spend: $1.00, 2 workers",
      ]),
    )
    // At least two proposals, a judge, an opinion and `end`; at most 3 × 2 + 2, 5 items, 4 rounds
    // of two, and `end`.
    expect(lines).toContain("At least 6 model calls, 22 at most. Planning used none.")
  })

  it("shows a nested workflow, and that its max_parallel is ignored", () => {
    writeFileSync(
      join(root, ".opencode/workflows/inner.yaml"),
      "settings: { max_parallel: 9 }\nsteps: [{ id: x, prompt: p }]",
    )
    const lines = planned("steps: [{ id: a, type: workflow, workflow: inner }]")
    expect(lines).toEqual(
      expect.arrayContaining([
        "      the workflow inner",
        "      its max_parallel 9 is ignored: the run's own applies",
        "      x",
      ]),
    )
  })
})
