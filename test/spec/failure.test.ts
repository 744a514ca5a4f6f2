import Ajv from "ajv"
import { describe, expect, it } from "vitest"
import { parse as parseYaml } from "yaml"
import { formatProblem } from "../../src/core/model/problem.ts"
import { workflowJsonSchema } from "../../src/spec/dialects/read.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"

/** Tests the keys about failure in a workflow: conditions, tries, checks, gates, budgets. */

function problemsOf(text: string): string[] {
  const result = parseWorkflow(text, "w.yaml")
  return result.ok ? [] : result.problems.map(formatProblem)
}

function parsed(text: string) {
  const result = parseWorkflow(text, "w.yaml")
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"))
  return result.value
}

/** A workflow of one step `a`, with these further lines in the step. */
const step = (...lines: string[]) =>
  ["steps:", "  - id: a", "    prompt: p", ...lines.map((one) => `    ${one}`)].join("\n")
const stepOf = (...lines: string[]) => parsed(step(...lines)).steps[0]
const isValid = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(workflowJsonSchema())

const EVERYTHING = `
name: everything
inputs: { deploy: boolean }
settings:
  intervene: on-error
  gate: { timeout: 2h, default: skip }
  budget: { usd: 2.5, tokens: 2000000 }
steps:
  - id: build
    prompt: build it
    retry: { max_attempts: 4, delay: 5s, backoff: exponential }
    on_failure: skip
    intervene: on-warning
    checks:
      - npm test
      - { run: npm run lint, severity: warning, timeout: 2m }
      - { run: grep -r TODO src, expect: fail }
      - { file: dist/index.js }
      - { file: docs/notes.md, changed: true, contains: "## Build", severity: warning }
      - { file: tmp/lock, exists: false }
  - id: agree
    type: gate
    needs: [build]
    prompt: "Deploy this?\\n\${build.output}"
    condition: \${inputs.deploy && build.status == 'success'}
  - id: deploy
    needs: [agree]
    prompt: deploy it, and mind \${agree.output}
    on_failure: retry
  - id: mend
    needs: [deploy]
    prompt: mend it
    condition: deploy.status == 'failed'
    on_failure: fail
`

describe("a parsed document", () => {
  it("has every key that is written, with defaults filled in", () => {
    const workflow = parsed(EVERYTHING)
    expect(workflow.settings).toEqual({
      maxParallel: 3,
      timeoutMs: 14_400_000,
      onFailure: "stop",
      intervene: "on-error",
      gateTimeoutMs: 7_200_000,
      gateDefault: "skip",
      budget: { usd: 2.5, tokens: 2_000_000 },
    })
    const [build, agree, deploy, mend] = workflow.steps
    expect(build).toEqual({
      id: "build",
      type: "single",
      profile: "default",
      prompt: "build it",
      needs: [],
      retry: { maxAttempts: 4, delayMs: 5_000, backoff: "exponential" },
      onFailure: "skip",
      intervene: "on-warning",
      checks: [
        { type: "command", run: "npm test", expect: "pass", severity: "error" },
        { type: "command", run: "npm run lint", expect: "pass", severity: "warning", timeoutMs: 120_000 },
        { type: "command", run: "grep -r TODO src", expect: "fail", severity: "error" },
        { type: "file", path: "dist/index.js", exists: true, severity: "error" },
        { type: "file", path: "docs/notes.md", changed: true, contains: "## Build", severity: "warning" },
        { type: "file", path: "tmp/lock", exists: false, severity: "error" },
      ],
    })
    expect(agree).toMatchObject({ type: "gate", condition: "${inputs.deploy && build.status == 'success'}" })
    expect(deploy).toMatchObject({ retry: { maxAttempts: 2, delayMs: 0, backoff: "fixed" } })
    expect(deploy).not.toHaveProperty("onFailure")
    expect(mend).toMatchObject({ condition: "deploy.status == 'failed'", onFailure: "fail" })
    expect(mend).not.toHaveProperty("retry")
  })

  it("is accepted by the schema for editors", () => {
    isValid(parseYaml(EVERYTHING))
    expect(isValid.errors ?? []).toEqual([])
  })

  it("has no policy for pausing when none is written", () => {
    const workflow = parsed(step())
    expect(workflow.settings).not.toHaveProperty("intervene")
    expect(workflow.steps[0]).not.toHaveProperty("intervene")
  })

  it.each([
    ["retry: {}", { maxAttempts: 2, delayMs: 0, backoff: "fixed" }],
    ["on_failure: retry", { maxAttempts: 2, delayMs: 0, backoff: "fixed" }],
    ["retry: { delay: 0 }", { maxAttempts: 2, delayMs: 0, backoff: "fixed" }],
    ["retry: { max_attempts: 10, delay: 1h }", { maxAttempts: 10, delayMs: 3_600_000, backoff: "fixed" }],
  ])("%s", (line, retry) => {
    expect(stepOf(line)?.retry).toEqual(retry)
  })

  it("lets `retry` override the short form `on_failure: retry`", () => {
    expect(stepOf("retry: { max_attempts: 5 }", "on_failure: retry")).toMatchObject({ retry: { maxAttempts: 5 } })
  })
})

describe("one mistake is one problem", () => {
  const INSIDE = "w.yaml:4:22: `file` must be a path inside the project, relative to its folder — like `docs/plan.md`"
  const FILLED = "expressions are not filled in here — a check is used exactly as written; `${…}` works in `prompt`"
  const cases: [line: string, problem: string][] = [
    ["retry: 3", "w.yaml:4:12: `retry` must be an object, not `3`"],
    ["retry: { max_attempts: 0 }", "w.yaml:4:28: `max_attempts` must be at least 1"],
    ["retry: { max_attempts: 11 }", "w.yaml:4:28: `max_attempts` must be at most 10"],
    ["retry: { max_attemps: 2 }", "w.yaml:4:14: unknown key `max_attemps` — did you mean `max_attempts`?"],
    [
      "retry: { delay: 2h }",
      "w.yaml:4:21: `delay` must be a duration of at most 1h — like `5s`, `2m`, or a number of seconds; 0 for none",
    ],
    ["retry: { backoff: linear }", "w.yaml:4:23: `backoff` cannot be `linear` — known values: `fixed`, `exponential`"],
    ["on_failure: stop", "w.yaml:4:17: `on_failure` cannot be `stop` — known values: `fail`, `skip`, `retry`"],
    ["intervene: on-eror", "w.yaml:4:16: `intervene` cannot be `on-eror` — did you mean `on-error`?"],
    ["checks: npm test", "w.yaml:4:13: `checks` must be a list, not text"],
    ["checks: [7]", "w.yaml:4:14: item 1 of `checks` must be text or an object, not `7`"],
    ['checks: [""]', "w.yaml:4:14: item 1 of `checks` must not be empty"],
    ["checks: [{}]", "w.yaml:4:14: item 1 of `checks` must have `run`, `file` or `ask` — `run: npm test`"],
    ["checks: [{ run: x, exsits: true }]", "w.yaml:4:24: unknown key `exsits` — did you mean `exists`?"],
    ["checks: [{ run: x, file: y }]", "w.yaml:4:30: `file` cannot be combined with `run` — write two checks"],
    ["checks: [{ run: x, exists: true }]", "w.yaml:4:32: `exists` is only for checks with `file` — leave it out"],
    ["checks: [{ file: x, expect: fail }]", "w.yaml:4:33: `expect` is only for checks with `run` — leave it out"],
    ["checks: [{ run: x, expect: ok }]", "w.yaml:4:32: `expect` cannot be `ok` — known values: `pass`, `fail`"],
    ["checks: [{ run: x, severity: warn }]", "w.yaml:4:34: `severity` cannot be `warn` — did you mean `warning`?"],
    ["checks: [{ file: /etc/passwd }]", INSIDE],
    ["checks: [{ file: ../secret }]", INSIDE],
    ["checks: [{ file: a/../../b }]", INSIDE],
    ["checks: [{ file: ~/x }]", INSIDE],
    ["checks: [{ file: 'C:\\x' }]", INSIDE],
    ["checks: [{ file: 'a\\..\\..\\b' }]", INSIDE],
    [
      "checks: [{ file: x, exists: false, contains: y }]",
      "w.yaml:4:50: `contains` contradicts `exists: false` — remove one of the two",
    ],
    ["checks: ['test -n ${inputs.x}']", `w.yaml:4:14: ${FILLED}`],
    ["checks: [{ run: 'echo ${a.output}' }]", `w.yaml:4:21: ${FILLED}`],
    ["checks: [{ file: 'docs/${inputs.x}.md' }]", `w.yaml:4:22: ${FILLED}`],
    ["type: gate\n    retry: {}", gate("retry", "a gate has no worker; leave it out")],
    ["type: gate\n    profile: default", gate("profile", "a gate has no worker; leave it out")],
    ["type: gate\n    checks: [x]", gate("checks", "put them on the step before it")],
    ["type: gate\n    timeout: 1h", gate("timeout", "use `settings.gate.timeout`")],
    [
      "type: gate\n    on_failure: skip",
      gate("on_failure", "a person decides a gate, and it cannot fail; leave it out"),
    ],
    [
      "type: gate\n    intervene: always",
      gate("intervene", "a gate always asks; to ask only sometimes, give it a `condition`"),
    ],
    [
      "on_failure: retry\n    retry: { max_attempts: 1 }",
      "w.yaml:4:5: `on_failure: retry` and `max_attempts: 1` contradict each other — set `max_attempts` to 2 or more",
    ],
  ]
  function gate(key: string, hint: string): string {
    return `w.yaml:5:5: a step of type \`gate\` cannot have \`${key}\` — ${hint}`
  }

  it.each(cases)("%s", (line, problem) => {
    expect(problemsOf(step(line))).toEqual([problem])
  })

  it.each(["echo ${HOME} ${a:-b}", "awk '{print $1}'", "echo ${name:0:3}", "echo $(inputs.x)"])(
    "shell syntax in a check is not a problem: %s",
    (run) => {
      expect(stepOf(`checks: [${JSON.stringify(run)}]`)?.checks).toMatchObject([{ run }])
    },
  )

  it.each([
    ["{ intervene: sometimes }", /`intervene` cannot be `sometimes`/],
    ["{ gate: { default: retry } }", /`default` cannot be `retry` — known values: `continue`, `skip`, `abort`/],
    ["{ gate: { timeout: 0 } }", /`timeout` must be a duration/],
    ["{ gate: 1h }", /`gate` must be an object, not text/],
    ["{ budget: {} }", /`budget` must have `usd`, `tokens`, `time` or `workers` — `usd: 5`/],
    ["{ budget: { usd: 0 } }", /`usd` must be at least 0.01/],
    ["{ budget: { tokens: 1.5 } }", /`tokens` must be a whole number/],
    ["{ budget: { usd: 1, eur: 1 } }", /unknown key `eur`/],
  ])("settings: %s", (settings, problem) => {
    expect(problemsOf(`settings: ${settings}\n${step()}`)).toEqual([expect.stringMatching(problem)])
  })

  it("a gate without a question is a problem", () => {
    expect(problemsOf("steps: [{ id: a, type: gate }]")).toEqual([expect.stringContaining("`prompt` is missing")])
  })
})

describe("one mistake in a condition is one problem", () => {
  /** A workflow whose step `b` needs `a` and has this condition, which begins at 7:16. */
  const condition = (text: string) =>
    `inputs: { topic: string, n: number, flag: boolean }\nsteps:\n  - { id: a, prompt: p }\n  - id: b\n    needs: [a]\n    prompt: p\n    condition: ${text}\n  - { id: build-ui, prompt: p }\n`
  const NO = "a condition must be true or false, not"
  const ONE = "a condition must be one expression — write all of it inside one `${…}`, or without any"
  const cases: [text: string, problem: string][] = [
    ["inputs.topic", `7:16: ${NO} text`],
    ["${inputs.topic}", `7:18: ${NO} text`],
    ["${ a.status }", `7:18: ${NO} text`],
    ["inputs.n + 1", `7:16: ${NO} a number`],
    ["'1 + 1'", `7:17: ${NO} a number`],
    ["'[true]'", `7:17: ${NO} list<bool>`],
    ["'null'", `7:17: ${NO} null`],
    ["a.status = 'success'", "7:25: unexpected character: ="],
    ["${a.status == success}", "7:30: unknown name `success` — known names: `inputs`, `a`, `b`, `build-ui`"],
    ["a.stats == 'failed'", "7:16: a step has no `stats` — did you mean `status`?"],
    ["${inputs.flg}", "7:18: unknown input `flg` — did you mean `flag`?"],
    [
      "inputs.flag && build-ui.status == 'success'",
      "7:31: `build-ui` may not have run yet — add `build-ui` to `needs`",
    ],
    ["b.status == 'success'", "7:16: step `b` reads itself — read an earlier step"],
    ["${inputs.flag} && ${inputs.flag}", `7:16: ${ONE}`],
    ["inputs.flag && ${inputs.flag}", `7:31: ${ONE}`],
    ["a.output == 1", "7:16: `string == int` has no meaning"],
    ["'${}'", "7:19: the condition is empty"],
    ["'  '", "7:17: the condition is empty"],
    ["''", "7:16: `condition` must not be empty"],
    ["true", "7:16: `condition` must be text, not `true`"],
  ]
  it.each(cases)("%s", (text, problem) => {
    expect(problemsOf(condition(text))).toEqual([`w.yaml:${problem}`])
  })

  it.each([
    "inputs.flag",
    "${inputs.flag}",
    "${ a.status == 'success' || inputs.n > 2 }",
    "'!inputs.flag'",
    "|\n      a.status == 'success'\n      && inputs.flag",
    "'inputs.n > 2 ? inputs.flag : false'",
    "a.output.contains('${')",
  ])("a correct condition has no problem: %s", (text) => {
    expect(problemsOf(condition(text))).toEqual([])
  })

  it("a condition may read steps that are needed indirectly", () => {
    const text =
      "steps:\n  - { id: a, prompt: p }\n  - { id: b, needs: [a], prompt: p }\n  - { id: c, needs: [b], prompt: p, condition: a.status == 'failed' }"
    expect(problemsOf(text)).toEqual([])
  })
})
