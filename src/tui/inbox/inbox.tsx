import { For } from "solid-js"
import type { GateView } from "../../core/view/gate-view.ts"
import type { AskView } from "../../core/view/view.ts"
import type { ReplyDeps } from "../dialogs/deps.ts"
import { rowColumns } from "../dialogs/pickers.ts"
import { askFor } from "../dialogs/text-input.tsx"
import { quote } from "../host/prompt-line.ts"
import { clip } from "../state/text.ts"
import { answerChoices, askDetails } from "./ask-rows.ts"
import { gateDetails, gateKey, gateWays, type InboxItem, inboxChoices, inboxItems } from "./gate-rows.ts"

/** Columns that the host's dialog takes from its title: the word `esc`, what keeps them apart, and its own padding. */
const HEADING_MARGIN = 6
/** Rows of a choice without what is under it, in a dialog that begins at a quarter of the screen. */
const SELECT_ROWS = 12

/** A way to answer: the words a person sees, and the line that does it; a function asks for words first. */
interface Way {
  readonly title: string
  readonly description?: string
  run(): Promise<string | undefined> | string | undefined
}

/** What waits for the person now, the oldest first. */
function itemsOf({ live }: ReplyDeps): InboxItem[] {
  return inboxItems(live.asks(), live.gates())
}

/**
 * The inbox: asks of workers, and steps that wait for a decision. Answered in place; then the next one is shown.
 * `snapshot` also has what waits in runs that this OpenCode has not driven.
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
  else showAsk(deps, item.ask)
}

/** The answers to what a worker asks. */
export function showAsk(deps: ReplyDeps, ask: AskView): void {
  if (ask.kind === "permission") showWays(deps, topicOf(ask), ask.title, permissionWays(deps, ask))
  else deps.guard.start(() => answerQuestions(deps, ask))
}

/** The decision about a step, each way with what it means. */
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
  // Without a heading over the rows all of them are seen in 24 lines.
  const topic = { id: gateKey(gate), category: "", details: gateDetails(gate, deps.live.now()), questions: [] }
  showWays(deps, topic, gate.title, ways)
}

/** What a choice is about. */
interface Topic {
  readonly id: string
  readonly category: string
  readonly details: readonly string[]
  readonly more?: number
  readonly questions: AskView["questions"]
}

function topicOf({ id, worker, workflow, details, more, questions }: AskView): Topic {
  const category = `${workflow === null ? worker : `${worker} · ${workflow}`} asks`
  return { id, category, details, ...(more === undefined ? {} : { more }), questions }
}

async function answerQuestions(deps: ReplyDeps, ask: AskView): Promise<void> {
  const answers: string[] = []
  for (const question of ask.questions) {
    const answer = await chooseAnswer(deps, ask, question, answers.length)
    if (answer === undefined) return
    answers.push(answer)
  }
  await send(deps, ask.id, `/inbox answer ${ask.id} ${answers.map(quote).join(" ")}`)
}

function permissionWays(deps: ReplyDeps, ask: AskView): Way[] {
  const inWords = async () => {
    const words = await askFor(deps.api, deps.paint, {
      title: `Why not, for ${clip(ask.worker, 30)}`,
      description: ask.title,
      placeholder: "What it is to do instead",
    })
    return words === undefined ? undefined : `/inbox deny ${ask.id} ${quote(words)}`
  }
  return [
    { title: "Allow once", run: () => `/inbox allow ${ask.id}` },
    { title: "Always allow", description: "this and the like, from now on", run: () => `/inbox always ${ask.id}` },
    { title: "Deny", run: () => `/inbox deny ${ask.id}` },
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

/** One question: its options, or words of the person's own. Several options are marked, then sent. */
function chooseAnswer(
  deps: ReplyDeps,
  ask: AskView,
  question: AskView["questions"][number],
  index: number,
): Promise<string | undefined> {
  const { isMultiple, options, text } = question
  const marked = new Set<string>()
  const step = ask.questions.length > 1 ? ` (${index + 1} of ${ask.questions.length})` : ""
  return new Promise((resolve) => {
    // Shown anew with every mark, at the row that was marked.
    const show = (at?: string) => {
      const rows = options.map(({ label, description }) => ({
        title: isMultiple ? `${marked.has(label) ? "[x]" : "[ ]"} ${label}` : label,
        description,
        label,
      }))
      const done = isMultiple && marked.size > 0 ? [{ title: "Send what is marked", isDone: true }] : []
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
      showChoice(deps, topicOf(ask), `${text}${step}`, ways, pick, start)
    }
    show()
  })
}

/** A choice about one thing, with what it is about under the rows. */
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
    details: [...topic.details, ...choices.flatMap(({ isCut }, at) => (isCut ? wholeRow(rows[at]) : []))],
  }
  const details = askDetails(said, title, heading, { columns, rows: Math.floor((height * 3) / 4) - SELECT_ROWS })
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

/** An answer with the whole of what is said about it. */
function wholeRow(row: { readonly title: string; readonly description?: string } | undefined): string[] {
  return row === undefined ? [] : [`${row.title}: ${row.description}`]
}

/** Sends the answer, then shows what waits next. */
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
