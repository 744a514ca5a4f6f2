import type { WorkerReply } from "../../src/core/model/request.ts"
import type { Warning } from "../../src/core/model/result.ts"
import type { Activity, PendingRequest, WorkerOpened, WorkerReport, WorkerTask } from "../../src/core/ports/ports.ts"
import { profile } from "./runs.ts"

/** A task with defaults for what a test does not care about. */
export function workerTask(step: string, over: Partial<WorkerTask> = {}): WorkerTask {
  return {
    run: "r",
    workflow: "demo",
    step,
    attempt: 1,
    key: `${over.run ?? "r"}/${step}/${over.attempt ?? 1}`,
    title: `${step} · ${over.workflow ?? "demo"}`,
    profile: profile(),
    prompt: `do ${step}`,
    resumed: false,
    messages: [],
    depth: 1,
    mayDelegate: false,
    timeoutMs: 30_000,
    idleTimeoutMs: 30_000,
    toolTimeoutMs: 30_000,
    asks: { policy: "deny", otherwise: "deny" },
    ...over,
  }
}

export interface RecordedReport extends WorkerReport {
  readonly sessions: WorkerOpened[]
  readonly activities: Activity[]
  readonly asks: Map<string, PendingRequest>
  /** Every request, and every answer to one, in order. */
  readonly requests: PendingRequest[]
  readonly replies: WorkerReply[]
  readonly warnings: Warning[]
  readonly throttles: number[]
  /** Resolves with the first session. */
  readonly session: Promise<string>
}

/** A report that records every call. */
export function recordReport(): RecordedReport {
  const session = Promise.withResolvers<string>()
  const report: RecordedReport = {
    sessions: [],
    activities: [],
    asks: new Map(),
    requests: [],
    replies: [],
    warnings: [],
    throttles: [],
    session: session.promise,
    opened(opened) {
      report.sessions.push(opened)
      session.resolve(opened.session)
    },
    activity: (activity) => void report.activities.push(activity),
    requested: (ask) => void report.requests.push(ask),
    replied: (reply) => void report.replies.push(reply),
    asked: (ask) => void report.asks.set(ask.id, ask),
    answered: (id) => void report.asks.delete(id),
    warned: (warning) => void report.warnings.push(warning),
    throttled: (until) => void report.throttles.push(until),
  }
  return report
}
