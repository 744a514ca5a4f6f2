import { For } from "solid-js"
import type { AskView } from "../core/view.ts"
import { askFor } from "./ask-for.tsx"
import { clip } from "./format.ts"
import { rowColumns } from "./pickers.ts"
import { quote } from "./prompt-line.ts"
import type { ReplyDeps } from "./show.tsx"
import { answerChoices, askChoices, askDetails } from "./worker-rows.ts"

/** Columns that the host's dialog takes from its title: the word `esc`, what keeps them apart, and its own padding. */
const HEADING_MARGIN = 6
/** Rows of a choice without what is under it, in a dialog that begins at a quarter of the screen. */
const SELECT_ROWS = 12

/** A way to answer: the words a person sees, and the line that does it; a function asks for words first. */
interface Way {
  readonly title: string
  readonly description?: string
  run(): Promise<string | undefined> | string
}

/** The inbox: what waits for the person, the oldest first. Answered in place; then the next one is shown. */
export function showInbox(deps: ReplyDeps, snapshot: readonly AskView[]): void {
  const { dialog, DialogSelect } = deps.api.ui
  const asks = () => (deps.live.asks().length > 0 ? deps.live.asks() : snapshot)
  const only = asks()[0]
  if (asks().length === 1 && only) {
    showAsk(deps, only)
    return
  }
  const pick = (id: string) => {
    const ask = asks().find((one) => one.id === id)
    if (ask) showAsk(deps, ask)
  }
  dialog.replace(() => (
    <DialogSelect<string>
      title={`Inbox: ${asks().length} need you`}
      placeholder="Search"
      options={askChoices(asks(), deps.live.now(), rowColumns("xlarge", deps.api.renderer.width))}
      onSelect={(choice) => deps.guard.sync(undefined, () => pick(choice.value))}
    />
  ))
  dialog.setSize("xlarge")
}

function showAsk(deps: ReplyDeps, ask: AskView): void {
  if (ask.kind === "permission") showWays(deps, ask, ask.title, permissionWays(deps, ask))
  else deps.guard.start(() => answerQuestions(deps, ask))
}

async function answerQuestions(deps: ReplyDeps, ask: AskView): Promise<void> {
  const answers: string[] = []
  for (const question of ask.questions) {
    const answer = await chooseAnswer(deps, ask, question, answers.length)
    if (answer === undefined) return
    answers.push(answer)
  }
  await send(deps, ask, `/inbox answer ${ask.id} ${answers.map(quote).join(" ")}`)
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

function showWays(deps: ReplyDeps, ask: AskView, title: string, ways: readonly Way[]): void {
  const act = async (way: Way) => {
    const line = await way.run()
    if (line !== undefined) await send(deps, ask, line)
  }
  showChoice(deps, ask, title, ways, (way) => deps.guard.start(() => act(way)))
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
    const show = () => {
      const rows = options.map(({ label, description }) => ({
        title: isMultiple ? `${marked.has(label) ? "[x]" : "[ ]"} ${label}` : label,
        description,
        label,
      }))
      const done = isMultiple && marked.size > 0 ? [{ title: "Send what is marked", isDone: true }] : []
      const ways = [...rows, ...done, { title: "Answer in your own words…", isOwn: true }]
      showChoice(deps, ask, `${text}${step}`, ways, (way) => {
        if ("isOwn" in way) {
          deps.guard.start(async () =>
            resolve(await askFor(deps.api, deps.paint, { title: clip(text, 60), placeholder: "Your answer" })),
          )
        } else if ("isDone" in way) resolve([...marked].join(", "))
        else if (isMultiple) {
          if (!marked.delete(way.label)) marked.add(way.label)
          show()
        } else resolve(way.label)
      })
    }
    show()
  })
}

/** A choice about one ask, with what it is about under the rows. */
function showChoice<Row extends { readonly title: string; readonly description?: string }>(
  deps: ReplyDeps,
  ask: AskView,
  title: string,
  rows: readonly Row[],
  pick: (row: Row) => void,
): void {
  const { dialog, DialogSelect } = deps.api.ui
  const { width, height } = deps.api.renderer
  const columns = rowColumns("large", width)
  const heading = clip(title, columns - HEADING_MARGIN)
  const choices = answerChoices(rows, columns)
  const said = {
    ...ask,
    details: [...ask.details, ...choices.flatMap(({ isCut }, at) => (isCut ? wholeRow(rows[at]) : []))],
  }
  const details = askDetails(said, title, heading, { columns, rows: Math.floor((height * 3) / 4) - SELECT_ROWS })
  const where = ask.workflow === null ? ask.worker : `${ask.worker} · ${ask.workflow}`
  dialog.replace(() => (
    <box>
      <DialogSelect<number>
        title={heading}
        placeholder="Search"
        options={choices.map(({ title, description }, value) => ({
          title,
          value,
          category: clip(`${where} asks`, columns),
          ...(description === "" ? {} : { description }),
        }))}
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
async function send(deps: ReplyDeps, ask: AskView, line: string): Promise<void> {
  const { dialog, toast } = deps.api.ui
  const reply = await deps.send(line)
  if (reply.tone === "error") return deps.showReply(reply)
  const next = deps.live.asks().find(({ id }) => id !== ask.id)
  if (next) {
    showAsk(deps, next)
    return
  }
  dialog.clear()
  toast({ variant: "success", title: reply.title, message: reply.text })
}
