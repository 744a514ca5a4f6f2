import type { TuiToast } from "@opencode-ai/plugin/tui"
import { createSignal } from "solid-js"
import type { Clock } from "../../core/ports/ports.ts"
import { openGates } from "../../core/view/gate-view.ts"
import {
  type BrokenRun,
  type DashboardReply,
  type Reply,
  RUNS_IN_PAGE,
  type StepReply,
} from "../../core/view/protocol.ts"
import type { RunView } from "../../core/view/view.ts"
import type { Keys } from "../host/key-table.ts"
import type { Live } from "../state/live.ts"
import type { Pace } from "../state/pace.ts"
import { clip } from "../state/text.ts"
import { type TreeRow, treeRows } from "../state/tree-rows.ts"
import { belongsTo, type TextSpan } from "../state/view-model.ts"
import type { Selection } from "./actions.ts"
import { dashboardFrame } from "./frame.ts"
import type { FrameInput } from "./model.ts"
import { treeRoom, workerOf } from "./steps.ts"
import { type TableLine, windowFrom } from "./table.ts"

/** Interval at which the texts of the selected step are requested while it runs. */
const REFRESH_MS = 1_000
/**
 * Delay between a selection and the request for its texts, so that a key held down does not send
 * one for each row.
 */
const SETTLE_MS = 120
/** How long a message stays on the last line; the same as OpenCode's toasts. */
const MESSAGE_MS = 5_000
/** Shortest interval at which the list of runs is requested while other processes change runs. */
const RUNS_MS = 3_000

export interface DashboardDeps {
  readonly live: Live
  readonly pace: Pace
  readonly clock: Clock
  readonly keys: Keys
  /** Sends a line and returns the reply without showing it. Never rejects. */
  ask(line: string): Promise<Reply>
}

/** Values derived from the state at one moment. */
interface Now {
  readonly runs: readonly (RunView | BrokenRun)[]
  readonly runAt: number
  readonly rows: readonly TreeRow[]
  readonly rowAt: number
  readonly selection: Selection | undefined
}

/**
 * State of the dashboard: its data and the selection. It lives as long as the TUI, so that the
 * selection is kept while the dashboard is closed. Solid views can read it reactively.
 */
export class Dashboard {
  readonly #deps: DashboardDeps
  readonly #snapshot = createSignal<DashboardReply>()
  readonly #failure = createSignal<{ readonly title: string; readonly text: string }>()
  readonly #wantedRun = createSignal<string>()
  /** Undefined selects the step that `focusOf` picks. */
  readonly #wantedRow = createSignal<string>()
  readonly #folds = createSignal<ReadonlyMap<string, boolean>>(new Map())
  readonly #details = createSignal<StepReply>()
  readonly #said = createSignal<TextSpan>()
  /** Time of the last refresh. It makes the age of ended runs advance while no run ticks. */
  readonly #at = createSignal(0)
  #from = 0
  #size = { width: 80, height: 24 }
  #isShown = false
  #session: string | undefined
  /** True from `show` until the person moves or the first answer with the list of runs arrives. */
  #isFresh = false
  #isRefreshing = false
  #isReadingOlder = false
  /** The number of runs to read. */
  #limit = RUNS_IN_PAGE
  /** The version of the journal that the list of runs is of, and when it may be requested again. */
  #version = ""
  #runsAt = 0
  #cancel = () => {}
  #forget = () => {}

  constructor(deps: DashboardDeps) {
    this.#deps = deps
  }

  /**
   * Called when the dashboard appears: starts the requests for its data, and selects the newest run
   * of the session if the session has one.
   */
  show(session: string | undefined): void {
    this.#isShown = this.#isFresh = true
    this.#session = session
    this.#failure[1](undefined)
    this.#chooseFirst(this.#deps.live.runs())
    this.#tick(0)
  }

  hide(): void {
    this.#isShown = false
    this.#cancel()
    this.#forget()
    this.#said[1](undefined)
  }

  /**
   * Shows a message on the last line for a while, because OpenCode draws no toasts over a plugin's
   * own screen.
   */
  say({ title, message, variant = "info" }: TuiToast): void {
    const [mark, tone] = SAID[variant]
    const text = clip([title ?? "", message].filter((one) => one !== "").join(" · "), Number.POSITIVE_INFINITY)
    this.#said[1]({ text: `${mark} ${text}`, tone })
    this.#forget()
    this.#forget = this.#deps.clock.after(MESSAGE_MS, () => this.#said[1](undefined))
  }

  /**
   * Takes the answer to `/workflow status` or `show`. `isWanted` is true when a person asked for
   * that run or step, which then becomes the selection.
   */
  take(reply: Reply, isWanted: boolean): void {
    const { view } = reply
    this.#deps.pace.change(() => {
      if (view?.type === "board") {
        this.#failure[1](undefined)
        this.#snapshot[1](view)
        this.#version = this.#deps.live.version()
        if (view.run !== null && (isWanted || this.#wantedRun[0]() === undefined)) this.#chooseRun(view.run)
        // State messages arrive with a delay, so a run that was just started is only in this
        // answer.
        else if (this.#isFresh) this.#chooseFirst(this.#runs())
        this.#isFresh = false
        this.#tick(0)
      } else if (view?.type === "step") {
        this.#details[1](view)
        if (!isWanted) return
        this.#chooseRun(view.run)
        this.#wantedRow[1](`${view.run}/${view.step.id}`)
      } else if (reply.tone === "error") this.#failure[1]({ title: reply.title, text: reply.text })
    })
  }

  /** The lines of the screen. */
  frame(width: number, height: number): TableLine[] {
    const { live, keys } = this.#deps
    this.#size = { width, height }
    const now = this.#now()
    this.#from = this.#fromOf(now)
    const problem = this.#failure[0]()
    return dashboardFrame({
      ...now,
      width,
      height,
      keys,
      now: Math.max(live.now(), this.#at[0]()),
      phase:
        problem && now.runs.length === 0
          ? { type: "failed", ...problem }
          : { type: this.#snapshot[0]() === undefined ? "loading" : "ready" },
      more: this.#snapshot[0]()?.more ?? 0,
      rowsFrom: this.#from,
      said: this.#said[0](),
      shown: now.selection && this.#shownOf(now.selection),
      workers: live.workers(),
      asks: live.asks(),
      needs: live.needs(),
    })
  }

  selection(): Selection | undefined {
    return this.#now().selection
  }

  /** Moves the selection by that many rows of steps; an infinite number moves it to an end. */
  move(by: number): void {
    this.#isFresh = false
    const { rows, rowAt } = this.#now()
    this.#chooseRow(rows[Math.min(rows.length - 1, Math.max(0, rowAt + by))])
  }

  moveRun(by: number): void {
    this.#isFresh = false
    const { runs, runAt } = this.#now()
    if (runAt + by >= runs.length && (this.#snapshot[0]()?.more ?? 0) > 0) {
      // Not awaited, because it never rejects: a failed request is answered with an error reply.
      void this.#readOlder()
      return
    }
    this.#chooseRun(runs[Math.min(runs.length - 1, Math.max(0, runAt + by))]?.id)
  }

  /** The line that asks for the runs that are listed. */
  query(): string {
    return this.#limit === RUNS_IN_PAGE ? "/workflow status" : `/workflow status limit=${this.#limit}`
  }

  /** Reads the next page of older runs, and selects the first of them unless the person has moved on. */
  async #readOlder(): Promise<void> {
    if (this.#isReadingOlder) return
    this.#isReadingOlder = true
    this.say({ message: "Reading older runs…" })
    const last = this.#now()
    this.#limit += RUNS_IN_PAGE
    this.take(await this.#deps.ask(this.query()), false)
    this.#isReadingOlder = false
    this.#said[1](undefined)
    // Changes are applied in order, so the older runs are there by then.
    this.#deps.pace.change(() => {
      const { runs, runAt } = this.#now()
      if (runs[runAt]?.id === last.runs[last.runAt]?.id) this.#chooseRun(runs[runAt + 1]?.id)
    })
  }

  pick({ type, key }: NonNullable<TableLine["pick"]>): void {
    this.#isFresh = false
    if (type === "run") this.#chooseRun(key)
    else this.#chooseRow(this.#now().rows.find((row) => row.key === key))
  }

  /** Folds or unfolds the selected group. */
  fold(): void {
    const { rows, rowAt } = this.#now()
    const row = rows[rowAt]
    if (row === undefined || row.below === 0) return
    const [folds, setFolds] = this.#folds
    setFolds(new Map([...folds(), [row.key, !row.isFolded]]))
    this.#chooseRow(row)
  }

  /** Number of rows that page up and page down move by. */
  page(): number {
    return Math.max(1, treeRoom({ ...this.#size, ...this.#now() }) - 1)
  }

  #now(): Now {
    const runs = this.#runs()
    const runAt = Math.max(
      0,
      runs.findIndex(({ id }) => id === this.#wantedRun[0]()),
    )
    const run = runs[runAt]
    if (run === undefined || !("status" in run)) return { runs, runAt, rows: [], rowAt: 0, selection: undefined }
    const { live } = this.#deps
    const all = [...live.runs(), ...(this.#snapshot[0]()?.runs ?? [])]
    const rows = treeRows({ run, runs: all, folds: this.#folds[0]() })
    const wanted = rows.findIndex(({ key }) => key === this.#wantedRow[0]())
    const asking = live.asks().map(({ session }) => session)
    const rowAt = wanted >= 0 ? wanted : focusOf(rows, asking)
    return { runs, runAt, rows, rowAt, selection: this.#selectionOf(run, rows[rowAt]) }
  }

  /**
   * All runs, newest first. Runs that workers started are left out, because they are listed under
   * their steps.
   */
  #runs(): (RunView | BrokenRun)[] {
    const known = this.#deps.live.runs()
    const ids = new Set(known.map(({ id }) => id))
    const { runs = [], broken = [] } = this.#snapshot[0]() ?? {}
    const others = [...runs, ...broken].filter(({ id }) => !ids.has(id))
    const isTop = (run: RunView | BrokenRun) => !("depth" in run) || run.depth === 0 || run.id === this.#wantedRun[0]()
    return [...known, ...others].filter(isTop).sort((a, b) => b.createdAt - a.createdAt)
  }

  #selectionOf(top: RunView, row: TreeRow | undefined): Selection {
    const { live } = this.#deps
    const run = row?.run ?? top
    const step = row?.step
    return {
      run,
      step,
      worker: step && workerOf(live.workers(), run.id, step),
      ask: live.asks().find((ask) => step !== undefined && step.session !== null && ask.session === step.session),
      gate: openGates(run).find((gate) => gate.step === step?.id),
      waiting: live.needs().length,
    }
  }

  /** The selected step with the texts that were loaded for it. */
  #shownOf({ run, step }: Selection): FrameInput["shown"] {
    if (step === undefined) return undefined
    const seen = this.#details[0]()
    if (seen?.run !== run.id || seen.step.id !== step.id) return { step, tail: null, isLoaded: false }
    const isSame = seen.step.status === step.status && seen.step.attempts === step.attempts
    const texts = { prompt: seen.step.prompt, output: isSame ? seen.step.output : "" }
    return { step: { ...step, ...texts }, tail: step.status === "running" ? seen.tail : null, isLoaded: true }
  }

  /**
   * Selects the newest run of the session that the dashboard was opened from, otherwise the newest
   * run that has not ended.
   */
  #chooseFirst(all: readonly (RunView | BrokenRun)[]): void {
    const runs = all.flatMap((run) => ("status" in run && run.depth === 0 ? [run] : []))
    const first = runs.find((run) => belongsTo(run, this.#session)) ?? runs.find(({ endedAt }) => endedAt === null)
    this.#chooseRun(first?.id)
  }

  #chooseRun(id: string | undefined): void {
    if (id === undefined || id === this.#wantedRun[0]()) return
    this.#wantedRun[1](id)
    this.#wantedRow[1](undefined)
    this.#moved()
  }

  #chooseRow(row: TreeRow | undefined): void {
    if (row === undefined) return
    this.#wantedRow[1](row.key)
    this.#moved()
  }

  #moved(): void {
    this.#from = this.#fromOf(this.#now())
    this.#tick(SETTLE_MS)
  }

  #fromOf(now: Now): number {
    return windowFrom(this.#from, now.rowAt, treeRoom({ ...this.#size, ...now }), now.rows.length)
  }

  #tick(wait: number): void {
    this.#cancel()
    if (!this.#isShown) return
    this.#cancel = this.#deps.clock.after(wait, () => {
      // Not awaited, because it never rejects: a failed request is answered with an error reply.
      void Promise.all([this.#refreshTexts(), this.#refreshRuns()]).then(() => {
        this.#updateAges()
        this.#tick(REFRESH_MS)
      })
    })
  }

  /** Advances the displayed time when no running run has done it within the last second. */
  #updateAges(): void {
    const { live, pace, clock } = this.#deps
    const now = clock.now()
    if (now - Math.max(live.now(), this.#at[0]()) >= REFRESH_MS) pace.change(() => this.#at[1](now))
  }

  /** Requests the texts of the selected step, unless the loaded ones are still current. */
  async #refreshTexts(): Promise<void> {
    const { run, step } = this.selection() ?? {}
    if (this.#isRefreshing || run === undefined || step === undefined) return
    const seen = this.#details[0]()
    const isKnown = seen?.run === run.id && seen.step.id === step.id
    const isSame = isKnown && seen.step.status === step.status && seen.step.attempts === step.attempts
    if (isSame && step.status !== "running") return
    this.#isRefreshing = true
    const reply = await this.#deps.ask(`/workflow show ${run.id} ${step.id}`)
    this.#isRefreshing = false
    if (reply.view?.type === "step") this.take(reply, false)
  }

  /**
   * Requests the list of runs again when another process has written to the journal, because state
   * messages report a run that has ended only if it was followed until then.
   */
  async #refreshRuns(): Promise<void> {
    const { live, clock, ask } = this.#deps
    const isSame = this.#snapshot[0]() === undefined || live.version() === this.#version
    if (isSame || clock.now() < this.#runsAt) return
    this.#runsAt = clock.now() + RUNS_MS
    this.take(await ask(this.query()), false)
  }
}

const SAID = {
  info: ["·", "text"],
  success: ["✓", "success"],
  warning: ["!", "warning"],
  error: ["✗", "error"],
} as const

/**
 * Index of the step that a person most likely wants to see: one that needs them, otherwise one that
 * runs, otherwise the last that failed, otherwise the last that has a session.
 */
function focusOf(rows: readonly TreeRow[], asking: readonly string[]): number {
  const needsYou = ({ step }: TreeRow) => step.gate !== null || (step.session !== null && asking.includes(step.session))
  const isGroup = ({ below }: TreeRow) => below > 0
  const found = [
    rows.findIndex(needsYou),
    rows.findIndex((row) => row.step.status === "running" && !isGroup(row)),
    rows.findIndex(({ step }) => step.status === "running"),
    rows.findLastIndex(({ step }) => step.status === "failed"),
    rows.findLastIndex(({ step }) => step.session !== null),
  ].find((at) => at >= 0)
  return found ?? 0
}
