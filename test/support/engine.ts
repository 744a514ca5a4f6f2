import { Engine, type EngineDeps } from "../../src/engine/engine.ts"
import { createMemoryStore } from "../../src/store/memory/store.ts"
import { createScriptedBackend } from "../../src/workers/scripted/backend.ts"
import { checker } from "./checker.ts"
import { manualClock } from "./clock.ts"
import { context } from "./context.ts"

/**
 * A real engine with workers, a clock and a memory store that the test controls. By default prompts
 * are sent as written, and conditions and checks hold. `errors` collects the messages of the log.
 */
export function handDriven({ now = 0, ...deps }: Partial<EngineDeps> & { readonly now?: number } = {}) {
  const backend = createScriptedBackend()
  const clock = manualClock(now)
  const store = deps.store ?? createMemoryStore()
  const errors: string[] = []
  const engine = new Engine({
    clock,
    render: (template) => ({ ok: true, value: template }),
    evaluate: () => ({ ok: true, value: true }),
    value: (expression) => ({ ok: true, value: JSON.parse(expression) }),
    checker,
    ...context(),
    hash: (text) => `h${text.length}`,
    random: () => 0.5,
    log: { error: (message) => errors.push(message) },
    backend: () => backend,
    ...deps,
    store,
  })
  return { engine, backend, clock, store, errors }
}
