import type { Reply } from "../core/view/protocol.ts"
import type { SessionTranscript, TranscriptLocation } from "../core/view/trace.ts"
import type { Engine } from "../engine/engine.ts"
import type { Gate } from "../project/gate.ts"
import type { Project } from "../project/project.ts"
import type { Runtime } from "../project/runtime.ts"

/** The name under which the journal records a person who types in OpenCode. */
export const BY = "person in OpenCode"
/**
 * The same for a model that calls a tool. The tool's result is its answer, so nothing is posted.
 */
export const BY_MODEL = "model in OpenCode"

/** What a command works with. */
export interface CommandContext {
  readonly project: Project
  readonly engine: Engine
  /** Decides whether the project's folder may be used. */
  readonly gate: Gate
  /** The line that is handled, as the person typed it. */
  readonly line: string
  /** The models of a run that this OpenCode does not have, as text; undefined when it has all. */
  readonly missing: Runtime["missing"]
  /** Posts a handoff into a session for its model to read, once the session is idle. Posting the
   *  same id twice makes one message. */
  handoff(session: string, text: string, id: string): void
  /** Reads the transcript of a session; says why when that is not possible. */
  transcript(place: TranscriptLocation): Promise<SessionTranscript>
  /** Milliseconds since 1970. */
  now(): number
}

/** Where a line was typed. */
export interface CommandOrigin {
  /** Identifies the line; a line that is sent again has the same id. */
  readonly id: string
  /** The session that a person types into. */
  readonly session: string | undefined
  /** The session on the screen: `session`, or that of a worker below it. */
  readonly screen: string | undefined
}

export function error(title: string, text: string): Reply {
  return { tone: "error", title, text }
}

export function done(title: string, text: string): Reply {
  return { tone: "success", title, text, view: { type: "done" } }
}
