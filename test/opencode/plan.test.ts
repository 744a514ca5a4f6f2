import { expect, it } from "vitest"
import { openDesk } from "./support.ts"

const CONFIG = { models: { quick: "acme/small" }, profiles: { coder: { model: "quick" } } }
const FLOWS = {
  pair: "inputs: { topic: { type: string } }\nsteps: [{ id: draft, profile: coder, prompt: 'about ${inputs.topic}' }, { id: review, needs: [draft], prompt: look }]",
}

it("`/workflow plan` shows what a workflow would do, and starts nothing", async () => {
  const { type, engine, backend } = openDesk(CONFIG, FLOWS)
  const reply = await type("/workflow plan pair topic=tides --model coder=acme/big")
  expect(reply.title).toBe("Plan of pair")
  expect(reply.text).toMatch(/inputs: topic="tides"[\s\S]*draft[\s\S]*profile coder \(subagent\), model acme\/big/)
  expect(reply.text).toMatch(/review {2}after draft[\s\S]*At least 2 model calls/)
  expect(engine.live()).toEqual([])
  expect(backend.jobs).toHaveLength(0)
  expect(await type("/workflow plan pear")).toMatchObject({ tone: "error", text: expect.stringContaining("pair") })
})

it("`/workflow run` uses the models that the line names, and refuses an unknown profile or role", async () => {
  const { type, backend } = openDesk(CONFIG, FLOWS)
  await type("/workflow run pair --model coder=acme/big topic=tides")
  expect((await backend.job("draft")).task.profile.model).toBe("acme/big")
  expect(await type("/workflow run pair --model codr=acme/big topic=tides")).toMatchObject({
    tone: "error",
    text: expect.stringContaining("coder"),
  })
})
