import type { ReplyView } from "../../core/view/protocol.ts"
import type { ReplyDeps } from "../dialogs/deps.ts"
import { TextDialog } from "../dialogs/text-dialog.tsx"
import { askFor } from "../dialogs/text-input.tsx"
import { canOpen } from "../state/view-model.ts"
import { traceDocument } from "./document.ts"
import { ALL, nextFilter, type TraceSelection, withRows } from "./rows.ts"

/**
 * Dialog with everything about a step, from which a person can filter, search and open its session.
 */

type TraceReply = Extract<ReplyView, { type: "trace" }>

/** Shows the trace; `selection` holds the person's filter and search. */
export function showTrace(deps: ReplyDeps, view: TraceReply, selection: TraceSelection = ALL): void {
  const { api, guard, paint, live } = deps
  const { dialog } = api.ui
  const { step, run, trace } = view
  const search = async () => {
    const words = await askFor(api, paint, { title: `Search the trace of ${step.id}`, placeholder: "Words" })
    showTrace(deps, view, { ...selection, words: words ?? selection.words })
  }
  const open = () => {
    if (!canOpen(step)) return
    dialog.clear()
    deps.open(step.session)
  }
  const again = () => {
    dialog.clear()
    deps.submit(`/trace ${run}/${step.id}`)
  }
  const keys = {
    f: () => showTrace(deps, view, { ...selection, filter: nextFilter(selection.filter) }),
    "/": () => guard.start(search),
    o: open,
    r: again,
    ...(selection === ALL ? {} : { a: () => showTrace(deps, view) }),
  }
  const help = [
    ...(trace === undefined ? [] : ["f filter", "/ search", ...(selection === ALL ? [] : ["a all"])]),
    ...(canOpen(step) ? ["o session"] : []),
    "r again",
    "return close",
  ].join(" · ")
  const bindKeys = (bound: Readonly<Record<string, () => void>>) => {
    const bindings = Object.entries(bound).map(([key, act]) => ({ key, cmd: () => guard.sync(undefined, act) }))
    return api.keymap.registerLayer({ mode: "modal", bindings })
  }
  const document = withRows(traceDocument(step, run, live.now()), trace, selection)
  dialog.replace(() => (
    <TextDialog paint={paint} document={document} bindKeys={bindKeys} close={dialog.clear} keys={keys} help={help} />
  ))
  dialog.setSize("xlarge")
}
