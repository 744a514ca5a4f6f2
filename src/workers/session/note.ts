import type { Session } from "@opencode-ai/sdk/v2"
import type { SessionSpec } from "../../core/ports/ports.ts"
import { callHost } from "../../host/host.ts"
import { noteFile, workerMark, writeNote } from "../../wall/session-note.ts"
import type { SessionTarget } from "./session-target.ts"

/** Returns the file of the note about a new session; undefined where nobody reads it. */
export function noteOf({ notes }: SessionTarget, spec: SessionSpec): string | undefined {
  return notes === undefined ? undefined : noteFile(notes, spec.key)
}

/** Writes what the server must know of a worker's session before it is prompted for this task. */
export function writeNoteFor(file: string, { profile, schema }: SessionSpec): void {
  writeNote(file, {
    ...(profile.env === undefined ? {} : { env: profile.env }),
    ...(schema === undefined ? {} : { schema }),
  })
}

/**
 * Makes the note of a session that continues say what its new task says. A session of an earlier
 * version has no note, and is given one.
 */
export async function renewNote(target: SessionTarget, session: Session, spec: SessionSpec): Promise<void> {
  const known = workerMark(session.metadata)?.note
  const file = known ?? noteOf(target, spec)
  if (target.notes === undefined || file === undefined) return
  writeNoteFor(file, spec)
  if (known !== undefined) return
  const mark = { ...(session.metadata?.baton as object | undefined), note: file }
  await callHost("mark the worker's session", (o) =>
    target.host.client.session.update({ sessionID: session.id, metadata: { ...session.metadata, baton: mark } }, o),
  )
}
