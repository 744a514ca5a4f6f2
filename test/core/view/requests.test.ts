import { expect, it } from "vitest"
import { evolve } from "../../../src/core/fold/evolve.ts"
import type { RunEvent } from "../../../src/core/model/events.ts"
import type { Run } from "../../../src/core/model/run.ts"
import { requestsOf } from "../../../src/core/view/requests.ts"
import { createdEvent, startedEvent, step, workflow } from "../../support/runs.ts"

const at = { at: 7, step: "a", attempt: 1 } as const
const started: RunEvent[] = [
  createdEvent("r", { workflow: workflow([step("a")]) }),
  startedEvent("a"),
  { ...at, type: "step.opened", session: "ses_a", model: null, inputHash: "", prompt: "do a" },
  { ...at, type: "step.asked", id: "p", kind: "permission", title: "bash: ls", details: ["ls"] },
  { ...at, type: "step.asked", id: "q", kind: "question", title: "Which?", details: [] },
  { ...at, type: "step.replied", id: "p", answer: "allow", by: "ann", from: "inbox" },
]
const fold = (events: readonly RunEvent[]) =>
  requestsOf(events.reduce<Run | undefined>(evolve, undefined) as Run).map(({ id, worker, questions }) => ({
    ...{ id, worker },
    texts: questions.map(({ text }) => text),
  }))

it("a process that does not drive a run sees what its workers have asked for and nobody has answered", () => {
  expect(fold(started.slice(0, -1))).toEqual([
    { id: "p", worker: "a", texts: [] },
    { id: "q", worker: "a", texts: ["Which?"] },
  ])
  expect(fold(started)).toEqual([{ id: "q", worker: "a", texts: ["Which?"] }])
})

it("a run that was taken up again has only the requests that were heard of since", () => {
  const resumed: RunEvent[] = [...started, { type: "run.resumed", at: 8, by: "ann" }]
  expect(fold(resumed)).toEqual([])
  const again = {
    ...at,
    type: "step.asked",
    id: "q",
    kind: "question",
    title: "Which?",
    details: [],
    again: true,
  } as const
  expect(fold([...resumed, again])).toEqual([{ id: "q", worker: "a", texts: ["Which?"] }])
})
