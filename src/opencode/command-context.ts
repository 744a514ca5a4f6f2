import type { Reply } from "../core/view/protocol.ts"
import type { SessionTranscript, TranscriptLocation } from "../core/view/trace.ts"
import type { Engine } from "../engine/engine.ts"
import type { Project } from "../project/project.ts"
import type { Runtime } from "../project/runtime.ts"

/** Who runs things when a person types in OpenCode, as the journal records it. */
export const BY = "person in OpenCode"
/** The same for a model that calls a tool: the tool's result is its answer, and nothing is posted. */
export const BY_MODEL = "model in OpenCode"

/** What a command works with. */
export interface CommandContext {
  readonly project: Project
  readonly engine: Engine
  /** The models of a run that this OpenCode does not have, as text; undefined: it has all. */
  readonly missing: Runtime["missing"]
  /** Puts a handoff into a session for its model to read, once that is idle; the same id twice is one message. */
  handoff(session: string, text: string, id: string): void
  /** Reads what was said in a session; says why when that is not possible. */
  transcript(place: TranscriptLocation): Promise<SessionTranscript>
  /** Milliseconds since 1970. */
  now(): number
}

/** Where and when a line was typed. */
export interface CommandOrigin {
  /** The same for a line that was sent again. */
  readonly id: string
  /** Session a person types into. */
  readonly session: string | undefined
  /** Session on the screen: `session`, or a worker's below it. */
  readonly screen: string | undefined
}

export function error(title: string, text: string): Reply {
  return { tone: "error", title, text }
}

export function done(title: string, text: string): Reply {
  return { tone: "success", title, text, view: { type: "done" } }
}
