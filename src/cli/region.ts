/** The last lines of a terminal, drawn over and over while other lines go above them. */

/** What of a terminal is needed. */
export interface Terminal {
  write(text: string): unknown
  readonly columns?: number
  readonly rows?: number
}

export class Region {
  readonly #terminal: Terminal
  #drawn: readonly string[] = []

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Columns a line may have, and lines there may be, so that none wraps or scrolls away. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns = 80, rows = 24 } = this.#terminal
    return { columns: columns - 1, rows: rows - 2 }
  }

  /** Puts lines above what is drawn, where they stay. */
  say(lines: readonly string[]): void {
    if (lines.length === 0) return
    this.#terminal.write(`${this.#back()}${lines.map((line) => `${line}\n`).join("")}${this.#drawn.join("\n")}`)
  }

  /** Draws these lines in the place of the last ones. */
  draw(lines: readonly string[]): void {
    this.#terminal.write(`${this.#back()}${lines.join("\n")}`)
    this.#drawn = lines
  }

  /** Takes what is drawn away. */
  clear(): void {
    this.draw([])
  }

  /** To the first of the lines that are drawn, and all below it empty. */
  #back(): string {
    const up = this.#drawn.length > 1 ? `\x1b[${this.#drawn.length - 1}A` : ""
    return this.#drawn.length === 0 ? "" : `\r${up}\x1b[J`
  }
}
