import { createHash } from "node:crypto"

/** An OpenCode id that is always the same for the same key. Order in a session is by time, so it need not sort. */
export function ownID(prefix: "msg" | "prt", key: string): string {
  return `${prefix}_${createHash("sha256").update(key).digest("hex").slice(0, 26)}`
}
