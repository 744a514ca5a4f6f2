import type { PermissionRequest, QuestionRequest } from "@opencode-ai/sdk/v2"
import type { PermissionRule } from "../../core/model/profile.ts"
import type { Replier, WorkerReply } from "../../core/model/request.ts"
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

/** OpenCode's event of an answer, which was given here or elsewhere. */
type HostReply = Extract<HostEvent, { type: "permission.replied" | "question.replied" | "question.rejected" }>

/** Baton refuses what a worker asked for when it stops it. */
const STOPPED: Replier = { by: "Baton", from: "stop" }
/** A person who answers in OpenCode's own prompt, or through another program at its server. */
const IN_OPENCODE: Replier = { by: "a person", from: "opencode" }
const DECIDE = "Nobody is here to answer. Decide yourself, and say what you assumed."
const DETAIL_LINES = 12

/**
 * Receives a worker's permission requests and questions (contract C40). The policy answers them, or
 * they are reported for a person.
 */
export class RequestBroker {
  readonly #options: RequestBrokerOptions
  readonly #open = new Map<string, Open>()
  /** Replies that are being sent at this moment, and are not recorded yet. */
  readonly #sending = new Map<string, WorkerReply>()
  /** Requests that are answered. An older list of the server may still name them. */
  readonly #over = new Set<string>()
  /**
   * The last answer to a permission, and the other requests that were open then. OpenCode applies
   * some answers to those too.
   */
  #last: { readonly reply: WorkerReply; readonly others: ReadonlySet<string> } | undefined
  #isClosed = false
  #isStopping = false

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
        this.#replied(event)
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
    for (const id of before) {
      if (mine.some((request) => request.id === id) || !this.#open.has(id)) continue
      this.#record({ id, answer: "unknown", by: "somebody", from: "opencode" })
      this.#forget(id)
    }
    for (const request of mine) {
      if ("questions" in request) this.#take(askOfQuestion(request))
      else this.#take(askOfPermission(request), request)
    }
  }

  /** Sends a person's answer. Resolves with the reason if that was not possible. */
  async answer(id: string, answer: RequestAnswer, by: Replier): Promise<string | undefined> {
    const open = this.#open.get(id)
    if (open === undefined) return "this request has been answered already"
    const isQuestion = open.ask.kind === "question"
    if (isQuestion && (answer.type === "allow" || answer.type === "always"))
      return "a question needs an answer in words"
    if (!isQuestion && answer.type === "answers")
      return "a permission request needs allow or deny, not an answer in words"
    try {
      await this.#reply(open.ask, answer, by)
    } catch (error) {
      return describe(error)
    }
    this.#forget(id)
    return undefined
  }

  /** The session is being stopped, which refuses what it has asked for. */
  stop(): void {
    this.#isStopping = true
  }

  /** Closes every request: none waits any more. */
  close(): void {
    this.#isClosed = true
    for (const id of [...this.#open.keys()]) this.#forget(id)
  }

  #take(found: Omit<PendingRequest, "askedAt" | "expiresAt">, permission?: PermissionRequest): void {
    if (this.#isClosed || this.#over.has(found.id)) return
    if (this.#open.has(found.id) || this.#sending.has(found.id)) return
    const { target, asks, report } = this.#options
    const now = target.clock.now()
    const expiresAt = asks.timeoutMs === undefined ? null : now + asks.timeoutMs
    const entry: PendingRequest = { ...found, askedAt: now, expiresAt }
    const policy = target.host.isAttended || asks.policy === "allow-listed" ? asks.policy : "deny"
    report.requested(entry)
    if (policy !== "ask") {
      const isAllowed = policy === "allow-listed" && permission !== undefined && this.#isListed(permission)
      const from = asks.policy === "ask" ? "unattended" : "policy"
      void this.#decide(entry, isAllowed, permission, { by: `asks: ${asks.policy}`, from })
      return
    }
    const late: Replier = { by: `asks: ${asks.otherwise} after its time limit`, from: "timeout" }
    const cancel =
      asks.timeoutMs === undefined
        ? () => undefined
        : target.clock.after(
            asks.timeoutMs,
            () => void this.#decide(entry, asks.otherwise === "allow", permission, late),
          )
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
  async #decide(
    entry: PendingRequest,
    isAllowed: boolean,
    permission: PermissionRequest | undefined,
    by: Replier,
  ): Promise<void> {
    const { target } = this.#options
    const name = permission?.permission ?? entry.title
    const message = `Nobody is here to allow \`${name}\`. Go on without it, or say what you could not do.`
    try {
      if (entry.kind === "question") await this.#reply(entry, { type: "deny", message: DECIDE }, by)
      else await this.#reply(entry, isAllowed ? { type: "allow" } : { type: "deny", message }, by)
    } catch (error) {
      target.log.error("a worker's request could not be answered", { ask: entry.id, error: describe(error) })
    }
    this.#forget(entry.id)
  }

  /** Sends an answer, and records it once it has arrived. */
  async #reply(entry: PendingRequest, answer: RequestAnswer, by: Replier): Promise<void> {
    const { id, kind } = entry
    const text = wordsOf(answer)
    const reply: WorkerReply = { id, answer: answer.type, ...by, ...(text === "" ? {} : { text }) }
    // A slower prompt of OpenCode must not be taken for the answer, nor an earlier event for another.
    this.#sending.set(id, reply)
    if (kind === "permission") this.#last = { reply, others: new Set(this.#open.keys()) }
    try {
      await this.#send(entry, answer)
      this.#record(reply)
    } finally {
      this.#sending.delete(id)
    }
  }

  async #send({ id, kind, questions }: PendingRequest, answer: RequestAnswer): Promise<void> {
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

  /** Processes the event of an answer: one of ours, one that follows from it, or a person's elsewhere. */
  #replied(event: HostReply): void {
    const id = event.properties.requestID
    const told = { id, ...answerIn(event) }
    const own = this.#sending.get(id)
    const isOwn = own !== undefined && (event.type !== "permission.replied" || own.answer === told.answer)
    if (isOwn) this.#record(own)
    else if (this.#open.has(id)) this.#record({ ...told, ...this.#causeOf(told) })
    this.#over.add(id)
    this.#forget(id)
  }

  /** OpenCode applies `always` and a refusal to the other open requests of the session too. */
  #causeOf({ id, answer }: Pick<WorkerReply, "id" | "answer">): Replier {
    if (this.#isStopping && answer === "deny") return STOPPED
    const isSpread = answer === "always" || answer === "deny"
    if (!isSpread || this.#last?.reply.answer !== answer || !this.#last.others.has(id)) return IN_OPENCODE
    return { by: this.#last.reply.by, from: this.#last.reply.from }
  }

  #record(reply: WorkerReply): void {
    if (this.#over.has(reply.id)) return
    this.#over.add(reply.id)
    this.#options.report.replied(reply)
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

function wordsOf(answer: RequestAnswer): string {
  if (answer.type === "deny") return answer.message
  return answer.type === "answers" ? answer.answers.map((one) => one.join(", ")).join("; ") : ""
}

function answerIn(event: HostReply): Pick<WorkerReply, "answer" | "text"> {
  switch (event.type) {
    case "permission.replied":
      return { answer: ({ once: "allow", always: "always", reject: "deny" } as const)[event.properties.reply] }
    case "question.rejected":
      return { answer: "deny" }
    default: {
      const text = event.properties.answers.map((one) => one.join(", ")).join("; ")
      return { answer: "answers", ...(text === "" ? {} : { text }) }
    }
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
