import type { WorkerView } from "../../core/view/view.ts"
import type { ReplyDeps } from "../dialogs/deps.ts"
import { rowColumns } from "../dialogs/pickers.ts"
import { askFor } from "../dialogs/text-input.tsx"
import { quote } from "../host/prompt-line.ts"
import { clip } from "../state/text.ts"
import { workerActions, workerChoices, workerTitle } from "./rows.ts"

/** Shows the running and the kept workers, live. Selecting one leads to its actions. */
export function showWorkers(deps: ReplyDeps, snapshot: readonly WorkerView[]): void {
  const { dialog, DialogSelect } = deps.api.ui
  const workers = () => (deps.live.workers().length > 0 ? deps.live.workers() : snapshot)
  const pick = (wanted: string) => {
    const worker = workers().find((one) => (one.session ?? one.name) === wanted)
    if (worker) showActions(deps, worker)
  }
  dialog.replace(() => (
    <DialogSelect<string>
      title="Workers"
      placeholder="Search workers"
      options={workerChoices(workers(), deps.live.now(), rowColumns("xlarge", deps.api.renderer.width))}
      onSelect={(choice) => deps.guard.sync(undefined, () => pick(choice.value))}
    />
  ))
  dialog.setSize("xlarge")
}

function showActions(deps: ReplyDeps, worker: WorkerView): void {
  const { dialog, DialogSelect } = deps.api.ui
  const act = (line: string) => {
    if (line.startsWith("/workers ask ")) return deps.guard.start(() => messageTo(deps, worker))
    dialog.clear()
    deps.submit(line)
  }
  dialog.replace(() => (
    <DialogSelect<string>
      title={clip(workerTitle(worker, deps.live.now()), 60)}
      placeholder="Search"
      options={workerActions(worker).map(({ title, line }) => ({ title, value: line }))}
      onSelect={(choice) => deps.guard.sync(undefined, () => act(choice.value))}
    />
  ))
  dialog.setSize("medium")
}

/** Asks for a text and sends it to the worker. */
export async function messageTo(
  { api, paint, submit }: Pick<ReplyDeps, "api" | "paint" | "submit">,
  worker: WorkerView,
): Promise<void> {
  const isLive = worker.run !== null
  const text = await askFor(api, paint, {
    title: `${isLive ? "Message to" : "Question for"} ${clip(worker.name, 40)}`,
    description: isLive ? "It reads this at its next step." : "Its answer comes into the main session.",
    placeholder: isLive ? "What it should know" : "What you want to know",
  })
  if (text === undefined) return
  api.ui.dialog.clear()
  submit(`/workers ask ${worker.session ?? worker.name} ${quote(text)}`)
}
