import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { Reply, WorkflowItem } from "../core/protocol.ts"
import type { RunView, StepView } from "../core/view.ts"
import { clip } from "./format.ts"
import type { Guard } from "./guard.ts"
import type { Live } from "./live.ts"
import { rowColumns, runTitle, stepChoices, workflowChoices } from "./pickers.ts"
import { runLine } from "./prompt-line.ts"
import { TextDialog } from "./text-dialog.tsx"
import type { Paint } from "./theme.ts"
import { type TextDocument, traceDocument } from "./trace.ts"
import { canOpen } from "./view-model.ts"

export interface Replies {
  /** Shows the server half's answer to a command. */
  show(reply: Reply): void
}

/**
 * Shows replies with OpenCode's own dialogs. `submit` takes a line as if it had been typed; `open` puts a step's
 * session on the screen.
 */
export function createReplies(
  api: TuiPluginApi,
  live: Live,
  guard: Guard,
  paint: Paint,
  actions: { readonly submit: (line: string) => void; readonly open: (session: string) => void },
): Replies {
  const { dialog, DialogSelect } = api.ui

  const showText = (document: TextDocument) => {
    const bindKeys = (keys: Readonly<Record<string, () => void>>) => {
      const bindings = Object.entries(keys).map(([key, run]) => ({ key, cmd: () => guard.sync(undefined, run) }))
      return api.keymap.registerLayer({ mode: "modal", bindings })
    }
    dialog.replace(() => <TextDialog paint={paint} document={document} bindKeys={bindKeys} close={dialog.clear} />)
    dialog.setSize("large")
  }

  const showTrace = (step: StepView, run: string) => showText(traceDocument(step, run, live.now()))

  const showWorkflows = (workflows: readonly WorkflowItem[]) => {
    const pick = (item: WorkflowItem) => {
      if (item.broken === undefined) guard.start(() => runItem(api.ui, paint, item, actions.submit))
      else showText(message(`${item.name} cannot be run`, item.broken, "error"))
    }
    dialog.replace(() => (
      <DialogSelect<WorkflowItem>
        title="Run a workflow"
        placeholder="Search workflows"
        options={workflowChoices(workflows, rowColumns("large", api.renderer.width))}
        onSelect={(choice) => guard.sync(undefined, () => pick(choice.value))}
      />
    ))
    dialog.setSize("large")
  }

  const showRun = (snapshot: RunView) => {
    const run = () => live.runs().find((other) => other.id === snapshot.id) ?? snapshot
    const pick = (id: string) => {
      const step = run().steps.find((other) => other.id === id)
      if (step === undefined) return
      if (!canOpen(step)) return showTrace(step, snapshot.id)
      dialog.clear()
      actions.open(step.session)
    }
    dialog.replace(() => (
      <DialogSelect<string>
        title={runTitle(run(), live.now())}
        placeholder="Search steps"
        options={stepChoices(run(), live.now(), rowColumns("xlarge", api.renderer.width))}
        onSelect={(choice) => guard.sync(undefined, () => pick(choice.value))}
      />
    ))
    dialog.setSize("xlarge")
  }

  return {
    show({ tone, title, text, view }) {
      if (view?.type === "started") return
      if (view?.type === "workflows" && view.workflows.length > 0) return showWorkflows(view.workflows)
      if (view?.type === "run") return showRun(view.run)
      if (view?.type === "trace") return showTrace(view.step, view.run)
      showText(message(title, text, tone === "info" ? "text" : tone))
    },
  }
}

function message(title: string, text: string, tone: TextDocument["tone"]): TextDocument {
  return { title, tone, facts: [], sections: [{ text, tone: "text" }] }
}

/** Asks for each required input in turn, then runs the workflow; escape at any of them runs nothing. */
async function runItem(
  ui: TuiPluginApi["ui"],
  paint: Paint,
  item: WorkflowItem,
  submit: (line: string) => void,
): Promise<void> {
  const required = item.inputs.filter((input) => input.required)
  const values: Record<string, string> = {}
  for (const [index, input] of required.entries()) {
    const step = required.length > 1 ? ` (${index + 1} of ${required.length})` : ""
    const value = await askFor(ui, paint, `${clip(item.name, 30)}: ${input.name}${step}`, input.description)
    if (value === undefined) return
    values[input.name] = value
  }
  ui.dialog.clear()
  submit(runLine(item.name, values))
}

/** A dialog for one line of text; resolves with it, or with undefined when it is closed. An empty line asks again. */
function askFor(ui: TuiPluginApi["ui"], paint: Paint, title: string, description: string): Promise<string | undefined> {
  const { dialog, DialogPrompt } = ui
  return new Promise((resolve) => {
    dialog.replace(
      () => (
        <DialogPrompt
          title={title}
          placeholder="A value is required"
          description={() => <text fg={paint("muted")}>{description}</text>}
          onConfirm={(value) => {
            if (value.trim() !== "") resolve(value.trim())
          }}
        />
      ),
      () => resolve(undefined),
    )
  })
}
