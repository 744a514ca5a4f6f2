import { suggest } from "../core/base/nearest.ts"
import type { RequestAnswer } from "../core/ports/ports.ts"
import { formatNeeds } from "../core/view/format.ts"
import { needsOf, needsWords } from "../core/view/needs.ts"
import type { Reply } from "../core/view/protocol.ts"
import type { PendingRequestView } from "../core/view/view.ts"
import { BY, type CommandContext, done, error } from "./command-context.ts"
import type { InboxAnswer } from "./line-workers.ts"

const TITLE_CHARS = 60

export async function listRequests({ engine, gate, now }: CommandContext): Promise<Reply> {
  const folder = await gate.need()
  const needs = needsOf(engine.open(), engine.requests(), folder === undefined ? [] : [folder])
  const text = formatNeeds(needs, now()) || "Nothing needs you now."
  const title = needs.length === 0 ? "Inbox" : `Inbox: ${needsWords(needs.length)}`
  return { tone: "info", title, text, view: { type: "inbox", needs } }
}

/** Answers the request with that id, or the only request of the worker with that name. */
export async function answerRequest({ engine }: CommandContext, wanted: string, given: InboxAnswer): Promise<Reply> {
  const asks = engine.requests()
  const own = asks.filter((request) => request.worker === wanted)
  const request = asks.find((one) => one.id === wanted) ?? (own.length === 1 ? own[0] : undefined)
  if (request === undefined) {
    if (own.length > 1) return error("Which one?", `${wanted} waits for ${own.length} answers: name one by its id`)
    if (asks.length === 0)
      return error("Nothing to answer", "nothing is waiting for you: it may have been answered already")
    const known = asks.flatMap((one) => [one.id, one.worker])
    return error(`No request ${wanted}`, `it may have been answered already; ${suggest(wanted, known, "requests")}`)
  }
  const answer = toAnswer(request, given)
  if (typeof answer === "string") return error("This answer does not fit the request", answer)
  const refused = await engine.answer(request.id, answer, BY)
  if (refused !== undefined) return error("Could not answer the request", refused)
  return done(`Answered ${request.worker}`, `${wordFor(given)} · ${shortTitle(request)}`)
}

/** Converts an answer for the port; returns a sentence when it does not fit the request. */
function toAnswer(request: PendingRequestView, given: InboxAnswer): RequestAnswer | string {
  if (given.type === "answer") {
    if (request.kind === "permission") return `it asks for a permission: \`/inbox allow|always|deny ${request.id}\``
    return toAnswers(request, given)
  }
  if (given.type === "deny") return given
  return request.kind === "permission" ? given : `it is a question: \`/inbox answer ${request.id} text\``
}

/** One question takes the whole text; several questions take one word each, grouped with quotes. */
function toAnswers(
  { questions }: PendingRequestView,
  given: Extract<InboxAnswer, { type: "answer" }>,
): RequestAnswer | string {
  const texts = questions.length > 1 ? given.words : [given.text]
  if (questions.length > 1 && texts.length !== questions.length) {
    return `it has ${questions.length} questions: answer each, in quotes: \`/inbox answer ID "first" "second"\``
  }
  return { type: "answers", answers: texts.map((text, index) => choicesIn(text, questions[index])) }
}

/** Splits `a, b` where several options may be chosen and each part is one of them; any other
 *  text is one answer. */
function choicesIn(text: string, question: PendingRequestView["questions"][number] | undefined): string[] {
  const parts = text.split(",").map((part) => part.trim())
  const labels = question?.options.map((option) => option.label) ?? []
  return question?.isMultiple && parts.every((part) => labels.includes(part)) ? parts : [text]
}

/** The beginning of the request's title, because the answer has to fit into a toast. */
function shortTitle({ title }: PendingRequestView): string {
  return title.length > TITLE_CHARS ? `${title.slice(0, TITLE_CHARS)}…` : title
}

function wordFor(given: InboxAnswer): string {
  if (given.type === "answer") return given.text
  return { allow: "allowed once", always: "allowed from now on", deny: "denied" }[given.type]
}
