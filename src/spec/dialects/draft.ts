import { type Path, valueAt } from "../../core/documents/issues.ts"
import type { WorkflowSource } from "../document.ts"
import type { Vocabulary } from "../vocabulary.ts"

/**
 * A workflow in the canonical form while it is being made of a document of another form. It remembers of every part
 * where it comes from, so that whatever is found wrong with it is shown where the user wrote it.
 */

/** A character of a text, by the path of the text it was written in. */
interface Spot {
  readonly path: Path
  readonly offset: number
}

interface Origin {
  readonly path: Path
  /** Of a text that is not taken as it is: where its characters come from. */
  readonly locate?: (offset: number) => Spot
}

export class Draft {
  /** The document, as it would be written in the canonical form. */
  readonly value: Record<string, unknown> = {}
  readonly #origins = new Map<string, Origin>()

  /** Puts a value at `path`; `from` is where it was written, or what it follows from. */
  set(path: Path, value: unknown, from: Path): void {
    this.#put(path, value, { path: from })
  }

  /** Puts a copy of a value at `path`, if there is any, so that parts of it can be replaced. */
  copy(path: Path, value: unknown, from: Path): void {
    if (value !== undefined) this.set(path, structuredClone(value), from)
  }

  /** The same of a text that was put together. */
  setText(path: Path, text: Text, from: Path): void {
    this.#put(path, text.value, { path: from, locate: (offset) => text.locate(offset) })
  }

  #put(path: Path, value: unknown, origin: Origin): void {
    this.#origins.set(keyOf(path), origin)
    const last = path.at(-1) as PropertyKey
    let at: Record<PropertyKey, unknown> = this.value
    for (const [index, key] of path.slice(0, -1).entries()) {
      const isList = typeof path[index + 1] === "number"
      if (!Object.hasOwn(at, key)) at[key] = isList ? [] : {}
      at = at[key] as Record<PropertyKey, unknown>
    }
    at[last] = value
  }

  /** The document as a source that points into the one it was made of. */
  source(original: WorkflowSource, vocabulary: Vocabulary): WorkflowSource {
    return {
      file: original.file,
      value: this.value,
      vocabulary,
      place: (path, part) => {
        const { path: from, isExact } = this.#originOf(path)
        // What was made up stands nowhere: the thing it was made for is shown, from its beginning.
        return original.place(from, isExact ? part : "value")
      },
      placeIn: (path, offset) => {
        const origin = this.#origins.get(keyOf(path))
        const spot = origin?.locate?.(offset) ?? { path: this.#originOf(path).path, offset }
        const isText = typeof valueAt(original.value, spot.path) === "string"
        return isText ? original.placeIn(spot.path, spot.offset) : original.place(spot.path, "value")
      },
    }
  }

  /** Where the value at `path` was written: of a part of something that was copied the same part of the original. */
  #originOf(path: Path): { readonly path: Path; readonly isExact: boolean } {
    for (let length = path.length; length >= 0; length--) {
      const origin = this.#origins.get(keyOf(path.slice(0, length)))
      if (origin) return { path: [...origin.path, ...path.slice(length)], isExact: true }
    }
    return { path: [], isExact: false }
  }
}

const keyOf = (path: Path) => JSON.stringify(path.map(String))

/** A text put together of what the user wrote and what was added. */
export class Text {
  value = ""
  readonly #parts: { readonly start: number; readonly at: (offset: number) => Spot }[] = []

  /** Adds words of our own, about what was written at `path`. */
  add(words: string, path: Path): this {
    this.#parts.push({ start: this.value.length, at: () => ({ path, offset: 0 }) })
    this.value += words
    return this
  }

  /** Adds what was written at `path`; `map` says where its characters come from when it was changed. */
  take(text: string, path: Path, map: (offset: number) => number = (offset) => offset): this {
    const start = this.value.length
    this.#parts.push({ start, at: (offset) => ({ path, offset: map(offset - start) }) })
    this.value += text
    return this
  }

  locate(offset: number): Spot {
    const part = this.#parts.findLast(({ start }) => start <= offset)
    return part?.at(offset) ?? { path: [], offset: 0 }
  }
}
