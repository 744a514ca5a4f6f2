import type { Reply } from "../core/view/protocol.ts"
import { formatTrust, type TrustQuestion, trustTitle } from "../core/view/trust-question.ts"
import type { RunView } from "../core/view/view.ts"
import type { Permit } from "../project/gate.ts"
import { type CommandContext, done, error } from "./command-context.ts"
import type { CommandLine } from "./line.ts"

/** The question whether a person trusts the folder, and its answer. */

/** Whether a command may go on, and then whether it may use the folder. */
export type Allowed =
  | { readonly ok: true; readonly usesFolder: boolean; readonly note?: string }
  | { readonly ok: false; readonly reply: Reply }

/** What a permit means for the line that asked for it. */
export function allowed(permit: Permit, line: string): Allowed {
  if (permit.type === "ask") return { ok: false, reply: asks(permit.question, line) }
  const { type, note } = permit
  return { ok: true, usesFolder: type === "folder", ...(note === undefined ? {} : { note }) }
}

/** Whether a run that is taken up may go on. */
export async function allowedRun({ gate, engine, line }: CommandContext, { id, workflow }: RunView): Promise<Allowed> {
  return allowed(await gate.forRun(workflow, engine.usesFolder(id)), line)
}

/** `/workflow trust`: asks, records the answer, or takes trust back. */
export async function trust(
  { gate }: CommandContext,
  { answer, digest }: Extract<CommandLine, { command: "trust" }>,
): Promise<Reply> {
  if (answer === "revoke") {
    const text = "Its workflows and profiles do not run any more; `/workflow trust` asks again."
    return (await gate.revoke())
      ? done("This folder is not trusted any more", text)
      : error("Nothing to take back", "this folder was not trusted")
  }
  if (answer === undefined) {
    const question = await gate.question()
    if (question !== undefined) return asks(question, "")
    return done(
      "This folder is trusted",
      "`/workflow trust revoke` takes it back, `baton trust --list` shows what it names.",
    )
  }
  if (!(await gate.answer(digest, answer === "yes", "dialog")))
    return error("The files have changed meanwhile", "your answer does not count: `/workflow trust` asks again")
  return answer === "yes"
    ? done("This folder is trusted", "`/workflow trust revoke` takes it back.")
    : done("This folder is not trusted", "Baton uses nothing of it; `/workflow trust` asks again.")
}

/** `line` is what the person typed, to be submitted again after the answer. */
function asks(question: TrustQuestion, line: string): Reply {
  const text = `${formatTrust(question)}\n\n\`/workflow trust yes ${question.digest.slice(0, 12)}\` trusts it.`
  return { tone: "info", title: trustTitle(question), text, view: { type: "trust", question, line } }
}
