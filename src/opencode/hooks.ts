import { randomUUID } from "node:crypto"
import type { Hooks } from "@opencode-ai/plugin"
import type { Log } from "../core/ports/ports.ts"
import { RESULT_TOOL } from "../core/rights/permission.ts"
import type { UntrustedFolder } from "../core/view/needs.ts"
import { type ChannelMessage, decode, type Reply, type Request } from "../core/view/protocol.ts"
import { describe, type Feed, type Host, type HostEvent } from "../host/host.ts"
import { readTranscript } from "../host/session-transcript.ts"
import { whyRefused } from "../host/version.ts"
import type { Runtime } from "../project/runtime.ts"
import type { CommandOrigin } from "./command-context.ts"
import { COMMANDS, handleLine } from "./commands.ts"
import { handoffOf, post, postHandoff } from "./handoffs.ts"
import { publishState } from "./live.ts"
import { send } from "./send.ts"
import { createShellMarker } from "./worker-shell.ts"

/** Thrown so that a typed command does not become a model turn: the only way OpenCode 1.18 has
 *  (contract C47). */
const HANDLED = "handled by Baton: the answer is in the session"
const REMEMBERED_REPLIES = 200

type HostConfig = Parameters<NonNullable<Hooks["config"]>>[0]
type Permission = HostConfig["permission"]
type PermissionRules = string | Readonly<Record<string, unknown>> | undefined

export interface HookDeps {
  readonly host: Host
  readonly feed: Feed
  readonly log: Log
  /** Opens the engine at its first use, so that it does not slow down OpenCode's start. */
  readonly runtime: () => Promise<Runtime>
  /** The engine, if something has opened it already. */
  readonly opened: () => Runtime | undefined
  /** Begins to look for runs that need the person, once a TUI is there to show them. */
  readonly wake: () => Promise<void>
  /** Problems of orchestrator.json as text; undefined when it is valid or absent. */
  readonly configProblems: () => Promise<string | undefined>
  /** Runs that a person may want to take over; undefined when there are none. */
  readonly stateNotice: () => string | undefined
  /** The folder, when the person has to decide whether to trust it. */
  readonly folder: () => Promise<UntrustedFolder | undefined>
  readonly dispose: () => Promise<void>
  /** Decides what the commands of workers find in their environment. */
  readonly shellEnv: NonNullable<Hooks["shell.env"]>
  /** The orchestration tools, where they are on, and the result tool of workers that answer with
   *  data. */
  readonly tools?: NonNullable<Hooks["tool"]>
}

/**
 * The hooks that OpenCode calls. No hook waits for a model or lets an error of Baton reach the host
 * (G10): events are passed on without being awaited, and only a command that the user typed for
 * Baton is carried out before its hook returns.
 */
export function createHooks(deps: HookDeps): Hooks {
  const requests = new Map<string, Promise<Reply>>()
  const markShell = createShellMarker(deps.host, deps.log)
  return {
    ...(deps.tools ? { tool: deps.tools } : {}),
    config(config) {
      if (deps.tools) hideResultTool(config)
      config.command ??= {}
      for (const [name, description] of Object.entries(COMMANDS)) {
        config.command[name] ??= { template: "$ARGUMENTS", description }
      }
      return Promise.resolve()
    },
    event({ event }) {
      const seen = event as HostEvent
      deps.feed.emit(seen)
      if (seen.type === "tui.command.execute") hearTui(deps, requests, seen.properties.command)
      return Promise.resolve()
    },
    async "command.execute.before"({ command, sessionID, arguments: typed }) {
      if (!Object.hasOwn(COMMANDS, command)) return
      const place = { id: randomUUID(), session: sessionID, screen: sessionID }
      const reply = await answerLine(deps, `/${command} ${typed}`.trim(), place)
      await post(deps.host, sessionID, `${reply.title}\n\n${reply.text}`)
      throw new Error(HANDLED)
    },
    async "shell.env"(input, output) {
      await deps.shellEnv(input, output)
      await markShell(input.sessionID, output.env)
    },
    dispose: deps.dispose,
  }
}

/** Hides the workers' result tool from every session that does not allow it itself, whatever its
 *  agent allows. */
function hideResultTool(config: HostConfig): void {
  config.permission = withoutResultTool(config.permission) as NonNullable<Permission>
  for (const agent of Object.values(config.agent ?? {})) {
    if (agent?.permission !== undefined)
      agent.permission = withoutResultTool(agent.permission) as NonNullable<Permission>
  }
}

function withoutResultTool(permission: PermissionRules): PermissionRules {
  const rules = typeof permission === "string" ? { "*": permission } : permission
  return { ...rules, [RESULT_TOOL]: "deny" }
}

/**
 * Handles a message of the TUI half, if it is one. It is answered once, however often it is sent.
 */
function hearTui(deps: HookDeps, requests: Map<string, Promise<Reply>>, command: string): void {
  let message: ChannelMessage | undefined
  try {
    message = decode(command)
  } catch (error) {
    deps.log.error("a message of the TUI half could not be read", { error: describe(error) })
  }
  if (message?.kind !== "request") return
  const request = message
  let reply = requests.get(request.id)
  if (!reply) {
    const { id, line, session, screen = session } = request
    reply = line === "hello" ? greet(deps) : answerLine(deps, line, { id, session, screen })
    requests.set(request.id, reply)
    const oldest = requests.keys().next().value
    if (requests.size > REMEMBERED_REPLIES && oldest !== undefined) requests.delete(oldest)
  }
  void reply.then((answer) => sendReply(deps, request, answer))
}

async function sendReply({ host, log }: HookDeps, request: Request, reply: Reply): Promise<void> {
  try {
    await send(host, { kind: "reply", id: request.id, reply })
  } catch (error) {
    log.error("a reply did not reach the TUI half", { line: request.line, error: describe(error) })
  }
}

/** Answers `hello`: publishes the live state, and reports an OpenCode that is not supported, or
 *  problems of the configuration. Never rejects. */
async function greet(deps: HookDeps): Promise<Reply> {
  try {
    // It is read in the background, so that no start of OpenCode waits for it.
    void publishFolder(deps, false)
    const problems = await deps.configProblems()
    const runtime = deps.opened()
    if (runtime) await publishState(deps.host, runtime.engine)
    else await deps.wake()
    const refused = await whyRefused(deps.host).catch((error) => {
      // The first command asks again, and says what is wrong.
      deps.log.error("OpenCode's version is not known", { error: describe(error) })
      return undefined
    })
    if (refused !== undefined) return { tone: "error", title: "Baton starts no runs here", text: refused }
    if (problems !== undefined) return { tone: "error", title: "orchestrator.json is not valid", text: problems }
    const notice = deps.stateNotice()
    if (notice !== undefined)
      return { tone: "error", title: "Baton does not read the runs of this folder", text: notice }
    return { tone: "info", title: "Baton", text: "ready" }
  } catch (error) {
    deps.log.error("hello failed", { error: describe(error) })
    return { tone: "error", title: "Baton failed", text: describe(error) }
  }
}

/** Tells the TUIs when the person has to decide about the folder, and when not if they were told otherwise
 *  before. Never rejects. */
async function publishFolder({ host, log, folder }: HookDeps, wasTold: boolean): Promise<void> {
  try {
    const found = await folder()
    if (found === undefined && !wasTold) return
    await send(host, { kind: "folder", directory: host.directory, folder: found ?? null })
  } catch (error) {
    log.error("the folder could not be examined", { error: describe(error) })
  }
}

async function answerLine(deps: HookDeps, line: string, place: CommandOrigin): Promise<Reply> {
  try {
    const { project, engine, gate, missing } = await deps.runtime()
    const handoff = (session: string, text: string, id: string) => {
      postHandoff(deps.host, handoffOf(session, id, Date.now()), text).catch((error) =>
        deps.log.error("a handoff did not reach its session", { session, error: describe(error) }),
      )
    }
    const reply = await handleLine(line, place, {
      project,
      engine,
      gate,
      missing,
      handoff,
      transcript: (wanted) => readTranscript(deps.host, wanted),
      now: Date.now,
    })
    if (line.startsWith("/workflow trust")) await publishFolder(deps, true)
    // Kept workers change without an event.
    if (/^\/(workers|handback)/.test(line)) await publishState(deps.host, engine)
    return reply
  } catch (error) {
    deps.log.error("a command failed", { line, error: describe(error) })
    return { tone: "error", title: "Baton failed", text: describe(error) }
  }
}
