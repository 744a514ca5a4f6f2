import { expect, it } from "vitest"
import { slim, slimRequest } from "../../src/opencode/slim.ts"
import { askView, doneStep, runView } from "../tui/support/runs.ts"

const long = "x".repeat(50_000)

it("a slim step has a few hundred characters, however long its texts are", () => {
  const step = doneStep("plan", 1_000, {
    output: long,
    prompt: long,
    context: long,
    detail: long,
    files: Array.from({ length: 5_000 }, (_, at) => `src/${at}.ts`),
    warnings: [{ kind: "reported", text: long }],
    checks: [{ name: "npm test", isOk: false, severity: "error", detail: long, output: long }],
    gate: { why: "error", detail: long, openedAt: 0, expiresAt: 1, otherwise: "abort" },
    verdict: {
      asked: 3,
      answered: 3,
      providers: ["acme"],
      order: ["a", "b", "c"],
      seed: 1,
      judge: "j",
      verdict: "pick",
      choice: "a",
      reasons: [long],
      dissent: [long],
    },
  })
  const told = slim(runView({ steps: [step] }))
  expect(told.steps[0]).toMatchObject({ id: "plan", output: "x".repeat(200) })
  expect(JSON.stringify(told).length).toBeLessThan(5_000)
})

it("a slim request counts all the lines that it leaves out", () => {
  const lines = (length: number) => Array.from({ length }, (_, at) => `line ${at}`)
  expect(slimRequest(askView("per_1", { details: lines(12), more: 18 }))).toMatchObject({ details: lines(8), more: 22 })
  expect(slimRequest(askView("per_1", { details: lines(3), more: 1 }))).toMatchObject({ details: lines(3), more: 1 })
  expect(slimRequest(askView("per_1", { details: lines(8) }))).not.toHaveProperty("more")
})
