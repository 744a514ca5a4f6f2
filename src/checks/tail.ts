import { stripVTControlCharacters } from "node:util"

/**
 * Characters of a command's output that are kept. They are the last ones, because test runners
 * print errors at the end.
 */
const KEPT_CHARS = 8_000
/** Enough bytes for that many characters of any kind, including colour codes. */
const KEPT_BYTES = 16 * KEPT_CHARS
const LEFT_OUT = "[the beginning is left out]\n"

export interface Tail {
  add(chunk: Uint8Array): void
  /**
   * The end of the added output, without colours and with `hide` applied. Says so when the
   * beginning is missing.
   */
  text(hide?: (text: string) => string): string
}

/** Keeps the end of a stream of any length in bounded memory. Invalid UTF-8 becomes U+FFFD. */
export function createTail(): Tail {
  let chunks: Uint8Array[] = []
  let size = 0
  let isTruncated = false
  const cut = () => {
    const all = Buffer.concat(chunks)
    chunks = [all.subarray(-KEPT_BYTES)]
    isTruncated ||= all.length > KEPT_BYTES
    size = Math.min(all.length, KEPT_BYTES)
  }
  return {
    add(chunk) {
      chunks.push(chunk)
      size += chunk.length
      // The limit is twice the kept size, so that bytes are not moved with every chunk.
      if (size > 2 * KEPT_BYTES) cut()
    },
    text(hide = (text) => text) {
      cut()
      const all = hide(stripVTControlCharacters(new TextDecoder().decode(chunks[0])))
      if (!isTruncated && all.length <= KEPT_CHARS) return all
      return LEFT_OUT + all.slice(LEFT_OUT.length - KEPT_CHARS)
    },
  }
}
