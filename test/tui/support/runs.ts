import type { Gate } from "../../../src/core/model/run.ts"
import type { PendingRequestView, RunView, StepView, WorkerView } from "../../../src/core/view/view.ts"

/**
 * Views of runs as a server half would send them, with defaults for what a test does not care
 * about.
 */
export function stepView(id: string, given: Partial<StepView> = {}): StepView {
  return {
    id,
    type: "single",
    group: null,
    name: id,
    needs: [],
    parts: 0,
    files: [],
    saved: null,
    status: "pending",
    reason: null,
    detail: null,
    attempts: given.status === undefined ? 0 : 1,
    profile: "coder",
    kind: "subagent",
    mode: "background",
    session: null,
    model: null,
    requestedModel: null,
    tokens: { input: 0, output: 0 },
    cost: null,
    knownUsd: given.cost ?? 0,
    output: "",
    prompt: null,
    context: null,
    warnings: [],
    checks: [],
    gate: null,
    startedAt: null,
    endedAt: null,
    delegated: null,
    verdict: null,
    ...given,
  }
}

export function runView(given: Partial<RunView> = {}): RunView {
  return {
    id: "r1",
    workflow: "demo",
    status: "running",
    cause: null,
    hold: null,
    ask: null,
    label: "",
    budget: {},
    raise: {},
    depth: 0,
    parent: "parent",
    by: "test",
    createdAt: 0,
    endedAt: null,
    steps: [],
    tokens: { input: 0, output: 0 },
    cost: 0,
    knownUsd: given.cost ?? 0,
    ...given,
  }
}

/** A step that succeeded after `ms`. */
export function doneStep(id: string, ms = 3_000, given: Partial<StepView> = {}): StepView {
  return stepView(id, { status: "success", reason: "ok", startedAt: 0, endedAt: ms, session: `ses_${id}`, ...given })
}

/** A step that has been running since 0. */
export function runningStep(id: string, given: Partial<StepView> = {}): StepView {
  return stepView(id, { status: "running", startedAt: 0, session: `ses_${id}`, ...given })
}

/** A worker that has been running since 0, on a step of the same name. */
export function workerView(name: string, given: Partial<WorkerView> = {}): WorkerView {
  return {
    name,
    profile: name,
    kind: "subagent",
    mode: "background",
    state: "working",
    run: "r1",
    workflow: null,
    step: null,
    depth: 1,
    model: null,
    tool: null,
    session: `ses_${name}`,
    parent: "parent",
    startedAt: 0,
    lastActivityAt: null,
    tokens: { input: 0, output: 0 },
    cost: null,
    isKept: false,
    tail: "",
    ...given,
  }
}

/** A permission request of the worker `build` of a workflow, made at 0. */
export function askView(id: string, given: Partial<PendingRequestView> = {}): PendingRequestView {
  return {
    id,
    kind: "permission",
    worker: "build",
    profile: "coder",
    workerKind: "subagent",
    workflow: "feature",
    run: "r1",
    depth: 1,
    session: "ses_build",
    title: "bash: echo",
    details: [],
    questions: [],
    askedAt: 0,
    expiresAt: null,
    ...given,
  }
}

/** A step that has waited for a decision since 0. */
export function gateStep(id: string, gate: Partial<Gate> = {}, given: Partial<StepView> = {}): StepView {
  const opened: Gate = {
    why: "error",
    detail: "failed (check-failed)",
    openedAt: 0,
    expiresAt: 3_600_000,
    otherwise: "continue",
    ...gate,
  }
  const reason = opened.why === "gate" ? null : opened.why === "error" ? "check-failed" : "ok"
  const { detail } = opened
  return stepView(id, { status: "waiting", reason, detail, session: `ses_${id}`, startedAt: 0, gate: opened, ...given })
}
