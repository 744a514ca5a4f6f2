import { createHash } from "node:crypto"

/** What the ids of a message of ours are made from. The same source always gives the same ids. */
export interface IdSource {
  readonly session: string
  readonly key: string
  /**
   * The journalled time with which the ids begin (milliseconds since 1970). Undefined for the
   * messages of a run that a version began whose ids were hashes of the key alone.
   */
  readonly at: number | undefined
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
/** OpenCode counts the ids of one millisecond in the lowest 12 of 48 bits, beginning with 1. */
const PER_MS = 4096n
const TIME_MASK = 0xffff_ffff_ffffn
const TIME_DIGITS = 12
const RANDOM_CHARS = 14

/**
 * Returns an id for a message or a part of ours (contract C1). It sorts as OpenCode's own ids do,
 * so that a host that compares ids sees its answer after our message (contract C2). The session is
 * part of it, because OpenCode's ids are unique among all projects of a home.
 */
export function ownID(prefix: "msg" | "prt", { session, key, at }: IdSource): string {
  if (at === undefined)
    return `${prefix}_${sha256(key)
      .toString("hex")
      .slice(0, TIME_DIGITS + RANDOM_CHARS)}`
  const time = ((BigInt(at) * PER_MS) & TIME_MASK).toString(16).padStart(TIME_DIGITS, "0")
  const bytes = [...sha256(`${session}/${key}`).subarray(0, RANDOM_CHARS)]
  return `${prefix}_${time}${bytes.map((byte) => BASE62[byte % BASE62.length]).join("")}`
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest()
}
