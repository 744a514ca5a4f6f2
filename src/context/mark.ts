/** How a block in an answer is marked as the one that was asked for. */

/** The mark of a block, as its first line has it after the fence: `json 3f9a0c2b71de`. */
export function markOf(kind: "json" | "handoff", nonce: string | undefined): string {
  return nonce === undefined ? kind : `${kind} ${nonce}`
}

export function blockStart(kind: "json" | "handoff", nonce: string | undefined): string {
  return `\`\`\`${markOf(kind, nonce)}`
}
