import type { OpencodeClient, Part } from "@opencode-ai/sdk/v2"
import type { Host } from "../src/host/host.ts"

/** The comparison side without Baton: the same sessions and prompts, sent with the SDK alone. */

/** One prompt, and the title of the session it is sent to. */
export interface Prompt {
  readonly title: string
  readonly text: string
}
/** Sends a prompt to a new child session of `parent`, and resolves with the answer. */
export type Ask = (parent: string, prompt: Prompt) => Promise<string>

const AGENT = "build"
const MODEL = { providerID: "scripted", modelID: "small" } as const
/**
 * The rules that Baton gives every worker. They decide which tools are offered to the model, and so
 * the number of tokens.
 */
const PERMISSION = (["task", "question"] as const).map((permission) => ({
  permission,
  pattern: "*",
  action: "deny" as const,
}))

/** Uses the call that returns when the turn has ended. */
export function askBySync(client: OpencodeClient): Ask {
  return async (parent, prompt) => {
    const sessionID = await createSession(client, parent, prompt.title)
    const parts = [{ type: "text" as const, text: prompt.text }]
    const { data } = await client.session.prompt({ sessionID, agent: AGENT, model: MODEL, parts }, THROW)
    return textOf(data.parts)
  }
}

/**
 * Uses the call that returns at once, and waits for the server's events. This also works for turns
 * longer than an HTTP timeout.
 */
export function askByEvents({ client, subscribe }: Host): Ask {
  const waiting = new Map<string, () => void>()
  subscribe((event) => {
    if (event.type === "session.idle") waiting.get(event.properties.sessionID)?.()
  })
  return async (parent, prompt) => {
    const sessionID = await createSession(client, parent, prompt.title)
    const idle = Promise.withResolvers<void>()
    waiting.set(sessionID, idle.resolve)
    const parts = [{ type: "text" as const, text: prompt.text }]
    await client.session.promptAsync({ sessionID, agent: AGENT, model: MODEL, parts }, THROW)
    await idle.promise
    waiting.delete(sessionID)
    const { data } = await client.session.messages({ sessionID }, THROW)
    return textOf(data.at(-1)?.parts ?? [])
  }
}

/** Sends one prompt after another to the same session, whose history grows. */
export async function openSession(
  { client, subscribe }: Host,
  parent: string,
): Promise<(text: string) => Promise<void>> {
  const sessionID = await createSession(client, parent, "one session")
  let idle: (() => void) | undefined
  subscribe((event) => {
    if (event.type === "session.idle" && event.properties.sessionID === sessionID) idle?.()
  })
  return async (text) => {
    const over = Promise.withResolvers<void>()
    idle = over.resolve
    const parts = [{ type: "text" as const, text }]
    await client.session.promptAsync({ sessionID, agent: AGENT, model: MODEL, parts }, THROW)
    await over.promise
  }
}

/** Runs `jobs`, at most `size` of them at a time. Resolves with their results in order. */
export async function pool<T>(size: number, jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  const queue = jobs.entries()
  const worker = async () => {
    for (const [index, job] of queue) results[index] = await job()
  }
  await Promise.all(Array.from({ length: size }, worker))
  return results
}

const THROW = { throwOnError: true } as const

async function createSession(client: OpencodeClient, parentID: string, title: string): Promise<string> {
  const model = { id: MODEL.modelID, providerID: MODEL.providerID }
  const { data } = await client.session.create({ parentID, title, agent: AGENT, model, permission: PERMISSION }, THROW)
  return data.id
}

function textOf(parts: readonly Part[]): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("")
}
