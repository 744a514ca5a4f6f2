import { expect, it } from "vitest"
import { createdEvent, step, workflow } from "../support/runs.ts"
import { eventfulRun, HOSTILE, pageFor } from "./support.ts"

/** Tests the report's page as text. `test/e2e/report.test.ts` tests it in a browser. */

const { events, run } = eventfulRun()
const page = pageFor(events, run)

/** The text of a section, without markup. */
function section(name: string, of = page): string {
  const body = of.split(`<section id="${name}"`)[1]?.split("</section>")[0] ?? ""
  return body.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ")
}

it("the report's summary says the result of the run, its cost, and what failed", () => {
  expect(page).toContain("<title>w: failed · Baton report</title>")
  expect(page).toContain("Failed steps: publish (error: the registry said no).")
  const head = page
    .split("<main")[0]
    ?.replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ")
  for (const fact of ["Run r", "Took 7m 09s", "6 of 7 succeeded", "Cost at least $0.95", "topic tides", "depth 3"])
    expect(head).toContain(fact)
})

it("the report's table of steps has a row for each step with its dependencies, worker and usage; a group's row includes its parts", () => {
  expect(section("steps")).toMatch(/build ✓ success plan coder \(server\) openai\/gpt-5.2 2 3m 01s 30 \$0.39/)
  expect(section("steps")).toMatch(/plan ✓ success survey parallel \(its parts, below\) 1 43s 30 \$0.0220/)
  expect(section("steps")).toMatch(/plan:api ✓ success docs \(subagent\)/)
  expect(section("steps")).toMatch(/approve ✓ success build , document a person/)
  expect(section("steps")).toMatch(/tell ✓ success at the end \(failure\)/)
  expect(section("costs").split("By step")[1]).not.toContain(" plan ")
})

it("the report gives a reason for every verdict, with the checks that ran", () => {
  expect(section("verdicts")).toMatch(/build ✓ success ✓ passed: npm test : exit code 0/)
  expect(section("verdicts")).toMatch(/publish ✗ failed · error the registry said no/)
  // That a step answered needs no row.
  expect(section("verdicts")).not.toMatch(/survey|document|approve/)
  expect(section("verdicts", pageFor(events.slice(0, 1)))).toContain("No step has a check, a verdict or a reason")
})

it("the report begins with what failed and its output, and then the answers that no later answer builds on", () => {
  const own = section("result")
  expect(page.indexOf('<section id="result"')).toBeLessThan(page.indexOf('<section id="graph"'))
  expect(own).toMatch(
    /publish ✗ failed · error the registry said no npm error 403 .*build Built again\. .*document Guide/,
  )
  for (const earlier of ["three parts", "An API", "Told the team"]) expect(own).not.toContain(earlier)
})

it("the report shows the end of a long output of a failed check, and says how much precedes it", () => {
  const long = Array.from({ length: 60 }, (_, at) => `line ${at + 1}`).join("\n")
  const check = { name: "npm test", isOk: false, severity: "error", detail: "exit code 1", output: long } as const
  const steps = run.steps.map((one) => (one.id === "publish" ? { ...one, checks: [check] } : one))
  const own = section("result", pageFor(events, { ...run, steps }))
  expect(own).toContain("npm test : exit code 1 … 20 lines before this line 21 line 22")
  expect(own).not.toContain("npm error 403")
})

it("the report of a paused run begins with what waits for a person", () => {
  const until = events.findIndex(({ type }) => type === "gate.decided")
  expect(section("result", pageFor(events.slice(0, until)))).toMatch(/approve waits for a person .*Ship it\?/)
  expect(section("result", pageFor(events.slice(0, 1)))).toContain("No step has an answer yet.")
})

it("the report says how an ensemble reached its answer", () => {
  const verdict = {
    asked: 2,
    answered: 2,
    providers: ["anthropic"],
    order: ["pages", "api"],
    seed: 7,
    judge: "opus",
    verdict: "pick" as const,
    choice: "api",
    reasons: ["it is shorter"],
    dissent: ["pages has a search"],
  }
  const steps = run.steps.map((step) => (step.id === "plan" ? { ...step, verdict } : step))
  const shown = section("verdicts", pageFor(events, { ...run, steps }))
  expect(shown).toMatch(/plan ✓ success 2 of 2 proposers answered .* opus picked api; shown as pages, api \(seed 7\)/)
  expect(shown).toMatch(/because: it is shorter dissent: pages has a search/)
})

it("the report draws no graph of a workflow that is too large, and says so", () => {
  const many = Array.from({ length: 301 }, (_, at) => step(`s${at}`))
  const shown = pageFor([createdEvent("r", { workflow: workflow(many) })])
  expect(section("graph", shown)).toContain("301 steps are too many to draw")
})

it("the report sums the usage of each model, and does not count an unknown price as zero", () => {
  expect(section("costs")).toContain("the known part costs $0.95")
  expect(section("costs")).toMatch(/openai\/gpt-5.2 1 10 5 \$0.18/)
  expect(section("costs")).toMatch(/publish 10 5 price unknown/)
})

it("the report names the steps of every changed file, and lists files that no step reported", () => {
  expect(section("files")).toMatch(/docs\/api.md plan:api docs\/guide.md document/)
  expect(section("files")).toMatch(/src\/app.ts build/)
  expect(section("files").split("Unattributed")[1]).toContain("package-lock.json")
  expect(section("files").split("Unattributed")[1]).not.toContain("docs/")
})

it("the report says why other changed files are unknown: no git, a reason in the journal, a crash, or a run in progress", () => {
  const without = events.filter(({ type }) => type !== "run.changed")
  expect(section("files", pageFor(without))).toContain("Not known: Baton ended before it had asked git")
  const unseen = without.filter(({ type }) => type !== "run.seen")
  expect(section("files", pageFor(unseen))).toContain("Not known: the project is in no git repository, or git is not")
  const why = { type: "run.unseen", at: 1, why: "2,002 files had not been committed" } as const
  expect(section("files", pageFor([...unseen, why]))).toContain("Not known: 2,002 files had not been committed.")
  const going = events.slice(0, 8)
  expect(section("files", pageFor(going))).toContain("git is asked for other changed files when the run ends")
})

it("the report lists the warnings, decisions and retries in order", () => {
  expect(section("warnings")).toMatch(/build fallback claude-opus is out of quota/)
  expect(section("decisions")).toMatch(
    /build tried again .* build try 2, .* approve waits for a person: approve: Ship it\? .* approve continued by user “?yes, ship it/,
  )
})

it("the report's graph has a box for every step, an arrow for every dependency, and groups around their parts", () => {
  const svg = page.split('<svg class="graph"')[1]?.split("</svg>")[0] ?? ""
  expect(svg.match(/class="(box|cluster) /g)).toHaveLength(9)
  expect(svg.match(/class="cluster /g)).toHaveLength(1)
  // survey → plan → build, document → approve → publish, and the dotted arrow to the hook.
  expect(svg.match(/class="edge"/g)).toHaveLength(6)
  expect(svg.match(/class="edge later"/g)).toHaveLength(1)
  for (const [at] of run.steps.entries()) expect(svg).toContain(`href="#step-${at + 1}"`)
})

it("the report of a gate shows its question and its answer, and no worker, tokens or cost", () => {
  const approve = section("details").split(" approve ")[1] ?? ""
  const own = approve.slice(0, approve.indexOf("publish"))
  expect(own).toContain("gate: a person decides")
  expect(own).toMatch(/Question Ship it\? Answer yes, ship it/)
  for (const word of ["No answer", "tokens", "$", "session"]) expect(own).not.toContain(word)
})

it("the report's timeline shows the time of every try and every wait", () => {
  const lane = (name: string) => page.split(`>${name}<span class="hidden">`)[1]?.split("</svg>")[0] ?? ""
  expect(lane("build")).toMatch(/begins \+1m 25s, takes 3m 01s, 2 tries/)
  expect(lane("build").match(/<rect class="(bad|try)"/g)).toEqual(['<rect class="bad"', '<rect class="try"'])
  expect(lane("approve")).toContain('<rect class="wait"')
})

it("a report can be made of a run that has just begun, and of one that was interrupted", () => {
  expect(pageFor(events.slice(0, 1))).toContain("No step has begun.")
  expect(pageFor(events.slice(0, 4))).toContain("The run was interrupted and can be resumed.")
})

it("the report shows hostile text as plain text, wherever it comes from", () => {
  const hostile = eventfulRun(HOSTILE)
  const shown = pageFor(hostile.events, hostile.run)
  expect(shown.match(/<script>/g)).toHaveLength(1)
  expect(shown).not.toContain("<img")
  expect(shown.split("&lt;script&gt;document.title").length).toBeGreaterThan(8)
})

it("the report says what workers asked for, and what they were answered by whom", () => {
  const ofStep = { step: "build", attempt: 1, id: "p" } as const
  const asked = {
    ...ofStep,
    type: "step.asked",
    at: 5,
    kind: "permission",
    title: "bash: rm <x>",
    details: [],
  } as const
  const reply = { ...ofStep, type: "step.replied", at: 6, answer: "allow", by: "ann", from: "inbox" } as const
  const at = events.findIndex((event) => event.type === "step.opened" && event.step === "build") + 1
  const shown = pageFor([...events.slice(0, at), asked, reply, ...events.slice(at)], run)
  expect(section("decisions", shown)).toContain("allowed once by ann, in the inbox: bash: rm &lt;x&gt;")
  expect(section("decisions", shown)).toContain("asks for a permission: bash: rm &lt;x&gt;")
})
