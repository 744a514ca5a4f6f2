import { evolve } from "../../src/core/fold/evolve.ts"
import type { RunEvent } from "../../src/core/model/events.ts"
import type { Run } from "../../src/core/model/run.ts"

/** A name of the state machine, such as `running` or `check-failed`: the fold may write these, but no sentence. */
const NAME = /^[a-z-]+$/

/**
 * The texts that stand in the folded state after some prefix of a journal but in no event of that prefix: the fold made
 * them up itself, so another version with other words would fold the same journal to another run.
 */
export function inventedTexts(events: readonly RunEvent[]): string[] {
  const said = new Set<string>()
  const invented = new Set<string>()
  // The state shares what has not changed with the state before it: every object is looked at once.
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
