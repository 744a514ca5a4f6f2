import { printable } from "../core/base/printable.ts"
import type { RunEvent } from "../core/model/events.ts"
import type { Run } from "../core/model/run.ts"
import type { Log } from "../core/ports/ports.ts"
import { formatUsage } from "../core/view/format.ts"
import { gateTitle, openGates, wayOn } from "../core/view/gate-view.ts"
import type { NoticeMessage } from "../core/view/protocol.ts"
import { toastLines } from "../core/view/toast.ts"
import { type PendingRequestView, type RunView, stepInFocus, viewRun } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { callHost, describe, type Host } from "../host/host.ts"
import { BY_MODEL } from "./command-context.ts"
import { send } from "./send.ts"

/** Characters of a gate's reason, or of a worker's request, that a toast shows. */
const WHY_CHARS = 100
const TOAST_MS = 10_000

export interface AttentionDeps {
  readonly host: Host
  readonly engine: Engine
  readonly log: Log
  /** Whether a person is notified at all. */
  readonly toasts: () => boolean
}

/**
 * Notifies a person with one toast and OpenCode's notification: once when a run starts needing
 * input, and once when it ends (G9). Progress is not notified, and neither is a second need of a
 * run that already needs input. Returns the function that stops it.
 */
export function watchAttention(deps: AttentionDeps): () => void {
  const { host, engine, log, toasts } = deps
  /** Runs that already need input. */
  const needy = new Set<string>()
  const call = (notice: NoticeMessage, variant: "success" | "error" | "warning") => {
    const [title, message] = [printable(notice.title), toastLines(printable(notice.message))]
    const toast = { title, message, variant, duration: TOAST_MS }
    Promise.all([callHost("show a toast", (o) => host.client.tui.showToast(toast, o)), send(host, notice)]).catch(
      (error) => log.error("a notification could not be shown", { error: describe(error) }),
    )
  }
  let asked = new Set<string>()
  const offs = [
    engine.subscribe((run, events) => {
      // Most events change nothing here, and there are many of them.
      if (!events.some(({ type }) => type.startsWith("gate.") || type.startsWith("run."))) return
      const isNeedy = needy.has(run.id)
      if (openGates(viewRun(run, true)).length > 0) needy.add(run.id)
      else if (!engine.asks().some((one) => one.run === run.id)) needy.delete(run.id)
      const opened = events.findLast((event) => event.type === "gate.opened")
      // `toasts` is called last: it reads the config file, and events are frequent.
      if (!wantsToast(run, events) || (opened !== undefined && isNeedy) || !toasts()) return
      const view = engine.view(run.id) ?? viewRun(run, true)
      call(
        noticeOf(view, opened),
        view.status === "success" ? "success" : view.status === "failed" ? "error" : "warning",
      )
    }),
    engine.subscribeWorkers(() => {
      const asks = engine.asks()
      const fresh = asks.filter(({ id }) => !asked.has(id))
      if (fresh.length === 0 && asks.length === asked.size) return
      asked = new Set(asks.map(({ id }) => id))
      const runs = engine.live()
      const isNeedy = (id: string) =>
        asks.some((one) => topOf(one, runs) === id) || runs.some((run) => run.id === id && openGates(run).length > 0)
      for (const id of needy) if (!isNeedy(id)) needy.delete(id)
      for (const one of fresh) {
        const top = topOf(one, runs)
        if (needy.has(top)) continue
        needy.add(top)
        if (toasts()) call(requestNotice(one), "warning")
      }
    }),
  ]
  return () => {
    for (const off of offs) off()
  }
}

/** The run that a request belongs to from a person's view: the topmost one, if workers have
 *  started runs. */
function topOf({ run, session }: PendingRequestView, runs: readonly RunView[]): string {
  let top = run ?? session
  for (const _ of runs) {
    const parent = runs.find(({ id }) => id === top)?.parent
    const above = runs.find(({ steps }) => steps.some((step) => step.session !== null && step.session === parent))
    if (above === undefined) break
    top = above.id
  }
  return top
}

/** `feature · ui needs you` */
function requestNotice({ workflow, worker, title }: PendingRequestView): NoticeMessage {
  const who = workflow === null ? worker : `${workflow} · ${worker}`
  return { kind: "notice", about: "needs-you", title: `${who} needs you`, message: `${short(title)} · /inbox` }
}

function noticeOf(view: RunView, opened: Extract<RunEvent, { type: "gate.opened" }> | undefined): NoticeMessage {
  if (opened) {
    const title = `${view.workflow} · ${opened.step} waits for you`
    return { kind: "notice", about: "needs-you", title, message: gateText(opened) }
  }
  const about = view.endedAt === null ? "needs-you" : view.status === "failed" ? "failed" : "done"
  return { kind: "notice", about, title: `${view.workflow} · ${view.status}`, message: toastText(view) }
}

function short(text: string): string {
  const line = text.replace(/\s+/g, " ")
  return line.length > WHY_CHARS ? `${line.slice(0, WHY_CHARS)}…` : line
}

/**
 * Whether the events call for a toast: the run ended or paused, or a step waits for a decision.
 * There is none for the end of a question that a model asked, because the tool's result answers it,
 * and none for a pause that a person has just asked for.
 */
function wantsToast({ created }: Run, events: readonly RunEvent[]): boolean {
  const isOfModel = created.ask !== undefined && created.by === BY_MODEL
  const isAskedFor = events.some(({ type }) => type === "run.pausing")
  return events.some((event) => {
    if (event.type === "run.paused")
      return event.hold.cause !== "gate" && !(event.hold.cause === "person" && isAskedFor)
    return event.type === "gate.opened" || (event.type === "run.ended" && !isOfModel)
  })
}

/** `review failed (check-failed): npm test: exit code 1 · /workflow retry review · /inbox` */
function gateText({ step, why, detail }: Extract<RunEvent, { type: "gate.opened" }>): string {
  const way = why === "error" ? "retry" : "continue"
  return `${gateTitle(step, { why, detail: short(detail) })} · /workflow ${way} ${step} · /inbox`
}

function toastText(view: RunView): string {
  const failed = view.steps.find((step) => step.status === "failed") ?? stepInFocus(view)
  const done = view.steps.filter((step) => step.status === "success").length
  const name = view.ask ?? failed?.id
  switch (view.status) {
    case "success":
      return view.ask === null
        ? `${done} ${done === 1 ? "step" : "steps"} done · ${formatUsage(view)}`
        : `answered · /trace ${view.ask} · ${formatUsage(view)}`
    case "failed":
      return failed ? `${name}: ${failed.reason ?? view.cause ?? "failed"} · /trace ${name}` : "failed"
    case "cancelled":
      return `aborted after ${done} of ${view.steps.length} steps`
    default:
      return `${view.hold?.detail ?? "held"} · go on with /workflow ${wayOn(view.hold)} ${view.id}`
  }
}
