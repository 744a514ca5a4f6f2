import { evolve } from "../../src/core/fold/evolve.ts"
import type { RunEvent } from "../../src/core/model/events.ts"
import type { Run } from "../../src/core/model/run.ts"

/**
 * A name of the state machine, such as `running` or `check-failed`. The fold may write such names,
 * but no sentences.
 */
const NAME = /^[a-z-]+$/

/**
 * Texts of the folded state that no event of the journal contains so far. The fold invented them,
 * so a version with other texts would fold the same journal to another run.
 */
export function inventedTexts(events: readonly RunEvent[]): string[] {
  const said = new Set<string>()
  const invented = new Set<string>()
  // Unchanged parts are shared with the previous state, so every object is visited once.
  const seen = new WeakSet<object>()
  let run: Run | undefined
  for (const event of events) {
    collect(event, new WeakSet(), (text) => said.add(text))
    run = evolve(run, event)
    collect(run, seen, (text) => {
      if (!NAME.test(text) && !said.has(text)) invented.add(text)
    })
  }
  return [...invented]
}

function collect(value: unknown, seen: WeakSet<object>, found: (text: string) => void): void {
  if (typeof value === "string") found(value)
  if (typeof value !== "object" || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof Map) for (const entry of value) collect(entry, seen, found)
  else for (const inner of Object.values(value)) collect(inner, seen, found)
}
