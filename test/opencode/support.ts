import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import type { Reply } from "../../src/core/view/protocol.ts"
import type { SessionTranscript, TranscriptLocation } from "../../src/core/view/trace.ts"
import { handleLine } from "../../src/opencode/commands.ts"
import { Gate } from "../../src/project/gate.ts"
import { Project } from "../../src/project/project.ts"
import { createVault } from "../../src/project/vault.ts"
import { render } from "../../src/spec/template.ts"
import { trust } from "../../src/trust/verdict.ts"
import { handDriven } from "../support/engine.ts"

/** A project in a temporary folder and a real engine over workers that tests drive by hand, as
 *  commands see them. Secrets are read from `env`. */
export function openDesk(
  config: object,
  workflows: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string | undefined>> = {},
  trusted = true,
) {
  const directory = mkdtempSync(join(tmpdir(), "baton-desk-"))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  mkdirSync(join(directory, ".opencode", "workflows"), { recursive: true })
  writeFileSync(join(directory, ".opencode", "orchestrator.json"), JSON.stringify(config))
  for (const [name, text] of Object.entries(workflows)) {
    writeFileSync(join(directory, ".opencode", "workflows", `${name}.yaml`), text)
  }
  const place = { directory, globalDir: join(directory, "none"), env: { BATON_STATE_DIR: join(directory, "state") } }
  const project = new Project(place)
  const gate = new Gate(place, () => Promise.resolve(() => undefined))
  // A test that types nothing may end before it is done.
  const trusting = trusted ? gate.look().then((found) => trust(found, "terminal", 1)) : undefined
  trusting?.catch(() => undefined)
  const { engine, backend, clock, errors, store } = handDriven({ render, vault: createVault(directory, env) })
  /** The transcripts of sessions by task. */
  const transcripts = new Map<string, SessionTranscript>()
  const handoffs: { session: string; text: string; id: string }[] = []
  const missing: { text: string | undefined } = { text: undefined }
  const context = {
    project,
    engine,
    gate,
    missing: () => Promise.resolve(missing.text),
    now: clock.now,
    transcript: ({ session, task }: TranscriptLocation): Promise<SessionTranscript> =>
      Promise.resolve(transcripts.get(task) ?? { missing: `The session ${session} is gone.` }),
    handoff: (session: string, text: string, id: string) => void handoffs.push({ session, text, id }),
  }
  let lines = 0
  /** Handles a line as typed in a session, with `screen` on the screen. */
  const type = async (line: string, session: string | undefined = "main", screen = session): Promise<Reply> => {
    await trusting
    return handleLine(line, { id: `line${++lines}`, session, screen }, context)
  }
  return { ...context, trusting, transcripts, backend, clock, errors, store, handoffs, missing, type }
}
