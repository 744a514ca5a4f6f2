import { changeLines, namesLine, type TrustQuestion, trustMeaning, trustTitle } from "../../core/view/trust-question.ts"
import { systemClock } from "../host/clock.ts"
import { PAUSE_MS } from "../host/typing.ts"
import type { ReplyDeps } from "./deps.ts"
import { showText } from "./show-text.tsx"
import type { TextDocument } from "./text-document.ts"

/** The question whether the person trusts the folder, as a document for the text dialog. */
export function trustDocument(question: TrustQuestion): TextDocument {
  const { folder, contents, changes } = question
  const changed = changes.flatMap(changeLines).join("\n")
  return {
    title: trustTitle(question),
    tone: "warning",
    facts: [],
    sections: [
      { text: folder, tone: "text" },
      { text: trustMeaning(question), tone: "text" },
      ...(changed === "" ? [] : [{ heading: "What changed", text: changed, tone: "text" as const }]),
      ...contents.map((one) => ({
        heading: one.what,
        isRow: true as const,
        text: namesLine(one),
        tone: "text" as const,
      })),
    ],
  }
}

/**
 * Asks the person. Only the key `y` is a yes, and only after a person can have seen the question:
 * what they still type for the prompt trusts nothing. Return and escape are a no.
 */
export function askTrust(deps: ReplyDeps, question: TrustQuestion, line: string): void {
  const readyAt = systemClock.now() + PAUSE_MS
  const { dialog, toast } = deps.api.ui
  let isAnswered = false
  const answer = (word: "yes" | "no") => {
    if (isAnswered) return
    isAnswered = true
    dialog.clear()
    deps.guard.start(async () => {
      const reply = await deps.send(`/workflow trust ${word} ${question.digest}`)
      if (reply.tone === "error") return deps.showReply(reply)
      if (word === "yes") toast({ variant: "success", title: reply.title, message: reply.text })
      if (line !== "" && (word === "yes" || !question.isNeeded)) deps.submit(line)
    })
  }
  const yes = () => {
    if (systemClock.now() >= readyAt) answer("yes")
  }
  const keys = { y: yes, n: () => answer("no") }
  showText(deps, trustDocument(question), {
    keys,
    help: "y trust this folder · return no",
    closed: () => answer("no"),
  })
}
