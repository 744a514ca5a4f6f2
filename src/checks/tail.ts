import { stripVTControlCharacters } from "node:util"

/** How much of a command's output is kept: its end, where test runners say what went wrong. */
const KEPT_CHARS = 8_000
/** Bytes that hold so many characters whatever they are, colours included. */
const KEPT_BYTES = 16 * KEPT_CHARS
const LEFT_OUT = "[the beginning is left out]\n"

export interface Tail {
  add(chunk: Uint8Array): void
  /** The end of what was added, without colours and what `hide` takes out; says so when it is not all of it. */
  text(hide?: (text: string) => string): string
}

/** Keeps the end of a stream of any length in bounded memory. What is no UTF-8 becomes U+FFFD. */
export function createTail(): Tail {
  let chunks: Uint8Array[] = []
  let size = 0
  let isCut = false
  const cut = () => {
    const all = Buffer.concat(chunks)
    chunks = [all.subarray(-KEPT_BYTES)]
    isCut ||= all.length > KEPT_BYTES
    size = Math.min(all.length, KEPT_BYTES)
  }
  return {
    add(chunk) {
      chunks.push(chunk)
      size += chunk.length
      // Twice as much, so that bytes are moved once in a while and not with every chunk.
      if (size > 2 * KEPT_BYTES) cut()
    },
    text(hide = (text) => text) {
      cut()
      const all = hide(stripVTControlCharacters(new TextDecoder().decode(chunks[0])))
      if (!isCut && all.length <= KEPT_CHARS) return all
      return LEFT_OUT + all.slice(LEFT_OUT.length - KEPT_CHARS)
    },
  }
}
