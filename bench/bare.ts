import type { OpencodeClient, Part } from "@opencode-ai/sdk/v2"
import type { Host } from "../src/host/host.ts"

/** What a script without Baton does: the same sessions and the same prompts, with the SDK and nothing else. */

/** One prompt, and the title of the session it goes to. */
export interface Prompt {
  readonly title: string
  readonly text: string
}
/** Asks one prompt in a new child session of `parent`, and resolves with the answer. */
export type Ask = (parent: string, prompt: Prompt) => Promise<string>

const AGENT = "build"
const MODEL = { providerID: "scripted", modelID: "small" } as const
/** The rules that every worker of Baton gets: they decide which tools, and so how many tokens, go to the model. */
const PERMISSION = (["task", "question"] as const).map((permission) => ({
  permission,
  pattern: "*",
  action: "deny" as const,
}))

/** With the call that answers when the turn is over. */
export function askBySync(client: OpencodeClient): Ask {
  return async (parent, prompt) => {
    const sessionID = await createSession(client, parent, prompt.title)
    const parts = [{ type: "text" as const, text: prompt.text }]
    const { data } = await client.session.prompt({ sessionID, agent: AGENT, model: MODEL, parts }, THROW)
    return textOf(data.parts)
  }
}

/** With the call that answers at once, and the server's events: what survives a turn longer than an HTTP timeout. */
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

/** Asks in one session that grows, one prompt after another. */
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

/** Runs `jobs` with at most `size` of them at a time; resolves with their results in order. */
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
