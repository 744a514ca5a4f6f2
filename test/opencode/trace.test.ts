import { expect, it } from "vitest"
import type { TraceRow } from "../../src/core/view/trace.ts"
import { openDesk } from "./support.ts"

const FLOWS = {
  one: "steps: [{ id: build, prompt: Build it }]",
  far: "steps: [{ id: build, profile: far, prompt: x }]",
  deploy: "context: { secrets: { TOKEN: { env: T } } }\nsteps: [{ id: deploy, prompt: 'use ${secrets.TOKEN}' }]",
}
const called: TraceRow = { at: 5, kind: "tool", tone: "good", title: "bash: ls", text: "a.txt", tookMs: 20 }

it("`/trace` shows the session's transcript beside the journal", async () => {
  const { type, backend, transcripts } = openDesk({}, FLOWS)
  await type("/workflow run one")
  const job = await backend.job("build")
  transcripts.set(job.task.key, { rows: [called] })
  const running = await type("/trace build")
  expect(running.text).toMatch(/what happened[\s\S]*✓ bash: ls · 0.0s\n {4}a.txt/)
  expect(running.view).toMatchObject({ type: "trace", trace: { missing: [], rows: expect.arrayContaining([called]) } })
  job.finish({ output: "done" })
  await expect.poll(async () => (await type(`/trace ${job.task.run}/build`)).text).toContain("✓ done")
})

it("`/trace` says that the session is gone or in another server, and shows the rest from the journal", async () => {
  const { type, backend } = openDesk({ profiles: { far: { kind: "server" } } }, FLOWS)
  await type("/workflow run one")
  const gone = await backend.job("build")
  expect((await type("/trace build")).text).toMatch(/ses_\S+ is gone\.[\s\S]*asked the default model\n {4}Build it/)
  gone.finish({ output: "done" })
  await type("/workflow run far")
  await backend.job("build", 1)
  expect((await type("/trace build")).text).toContain("The transcript is in the server of profile far")
})

it("`/trace` removes the values of secrets from a transcript, and shows none if the values are missing", async () => {
  const env: Record<string, string> = { T: "hunter2hunter2" }
  const { type, backend, transcripts } = openDesk({}, FLOWS, env)
  expect((await type("/workflow run deploy")).text).toContain("Started deploy")
  const job = await backend.job("deploy")
  transcripts.set(job.task.key, { rows: [{ ...called, title: "bash: deploy hunter2hunter2" }] })
  expect((await type("/trace deploy")).text).toContain("bash: deploy [secret TOKEN]")
  delete env.T
  const { text } = await type("/trace deploy")
  expect(text).toContain("the values of the workflow's secrets are missing")
  expect(text).not.toMatch(/hunter2|bash: deploy/)
})
