import type { WorkerReply, WorkerRequest } from "./request.ts"

/** Words for what a worker asked for and what it was answered. */

type Asked = Pick<WorkerRequest, "kind" | "title">

export function describeRequest({ kind, title }: Asked): string {
  return kind === "permission" ? `asks for a permission: ${title}` : `asks: ${title}`
}

/** For example `allowed once by person in OpenCode, in the inbox: bash: npm test`. */
export function describeReply(reply: WorkerReply, asked: Asked | undefined): string {
  const said = `${answerWord(reply, asked?.kind)}${sourceWords(reply)}`
  return asked === undefined ? said : `${said}: ${asked.title}`
}

/** Whether a rule answered because no person could, and not with what a person had listed. */
export function isUnanswered({ answer, from }: WorkerReply): boolean {
  return from === "timeout" || from === "unattended" || (from === "policy" && answer === "deny")
}

function answerWord({ answer }: WorkerReply, kind: WorkerRequest["kind"] | undefined): string {
  switch (answer) {
    case "allow":
      return "allowed once"
    case "always":
      return "allowed from now on"
    case "deny":
      return kind === "question" ? "not answered" : "not allowed"
    default:
      return "answered"
  }
}

function sourceWords({ by, from }: WorkerReply): string {
  switch (from) {
    case "inbox":
      return ` by ${by}, in the inbox`
    case "opencode":
      return ` by ${by}, in OpenCode itself`
    case "policy":
      return ` because of \`${by}\``
    case "timeout":
      return ", because nobody answered in time"
    case "stop":
      return ", because the worker was stopped"
    case "unattended":
      return ", because nobody is here to answer"
  }
}
