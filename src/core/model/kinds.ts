/** What a kind of worker can do. All code reads this table; no code compares kinds by name. */
export interface KindTraits {
  /** The schema of orchestrator.json describes the kind with this text. */
  readonly description: string
  /** Baton can run it. The loader knows a kind that is not built, and refuses it. */
  readonly isBuilt: boolean
  /** Its workers are sessions of an OpenCode server, which can be kept and continued. */
  readonly hasSession: boolean
  /** Its sessions are in the person's own OpenCode, so they can be opened and read there. */
  readonly canOpenHere: boolean
  /**
   * Its sessions are roots, in which OpenCode shows a prompt. Nobody can type in a child session.
   */
  readonly canBeTypedTo: boolean
  /** A person may work in its session together with it (`mode: foreground`). */
  readonly mayBeForeground: boolean
  /**
   * Which models it uses. `opencode`: those that OpenCode lists, looked up before a run starts;
   * `own`: other models, which Baton does not know.
   */
  readonly models: "opencode" | "own"
  /**
   * Which permissions apply. `session`: the profile's, limited to those of the session it is
   * started from; `own`: its program has its own rules, and Baton cannot enforce a profile's.
   */
  readonly rights: "session" | "own"
  /**
   * Its commands run where Baton's guard decides what they see and write. Not so in a server that
   * somebody else runs.
   */
  readonly isGuarded: boolean
  /** A task whose worker was lost is given to a new worker, once. */
  readonly canBeReassigned: boolean
  /** The profile keys that only this kind takes. All other keys apply to every kind. */
  readonly ownKeys: readonly string[]
}

const TABLE = {
  subagent: {
    description: "a child session of the session a run was started in",
    isBuilt: true,
    hasSession: true,
    canOpenHere: true,
    canBeTypedTo: false,
    mayBeForeground: true,
    models: "opencode",
    rights: "session",
    isGuarded: true,
    canBeReassigned: false,
    ownKeys: [],
  },
  agent: {
    description: "a session of its own in the same OpenCode",
    isBuilt: true,
    hasSession: true,
    canOpenHere: true,
    canBeTypedTo: true,
    mayBeForeground: true,
    models: "opencode",
    rights: "session",
    isGuarded: true,
    canBeReassigned: false,
    ownKeys: [],
  },
  server: {
    description: "an OpenCode server of its own, started by Baton or reached by `url`",
    isBuilt: true,
    hasSession: true,
    canOpenHere: false,
    canBeTypedTo: true,
    mayBeForeground: false,
    models: "opencode",
    rights: "session",
    isGuarded: true,
    canBeReassigned: true,
    ownKeys: ["url", "password", "directory", "idle_stop"],
  },
  cli: {
    description: "not available in this version",
    isBuilt: false,
    hasSession: false,
    canOpenHere: false,
    canBeTypedTo: false,
    mayBeForeground: false,
    models: "own",
    rights: "own",
    isGuarded: false,
    canBeReassigned: false,
    ownKeys: ["cli"],
  },
} satisfies Readonly<Record<string, KindTraits>>

/** How a profile runs. */
export type Kind = keyof typeof TABLE

export const KINDS: Readonly<Record<Kind, KindTraits>> = TABLE

/** The kind of a profile that sets none. */
export const DEFAULT_KIND: Kind = "subagent"

/** Every kind, in the order of the table. */
export const KIND_NAMES = Object.keys(KINDS) as [Kind, ...Kind[]]

/** A kind that this version does not know has no capabilities. */
const UNKNOWN: KindTraits = { ...KINDS.cli, ownKeys: [] }

/**
 * Returns the capabilities of a kind. The name may be unknown to this version, because the other
 * half of the plugin or the version that wrote the journal can be newer.
 */
export function traitsOf(kind: string): KindTraits {
  return Object.hasOwn(KINDS, kind) ? KINDS[kind as Kind] : UNKNOWN
}
