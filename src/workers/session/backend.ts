import type { Session } from "@opencode-ai/sdk/v2"
import type { StepResult } from "../../core/model/result.ts"
import type { SessionSpec, WorkerBackend, WorkerOpened, WorkerReport, WorkerTask } from "../../core/ports/ports.ts"
import { type Identity, identify, isPriced } from "../../host/catalog.ts"
import { describe } from "../../host/host.ts"
import { whyRefused } from "../../host/version.ts"
import { isCheckpoint, watchContext } from "./checkpoint.ts"
import { contextFor, toldContext } from "./context.ts"
import { renewNote } from "./note.ts"
import { type Address, contextMessage, promptMessage, saidMessage, tell } from "./outbox.ts"
import { checkModel, isLost, resultOf, resultOfError, withData } from "./result.ts"
import { rulesFor } from "./rules.ts"
import { createSession, existing, findByKey, isForeground, makeVisible, renewRules } from "./session-store.ts"
import type { SessionTarget } from "./session-target.ts"
import { SessionUse } from "./session-use.ts"
import { abortTree } from "./stop.ts"
import { Turn } from "./turn/turn.ts"

/**
 * Workers that are sessions of an OpenCode server, wherever that server is. Every id is derived
 * from the task's key, so a task that is run again after a crash finds its session and its message
 * instead of creating new ones.
 */
export function createSessionBackend(target: SessionTarget): WorkerBackend {
  /** The running turns, by session. */
  const turns = new Map<string, Turn>()
  const use = new SessionUse()
  return {
    async run(task, report, signal) {
      try {
        return await work(target, { turns, use }, task, report, signal)
      } catch (error) {
        return resultOfError(error, signal.aborted)
      }
    },
    open: (spec) => openForLater(target, spec),
    async steer(session, steer) {
      const turn = turns.get(session)
      return turn === undefined ? "no worker is working in this session" : turn.steer(steer)
    },
    async answer(id, answer, by) {
      const turn = [...turns.values()].find(({ broker }) => broker.has(id))
      return turn === undefined ? "no worker is waiting for this answer any more" : turn.broker.answer(id, answer, by)
    },
    close: () => Promise.resolve(),
    async stop(session) {
      use.stop(session)
      try {
        await abortTree(target.host, target.clock, session)
      } catch (error) {
        target.log.error("a leftover session could not be aborted", { session, error: describe(error) })
      }
    },
  }
}

function nameOf({ model }: Identity): string | null {
  return model ? `${model.providerID}/${model.modelID}` : null
}

function addressOf(spec: SessionSpec, session: string, { agent, model }: Identity): Address {
  const { prompt } = spec.profile
  return {
    session,
    task: spec.key,
    agent,
    ...(spec.idTime === undefined ? {} : { idTime: spec.idTime }),
    ...(model ? { model } : {}),
    ...(prompt === undefined ? {} : { system: prompt }),
  }
}

function rulesOf(target: SessionTarget, spec: SessionSpec, { agent }: Identity, canBeAsked: boolean) {
  return rulesFor(target, spec, agent, canBeAsked && target.host.isAttended)
}

async function create(
  target: SessionTarget,
  spec: SessionSpec,
  identity: Identity,
  canBeAsked: boolean,
): Promise<WorkerOpened> {
  const [rules, context] = await Promise.all([rulesOf(target, spec, identity, canBeAsked), contextFor(target, spec)])
  const session = await createSession(target, spec, identity, rules)
  return { session, model: nameOf(identity), ...(context === undefined ? {} : { context }) }
}

/** Throws when OpenCode's version is not supported: such a host can ask the model without end. */
async function requireSupported({ host }: SessionTarget): Promise<void> {
  const why = await whyRefused(host)
  if (why !== undefined) throw new Error(why)
}

async function openForLater(target: SessionTarget, spec: SessionSpec): Promise<WorkerOpened> {
  await requireSupported(target)
  const identity = await identify(target.host, spec.profile, spec.parent, target.origin)
  const known = await findByKey(target, spec)
  if (known !== undefined) return { session: known.id, model: nameOf(identity) }
  const opened = await create(target, spec, identity, spec.profile.asks?.policy !== "deny")
  const { session, context } = opened
  const address = addressOf(spec, session, identity)
  if (context !== undefined) await tell(target.host, address, contextMessage(address, context))
  await makeVisible(target, spec, session)
  return opened
}

/**
 * Returns the session of an earlier try of this attempt, or of the kept worker: the named one, else
 * the one with the task's key.
 */
async function knownSession(target: SessionTarget, task: WorkerTask): Promise<Session | undefined> {
  if (task.session !== undefined) return existing(target, task.session)
  return task.resumed ? findByKey(target, task) : undefined
}

/**
 * Returns the session to work in, and what its worker has been or will be told before the prompt.
 */
async function sessionFor(target: SessionTarget, task: WorkerTask, identity: Identity) {
  const canBeAsked = task.asks.policy !== "deny"
  const known = await knownSession(target, task)
  if (known === undefined) return { opened: await create(target, task, identity, canBeAsked), isNew: true }
  // An attempt that is resumed has its rules already. A kept worker may have been stopped before it
  // got them.
  if (task.profile.keep || !task.resumed)
    await renewRules(target, known, await rulesOf(target, task, identity, canBeAsked))
  await renewNote(target, known, task)
  const session = known.id
  const opened: WorkerOpened = { session, model: nameOf(identity) }
  const isTold = task.resumed && !task.profile.keep && (task.profile.start ?? "fresh") !== "fresh"
  if (!isTold) return { opened, isNew: false }
  const context = (await toldContext(target.host, task, session)) ?? (await contextFor(target, task))
  return { opened: context === undefined ? opened : { ...opened, context }, isNew: false }
}

/**
 * Stops a worker that can no longer be observed. A worker in another server that does not answer is
 * left to that server, because the task is given to it again.
 */
async function letGo({ host, origin, clock, log }: SessionTarget, session: string, error: unknown): Promise<void> {
  if (isLost(error) && host !== origin) return
  try {
    await abortTree(host, clock, session)
  } catch (cause) {
    // A server that is gone has no working session.
    if (!isLost(cause))
      log.error("a worker that was given up could not be stopped", { session, error: describe(cause) })
  }
}

async function work(
  target: SessionTarget,
  { turns, use }: { readonly turns: Map<string, Turn>; readonly use: SessionUse },
  task: WorkerTask,
  report: WorkerReport,
  signal: AbortSignal,
): Promise<StepResult> {
  const { host } = target
  await requireSupported(target)
  const identity = await identify(host, task.profile, task.parent, target.origin)
  const { opened, isNew } = await sessionFor(target, task, identity)
  const { session, model, context } = opened
  const address = addressOf(task, session, identity)
  const prompt = promptMessage(address, task.prompt)
  const said = task.messages.map((message) => saidMessage(address, message))
  const isKnownPrice = model !== null && (await isPriced(host, model))
  const leave = await use.enter(session, signal)
  const turn = new Turn(
    target,
    {
      address,
      own: [prompt, ...said],
      setup: {
        timeoutMs: task.timeoutMs,
        idleTimeoutMs: task.idleTimeoutMs,
        toolTimeoutMs: task.toolTimeoutMs,
        isRepeat: task.resumed && !isNew,
        wasStopped: use.takeStopped(session),
        isForeground: isForeground(target, task),
        ...(context === undefined ? {} : { context: contextMessage(address, context) }),
      },
      asks: task.asks,
      rules: task.profile.permission,
      isPriced: isKnownPrice,
    },
    report,
    signal,
  )
  turns.set(session, turn)
  const unwatch = watchContext(target, task, session, turn)
  try {
    report.opened(opened)
    if (task.profile.mode === "foreground" && !host.isAttended)
      report.warned({ kind: "unattended", text: "nobody is here to work with it: it worked in the background" })
    const end = withData(task, prompt.messageID, await turn.run())
    const result = checkModel(task, model, await resultOf(target, session, prompt.messageID, model, end), report)
    return isCheckpoint(task, session, end) && end.structured === undefined ? { ...result, isCheckpoint: true } : result
  } catch (error) {
    use.stop(session)
    await letGo(target, session, error)
    return resultOfError(error, signal.aborted, session)
  } finally {
    unwatch()
    if (turn.hasStopped) use.stop(session)
    leave()
    if (turns.get(session) === turn) turns.delete(session)
  }
}
