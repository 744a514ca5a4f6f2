import type { GateView } from "./gate-view.ts"
import type { Trace } from "./trace.ts"
import type { PendingRequestView, RunView, StepView, WorkerView } from "./view.ts"

/**
 * What the two halves of the plugin say to each other. Both directions travel as OpenCode's own `tui.command.execute`
 * event, whose command is a free string: it reaches the server half's `event` hook and every TUI's event bus, in the
 * same process and through `opencode attach` alike, and the host ignores commands it does not know.
 *
 *   TUI → server   request (sent again until the reply comes; the server answers each id once)
 *   server → TUI   reply; `state` whenever a run, a worker or an ask changes; `open` when a person is to go somewhere;
 *                  `notice` when something needs a person or has ended
 */
export type ChannelMessage = Request | ReplyMessage | StateMessage | OpenMessage | NoticeMessage

export interface Request {
  readonly kind: "request"
  readonly id: string
  /** The line as typed (`/workflow run demo`), or `hello` to be told the state. */
  readonly line: string
  /** Session a person types into: the one on the screen, or the root of it. */
  readonly session?: string
  /** Session on the screen when that is another one: a worker's, into which nobody can type. */
  readonly screen?: string
}

export interface ReplyMessage {
  readonly kind: "reply"
  readonly id: string
  readonly reply: Reply
}

/** What is alive. Texts are cut to their beginning: a command asks for the rest. */
export interface StateMessage {
  readonly kind: "state"
  /** Folder it is about: one OpenCode serves several. */
  readonly directory: string
  /** Newest first: everything not ended, and the newest of what ended in this OpenCode. */
  readonly runs: readonly RunView[]
  /** Workers with a task, then those that are kept without one. */
  readonly workers: readonly WorkerView[]
  /** What waits for a person, oldest first. */
  readonly asks: readonly PendingRequestView[]
}

/** A person is wanted in `session`. Only a TUI that shows `parent`, or a worker of it, goes there. */
export interface OpenMessage {
  readonly kind: "open"
  readonly session: string
  readonly parent: string
}

/** Something needs a person, or has ended: said once, by a toast and by OpenCode's attention notification. */
export interface NoticeMessage {
  readonly kind: "notice"
  readonly about: "needs-you" | "done" | "failed"
  readonly title: string
  readonly message: string
}

/** The answer to a command, for both ways of showing it: `text` where there is only text, `view` where there is more. */
export interface Reply {
  readonly tone: "info" | "success" | "error"
  readonly title: string
  readonly text: string
  readonly view?: ReplyView
}

/** What a workflow is picked for. */
export type Purpose = "run" | "plan" | "graph"

export type ReplyView =
  /** `purpose`: what is to be done with the one that is picked. */
  | {
      readonly type: "workflows"
      readonly workflows: readonly WorkflowItem[]
      readonly purpose: Purpose
    }
  | DashboardReply
  | StepReply
  | { readonly type: "trace"; readonly run: string; readonly step: StepView; readonly trace?: Trace }
  /** The run was started: the TUI shows nothing more than its line. */
  | { readonly type: "started"; readonly run: string }
  | { readonly type: "workers"; readonly workers: readonly WorkerView[] }
  | { readonly type: "asks"; readonly asks: readonly PendingRequestView[]; readonly gates: readonly GateView[] }
  /** The TUI that asked goes to this session. */
  | { readonly type: "open"; readonly session: string }
  /** It is done: the TUI says so in passing. */
  | { readonly type: "done" }

/** The newest runs of the project, and which of them is meant (null: none). Texts are cut as in a state message. */
export interface DashboardReply {
  readonly type: "board"
  readonly run: string | null
  readonly runs: readonly RunView[]
  /** Runs whose journal cannot be read, and why. */
  readonly broken: readonly BrokenRun[]
  /** How many older ones there are. */
  readonly more: number
}

export interface BrokenRun {
  readonly id: string
  readonly workflow: string
  readonly createdAt: number
  readonly why: string
}

/** One step with the beginning of its prompt and of its answer, and the end of what its worker is writing (null:
 *  nothing is heard of it). */
export interface StepReply {
  readonly type: "step"
  readonly run: string
  readonly step: StepView
  readonly tail: string | null
}

export interface WorkflowItem {
  readonly name: string
  readonly description: string
  /** It comes with Baton. */
  readonly isBuiltIn?: boolean
  /** Declared inputs, required first. */
  readonly inputs: readonly { readonly name: string; readonly required: boolean; readonly description: string }[]
  /** Set when the file cannot be run: its problems. */
  readonly broken?: string
}

const PREFIX = "baton:"

export function encode(message: ChannelMessage): string {
  return PREFIX + JSON.stringify(message)
}

/** The message in a command string, or undefined when the string is not ours. */
export function decode(command: string): ChannelMessage | undefined {
  if (!command.startsWith(PREFIX)) return undefined
  const message: unknown = JSON.parse(command.slice(PREFIX.length))
  return typeof message === "object" && message !== null && "kind" in message ? (message as ChannelMessage) : undefined
}
