/** What a worker asks for, and what it is answered. Both are recorded in the journal. */

interface OfAttempt {
  readonly at: number
  readonly step: string
  readonly attempt: number
}

export type RequestEvent =
  /** The worker asked for a permission, or has a question. `again`: it is still open after the
   *  run was taken up again, which it would not be if its server had ended with its process. */
  | ({ readonly type: "step.asked"; readonly again?: true } & OfAttempt & WorkerRequest)
  /** What it was answered. A request without this event was open when its task ended. */
  | ({ readonly type: "step.replied" } & OfAttempt & WorkerReply)

/** A permission request or a question of a worker, as it is recorded. */
export interface WorkerRequest {
  /** OpenCode's id. A request is recorded once, however often it is heard of. */
  readonly id: string
  readonly kind: "permission" | "question"
  /** One line: for a permission, for example `bash: npm test`; for a question, its text. */
  readonly title: string
  readonly details: readonly string[]
}

/** The answer to a worker's request. */
export interface WorkerReply {
  /** The id of the request. */
  readonly id: string
  /** `unknown`: it was answered while nobody heard of it. A question has `answers` or `deny`. */
  readonly answer: "allow" | "always" | "deny" | "answers" | "unknown"
  /** The person who answered, or the rule that did in a person's place. */
  readonly by: string
  /**
   * Where the answer came from. `inbox`: Baton's inbox; `opencode`: OpenCode's own prompt, or
   * another program at its server; `policy`: the key `asks`; `timeout`: its time limit;
   * `unattended`: no person is present; `stop`: the worker was stopped.
   */
  readonly from: "inbox" | "opencode" | "policy" | "timeout" | "unattended" | "stop"
  /** The words that the worker was answered. */
  readonly text?: string
}

/** Who or what answers a request, and where. */
export type Replier = Pick<WorkerReply, "by" | "from">
