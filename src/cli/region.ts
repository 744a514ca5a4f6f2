import { control, type Terminal } from "./terminal.ts"

/** The last lines of a terminal, which are redrawn while other lines are written above them. */

/** The part of a terminal that a region uses. */
type Screen = Pick<Terminal, "write" | "columns" | "rows">

export class Region {
  readonly #terminal: Screen
  #drawn: readonly string[] = []

  constructor(terminal: Screen) {
    this.#terminal = terminal
  }

  /** The maximum size of the drawing, so that no line wraps or scrolls away. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns = 80, rows = 24 } = this.#terminal
    return { columns: columns - 1, rows: rows - 2 }
  }

  /** Writes lines above the drawing, where they stay. */
  say(lines: readonly string[]): void {
    if (lines.length === 0) return
    this.#terminal.write(`${this.#back()}${lines.map((line) => `${line}\n`).join("")}${this.#drawn.join("\n")}`)
  }

  /** Replaces the drawing with these lines. */
  draw(lines: readonly string[]): void {
    this.#terminal.write(`${this.#back()}${lines.join("\n")}`)
    this.#drawn = lines
  }

  /** Removes the drawing. */
  clear(): void {
    this.draw([])
  }

  /**
   * Control sequence that moves to the first line of the drawing and clears everything from there.
   */
  #back(): string {
    const up = this.#drawn.length > 1 ? control(`${this.#drawn.length - 1}A`) : ""
    return this.#drawn.length === 0 ? "" : `${control("G")}${up}${control("J")}`
  }
}
