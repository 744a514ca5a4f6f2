import { type Path, valueAt } from "../../core/documents/issues.ts"
import type { WorkflowSource } from "../document.ts"
import type { Vocabulary } from "../vocabulary.ts"

/**
 * Builds a workflow in the canonical form from a document of another dialect. It records the origin
 * of every part, so that problems are shown where the user wrote it.
 */

/** A character of the original document: the path of its text, and its offset in that text. */
interface Spot {
  readonly path: Path
  readonly offset: number
}

interface Origin {
  readonly path: Path
  /** For a text that was changed: converts an offset in it to a character of the original. */
  readonly locate?: (offset: number) => Spot
}

export class Draft {
  /** The document in the canonical form. */
  readonly value: Record<string, unknown> = {}
  readonly #origins = new Map<string, Origin>()

  /**
   * Sets the value at `path`. `from` is the path where it was written, or of what it is derived
   * from.
   */
  set(path: Path, value: unknown, from: Path): void {
    this.#put(path, value, { path: from })
  }

  /**
   * Sets a copy of a value at `path`, unless it is undefined, so that parts of it can be replaced.
   */
  copy(path: Path, value: unknown, from: Path): void {
    if (value !== undefined) this.set(path, structuredClone(value), from)
  }

  /** Sets a composed text at `path`. */
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

  /** The document as a source whose positions are those of the original. */
  source(original: WorkflowSource, vocabulary: Vocabulary): WorkflowSource {
    return {
      file: original.file,
      value: this.value,
      vocabulary,
      place: (path, part) => {
        const { path: from, isExact } = this.#originOf(path)
        // A part that was added has no position of its own: the beginning of its origin stands for
        // it.
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

  /**
   * The original path of the value at `path`. A part of a copied value has the same part of the
   * original.
   */
  #originOf(path: Path): { readonly path: Path; readonly isExact: boolean } {
    for (let length = path.length; length >= 0; length--) {
      const origin = this.#origins.get(keyOf(path.slice(0, length)))
      if (origin) return { path: [...origin.path, ...path.slice(length)], isExact: true }
    }
    return { path: [], isExact: false }
  }
}

const keyOf = (path: Path) => JSON.stringify(path.map(String))

/** A text composed of what the user wrote and of added words. */
export class Text {
  value = ""
  readonly #parts: { readonly start: number; readonly at: (offset: number) => Spot }[] = []

  /** Adds Baton's own words about the value at `path`. */
  add(words: string, path: Path): this {
    this.#parts.push({ start: this.value.length, at: () => ({ path, offset: 0 }) })
    this.value += words
    return this
  }

  /**
   * Adds the text written at `path`; `map` converts its offsets to those of the original if it was
   * changed.
   */
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
