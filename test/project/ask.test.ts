import { expect, it } from "vitest"
import { openDesk } from "../opencode/support.ts"

const CONFIG = { profiles: { coder: { intervene: "always" } } }
const FLOW = { flow: "steps: [{ id: build, profile: coder, prompt: build it }]" }

it("a question to a worker never opens a gate, even if its profile always pauses", async () => {
  const { type, backend, engine } = openDesk(CONFIG, FLOW)
  const ended = async (line: string, step: string) => {
    const { view } = await type(line)
    const job = await backend.job(step)
    job.finish({ output: "well" })
    return (await engine.finished(view?.type === "started" ? view.run : "")).view?.status
  }
  expect(await ended("/workers ask coder how does it work?", "ask")).toBe("success")
  expect(await ended("/workflow run flow", "build")).toBe("paused")
})
