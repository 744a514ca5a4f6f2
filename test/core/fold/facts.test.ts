import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { RunEvent } from "../../../src/core/model/events.ts"
import { drive } from "../../support/drive.ts"
import { inventedTexts } from "../../support/invented.ts"
import { step } from "../../support/runs.ts"

const lines = readFileSync(join(import.meta.dirname, "../../fixtures/journal-2.jsonl"), "utf8")
  .trim()
  .split("\n")
const journal = lines.flatMap((line) => {
  const { event } = JSON.parse(line) as { event?: { run: string; body: RunEvent } }
  return event ?? []
})
const runs = [...new Set(journal.map(({ run }) => run))]
const eventsOf = (run: string) => journal.filter((event) => event.run === run).map(({ body }) => body)

const CHECK = { type: "command", run: "npm test", expect: "pass", severity: "error" } as const

describe("a journal folds to facts without sentences of Baton's own", () => {
  it.each(runs)("for run %s of an earlier version's journal", (run) => {
    expect(inventedTexts(eventsOf(run))).toEqual([])
  })

  it("when a step with a failed check is retried after a resume", () => {
    const r = drive([{ ...step("a"), checks: [CHECK] }])
    r.end("a")
    r.check("a", { isOk: false, detail: "exit code 1", output: "1 failed" })
    r.resume()
    expect(r.events.at(-1)).toMatchObject({ type: "step.started", goOn: { text: expect.stringContaining("1 failed") } })
    expect(inventedTexts(r.events)).toEqual([])
  })

  it("when a step whose answer does not match its schema is retried after a resume", () => {
    const r = drive([{ ...step("a"), schema: { type: "object" } }])
    for (const schemaError of ["/x is missing", "/y is missing", "/z is missing"]) {
      r.end("a")
      r.send({ type: "checked", step: "a", attempt: r.step("a").attempt, checks: [], schemaError })
    }
    expect(r.run.status).toBe("failed")
    r.resume()
    expect(r.events.at(-1)).toMatchObject({ goOn: { text: expect.stringContaining("/z is missing") } })
    expect(inventedTexts(r.events)).toEqual([])
  })

  it("when a gate holds a run with running steps", () => {
    const r = drive([{ ...step("ask"), type: "gate" }, step("b")])
    expect(r.run.hold).toBeDefined()
    expect(inventedTexts(r.events)).toEqual([])
  })

  it("when a hook is skipped because it is for another end than the run's", () => {
    const r = drive([step("a"), { ...step("h"), hook: "failure" }])
    r.end("a")
    expect(r.statuses().h).toBe("skipped")
    expect(inventedTexts(r.events)).toEqual([])
  })
})
