import { describe, expect, it } from "vitest"
import type { Group, Step } from "../../../src/core/model/workflow.ts"
import { followUpOf } from "../../../src/core/schedule/conclude.ts"
import { drive } from "../../support/drive.ts"
import { profile, step } from "../../support/runs.ts"

type Ensemble = Extract<Group, { type: "ensemble" }>

const ensemble = (over: Partial<Ensemble> = {}, more: Partial<Step> = {}): Step => ({
  ...step("plan"),
  type: "ensemble",
  group: {
    type: "ensemble",
    proposers: ["claude", "gemini", "gpt"],
    judges: ["opus", "spare"],
    mode: "parallel",
    verdict: "synthesize",
    quorum: 2,
    ...over,
  },
  ...more,
})
const VERDICT = {
  verdict: "synthesize",
  answer: "the best of all",
  reasons: ["short"],
  dissent: ["the other was safer"],
}
const profiles = Object.fromEntries(["claude", "gemini", "gpt", "opus", "spare"].map((name) => [name, profile(name)]))
const open = (given: Step, settings = {}) => drive([given, step("b", "plan")], settings, 8, { profiles })
const propose = (r: ReturnType<typeof drive>, ...silent: string[]) => {
  for (const name of ["claude", "gemini", "gpt"])
    r.end(`plan:${name}`, silent.includes(name) ? "empty" : "ok", 1, {
      output: silent.includes(name) ? "" : `by ${name}: \${x}`,
      model: `${name === "gpt" ? "openai" : "other"}/${name}`,
    })
}
/** Ends the judge's step with an answer that matches its schema. */
const judge = (r: ReturnType<typeof drive>, id: string, structured: unknown) => {
  r.end(id, "ok", 1, { output: "…" })
  r.send({ type: "checked", step: id, attempt: 1, checks: [], structured })
}

describe("an ensemble", () => {
  it("asks all proposers at once, then a judge who sees no names, in a drawn and recorded order", () => {
    const r = open(ensemble())
    expect(r.started).toEqual(["plan:claude", "plan:gemini", "plan:gpt"])
    propose(r)
    expect(r.started.at(-1)).toBe("plan:judge")
    const spec = r.run.specs.find(({ id }) => id === "plan:judge")
    const shown = spec?.quotes?.map(({ text }) => text) ?? []
    expect(shown[0]).toBe("do plan")
    for (const name of ["claude", "gemini", "gpt"]) expect(shown).toContain(`by ${name}: $\${x}`)
    expect(JSON.stringify(spec).replaceAll(/by \w+/g, "")).not.toMatch(/claude|gemini|gpt/)
    expect(spec).toMatchObject({ profile: "opus", schema: { required: ["verdict", "reasons", "dissent"] } })
    judge(r, "plan:judge", VERDICT)
    const { result } = r.step("plan")
    expect(result).toMatchObject({ reason: "ok", output: "the best of all" })
    expect(result?.verdict).toMatchObject({
      asked: 3,
      answered: 3,
      providers: ["other", "openai"],
      judge: "plan:judge",
      verdict: "synthesize",
      reasons: ["short"],
      dissent: ["the other was safer"],
    })
    expect([...(result?.verdict?.order ?? [])].sort()).toEqual(["claude", "gemini", "gpt"])
    expect(r.started.at(-1)).toBe("b")
    expect(r.events.find((event) => event.type === "step.expanded")).toMatchObject({ seed: result?.verdict?.seed })
  })

  it("draws a different order for a different run", () => {
    const orders = ["r1", "r2", "r3", "r4", "r5", "r6"].map((run) => {
      const r = drive([ensemble()], {}, 8, { profiles, run })
      propose(r)
      judge(r, "plan:judge", VERDICT)
      return r.step("plan").result?.verdict?.order.join()
    })
    expect(new Set(orders).size).toBeGreaterThan(2)
  })

  it("in sequence shows each proposer the earlier proposals", () => {
    const r = open(ensemble({ mode: "sequential" }))
    expect(r.started).toEqual(["plan:claude"])
    r.end("plan:claude", "ok", 1, { output: "first" })
    expect(r.run.specs.at(-1)?.quotes).toEqual([{ kind: "proposal", name: "1", text: "first" }])
    r.end("plan:gemini", "error")
    expect(r.started.at(-1)).toBe("plan:gpt")
    expect(r.run.specs.at(-1)?.quotes).toEqual([{ kind: "proposal", name: "1", text: "first" }])
    r.end("plan:gpt", "ok", 1, { output: "third" })
    expect(r.started.at(-1)).toBe("plan:judge")
  })

  it("with two of three proposers failed has no consensus, and says 1 of 3", () => {
    const r = open(ensemble())
    propose(r, "gemini", "gpt")
    expect(r.step("plan")).toMatchObject({ status: "failed", result: { reason: "error" } })
    expect(r.step("plan").result?.detail).toBe(
      "1 of 3 proposers answered, and 2 must: no consensus (gemini: empty, gpt: empty)",
    )
    expect(r.step("plan").result?.output).toContain("by claude")
    expect(r.step("plan").result?.verdict).toMatchObject({ asked: 3, answered: 1, judge: null, verdict: null })
    expect(r.run.status).toBe("failed")
  })

  it("with one proposer failed adds a warning", () => {
    const r = open(ensemble())
    propose(r, "gpt")
    judge(r, "plan:judge", VERDICT)
    expect(r.step("plan").warnings).toEqual([{ kind: "dissent", text: "2 of 3 proposers answered (gpt: empty)" }])
    expect(r.step("plan").status).toBe("success")
  })

  it("with a failed judge keeps the proposals and asks the next judge", () => {
    const r = open(ensemble())
    propose(r)
    r.end("plan:judge", "error")
    expect(r.started.at(-1)).toBe("plan:judge-2")
    expect(r.run.specs.at(-1)?.profile).toBe("spare")
    judge(r, "plan:judge-2", { ...VERDICT, verdict: "pick", choice: "A" })
    const { order, choice } = r.step("plan").result?.verdict ?? { order: [] }
    expect(choice).toBe(order[0])
    expect(r.step("plan").result?.output).toBe(`by ${choice}: \${x}`)
  })

  it("with all judges failed has no verdict: it fails, and the proposals are its output", () => {
    const r = open(ensemble())
    propose(r)
    r.end("plan:judge", "error")
    judge(r, "plan:judge-2", { verdict: "pick", choice: "Z", reasons: [], dissent: [] })
    expect(r.step("plan")).toMatchObject({ status: "failed" })
    expect(r.step("plan").result?.detail).toBe(
      "no judge reached a verdict: opus (error), spare (unclear); the proposals are kept",
    )
    expect(r.step("plan").result?.output).toContain("by gpt")
  })

  it("asks a person once about the whole, and a retry asks only the proposers that did not answer", () => {
    const r = open(ensemble(), { intervene: "on-error" })
    propose(r, "gemini", "gpt")
    expect(r.run.status).toBe("paused")
    r.started.length = 0
    r.decide("plan", "retry", "Be brief.")
    expect(r.started).toEqual(["plan:gemini", "plan:gpt"])
    expect(r.step("plan:gpt").goOn?.text).toBe("Be brief.")
    r.end("plan:gemini")
    r.end("plan:gpt")
    expect(r.started.at(-1)).toBe("plan:judge")
  })

  it("retried after all judges failed asks the judges again, with the person's message", () => {
    const r = open(ensemble(), { intervene: "on-error" })
    propose(r)
    r.end("plan:judge", "error")
    r.end("plan:judge-2", "error")
    r.decide("plan", "retry", "Take the shortest.")
    expect(r.started.at(-1)).toBe("plan:judge-3")
    expect(r.run.specs.at(-1)).toMatchObject({ profile: "opus" })
    expect(r.run.specs.at(-1)?.prompt).toContain("Take the shortest.")
    judge(r, "plan:judge-3", VERDICT)
    expect(r.step("plan").status).toBe("success")
  })

  const checks = [{ type: "command", run: "npm test", expect: "pass", severity: "error" }] as const

  it("retried after its own check failed keeps the proposals and asks a judge again, who is told why", () => {
    const r = open(ensemble({}, { checks }), { intervene: "on-error" })
    propose(r)
    judge(r, "plan:judge", VERDICT)
    r.check("plan", { isOk: false, detail: "exit code 1", output: "expected 3, got 4" })
    expect(r.run.status).toBe("paused")
    r.started.length = 0
    r.decide("plan", "retry")
    expect(r.started).toEqual(["plan:judge-2"])
    expect(r.run.specs.at(-1)).toMatchObject({ profile: "opus" })
    expect(r.run.specs.at(-1)?.prompt).toContain("expected 3, got 4")
    judge(r, "plan:judge-2", { ...VERDICT, answer: "a better one" })
    r.check("plan", {})
    expect(r.step("plan")).toMatchObject({ status: "success", result: { output: "a better one" } })
    expect(r.step("plan").result?.verdict?.judge).toBe("plan:judge-2")
  })

  it.each([undefined, "Take the shortest."])("that succeeded and is retried with %s asks a judge again", (message) => {
    const r = open(ensemble(), { intervene: "always" })
    propose(r)
    judge(r, "plan:judge", VERDICT)
    r.decide("plan", "retry", message)
    expect(r.started.at(-1)).toBe("plan:judge-2")
    expect(r.run.specs.at(-1)?.prompt).toContain(message ?? "Give your verdict")
  })

  it("interrupted before its answer was checked keeps its verdict when the run is resumed", () => {
    const r = open(ensemble({}, { checks }))
    propose(r)
    judge(r, "plan:judge", VERDICT)
    r.send({ type: "abort", by: "user" })
    r.end("plan", "aborted")
    expect(r.run.status).toBe("cancelled")
    r.started.length = 0
    r.effects.length = 0
    r.resume()
    expect(r.started).toEqual([])
    expect(r.effects).toEqual([{ type: "check", step: "plan", attempt: 2 }])
  })

  it("never gives two of its parts the same id, whatever its profiles are called", () => {
    const names = ["judge", "gpt", "gpt-2", "gpt"]
    const given = ensemble({ proposers: names, judges: ["judge"], quorum: 1 })
    const r = drive([given], { maxParallel: 8 }, 8, {
      profiles: Object.fromEntries(names.map((name) => [name, profile(name)])),
    })
    const proposers = ["plan:proposer-judge", "plan:gpt", "plan:gpt-2", "plan:gpt-3"]
    expect(r.started).toEqual(proposers)
    for (const id of proposers) r.end(id)
    expect(r.started.at(-1)).toBe("plan:judge")
  })

  it("has one deadline for the whole chain of workers", () => {
    const r = open(ensemble({}, { timeoutMs: 5_000 }))
    r.pass(6_000)
    propose(r)
    expect(r.step("plan:judge").result).toMatchObject({ reason: "timeout" })
    expect(r.step("plan").status).toBe("failed")
  })
})

describe("a routed step", () => {
  const routed = (
    items: unknown,
    over: Partial<Extract<Group, { type: "routed" }>> = {},
    more: Partial<Step> = {},
  ): Step => ({
    ...step("build"),
    type: "routed",
    group: {
      type: "routed",
      over: JSON.stringify(items),
      by: "category",
      route: { frontend: "gemini", backend: "claude" },
      max: 4,
      ...over,
    },
    ...more,
  })
  const run = (given: Step) => drive([given, step("b", "build")], {}, 8, { profiles })

  it("gives each item to the profile of its category, in the order of the items' needs", () => {
    const files = ["src/ui/**"]
    const r = run(
      routed([
        { id: "ui", category: "frontend", files, depends_on: ["api"] },
        { id: "api", category: "backend" },
      ]),
    )
    expect(r.started).toEqual(["build:api"])
    expect(r.run.specs.find(({ id }) => id === "build:ui")).toMatchObject({
      profile: "gemini",
      type: "single",
      item: { id: "ui" },
      files,
    })
    r.end("build:api", "ok", 1, { output: "api done" })
    r.end("build:ui")
    expect(r.step("build").result).toMatchObject({
      reason: "ok",
      structured: [{ id: "ui" }, { id: "api", output: "api done" }],
    })
    expect(r.started.at(-1)).toBe("b")
  })

  it.each([
    [
      "an unknown category",
      [{ category: "database" }],
      "item 1 has the category `database`, which `route` does not name (it names frontend, backend): nothing was started",
    ],
    [
      "no category",
      ["do it"],
      "item 1 has no `category`, and there is no default (known: frontend, backend): nothing was started",
    ],
    [
      "too many",
      [1, 2, 3, 4, 5],
      "the list has 5 items, and `max` is 4: nothing was started; raise `max`, and resume the run with --edited",
    ],
    ["no list", "tasks", "`over` must be a list, not text (is the answer not the requested JSON?)"],
    ["nothing", "", "`over` must be a list, not nothing"],
    ["an object", { tasks: [] }, "`over` must be a list, not an object"],
    ["a number", 7, "`over` must be a list, not a number"],
    [
      "a need that is not there",
      [{ id: "a", category: "backend", depends_on: ["z"] }],
      "item 1 (a) needs z, which is not in the list: nothing was started",
    ],
    [
      "a cycle",
      [
        { id: "a", category: "backend", depends_on: ["b"] },
        { id: "b", category: "backend", depends_on: ["a"] },
      ],
      "item 1 (a) needs itself through others: nothing was started",
    ],
  ])("with %s starts nothing and says why", (_what, items, detail) => {
    const r = run(routed(items))
    expect(r.started).toEqual([])
    expect(r.step("build").result).toMatchObject({ reason: "error", detail })
  })

  it("never gives two items the same id, whatever the list says", () => {
    const category = "backend"
    const ids = ["a", "a-3", "a"]
    const list = routed(ids.map((id) => ({ id, category })))
    // Two steps with the same id would be started for ever.
    const r = drive([list], { budget: { workers: 9 } }, 8, { profiles })
    expect(r.started).toEqual(["build:a", "build:a-3", "build:a-4"])
    for (const id of r.started) r.end(id)
    expect(r.run.status).toBe("success")
  })

  it.each([
    ["out/${item.id}.md", ["out/${item.id}.md", undefined]],
    ["docs/items.md", [undefined, "docs/items.md"]],
    ["${inputs.items}/all.md", [undefined, "${inputs.items}/all.md"]],
  ])("with the output %s saves each item only when the path reads the item", (output, [ofItem, ofAll]) => {
    const r = run(routed([{ category: "backend" }], {}, { output }))
    const spec = (id: string) => r.run.specs.find((one) => one.id === id) as Step
    expect(spec("build:1").output).toBe(ofItem)
    expect(followUpOf(spec("build")).output).toBe(ofAll)
  })

  it("uses the declared default for unknown categories, and succeeds with an empty list", () => {
    const r = run(routed([{ category: "database" }], { otherwise: "gpt" }))
    expect(r.run.specs.at(-1)?.profile).toBe("gpt")
    const none = run(routed([]))
    expect(none.step("build").status).toBe("success")
    expect(none.started).toEqual(["b"])
  })
})

describe("an answer with a schema", () => {
  const schema = { type: "object" }
  const wrong = (r: ReturnType<typeof drive>, attempt: number) => {
    r.open("a")
    r.end("a", "ok", attempt, { output: "no json", session: "ses_a" })
    r.send({ type: "checked", step: "a", attempt, checks: [], schemaError: "/tasks must be a list" })
  }

  it("may be corrected twice in its session, then the step fails and says where the answer is wrong", () => {
    const r = drive([{ ...step("a"), schema }])
    wrong(r, 1)
    expect(r.step("a")).toMatchObject({ status: "running", attempt: 2, goOn: { session: "ses_a" } })
    expect(r.step("a").goOn?.text).toContain("/tasks must be a list")
    wrong(r, 2)
    wrong(r, 3)
    expect(r.step("a")).toMatchObject({
      status: "failed",
      result: { reason: "schema", detail: "/tasks must be a list" },
    })
  })

  it("that is corrected counts, with its data and the file it was saved to", () => {
    const r = drive([{ ...step("a"), schema, output: "plan.md" }])
    wrong(r, 1)
    r.end("a", "ok", 2)
    r.send({ type: "checked", step: "a", attempt: 2, checks: [], structured: { tasks: [] }, saved: "plan.md" })
    expect(r.step("a")).toMatchObject({ status: "success", saved: "plan.md", result: { structured: { tasks: [] } } })
  })
})

describe("a step's budget", () => {
  const retry = { maxAttempts: 5, delayMs: 0, backoff: "fixed" } as const

  it("prevents a retry once it is used up, and warns at 80 %", () => {
    const r = drive([{ ...step("a"), retry, budget: { tokens: 18 } }])
    r.end("a", "error")
    expect(r.step("a").warnings).toEqual([{ kind: "budget", text: "83 % of the step's budget is spent" }])
    r.end("a", "error")
    expect(r.step("a")).toMatchObject({ status: "failed", result: { reason: "over-budget" } })
    expect(r.step("a").result?.detail).toBe("a has spent 30 of 18 tokens")
  })

  it("also limits workers and time, and so does a run's", () => {
    const r = drive([{ ...step("a"), retry, budget: { workers: 2 } }])
    r.end("a", "error")
    r.end("a", "error")
    expect(r.step("a").result?.detail).toBe("a has spent 2 of 2 workers")
    const run = drive([step("a"), step("b", "a")], { budget: { workers: 1 } })
    run.end("a")
    expect(run.run).toMatchObject({
      status: "paused",
      hold: { cause: "budget", detail: "the run has spent 1 of 1 workers" },
    })
    const slow = drive([step("a"), step("b", "a")], { budget: { timeMs: 60_000 } })
    slow.pass(61_000)
    slow.end("a")
    expect(slow.run.hold?.detail).toBe("the run has spent its time of 1m 00s")
    slow.send({ type: "raise", by: "user", budget: { timeMs: 120_000 } })
    expect(slow.started).toEqual(["a", "b"])
  })
})
