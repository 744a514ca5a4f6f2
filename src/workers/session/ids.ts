import { createHash } from "node:crypto"

/**
 * Returns an OpenCode id that is always the same for the same key (contract C1). OpenCode orders
 * messages by time, so the id need not sort (contract C2).
 */
export function ownID(prefix: "msg" | "prt", key: string): string {
  return `${prefix}_${createHash("sha256").update(key).digest("hex").slice(0, 26)}`
}
