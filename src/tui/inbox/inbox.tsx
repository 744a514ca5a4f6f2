import { For } from "solid-js"
import type { GateView } from "../../core/view/gate-view.ts"
import type { PendingRequestView } from "../../core/view/view.ts"
import type { ReplyDeps } from "../dialogs/deps.ts"
import { rowColumns } from "../dialogs/pickers.ts"
import { askFor } from "../dialogs/text-input.tsx"
import { quote } from "../host/prompt-line.ts"
import { clip } from "../state/text.ts"
import { gateDetails, gateKey, gateWays, type InboxItem, inboxChoices, inboxItems } from "./gate-rows.ts"
import { answerChoices, requestDetails } from "./request-rows.ts"

/**
 * Columns of the host's dialog that the title cannot use: the word `esc`, the gap before it and the
 * padding.
 */
const HEADING_MARGIN = 6
/**
 * Rows of the dialog without the lines below the choices. The dialog starts a quarter of the screen
 * down.
 */
const SELECT_ROWS = 12

/**
 * A choice of a dialog. `run` returns the line to submit, or asks for a text first; undefined
 * submits nothing.
 */
interface Way {
  readonly title: string
  readonly description?: string
  run(): Promise<string | undefined> | string | undefined
}

/** Items that wait for the person now, oldest first. */
function itemsOf({ live }: ReplyDeps): InboxItem[] {
  return inboxItems(live.asks(), live.gates())
}

/**
 * Shows the inbox: the requests of workers and the steps that wait for a decision. They are
 * answered in place, and after each one the next is shown. `snapshot` also contains what waits in
 * runs that another process drives.
 */
export function showInbox(deps: ReplyDeps, snapshot: readonly InboxItem[]): void {
  const { dialog, DialogSelect } = deps.api.ui
  const items = () => {
    const now = itemsOf(deps)
    const isOfHere = (item: InboxItem) => item.type === "ask" || deps.live.runs().some(({ id }) => id === item.gate.run)
    return now.length > 0 ? [...snapshot.filter((item) => !isOfHere(item)), ...now] : snapshot
  }
  const only = items()[0]
  if (items().length === 1 && only) {
    showItem(deps, only)
    return
  }
  const pick = (id: string) => {
    const item = items().find((one) => one.id === id)
    if (item) showItem(deps, item)
  }
  dialog.replace(() => (
    <DialogSelect<string>
      title={`Inbox: ${items().length} need you`}
      placeholder="Search"
      options={inboxChoices(items(), deps.live.now(), rowColumns("xlarge", deps.api.renderer.width))}
      onSelect={(choice) => deps.guard.sync(undefined, () => pick(choice.value))}
    />
  ))
  dialog.setSize("xlarge")
}

function showItem(deps: ReplyDeps, item: InboxItem): void {
  if (item.type === "gate") showGate(deps, item.gate)
  else showRequest(deps, item.ask)
}

/** Shows the possible answers to a worker's request. */
export function showRequest(deps: ReplyDeps, request: PendingRequestView): void {
  if (request.kind === "permission") showWays(deps, topicOf(request), request.title, permissionWays(deps, request))
  else deps.guard.start(() => answerQuestions(deps, request))
}

/** Shows the possible decisions about a step, each with its effect. */
export function showGate(deps: ReplyDeps, gate: GateView): void {
  const ways = gateWays(gate).map(
    ({ title, description, line, asks, open }): Way => ({
      title,
      description,
      async run() {
        if (open !== undefined) {
          deps.api.ui.dialog.clear()
          deps.open(open)
          return undefined
        }
        if (asks === undefined) return line
        const words = await askFor(deps.api, deps.paint, {
          title: asks,
          description: clip(gate.title, 200),
          placeholder: "Words",
        })
        return words === undefined ? undefined : `${line} ${words}`
      },
    }),
  )
  // Without a heading over them, all rows fit in 24 lines.
  const topic = { id: gateKey(gate), category: "", details: gateDetails(gate, deps.live.now()), questions: [] }
  showWays(deps, topic, gate.title, ways)
}

/** Subject of a choice, shown below the rows. */
interface Topic {
  readonly id: string
  readonly category: string
  readonly details: readonly string[]
  readonly more?: number
  readonly questions: PendingRequestView["questions"]
}

function topicOf({ id, worker, workflow, details, more, questions }: PendingRequestView): Topic {
  const category = `${workflow === null ? worker : `${worker} · ${workflow}`} asks`
  return { id, category, details, ...(more === undefined ? {} : { more }), questions }
}

async function answerQuestions(deps: ReplyDeps, request: PendingRequestView): Promise<void> {
  const answers: string[] = []
  for (const question of request.questions) {
    const answer = await chooseAnswer(deps, request, question, answers.length)
    if (answer === undefined) return
    answers.push(answer)
  }
  await send(deps, request.id, `/inbox answer ${request.id} ${answers.map(quote).join(" ")}`)
}

function permissionWays(deps: ReplyDeps, request: PendingRequestView): Way[] {
  const inWords = async () => {
    const words = await askFor(deps.api, deps.paint, {
      title: `Why ${clip(request.worker, 30)} may not do it`,
      description: request.title,
      placeholder: "What it should do instead",
    })
    return words === undefined ? undefined : `/inbox deny ${request.id} ${quote(words)}`
  }
  return [
    { title: "Allow once", run: () => `/inbox allow ${request.id}` },
    { title: "Always allow", description: "this and the like, from now on", run: () => `/inbox always ${request.id}` },
    { title: "Deny", run: () => `/inbox deny ${request.id}` },
    { title: "Deny, and say why…", run: inWords },
  ]
}

function showWays(deps: ReplyDeps, topic: Topic, title: string, ways: readonly Way[]): void {
  const act = async (way: Way) => {
    const line = await way.run()
    if (line !== undefined) await send(deps, topic.id, line)
  }
  showChoice(deps, topic, title, ways, (way) => deps.guard.start(() => act(way)))
}

/**
 * Asks one question. The person picks an option or types an answer; with `isMultiple` they mark
 * options and send them together. Resolves with undefined when the person closes the dialog.
 */
function chooseAnswer(
  deps: ReplyDeps,
  request: PendingRequestView,
  question: PendingRequestView["questions"][number],
  index: number,
): Promise<string | undefined> {
  const { isMultiple, options, text } = question
  const marked = new Set<string>()
  const step = request.questions.length > 1 ? ` (${index + 1} of ${request.questions.length})` : ""
  return new Promise((resolve) => {
    // The dialog is replaced after each mark, with the cursor on the same row.
    const show = (at?: string) => {
      const rows = options.map(({ label, description }) => ({
        title: isMultiple ? `${marked.has(label) ? "[x]" : "[ ]"} ${label}` : label,
        description,
        label,
      }))
      const done = isMultiple && marked.size > 0 ? [{ title: "Send the marked answers", isDone: true }] : []
      const ways = [...rows, ...done, { title: "Answer in your own words…", isOwn: true }]
      const start = ways.find((way) => "label" in way && way.label === at)
      const pick = (way: (typeof ways)[number]) => {
        if ("isOwn" in way) {
          deps.guard.start(async () =>
            resolve(await askFor(deps.api, deps.paint, { title: clip(text, 60), placeholder: "Your answer" })),
          )
        } else if ("isDone" in way) resolve([...marked].join(", "))
        else if (isMultiple) {
          if (!marked.delete(way.label)) marked.add(way.label)
          show(way.label)
        } else resolve(way.label)
      }
      showChoice(deps, topicOf(request), `${text}${step}`, ways, pick, start)
    }
    show()
  })
}

/** Shows a choice with its subject below the rows. */
function showChoice<Row extends { readonly title: string; readonly description?: string }>(
  deps: ReplyDeps,
  topic: Topic,
  title: string,
  rows: readonly Row[],
  pick: (row: Row) => void,
  start?: Row | undefined,
): void {
  const { dialog, DialogSelect } = deps.api.ui
  const { width, height } = deps.api.renderer
  const columns = rowColumns("large", width)
  const heading = clip(title, columns - HEADING_MARGIN)
  const choices = answerChoices(rows, columns)
  const said = {
    ...topic,
    details: [...topic.details, ...choices.flatMap(({ isTruncated }, at) => (isTruncated ? wholeRow(rows[at]) : []))],
  }
  const details = requestDetails(said, title, heading, { columns, rows: Math.floor((height * 3) / 4) - SELECT_ROWS })
  dialog.replace(() => (
    <box>
      <DialogSelect<number>
        title={heading}
        placeholder="Search"
        options={choices.map(({ title, description }, value) => ({
          title,
          value,
          category: clip(topic.category, columns),
          ...(description === "" ? {} : { description }),
        }))}
        {...(start === undefined ? {} : { current: rows.indexOf(start) })}
        onSelect={(choice) =>
          deps.guard.sync(undefined, () => {
            const row = rows[choice.value]
            if (row) pick(row)
          })
        }
      />
      <box paddingLeft={4} paddingRight={4} paddingBottom={details.length > 0 ? 1 : 0}>
        <For each={details}>
          {(line) => (
            <text fg={deps.paint("muted")} wrapMode="word">
              {line}
            </text>
          )}
        </For>
      </box>
    </box>
  ))
  dialog.setSize("large")
}

/** The title and full description of a row whose description was cut. */
function wholeRow(row: { readonly title: string; readonly description?: string } | undefined): string[] {
  return row === undefined ? [] : [`${row.title}: ${row.description}`]
}

/** Sends the answer, then shows the next item that waits. */
async function send(deps: ReplyDeps, answered: string, line: string): Promise<void> {
  const { dialog, toast } = deps.api.ui
  const reply = await deps.send(line)
  if (reply.tone === "error") return deps.showReply(reply)
  const next = itemsOf(deps).find(({ id }) => id !== answered)
  if (next) {
    showItem(deps, next)
    return
  }
  dialog.clear()
  toast({ variant: "success", title: reply.title, message: reply.text })
}
