import { For } from "solid-js"
import type { GateView } from "../../core/view/gate-view.ts"
import { type Need, needsWords } from "../../core/view/needs.ts"
import { plural } from "../../core/view/numbers.ts"
import type { PendingRequestView } from "../../core/view/view.ts"
import type { ReplyDeps } from "../dialogs/deps.ts"
import { rowColumns } from "../dialogs/pickers.ts"
import { askFor } from "../dialogs/text-input.tsx"
import { systemClock } from "../host/clock.ts"
import { quote } from "../host/prompt-line.ts"
import { PAUSE_MS } from "../host/typing.ts"
import { clip } from "../state/text.ts"
import { type GateWay, gateDetails, gateWays } from "./gate-rows.ts"
import { inboxChoices, needWays } from "./need-rows.ts"
import { answerChoices, headingOf, requestDetails, textLines } from "./request-rows.ts"

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

/** Columns of the title of a dialog with a text field. */
const FIELD_TITLE = 46
/** Columns of such a dialog that its text cannot use, and its rows without the text. */
const FIELD_MARGIN = 10
const FIELD_ROWS = 9

/**
 * A choice of a dialog. `run` returns the line to submit, or asks for a text first; undefined
 * submits nothing.
 */
interface Way {
  readonly title: string
  readonly description?: string
  run(): Promise<string | undefined> | string | undefined
}

/**
 * Shows the inbox: everything that needs the person. Each item is answered in place, and after it
 * the next is shown. `snapshot` is what the server half said a moment ago, which this TUI may not
 * have been told yet.
 */
export function showInbox(deps: ReplyDeps, snapshot: readonly Need[]): void {
  const { dialog, DialogSelect } = deps.api.ui
  const items = () => {
    const now = deps.live.needs()
    const isKnown = ({ run }: Need) => deps.live.runs().some(({ id }) => id === run)
    return now.length > 0 ? [...snapshot.filter((need) => !isKnown(need)), ...now] : snapshot
  }
  const only = items()[0]
  if (items().length === 1 && only) {
    showNeed(deps, only)
    return
  }
  const pick = (id: string) => {
    const item = items().find((one) => one.id === id)
    if (item) showNeed(deps, item)
  }
  dialog.replace(() => (
    <DialogSelect<string>
      title={`Inbox: ${needsWords(items().length)}`}
      placeholder="Search"
      options={inboxChoices(items(), deps.live.now(), rowColumns("xlarge", deps.api.renderer.width))}
      onSelect={(choice) => deps.guard.sync(undefined, () => pick(choice.value))}
    />
  ))
  dialog.setSize("xlarge")
}

/** `done` are the items that were answered just before: this TUI may not have been told yet. */
function showNeed(deps: ReplyDeps, need: Need, done: readonly string[] = []): void {
  if (need.type === "gate") showGate(deps, need.gate, done)
  else if (need.type === "request") showRequest(deps, need.request, done)
  else if (need.type === "trust") deps.submit("/workflow trust")
  else {
    const topic = { id: need.id, done, category: "", details: [], questions: [] }
    showWays(deps, topic, `${need.who} ${need.text}`, waysOf(deps, needWays(need), need.text))
  }
}

/** Shows the possible answers to a worker's request. */
export function showRequest(deps: ReplyDeps, request: PendingRequestView, done: readonly string[] = []): void {
  if (request.kind === "permission")
    showWays(deps, topicOf(request, done), request.title, permissionWays(deps, request))
  else deps.guard.start(() => answerQuestions(deps, request, done))
}

/** Shows the possible decisions about a step, each with its effect. */
export function showGate(deps: ReplyDeps, gate: GateView, done: readonly string[] = []): void {
  // Without a heading over them, all rows fit in 24 lines.
  const id = `${gate.run}/${gate.step}`
  const topic = { id, done, category: "", details: gateDetails(gate, deps.live.now()), questions: [] }
  showWays(deps, topic, gate.title, waysOf(deps, gateWays(gate), gate.title))
}

function waysOf(deps: ReplyDeps, ways: readonly GateWay[], about: string): Way[] {
  return ways.map(({ title, description, line, asks, about: more, value, ends, open }) => ({
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
        description: textLines(more ?? about, fieldRoom(deps)).join("\n"),
        placeholder: "Words",
        value,
      })
      return words === undefined ? undefined : [line, words, ...(ends === undefined ? [] : [ends])].join(" ")
    },
  }))
}

/** Subject of a choice, shown below the rows. */
interface Topic {
  readonly id: string
  /** The items that were answered just before this one. */
  readonly done: readonly string[]
  readonly category: string
  readonly details: readonly string[]
  readonly more?: number
  readonly questions: PendingRequestView["questions"]
}

function topicOf(
  { id, worker, workflow, details, more, questions }: PendingRequestView,
  done: readonly string[],
): Topic {
  const category = `${workflow === null ? worker : `${worker} · ${workflow}`} asks`
  return { id, done, category, details, ...(more === undefined ? {} : { more }), questions }
}

async function answerQuestions(deps: ReplyDeps, request: PendingRequestView, done: readonly string[]): Promise<void> {
  const answers: string[] = []
  for (const question of request.questions) {
    const answer = await chooseAnswer(answers.length > 0 ? byItself(deps) : deps, request, question, answers.length)
    if (answer === undefined) return
    answers.push(answer)
  }
  await send(deps, [...done, request.id], `/inbox answer ${request.id} ${answers.map(quote).join(" ")}`)
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
    if (line !== undefined) await send(deps, [...topic.done, topic.id], line)
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
  const { isMultiple, options, more = 0, text } = question
  const marked = new Set<string>()
  const count = request.questions.length
  const title = count > 1 ? `(${index + 1} of ${count}) ${text}` : text
  const unlisted = `also for the ${plural(more, "answer")} not listed here`
  return new Promise((resolve) => {
    // The dialog is replaced after each mark, with the cursor on the same row.
    const show = (at?: string) => {
      const rows = options.map(({ label, description }) => ({
        title: isMultiple ? `${marked.has(label) ? "[x]" : "[ ]"} ${label}` : label,
        description,
        label,
      }))
      const done = isMultiple && marked.size > 0 ? [{ title: "Send the marked answers", isDone: true }] : []
      const own = { title: "Answer in your own words…", isOwn: true, ...(more > 0 ? { description: unlisted } : {}) }
      const ways = [...rows, ...done, own]
      const start = ways.find((way) => "label" in way && way.label === at)
      const pick = (way: (typeof ways)[number]) => {
        if ("isOwn" in way) {
          deps.guard.start(async () => resolve(await ownWords(deps, text)))
        } else if ("isDone" in way) resolve([...marked].join(", "))
        else if (isMultiple) {
          if (!marked.delete(way.label)) marked.add(way.label)
          show(way.label)
        } else resolve(way.label)
      }
      showChoice(deps, topicOf(request, []), title, ways, pick, start)
    }
    show()
  })
}

/**
 * A choice that appears by itself takes no answer until a person can have seen it. Otherwise a
 * second press of enter would answer it too.
 */
function byItself(deps: ReplyDeps): ReplyDeps {
  return { ...deps, readyAt: systemClock.now() + PAUSE_MS }
}

/** Asks for an answer in a text field, under the question if the title of the field cannot hold it. */
function ownWords(deps: ReplyDeps, question: string): Promise<string | undefined> {
  const title = headingOf(question, FIELD_TITLE)
  const description = title === question ? "" : textLines(question, fieldRoom(deps)).join("\n")
  return askFor(deps.api, deps.paint, { title, description, placeholder: "Your answer" })
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
  const heading = headingOf(title, columns - HEADING_MARGIN)
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
            if (row && systemClock.now() >= (deps.readyAt ?? 0)) pick(row)
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

/** The room for a text over the field of a dialog, which is 60 columns wide at most. */
function fieldRoom({ api }: ReplyDeps): { readonly columns: number; readonly rows: number } {
  const { width, height } = api.renderer
  return { columns: Math.min(60, width) - FIELD_MARGIN, rows: Math.floor((height * 3) / 4) - FIELD_ROWS }
}

/** Sends the answer, then shows the next item that waits. */
async function send(deps: ReplyDeps, done: readonly string[], line: string): Promise<void> {
  const { dialog, toast } = deps.api.ui
  const reply = await deps.send(line)
  if (reply.tone === "error" || reply.view?.type === "board") {
    if (reply.tone !== "error") dialog.clear()
    return deps.showReply(reply)
  }
  const next = deps.live.needs().find(({ id }) => !done.includes(id))
  if (next) {
    showNeed(byItself(deps), next, done)
    return
  }
  dialog.clear()
  toast({ variant: "success", title: reply.title, message: reply.text })
}
