/** What a kind of worker can do. Whoever needs to know asks this table, and nobody compares kinds by name. */
export interface KindTraits {
  /** Says in the schema of orchestrator.json how such a profile runs. */
  readonly description: string
  /** Baton can run it. A kind that is not built is typed and refused by the loader. */
  readonly isBuilt: boolean
  /** Its workers are sessions of an OpenCode server, which can be kept and gone on with. */
  readonly hasSession: boolean
  /** Its sessions are in the person's own OpenCode: they can be put on the screen and read there. */
  readonly canOpenHere: boolean
  /** Its sessions are roots, in which OpenCode shows a prompt. Nobody can type in a child session. */
  readonly canBeTypedTo: boolean
  /** A person may work in its session with it: `mode: foreground`. */
  readonly mayBeForeground: boolean
  /** Whose models it uses. `opencode`: those that OpenCode lists, looked up before a run starts; `own`: others, of which
   *  Baton knows nothing. */
  readonly models: "opencode" | "own"
  /** Whose rights hold. `session`: its profile's, cut to those of the session it is started from; `own`: its program has
   *  rules of its own, and Baton cannot enforce a profile's. */
  readonly rights: "session" | "own"
  /** A task whose worker was lost is given to a new one, once. */
  readonly canBeReassigned: boolean
  /** Keys of a profile that only such a kind takes. All other keys go with every kind. */
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
    canBeReassigned: false,
    ownKeys: ["cli"],
  },
} satisfies Readonly<Record<string, KindTraits>>

/** How a profile runs. */
export type Kind = keyof typeof TABLE

export const KINDS: Readonly<Record<Kind, KindTraits>> = TABLE

/** The kind of a profile that names none. */
export const DEFAULT_KIND: Kind = "subagent"

/** Every kind, in the order of the table. */
export const KIND_NAMES = Object.keys(KINDS) as [Kind, ...Kind[]]

/** A kind that this version does not know can do nothing here. */
const UNKNOWN: KindTraits = { ...KINDS.cli, ownKeys: [] }

/** What a kind can do. It may be a word that this version does not know: the other half of the plugin, or whoever wrote the
 *  journal, can be newer. */
export function traitsOf(kind: string): KindTraits {
  return Object.hasOwn(KINDS, kind) ? KINDS[kind as Kind] : UNKNOWN
}
