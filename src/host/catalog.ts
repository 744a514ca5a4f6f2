import type { Session } from "@opencode-ai/sdk/v2"
import { suggest } from "../core/base/nearest.ts"
import type { PermissionRule } from "../core/model/profile.ts"
import { callHost, type Host } from "./host.ts"

/** The agent and model that a session runs as. */
export interface Identity {
  readonly agent: string
  /** Undefined when no model was named and the server has no default. The server then chooses. */
  readonly model?: { readonly providerID: string; readonly modelID: string }
}

/** Splits `provider/model`. The model's own name may contain more slashes. */
export function parseModel(name: string): { providerID: string; modelID: string } {
  const slash = name.indexOf("/")
  return { providerID: name.slice(0, slash), modelID: name.slice(slash + 1) }
}

/** The server does not have this agent or model. The message names the nearest match. */
export class IdentityError extends Error {
  /** The missing model, or undefined when the agent is missing. */
  readonly model: string | undefined

  constructor(message: string, model?: string) {
    super(message)
    this.name = "IdentityError"
    this.model = model
  }
}

interface Catalog {
  /** The rules of every agent, by name. */
  readonly agents: ReadonlyMap<string, readonly PermissionRule[]>
  /** Every `provider/model`, and whether its price is known. */
  readonly models: ReadonlyMap<string, { readonly isPriced: boolean }>
  readonly defaultAgent: string
  readonly defaultModel: string | undefined
}

/**
 * What a server offers changes rarely and every step needs it, so it is read again only after this
 * many milliseconds.
 */
const FRESH_MS = 30_000
const catalogs = new WeakMap<Host, { readonly at: number; readonly catalog: Promise<Catalog> }>()

function catalogOf(host: Host): Promise<Catalog> {
  const known = catalogs.get(host)
  const now = performance.now()
  if (known && now - known.at < FRESH_MS) return known.catalog
  const catalog = readCatalog(host)
  catalogs.set(host, { at: now, catalog })
  // A failed read is not kept. Everyone who waits for it gets the error.
  catalog.catch(() => catalogs.delete(host))
  return catalog
}

async function readCatalog(host: Host): Promise<Catalog> {
  const [agents, { providers, default: defaults }, config] = await Promise.all([
    callHost("list the agents", (o) => host.client.app.agents({}, o)),
    callHost("list the models", (o) => host.client.config.providers({}, o)),
    callHost("read the OpenCode configuration", (o) => host.client.config.get({}, o)),
  ])
  const models = new Map<string, { isPriced: boolean }>()
  for (const provider of providers) {
    for (const [id, { cost }] of Object.entries(provider.models)) {
      // OpenCode reports an unknown price as 0, which would hide that it is unknown (G5, contract
      // C27).
      models.set(`${provider.id}/${id}`, { isPriced: cost.input > 0 || cost.output > 0 })
    }
  }
  const first = providers[0]
  const firstModel = first && (defaults[first.id] ?? Object.keys(first.models)[0])
  return {
    agents: new Map(agents.map(({ name, permission }) => [name, permission])),
    models,
    defaultAgent: config.default_agent ?? "build",
    defaultModel: config.model ?? (firstModel === undefined ? undefined : `${first?.id}/${firstModel}`),
  }
}

/** The fields of a profile that decide it. */
interface IdentityQuery {
  readonly agent?: string | undefined
  readonly model?: string | undefined
}

/**
 * Returns the agent and model of a worker: those of the profile, else those of the session it was
 * started from, else the server's default. Both are checked here, because OpenCode accepts an
 * unknown agent with 204 and then never answers (contract C7). `origin` is the server of that
 * session, when it is another one. Throws an IdentityError that names the nearest match.
 */
export async function identify(
  host: Host,
  wanted: IdentityQuery,
  parent: string | undefined,
  origin: Host = host,
): Promise<Identity> {
  const { agents, models, defaultAgent, defaultModel } = await catalogOf(host)
  const agent = wanted.agent ?? defaultAgent
  if (!agents.has(agent))
    throw new IdentityError(`OpenCode has no agent \`${agent}\`: ${suggest(agent, [...agents.keys()], "agents")}`)
  const name = wanted.model ?? (await inheritedModel(origin, wanted, parent)) ?? defaultModel
  if (name === undefined) return { agent }
  if (!models.has(name)) {
    throw new IdentityError(`OpenCode has no model \`${name}\`: ${suggest(name, [...models.keys()], "models")}`, name)
  }
  return { agent, model: parseModel(name) }
}

const inherited = new WeakMap<
  IdentityQuery,
  { readonly parent: string | undefined; readonly model: Promise<string | undefined> }
>()

/**
 * Returns the model of the session a run was started from. It is read at the first step without a
 * model of its own. A run has its profiles to itself, so it keeps that model even when the person
 * switches to another one in the session.
 */
function inheritedModel(host: Host, wanted: IdentityQuery, parent: string | undefined): Promise<string | undefined> {
  const known = inherited.get(wanted)
  if (known && known.parent === parent) return known.model
  const model = modelOf(host, parent)
  inherited.set(wanted, { parent, model })
  // A failed read is not kept. Everyone who waits for it gets the error.
  model.catch(() => inherited.delete(wanted))
  return model
}

async function modelOf(host: Host, session: string | undefined): Promise<string | undefined> {
  if (session === undefined) return undefined
  const { model } = await sessionOf(host, session)
  return model && `${model.providerID}/${model.id}`
}

/** Whether the price of a model is known. An unknown price is never 0. */
export async function isPriced(host: Host, model: string): Promise<boolean> {
  return (await catalogOf(host)).models.get(model)?.isPriced ?? false
}

/** The models of a worker: the requested one and its fallbacks. */
export interface WantedModel {
  readonly who: string
  /** The first one is the requested model. */
  readonly models: readonly string[]
}

/**
 * Returns a line for every worker none of whose models the server has, with the nearest match.
 * Throws a HostError.
 */
export async function missingModels(host: Host, wanted: readonly WantedModel[]): Promise<string[]> {
  if (wanted.length === 0) return []
  const { models } = await catalogOf(host)
  const missing = wanted.filter((one) => !one.models.some((name) => models.has(name)))
  return missing.map(({ who, models: [name = ""] }) => {
    const of = who === name ? "" : ` (${who})`
    return `OpenCode has no model \`${name}\`${of}: ${suggest(name, [...models.keys()], "models")}`
  })
}

/** Returns every `provider/model` of a server, and its default. Throws a HostError. */
export async function offeredModels(host: Host): Promise<{ models: readonly string[]; standard: string | undefined }> {
  const { models, defaultModel } = await catalogOf(host)
  return { models: [...models.keys()], standard: defaultModel }
}

/** Returns what an agent may do. Without a name it is the default agent. */
export async function agentRules(host: Host, agent: string | undefined): Promise<readonly PermissionRule[]> {
  const { agents, defaultAgent } = await catalogOf(host)
  return agents.get(agent ?? defaultAgent) ?? []
}

const sessions = new WeakMap<Host, Map<string, Promise<Session>>>()

/**
 * Returns a session that workers are started from. Every step needs it, so it is cached until it
 * changes.
 */
export function sessionOf(host: Host, session: string): Promise<Session> {
  const known = sessions.get(host) ?? remember(host)
  const found = known.get(session)
  if (found) return found
  const read = callHost("read the session", (o) => host.client.session.get({ sessionID: session }, o))
  known.set(session, read)
  // A failed read is not kept. Everyone who waits for it gets the error.
  read.catch(() => known.delete(session))
  return read
}

function remember(host: Host): Map<string, Promise<Session>> {
  const known = new Map<string, Promise<Session>>()
  sessions.set(host, known)
  host.subscribe((event) => {
    if (event.type === "baton.reconnected") known.clear()
    if (event.type === "session.updated" || event.type === "session.deleted") known.delete(event.properties.info.id)
  })
  return known
}
