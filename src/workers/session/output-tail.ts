import type { HostEvent } from "../../host/host.ts"

/** How many characters are kept for a person who watches. */
const KEPT = 2_000

/**
 * The end of what a worker writes, with the tools it calls, as its session's events report them.
 */
export class OutputTail {
  #text = ""
  readonly #answers = new Set<string>()
  /** How much of each text part has been added to the tail. */
  readonly #taken = new Map<string, number>()
  readonly #calls = new Set<string>()

  /** Processes an event of the session. */
  hear(event: HostEvent): void {
    switch (event.type) {
      case "message.updated":
        if (event.properties.info.role === "assistant") this.#answers.add(event.properties.info.id)
        break
      case "message.part.updated": {
        const { part } = event.properties
        if (!this.#answers.has(part.messageID)) break
        if (part.type === "text") this.#take(part.id, part.text)
        if (part.type === "tool" && part.state.status === "running") this.#call(part.callID, part.tool, part.state)
        break
      }
      case "message.part.delta": {
        const { partID, field, delta } = event.properties
        const taken = this.#taken.get(partID)
        if (field !== "text" || taken === undefined) break
        this.#taken.set(partID, taken + delta.length)
        this.#add(delta)
        break
      }
    }
  }

  toString(): string {
    return this.#text
  }

  /** Adds a part as a whole. What arrived as deltas before is in the tail already. */
  #take(part: string, text: string): void {
    const taken = this.#taken.get(part)
    if (taken === undefined && this.#text !== "" && !this.#text.endsWith("\n")) this.#add("\n")
    this.#taken.set(part, Math.max(taken ?? 0, text.length))
    this.#add(text.slice(taken ?? 0))
  }

  #call(
    call: string,
    tool: string,
    state: { readonly title?: string; readonly input: Readonly<Record<string, unknown>> },
  ) {
    if (this.#calls.has(call)) return
    this.#calls.add(call)
    const { command, filePath, pattern } = state.input
    const what = [command, filePath, pattern, state.title].find((one) => typeof one === "string" && one !== "")
    this.#add(
      `${this.#text === "" || this.#text.endsWith("\n") ? "" : "\n"}› ${tool} ${what ?? ""}`.trimEnd().concat("\n"),
    )
  }

  #add(text: string): void {
    this.#text = (this.#text + text).slice(-KEPT)
  }
}
