import type { Purpose, Reply, WorkflowItem } from "../core/view/protocol.ts"
import type { ReplyDeps } from "./dialogs/deps.ts"
import { rowColumns, workflowChoices } from "./dialogs/pickers.ts"
import { showText } from "./dialogs/show-text.tsx"
import type { TextDocument } from "./dialogs/text-document.ts"
import { askFor } from "./dialogs/text-input.tsx"
import { askTrust } from "./dialogs/trust.tsx"
import { quote, runLine } from "./host/prompt-line.ts"
import { showInbox } from "./inbox/inbox.tsx"
import { clip } from "./state/text.ts"
import { showTrace } from "./trace/view.tsx"
import { showWorkers } from "./workers/picker.tsx"

export interface Replies {
  /** Shows the server half's reply to a command. */
  show(reply: Reply): void
}

/**
 * Shows replies in OpenCode's own dialogs. A reply that a run was started is not shown, because the
 * status line shows the run.
 */
export function createReplies(deps: ReplyDeps): Replies {
  return {
    show({ tone, title, text, view, notice }) {
      if (notice !== undefined) deps.api.ui.toast({ variant: "info", title: "Baton", message: notice })
      if (view?.type === "trust") return askTrust(deps, view.question, view.line)
      if (view?.type === "started") return
      if (view?.type === "open") return deps.open(view.session)
      if (view?.type === "done") return deps.api.ui.toast({ variant: "success", title, message: text })
      if (view?.type === "workers" && view.workers.length > 0) return showWorkers(deps, view.workers)
      if (view?.type === "inbox" && view.needs.length > 0) return showInbox(deps, view.needs)
      if (view?.type === "workflows" && view.workflows.length > 0) return showWorkflows(deps, view)
      if (view?.type === "board" || view?.type === "step") return deps.openDashboard({ tone, title, text, view })
      if (view?.type === "trace") return showTrace(deps, view)
      showText(deps, message(title, text, tone === "info" ? "text" : tone))
    },
  }
}

type Picked = Extract<NonNullable<Reply["view"]>, { type: "workflows" }>

const PICKERS: Readonly<Record<Purpose, string>> = {
  run: "Run a workflow",
  plan: "Plan a workflow",
  graph: "Draw a workflow",
}

function showWorkflows(deps: ReplyDeps, { workflows, purpose }: Picked): void {
  const { dialog, DialogSelect } = deps.api.ui
  const pick = (item: WorkflowItem) => {
    if (item.broken === undefined) deps.guard.start(() => startItem(deps, item, purpose))
    else showText(deps, message(`${item.name} cannot be run`, item.broken, "error"))
  }
  dialog.replace(() => (
    <DialogSelect<WorkflowItem>
      title={PICKERS[purpose]}
      placeholder="Search workflows"
      options={workflowChoices(workflows, rowColumns("large", deps.api.renderer.width))}
      onSelect={(choice) => deps.guard.sync(undefined, () => pick(choice.value))}
    />
  ))
  dialog.setSize("large")
}

function message(title: string, text: string, tone: TextDocument["tone"]): TextDocument {
  return { title, tone, facts: [], sections: [{ text, tone: "text" }] }
}

/**
 * Asks for each required input in turn, then submits the command. Closing one of the dialogs
 * cancels it.
 */
async function startItem(deps: ReplyDeps, item: WorkflowItem, purpose: Purpose): Promise<void> {
  const required = purpose === "graph" ? [] : item.inputs.filter((input) => input.required)
  const values: Record<string, string> = {}
  for (const [index, input] of required.entries()) {
    const step = required.length > 1 ? ` (${index + 1} of ${required.length})` : ""
    const title = `${clip(item.name, 30)}: ${input.name}${step}`
    const value = await askFor(deps.api, deps.paint, { title, description: input.description })
    if (value === undefined) return
    values[input.name] = value
  }
  deps.api.ui.dialog.clear()
  deps.submit(purpose === "graph" ? `/workflow graph ${quote(item.name)}` : runLine(purpose, item.name, values))
}
