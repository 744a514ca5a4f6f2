import type { OpencodeClient } from "@opencode-ai/sdk/v2"
import { afterAll, beforeAll, expect, it } from "vitest"
import { callTool, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { endedOf, startBaton } from "./support/baton.ts"
import { makeProject, type Project } from "./support/project.ts"
import { until } from "./support/until.ts"
import { type WarmServer, warmServer } from "./support/warm.ts"

/**
 * Tests models that start workers through Baton's tools in the real OpenCode: how deep they get,
 * and what that costs.
 */

const LONG = 120_000
const TOOLS = ["worker_ask", "workflow_control", "workflow_run", "workflow_status"]
const config = (depth: number) => ({
  tools: true,
  profiles: { helper: { model: "scripted/small" } },
  limits: { max_depth: depth },
})
/**
 * A model that gets this prompt asks a worker the same with one `deeper` less, whatever tools it
 * was offered.
 */
const deeper = (times: number) => `go ${"deeper ".repeat(times)}down`

let model: ScriptedModel
let server: WarmServer
const projects: Project[] = []

beforeAll(async () => {
  model = await startScriptedModel()
  server = await warmServer()
  for (let times = 1; times <= 4; times++) {
    const call = callTool("worker_ask", { worker: "helper", prompt: deeper(times - 1) })
    model.script(new RegExp(`^${deeper(times)}$`), (request) =>
      request.toolResults.length === 0 ? call : say(`${times} up: ${request.toolResults.join(" ")}`),
    )
  }
  model.script(/^go down$/, say("the bottom"))
}, LONG)
afterAll(async () => {
  for (const project of projects) await project.dispose()
  await model?.close()
}, LONG)

function open(depth: number) {
  const project = makeProject({ model, server, baton: true, config: config(depth) })
  projects.push(project)
  return { project, client: server.clientFor(project.dir) }
}

async function prompt(client: OpencodeClient, text: string): Promise<{ session: string; answer: string }> {
  const { data: session } = await client.session.create({ title: "main" })
  const id = session?.id as string
  await client.session.promptAsync({ sessionID: id, agent: "build", parts: [{ type: "text", text }] })
  const last = async () => {
    const { data } = await client.session.messages({ sessionID: id })
    return data?.find((message) => message.info.role === "assistant" && message.info.finish === "stop")
  }
  const message = await until(last, { what: `an answer to ${text}`, timeoutMs: 60_000 })
  const answer = message.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("")
  return { session: id, answer }
}
const offered = (text: string) => model.asked(new RegExp(`^${text}$`)).map((request) => request.tools)

it(
  "a recursive profile stops at depth 1: its worker is not offered the tools, and calling them creates nothing",
  async () => {
    const { client } = open(1)
    const { session, answer } = await prompt(client, deeper(2))
    expect(answer).toMatch(/^2 up: /)
    expect(offered(deeper(2))[0]).toEqual(expect.arrayContaining(TOOLS))
    for (const tools of offered(deeper(1))) for (const tool of TOOLS) expect(tools).not.toContain(tool)
    expect(model.asked(/^go down$/)).toHaveLength(0)
    const { data: children } = await client.session.children({ sessionID: session })
    expect(children).toHaveLength(1)
    const { data: grandchildren } = await client.session.children({ sessionID: children?.[0]?.id as string })
    expect(grandchildren).toEqual([])
  },
  LONG,
)

it(
  "with max_depth 2 a worker may ask one more worker in every process, and the run's cost includes both",
  async () => {
    const { project, client } = open(2)
    project.write(".opencode/workflows/dive.yaml", `steps: [{ id: dive, profile: helper, prompt: "${deeper(4)}" }]`)
    const { answer } = await prompt(client, deeper(2))
    expect(answer).toContain("2 up: ")
    expect(answer).toContain("1 up: ")
    expect(answer).toContain("the bottom")
    expect(offered("go down")[0]).not.toEqual(expect.arrayContaining(["worker_ask"]))
    const run = startBaton(project, "run", "dive", "--json")
    expect(await run.exit()).toBe(0)
    const ended = endedOf(run.stdout())
    expect(ended.steps.dive?.output).toContain("4 up: 3 up: ")
    expect(offered(deeper(4))[0]).toContain("worker_ask")
    for (const tools of offered(deeper(3))) expect(tools).not.toContain("worker_ask")
    const [whole, own] = [ended.cost ?? 0, ended.steps.dive?.cost ?? 0]
    expect(whole).toBeGreaterThan(own)
    const spent = [...model.asked(new RegExp(`^${deeper(4)}$`)), ...model.asked(new RegExp(`^${deeper(3)}$`))]
    const price = spent.reduce((sum, { usage }) => sum + (usage?.input ?? 0) * 1 + (usage?.output ?? 0) * 2, 0)
    expect(whole).toBeCloseTo(price / 1e6, 8)
  },
  LONG,
)
