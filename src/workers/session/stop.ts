import type { Clock } from "../../core/ports/ports.ts"
import { callHost, type Host } from "../../host/host.ts"

const ABORT_WAIT_MS = 4_000
const CALL_MS = 3_000
/** Refusing comes after the abort, and the whole stop takes five seconds at most. */
const REFUSE_MS = 1_000

type Statuses = Readonly<Record<string, { readonly type: string }>>

function readStatuses(host: Host): Promise<Statuses> {
  return callHost("read the sessions' status", (o) => host.client.session.status({}, o))
}

function isBusyIn(statuses: Statuses, session: string): boolean {
  return statuses[session] !== undefined && statuses[session].type !== "idle"
}

export async function isBusy(host: Host, session: string): Promise<boolean> {
  return isBusyIn(await readStatuses(host), session)
}

/** Returns every session below this one, however deep. */
async function descendantsOf(host: Host, session: string): Promise<string[]> {
  const children = await callHost(
    "list the child sessions",
    (o) => host.client.session.children({ sessionID: session }, o),
    { timeoutMs: CALL_MS },
  )
  const below = await Promise.all(children.map(({ id }) => descendantsOf(host, id)))
  return [...children.map(({ id }) => id), ...below.flat()]
}

/**
 * Aborts a session and all sessions below it, refuses what they have asked for, and waits up to four
 * seconds until all are idle (G6, contract C24).
 */
export async function abortTree(host: Host, clock: Clock, session: string): Promise<void> {
  const deadline = clock.now() + ABORT_WAIT_MS
  const abort = (sessionID: string) =>
    callHost("abort the session", (o) => host.client.session.abort({ sessionID }, o), { timeoutMs: CALL_MS })
  const [, below] = await Promise.all([abort(session), descendantsOf(host, session)])
  const busy = await busyOf(host, [session, ...below])
  await Promise.all(busy.filter((id) => id !== session).map(abort))
  await Promise.all([refuseRequests(host, [session, ...below]), untilIdle(host, clock, busy, deadline)])
}

async function untilIdle(host: Host, clock: Clock, sessions: readonly string[], deadline: number): Promise<void> {
  let busy = sessions
  while (busy.length > 0 && clock.now() < deadline) {
    const next = Promise.withResolvers<void>()
    clock.after(100, next.resolve)
    await next.promise
    busy = await busyOf(host, busy)
  }
}

async function busyOf(host: Host, sessions: readonly string[]): Promise<readonly string[]> {
  const statuses = await readStatuses(host)
  return sessions.filter((session) => isBusyIn(statuses, session))
}

/**
 * Refuses the open requests of sessions that were aborted. An abort leaves them open: OpenCode would
 * still show them, and still run what a person then allows (contract C75).
 */
async function refuseRequests({ client }: Host, sessions: readonly string[]): Promise<void> {
  const options = { timeoutMs: REFUSE_MS }
  // The stop of the sessions counts, also where the server does not say what is open.
  const [permissions, questions] = await Promise.all([
    callHost("list the permission requests", (o) => client.permission.list({}, o), options).catch(() => []),
    callHost("list the questions", (o) => client.question.list({}, o), options).catch(() => []),
  ])
  const isTheirs = ({ sessionID }: { readonly sessionID: string }) => sessions.includes(sessionID)
  await Promise.allSettled([
    ...permissions
      .filter(isTheirs)
      .map(({ id }) =>
        callHost("refuse a permission", (o) => client.permission.reply({ requestID: id, reply: "reject" }, o), options),
      ),
    ...questions
      .filter(isTheirs)
      .map(({ id }) => callHost("refuse a question", (o) => client.question.reject({ requestID: id }, o), options)),
  ])
}
