import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { callTool, type ScriptedModel, say, silence, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton, endedOf, startBaton } from "./support/baton.ts"
import { type Server, startServer } from "./support/opencode.ts"
import { describeProcesses, processesWith, signal } from "./support/processes.ts"
import { makeProject, type Project } from "./support/project.ts"
import { until } from "./support/until.ts"

/**
 * Tests that cancelling reaches everything (guarantee G6): sessions of every kind, servers, and the
 * processes that their tools started.
 */

const LONG = 120_000
const WITHIN_MS = 5_000
const KINDS = ["subagent", "agent", "server"] as const
const HANG = `
settings: { max_parallel: 6 }
steps:
${KINDS.map((kind) => `  - { id: ${kind}, profile: ${kind}, prompt: "hang ${kind}." }`).join("\n")}
${KINDS.map((kind) => `  - { id: ${kind}-silent, profile: ${kind}, prompt: "silent ${kind}." }`).join("\n")}
`
/** Detaches from its terminal, process group and parent, as badly behaved tools do. */
const ESCAPEE = "setsid sleep 4321 >/dev/null 2>&1 & sleep 4322"

let model: ScriptedModel
let project: Project
/** A server that Baton did not start. */
let server: Server | undefined

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({
    model,
    baton: true,
    config: { profiles: Object.fromEntries(KINDS.map((kind) => [kind, { kind, model: "scripted/small" }])) },
    workflows: { hang: HANG },
  })
}, LONG)
afterAll(async () => {
  await server?.stop()
  await project?.dispose()
  await model?.close()
}, LONG)
afterEach(() => {
  for (const { pid } of processesWith(project.marker)) if (pid !== server?.pid) signal(pid, "SIGKILL")
})

const left = () => describeProcesses(processesWith(project.marker))
const sleepers = () => processesWith(project.marker).filter(({ command }) => /sleep 432[12]/.test(command))

/**
 * Makes every worker of the workflow hang, half of them in a tool and half in a stream. Returns a
 * function that waits until all of them hang.
 */
async function hang() {
  for (const kind of KINDS) {
    model.script(`hang ${kind}.`, callTool("bash", { command: ESCAPEE, description: "hangs" }))
    model.script(`silent ${kind}.`, silence())
  }
  const asked = KINDS.flatMap((kind) => [`hang ${kind}.`, `silent ${kind}.`])
  const before = asked.map((prompt) => model.asked(prompt).length)
  return async () => {
    await Promise.all(
      asked.map((prompt, at) => model.waitFor(prompt, { count: (before[at] ?? 0) + 1, timeoutMs: 60_000 })),
    )
    await until(() => sleepers().length >= 2 * KINDS.length, { what: () => `the tools to run:\n${left()}` })
  }
}

describe("cancelling a run with workers of every kind", () => {
  it(
    "with Ctrl-C leaves no process, not even one that a tool detached",
    async () => {
      const hanging = await hang()
      const run = startBaton(project, "run", "hang")
      await hanging()
      const before = performance.now()
      run.signal("SIGINT")
      expect(await run.exit()).toBe(130)
      expect(performance.now() - before).toBeLessThan(WITHIN_MS + 2_000)
      expect(left()).toEqual([])
    },
    LONG,
  )

  describe("on a server that Baton did not start", () => {
    it(
      "leaves that server running without a busy session, and ends Baton's own processes",
      async () => {
        const hanging = await hang()
        server = await startServer(project)
        const run = startBaton(project, "run", "hang", "--attach", server.url)
        await hanging()
        run.signal("SIGINT")
        expect(await run.exit()).toBe(130)
        expect((await server.client.session.status({})).data).toEqual({})
        const alive = processesWith(project.marker).filter(({ command }) => /opencode/.test(command))
        expect(alive.map(({ pid }) => pid)).toEqual([server.pid])
      },
      LONG,
    )
  })
})

describe("after a SIGKILL", () => {
  it(
    "the next start ends exactly what the killed process had started, and the run can be resumed",
    async () => {
      const hanging = await hang()
      server ??= await startServer(project)
      const run = startBaton(project, "run", "hang", "--run-id", "killed")
      await hanging()
      for (const { pid, command } of processesWith(project.marker)) {
        if (/baton\.mjs/.test(command)) signal(pid, "SIGKILL")
      }
      await run.exit()
      const orphans = sleepers().map(({ pid }) => pid)
      expect(orphans.length).toBeGreaterThan(0)
      for (const kind of KINDS) {
        model.script(`hang ${kind}.`, say("done"))
        model.script(`silent ${kind}.`, say("done"))
      }
      const resumed = await baton(project, "resume", "killed", "--json", "--attach", server.url)
      expect(endedOf(resumed.stdout)).toMatchObject({ status: "success" })
      expect(sleepers()).toEqual([])
      expect(processesWith(project.marker).map(({ pid }) => pid)).toEqual([server.pid])
    },
    LONG,
  )
})
