import type { PermissionRequest, QuestionRequest } from "@opencode-ai/sdk/v2"
import type { PermissionRule } from "../../core/model/profile.ts"
import type { AskPolicy } from "../../core/model/workflow.ts"
import type { PendingRequest, RequestAnswer, WorkerReport } from "../../core/ports/ports.ts"
import { evaluate } from "../../core/rights/permission.ts"
import { callHost, describe, type HostEvent } from "../../host/host.ts"
import type { SessionTarget } from "./session-target.ts"

export interface RequestBrokerOptions {
  readonly target: SessionTarget
  readonly session: string
  readonly asks: AskPolicy
  /** The profile's own rules, which are its allow list. */
  readonly rules: readonly PermissionRule[]
  readonly report: WorkerReport
  /** Called when a request appears or is answered. */
  readonly onChange: () => void
}

interface Open {
  readonly ask: PendingRequest
  readonly cancel: () => void
}

const DECIDE = "Nobody is here to answer. Decide yourself, and say what you assumed."
const DETAIL_LINES = 12

/**
 * Receives a worker's permission requests and questions (contract C40). The policy answers them, or
 * they are reported for a person.
 */
export class RequestBroker {
  readonly #options: RequestBrokerOptions
  readonly #open = new Map<string, Open>()
  /** Requests that the broker is answering by itself at this moment. */
  readonly #answering = new Set<string>()
  /** Requests that are answered. An older list of the server may still name them. */
  readonly #over = new Set<string>()
  #isClosed = false

  constructor(options: RequestBrokerOptions) {
    this.#options = options
  }

  /** Whether a request waits for a person. */
  get isWaiting(): boolean {
    return this.#open.size > 0
  }

  has(id: string): boolean {
    return this.#open.has(id)
  }

  /** Processes an event of the worker's session. */
  hear(event: HostEvent): void {
    switch (event.type) {
      case "permission.asked":
        this.#take(askOfPermission(event.properties), event.properties)
        break
      case "question.asked":
        this.#take(askOfQuestion(event.properties))
        break
      case "permission.replied":
      case "question.replied":
      case "question.rejected":
        this.#over.add(event.properties.requestID)
        this.#forget(event.properties.requestID)
        break
    }
  }

  /**
   * Asks the server which requests are open, because events may have been missed (contract C28).
   */
  async reread(): Promise<void> {
    const { target, session } = this.#options
    const { permission, question } = target.host.client
    // Requests that appear or end during this call are told by their own events.
    const before = [...this.#open.keys()]
    const [permissions, questions] = await Promise.all([
      callHost("list the permission requests", (o) => permission.list({}, o)),
      callHost("list the questions", (o) => question.list({}, o)),
    ])
    const mine = [...permissions, ...questions].filter((request) => request.sessionID === session)
    for (const id of before) if (!mine.some((request) => request.id === id)) this.#forget(id)
    for (const request of mine) {
      if ("questions" in request) this.#take(askOfQuestion(request))
      else this.#take(askOfPermission(request), request)
    }
  }

  /** Sends a person's answer. Resolves with the reason if that was not possible. */
  async answer(id: string, answer: RequestAnswer): Promise<string | undefined> {
    const open = this.#open.get(id)
    if (open === undefined) return "this request has been answered already"
    const isQuestion = open.ask.kind === "question"
    if (isQuestion && (answer.type === "allow" || answer.type === "always"))
      return "a question needs an answer in words"
    if (!isQuestion && answer.type === "answers")
      return "a permission request needs allow or deny, not an answer in words"
    try {
      await this.#reply(open.ask, answer)
    } catch (error) {
      return describe(error)
    }
    this.#forget(id)
    return undefined
  }

  /** Closes every request: none waits any more. */
  close(): void {
    this.#isClosed = true
    for (const id of [...this.#open.keys()]) this.#forget(id)
  }

  #take(found: Omit<PendingRequest, "askedAt" | "expiresAt">, permission?: PermissionRequest): void {
    if (this.#isClosed || this.#over.has(found.id)) return
    if (this.#open.has(found.id) || this.#answering.has(found.id)) return
    const { target, asks, report } = this.#options
    const now = target.clock.now()
    const expiresAt = asks.timeoutMs === undefined ? null : now + asks.timeoutMs
    const entry: PendingRequest = { ...found, askedAt: now, expiresAt }
    const policy = target.host.isAttended || asks.policy === "allow-listed" ? asks.policy : "deny"
    if (policy !== "ask") {
      const isAllowed = policy === "allow-listed" && permission !== undefined && this.#isListed(permission)
      void this.#decide(entry, isAllowed, permission)
      return
    }
    const cancel =
      asks.timeoutMs === undefined
        ? () => undefined
        : target.clock.after(asks.timeoutMs, () => void this.#decide(entry, asks.otherwise === "allow", permission))
    this.#open.set(found.id, { ask: entry, cancel })
    report.asked(entry)
    this.#options.onChange()
  }

  #isListed({ permission, patterns }: PermissionRequest): boolean {
    const { rules } = this.#options
    return patterns.length > 0 && patterns.every((pattern) => evaluate(rules, permission, pattern) === "allow")
  }

  /**
   * Answers without a person. The model always gets a message and can go on: a refusal without one
   * would end its turn (contracts C41 and C42).
   */
  async #decide(entry: PendingRequest, isAllowed: boolean, permission: PermissionRequest | undefined): Promise<void> {
    const { target } = this.#options
    const name = permission?.permission ?? entry.title
    const message = `Nobody is here to allow \`${name}\`. Go on without it, or say what you could not do.`
    this.#answering.add(entry.id)
    try {
      if (entry.kind === "question") await this.#reply(entry, { type: "deny", message: DECIDE })
      else await this.#reply(entry, isAllowed ? { type: "allow" } : { type: "deny", message })
    } catch (error) {
      target.log.error("a worker's request could not be answered", { ask: entry.id, error: describe(error) })
    }
    this.#answering.delete(entry.id)
    this.#forget(entry.id)
  }

  async #reply({ id, kind, questions }: PendingRequest, answer: RequestAnswer): Promise<void> {
    const { permission, question } = this.#options.target.host.client
    if (kind === "question") {
      const words = answer.type === "deny" ? answer.message : DECIDE
      const given = answer.type === "answers" ? answer.answers : []
      const answers = questions.map((_, at) => [...(given[at] ?? [words])])
      await callHost("answer a question", (o) => question.reply({ requestID: id, answers }, o), { isRepeatable: false })
      return
    }
    const reply =
      answer.type === "deny"
        ? { reply: "reject" as const, message: answer.message || "It was refused. Go on without it." }
        : { reply: answer.type === "always" ? ("always" as const) : ("once" as const) }
    await callHost("answer a permission request", (o) => permission.reply({ requestID: id, ...reply }, o), {
      isRepeatable: false,
    })
  }

  #forget(id: string): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    open.cancel()
    this.#open.delete(id)
    this.#options.report.answered(id)
    this.#options.onChange()
  }
}

function askOfPermission(request: PermissionRequest): Omit<PendingRequest, "askedAt" | "expiresAt"> {
  const { id, sessionID, permission, patterns, metadata } = request
  const texts = ["command", "filepath", "filePath", "url", "description", "diff"].flatMap((name) => {
    const value = metadata[name]
    return typeof value === "string" ? value.split("\n") : []
  })
  const lines = [...new Set([...patterns, ...texts])].filter((line) => line.trim() !== "")
  const details = lines.slice(0, DETAIL_LINES)
  const more = lines.length - details.length
  const what = typeof metadata.command === "string" ? metadata.command.split("\n", 1)[0] : patterns.join(", ")
  const title = what ? `${permission}: ${what}` : permission
  return { id, kind: "permission", session: sessionID, title, details, ...(more > 0 ? { more } : {}), questions: [] }
}

function askOfQuestion(request: QuestionRequest): Omit<PendingRequest, "askedAt" | "expiresAt"> {
  const questions = request.questions.map(({ question, options, multiple }) => ({
    text: question,
    options: options.map(({ label, description }) => ({ label, description })),
    isMultiple: multiple === true,
  }))
  return {
    id: request.id,
    kind: "question",
    session: request.sessionID,
    title: questions[0]?.text ?? "a question",
    details: questions.slice(1).map(({ text }) => text),
    questions,
  }
}
