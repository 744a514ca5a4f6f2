import type { ReplyDeps } from "../dialogs/deps.ts"
import { showText } from "../dialogs/show-text.tsx"
import { askFor } from "../dialogs/text-input.tsx"
import { DASHBOARD_KEYS, type DashboardKey, type Keys, shortKey } from "../host/key-table.ts"
import { showGate, showRequest } from "../inbox/inbox.tsx"
import { messageTo } from "../workers/picker.tsx"
import { actionOf, type DashboardAction, isActionKey } from "./actions.ts"
import type { Dashboard } from "./state.ts"

export interface DashboardActs extends ReplyDeps {
  readonly dashboard: Dashboard
  readonly keys: Keys
  /** Returns to the screen that was open before the dashboard. */
  close(): void
}

/** Runs the command of a dashboard key. */
export function actInDashboard(deps: DashboardActs, id: DashboardKey) {
  const { dashboard } = deps
  switch (id) {
    case "dashboard.up":
      return dashboard.move(-1)
    case "dashboard.down":
      return dashboard.move(1)
    case "dashboard.page-up":
      return dashboard.move(-dashboard.page())
    case "dashboard.page-down":
      return dashboard.move(dashboard.page())
    case "dashboard.first":
      return dashboard.move(Number.NEGATIVE_INFINITY)
    case "dashboard.last":
      return dashboard.move(Number.POSITIVE_INFINITY)
    case "dashboard.previous-run":
      return dashboard.moveRun(-1)
    case "dashboard.next-run":
      return dashboard.moveRun(1)
    case "dashboard.fold":
      return dashboard.fold()
    case "dashboard.inbox":
      return deps.submit("/inbox")
    case "dashboard.help":
      return showKeys(deps)
    case "dashboard.close":
      return deps.close()
  }
  if (isActionKey(id)) perform(deps, actionOf(id, dashboard.selection()))
}

function perform(deps: DashboardActs, action: DashboardAction) {
  const { ui } = deps.api
  switch (action.type) {
    case "line":
      return deps.submit(action.line)
    case "confirm":
      return confirm(deps, action)
    case "words":
      return deps.guard.start(() => submitText(deps, action))
    case "open":
      return deps.open(action.session)
    case "message":
      return deps.guard.start(() => messageTo(deps, action.worker))
    case "ask":
      return showRequest(deps, action.ask)
    case "gate":
      return showGate(deps, action.gate)
    case "copy":
      return deps.guard.start(() => copy(deps, action))
    case "no":
      return ui.toast({ variant: "info", message: action.why })
  }
}

/** Asks the person to confirm, and submits the line when they do. */
export function confirm(
  { api, submit }: Pick<DashboardActs, "api" | "submit">,
  { title, text, line }: Omit<Extract<DashboardAction, { type: "confirm" }>, "type">,
): void {
  const { dialog, DialogConfirm } = api.ui
  dialog.replace(() => <DialogConfirm title={title} message={text} onConfirm={() => submit(line)} />)
}

async function submitText(
  deps: DashboardActs,
  { title, text, line, value }: Extract<DashboardAction, { type: "words" }>,
): Promise<void> {
  const words = await askFor(deps.api, deps.paint, { title, description: text, placeholder: "Words", value })
  if (words === undefined) return
  deps.api.ui.dialog.clear()
  deps.submit(line.replace("…", () => words))
}

/**
 * Copies the step's answer, or its prompt while it has no answer, to the terminal's clipboard
 * (escape sequence OSC 52).
 */
async function copy(deps: DashboardActs, { run, step }: Extract<DashboardAction, { type: "copy" }>): Promise<void> {
  const reply = await deps.send(`/trace ${run}/${step}`)
  if (reply.view?.type !== "trace") return deps.showReply(reply)
  const { output, prompt } = reply.view.step
  const [what, text] = output.trim() === "" ? ["prompt", prompt ?? ""] : ["answer", output]
  const { toast } = deps.api.ui
  if (text === "") return toast({ variant: "info", message: `${step} has nothing to copy yet.` })
  if (!deps.api.renderer.copyToClipboardOSC52(text))
    return toast({ variant: "warning", message: "This terminal does not support copying (OSC 52)." })
  toast({ variant: "success", message: `Copied the ${what} of ${step}: ${text.length} characters.` })
}

function showKeys(deps: DashboardActs): void {
  const facts = DASHBOARD_KEYS.flatMap(({ id, title }) => {
    const key = deps.keys[id].split(",").flatMap((one) => shortKey(one) ?? [])
    return key.length === 0 ? [] : [{ label: key.join(" "), value: title, tone: "text" as const }]
  })
  showText(deps, { title: "Keys of the dashboard", tone: "text", facts, sections: [] })
}
