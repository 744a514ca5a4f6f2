import type { StepResult } from "../../core/model.ts"
import type { WorkerBackend, WorkerOpened, WorkerReport, WorkerSeat, WorkerTask } from "../../core/ports.ts"
import { type Identity, identify } from "../../host/catalog.ts"
import { describe } from "../../host/host.ts"
import { ownID } from "./ids.ts"
import { resultOf, resultOfError } from "./result.ts"
import { rulesFor } from "./rules.ts"
import { createSession, existing, findByKey, makeVisible } from "./seat.ts"
import type { Site } from "./site.ts"
import { abortSession, runTurn } from "./turn.ts"

/**
 * Workers that are sessions of an OpenCode server, wherever that server is. Every id is derived from the task's key, so
 * that a task done again after a crash finds its session and its message instead of making new ones.
 */
export function createSessionBackend(site: Site): WorkerBackend {
  return {
    async run(task, report, signal) {
      try {
        return await work(site, task, report, signal)
      } catch (error) {
        return resultOfError(error, signal.aborted)
      }
    },
    async open(seat) {
      const identity = await identify(site.host, seat.profile, seat.parent, site.origin)
      const known = await findByKey(site, seat)
      if (known !== undefined) return { session: known, model: nameOf(identity) }
      const opened = await open(site, seat, identity, site.host.isAttended)
      await makeVisible(site, seat, opened.session)
      return opened
    },
    steer: () => Promise.resolve("not built"),
    answer: () => Promise.resolve("not built"),
    close: () => Promise.resolve(),
    async stop(session) {
      try {
        await abortSession(site.host, site.clock, session)
      } catch (error) {
        site.log.error("a leftover session could not be aborted", { session, error: describe(error) })
      }
    },
  }
}

function nameOf({ model }: Identity): string | null {
  return model ? `${model.providerID}/${model.modelID}` : null
}

async function open(site: Site, seat: WorkerSeat, identity: Identity, canBeAsked: boolean): Promise<WorkerOpened> {
  const rules = await rulesFor(site, seat, canBeAsked)
  const session = await createSession(site, seat, identity, rules)
  return { session, model: nameOf(identity) }
}

/** The session of an earlier try of this attempt or of the kept worker: the one named, else the one with our key. */
async function knownSession(site: Site, task: WorkerTask): Promise<string | undefined> {
  if (task.session !== undefined) return existing(site, task.session)
  return task.resumed ? findByKey(site, task) : undefined
}

async function work(site: Site, task: WorkerTask, report: WorkerReport, signal: AbortSignal): Promise<StepResult> {
  const { host, clock } = site
  const identity = await identify(host, task.profile, task.parent, site.origin)
  const known = await knownSession(site, task)
  const canBeAsked = host.isAttended && task.asks.policy !== "deny"
  const opened =
    known === undefined ? await open(site, task, identity, canBeAsked) : { session: known, model: nameOf(identity) }
  const { session } = opened
  report.opened(opened)
  const messageID = ownID("msg", task.key)
  const end = await runTurn(
    host,
    clock,
    {
      session,
      messageID,
      partID: ownID("prt", task.key),
      text: task.prompt,
      agent: identity.agent,
      timeoutMs: task.timeoutMs,
      idleTimeoutMs: task.idleTimeoutMs,
      isRepeat: task.resumed && known !== undefined,
      ...(identity.model ? { model: identity.model } : {}),
      ...(task.profile.prompt === undefined ? {} : { system: task.profile.prompt }),
    },
    signal,
  )
  return resultOf(host, session, messageID, end)
}
