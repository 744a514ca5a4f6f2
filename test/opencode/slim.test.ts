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

it("a slim step names its first files and counts the others", () => {
  const files = Array.from({ length: 25 }, (_, at) => `src/${at}.ts`)
  const filesOf = (files: string[]) => slim(runView({ steps: [doneStep("plan", 1, { files })] })).steps[0]?.files
  expect(filesOf(files)).toEqual([...files.slice(0, 20), "… 5 more"])
  expect(filesOf(files.slice(0, 20))).toEqual(files.slice(0, 20))
})

it("a slim question has all its lines, and counts the options that it leaves out", () => {
  const options = Array.from({ length: 23 }, (_, at) => ({ label: `option ${at}`, description: "" }))
  const text = "Which one?\n".repeat(40)
  const question = (count: number) => ({ text, options: options.slice(0, count), isMultiple: true })
  const questions = [question(23), question(20)]
  const told = slimRequest(askView("que_1", { kind: "question", questions })).questions
  expect(told[0]).toEqual({ text, options: options.slice(0, 20), more: 3, isMultiple: true })
  expect(told[1]).toEqual(question(20))
})

it("a slim request counts all the lines that it leaves out", () => {
  const lines = (length: number) => Array.from({ length }, (_, at) => `line ${at}`)
  expect(slimRequest(askView("per_1", { details: lines(12), more: 18 }))).toMatchObject({ details: lines(8), more: 22 })
  expect(slimRequest(askView("per_1", { details: lines(3), more: 1 }))).toMatchObject({ details: lines(3), more: 1 })
  expect(slimRequest(askView("per_1", { details: lines(8) }))).not.toHaveProperty("more")
})
