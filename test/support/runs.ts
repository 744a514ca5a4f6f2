import type { RunCreated, RunEvent } from "../../src/core/model/events.ts"
import type { Profile } from "../../src/core/model/profile.ts"
import type { StepResult } from "../../src/core/model/result.ts"
import type { Settings, Step, Workflow } from "../../src/core/model/workflow.ts"

export const profile = (name = "worker", over: Partial<Profile> = {}): Profile => ({
  name,
  kind: "subagent",
  permission: [],
  ...over,
})

/** `step("b", "a")` is step b, which needs a. */
export const step = (id: string, ...needs: string[]): Step => ({
  id,
  type: "single",
  profile: "worker",
  prompt: `do ${id}`,
  needs,
})

export const workflow = (steps: readonly Step[], settings: Partial<Settings> = {}): Workflow => ({
  name: "w",
  inputs: {},
  settings: { maxParallel: 3, timeoutMs: 3_600_000, onFailure: "stop", ...settings },
  steps,
})

export const createdEvent = (run: string, over: Partial<RunCreated> = {}): RunCreated => ({
  type: "run.created",
  at: 0,
  run,
  workflow: workflow([step("a"), step("b", "a")]),
  inputs: {},
  profiles: { worker: profile() },
  limits: { maxWorkers: 8 },
  by: "test",
  ...over,
})

export const startedEvent = (id: string, attempt = 1): RunEvent => ({ type: "step.started", at: 1, step: id, attempt })

export const result = (over: Partial<StepResult> = {}): StepResult => ({
  reason: "ok",
  output: "done",
  tokens: { input: 10, output: 5 },
  cost: 0.25,
  ...over,
})
