import type { Need, UntrustedFolder } from "./needs.ts"
import type { Trace } from "./trace.ts"
import type { TrustQuestion } from "./trust-question.ts"
import type { PendingRequestView, RunView, StepView, WorkerView } from "./view.ts"

/**
 * The messages between the two halves of the plugin. Both directions travel as OpenCode's own
 * `tui.command.execute` event, whose command is a free string: it reaches the server half's `event`
 * hook and every TUI's event bus, in the same process and through `opencode attach` alike, and the
 * host ignores commands that it does not know.
 *
 *   TUI → server   request (repeated until the reply arrives; the server answers each id once)
 *   server → TUI   reply; `state` whenever a run, a worker or a request changes; `open` when a
 *                  person should go to a session; `notice` when something needs a person or has
 *                  ended
 */
export type ChannelMessage = Request | ReplyMessage | StateMessage | OpenMessage | NoticeMessage | FolderMessage

export interface Request {
  readonly kind: "request"
  readonly id: string
  /** The line as typed (`/workflow run demo`), or `hello` to request the state. */
  readonly line: string
  /** The session that a person types into: the one on the screen, or its root. */
  readonly session?: string
  /** The session on the screen when it differs: a worker's session, into which nobody can type. */
  readonly screen?: string
}

export interface ReplyMessage {
  readonly kind: "reply"
  readonly id: string
  readonly reply: Reply
}

/** Everything active. Texts are cut to their beginning; a command requests the rest. */
export interface StateMessage {
  readonly kind: "state"
  /** The folder of the project, because one OpenCode serves several. */
  readonly directory: string
  /** Changes when another process has written to the journal. */
  readonly version: number
  /**
   * Newest first: every run of the project that has not ended, whichever process drives it, and the
   * newest that have ended since this OpenCode drove or saw them.
   */
  readonly runs: readonly RunView[]
  /** Workers with a task, then kept workers without one. */
  readonly workers: readonly WorkerView[]
  /** The requests that wait for a person, oldest first. */
  readonly asks: readonly PendingRequestView[]
}

/**
 * A person is needed in `session`. Only a TUI that shows `parent`, or a worker of it, goes there.
 */
export interface OpenMessage {
  readonly kind: "open"
  readonly session: string
  readonly parent: string
}

/** Whether the person has to decide about the folder of a project; null when not. */
export interface FolderMessage {
  readonly kind: "folder"
  readonly directory: string
  readonly folder: UntrustedFolder | null
}

/**
 * Something needs a person or has ended. It is announced once, by a toast and by OpenCode's
 * attention notification.
 */
export interface NoticeMessage {
  readonly kind: "notice"
  readonly about: "needs-you" | "done" | "failed"
  readonly title: string
  readonly message: string
}

/**
 * The answer to a command, for both ways of showing it: `text` for clients that have only text,
 * `view` for the others.
 */
export interface Reply {
  readonly tone: "info" | "success" | "error"
  readonly title: string
  readonly text: string
  readonly view?: ReplyView
  /** One line that a person should see besides what the view shows. */
  readonly notice?: string
}

/** What a workflow is selected for. */
export type Purpose = "run" | "plan" | "graph"

export type ReplyView =
  /** `purpose` is what happens to the selected workflow. */
  | {
      readonly type: "workflows"
      readonly workflows: readonly WorkflowItem[]
      readonly purpose: Purpose
    }
  | DashboardReply
  | StepReply
  | { readonly type: "trace"; readonly run: string; readonly step: StepView; readonly trace?: Trace }
  /** The run was started. The TUI shows only its line. */
  | { readonly type: "started"; readonly run: string }
  | { readonly type: "workers"; readonly workers: readonly WorkerView[] }
  | { readonly type: "inbox"; readonly needs: readonly Need[] }
  /** The person decides about the folder; then `line` is submitted again, unless it is empty. */
  | { readonly type: "trust"; readonly question: TrustQuestion; readonly line: string }
  /** The TUI that sent the command opens this session. */
  | { readonly type: "open"; readonly session: string }
  /** The command is done. The TUI shows it in a toast. */
  | { readonly type: "done" }

/**
 * The newest runs of the project, and the selected one (null: none). Texts are cut as in a state
 * message.
 */
export interface DashboardReply {
  readonly type: "board"
  readonly run: string | null
  readonly runs: readonly RunView[]
  /** Runs whose journal cannot be read, with the reason. */
  readonly broken: readonly BrokenRun[]
  /** The number of older runs. */
  readonly more: number
}

/** The dashboard reads this many runs at first, and this many more each time a person goes on. */
export const RUNS_IN_PAGE = 50

export interface BrokenRun {
  readonly id: string
  readonly workflow: string
  readonly createdAt: number
  readonly why: string
}

/**
 * One step with the beginning of its prompt and of its answer, and the end of what its worker is
 * writing (null when there is no output to show).
 */
export interface StepReply {
  readonly type: "step"
  readonly run: string
  readonly step: StepView
  readonly tail: string | null
}

export interface WorkflowItem {
  readonly name: string
  readonly description: string
  /** It is built into Baton. */
  readonly isBuiltIn?: boolean
  /** The declared inputs, required ones first. */
  readonly inputs: readonly { readonly name: string; readonly required: boolean; readonly description: string }[]
  /** The problems of the file, when it cannot be run. */
  readonly broken?: string
}

const PREFIX = "baton:"

export function encode(message: ChannelMessage): string {
  return PREFIX + JSON.stringify(message)
}

/** Parses a command string. Returns undefined when it is no message of Baton. */
export function decode(command: string): ChannelMessage | undefined {
  if (!command.startsWith(PREFIX)) return undefined
  const message: unknown = JSON.parse(command.slice(PREFIX.length))
  return typeof message === "object" && message !== null && "kind" in message ? (message as ChannelMessage) : undefined
}
