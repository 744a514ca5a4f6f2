import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, type ScriptedModel, say, silence, startScriptedModel } from "../../scripts/scripted-model.ts"
import type { Profile } from "../../src/core/model/profile.ts"
import type { Warning } from "../../src/core/model/result.ts"
import type { Log, WorkerBackend, WorkerTask } from "../../src/core/ports/ports.ts"
import { Dispatcher } from "../../src/engine/dispatch/dispatch.ts"
import { Workers } from "../../src/engine/dispatch/workers.ts"
import { followEvents } from "../../src/host/follow.ts"
import { createFeed, type Host } from "../../src/host/host.ts"
import { ledgerOf } from "../../src/host/ledger.ts"
import { createServerBackend, type ServerDeps } from "../../src/workers/server/backend.ts"
import { liveWorkerContract, workerContract } from "../contract/worker-backend.ts"
import { profile } from "../support/runs.ts"
import { recordReport, workerTask } from "../support/workers.ts"
import { baton, endedOf, startBaton } from "./support/baton.ts"
import { clientOf, type Server, servedIn, startServer } from "./support/opencode.ts"
import { describeProcesses, processesUnder, processesWith, signal } from "./support/processes.ts"
import { makeProject, type Project, ROOT } from "./support/project.ts"
import { openTui } from "./support/screen.ts"
import { until } from "./support/until.ts"
import { clock, contractWorld, openWorkplace, serverDeps } from "./support/workers.ts"

/** Tests workers in their own `opencode serve` processes, against a model that fails on command. */

const START = 120_000
const STEP = 90_000

let model: ScriptedModel
let project: Project
let main: Server
let deps: ServerDeps
let backend: WorkerBackend
let attended: WorkerBackend
let parent: string
const following = new AbortController()
const errors: unknown[] = []
const passwords: Record<string, string> = {}

beforeAll(async () => {
  model = await startScriptedModel()
  const writer = { type: "local", command: ["node", join(ROOT, "test/e2e/support/mcp-writer.mjs")] }
  project = makeProject({
    model,
    files: { "secret.txt": "ABRACADABRA", "AGENTS.md": "Always be kind to gardeners." },
    opencode: { mcp: { writer } },
  })
  main = await startServer(project)
  const feed = createFeed((error) => errors.push(error))
  await followEvents(main.client, feed, following.signal, (error) => errors.push(error))
  const origin: Host = { client: main.client, directory: project.dir, isAttended: false, subscribe: feed.subscribe }
  const log: Log = { error: (message, detail) => errors.push([message, detail]) }
  deps = {
    ...serverDeps(origin, clock, log, project),
    password: (name) => passwords[name],
  }
  backend = createServerBackend(deps)
  const theirs = { ...origin, isAttended: true }
  attended = createServerBackend({ ...deps, origin: theirs, folder: project.path("attended") })
  const { data } = await main.client.session.create({ title: "parent" })
  parent = data?.id as string
}, START)

afterAll(async () => {
  following.abort()
  await Promise.all([backend?.close(), attended?.close()])
  await main?.stop()
  await project?.dispose()
  await model?.close()
}, START)

let count = 0
function task(prompt: string, over: Partial<WorkerTask> = {}, worker: Partial<Profile> = {}): WorkerTask {
  const step = `s${++count}`
  const own = profile("worker", { kind: "server", ...worker })
  return workerTask(step, { profile: own, prompt, parent, timeoutMs: 60_000, idleTimeoutMs: 60_000, ...over })
}
const run = (work: WorkerTask, report = recordReport(), on = backend) =>
  on.run(work, report, new AbortController().signal)
/** The running server of a profile of `backend`. */
const find = (name: string) => {
  const variable = `XDG_DATA_HOME=${join(deps.folder, name, "data")}`
  const its = processesWith(variable).map(({ pid }) => pid)
  return servedIn(project, main).filter(({ pid }) => its.includes(pid))
}
const serverOf = (name: string) => until(() => find(name)[0], { what: `the server of ${name}` })

describe("the contract of every worker", () => {
  const world = async () => {
    // The start of a server counts against a task's deadline, and the tasks of the contract have
    // short ones.
    await attended.open(workerTask("warm", { key: "worker/warm", parent }))
    return contractWorld({ model, parent }, attended)
  }
  workerContract(world, STEP)
  liveWorkerContract(world, STEP)
})

describe("an isolated server", () => {
  it(
    "has the user's agents, models and rules, its own data, and no Baton",
    async () => {
      model.script("who are you?", say("a worker"))
      const report = recordReport()
      const result = await run(task("who are you?", {}, { prompt: "Speak like a pirate." }), report)
      expect(result).toMatchObject({ reason: "ok", output: "a worker", model: "scripted/small" })
      const [asked] = model.asked("who are you?")
      expect(asked?.system).toContain("Speak like a pirate.")
      expect(asked?.system).toContain("Always be kind to gardeners.")
      for (const tool of ["task", "question", "worker_ask", "workflow_run"]) expect(asked?.tools).not.toContain(tool)
      expect(asked?.tools).toContain("writer_write_file")
      const { data: sessions } = await main.client.session.list({})
      expect(sessions?.map(({ id }) => id)).not.toContain(result.session)
      expect(existsSync(join(deps.folder, "worker", "data", "opencode"))).toBe(true)
      const commands = async (client: Server["client"]) => (await client.command.list({})).data?.map(({ name }) => name)
      expect(await commands(main.client)).toContain("workflow")
      const inside = await commands(clientOf(await serverOf("worker"), project.dir))
      expect(inside).toContain("init")
      expect(inside).not.toContain("workflow")
    },
    STEP,
  )

  it(
    "is shared by the tasks of its profile, which run at the same time",
    async () => {
      const hold = model.hold(/^shared /)
      const both = [run(task("shared one")), run(task("shared two"))]
      await model.waitFor(/^shared /, { count: 2 })
      expect(find("worker")).toHaveLength(1)
      hold.release()
      expect((await Promise.all(both)).map((one) => one.reason)).toEqual(["ok", "ok"])
    },
    STEP,
  )

  it(
    "that dies in the middle of a step is restarted, and the step keeps what was finished",
    async () => {
      const prompt = "read, then think"
      model.script(prompt, callTool("read", { filePath: project.path("secret.txt") }), silence(), say("it says so"))
      const workers = new Workers(clock)
      const dispatcher = new Dispatcher({
        clock,
        log: deps.log,
        workers,
        backend: () => backend,
        random: () => 0,
      })
      const warnings: Warning[] = []
      const sessions: string[] = []
      const witness = {
        keptSession: () => undefined,
        opened: ({ session }: { session: string }) => void sessions.push(session),
        warned: (warning: Warning) => void warnings.push(warning),
        requested: () => undefined,
        replied: () => undefined,
      }
      const working = dispatcher.work(task(prompt), 8, witness, new AbortController().signal)
      await model.waitFor(prompt, { count: 2 })
      const before = await serverOf("worker")
      signal(before.pid, "SIGKILL")
      const outcome = await working
      expect(outcome).toMatchObject({ result: { reason: "ok", output: "it says so", session: sessions[0] } })
      expect(new Set(sessions).size).toBe(1)
      // The earlier result of the tool is still there, and the tool is not called again.
      const asked = model.asked(prompt)
      expect(asked).toHaveLength(3)
      expect(asked.at(-1)?.toolResults.join()).toContain("ABRACADABRA")
      expect(warnings.map((one) => one.kind)).toEqual(["reassigned", "server"])
      expect(warnings[0]?.text).toContain("ended with signal SIGKILL")
      expect((await serverOf("worker")).pid).not.toBe(before.pid)
    },
    STEP,
  )

  it(
    "that does not start fails the step with its exit code",
    async () => {
      const broken = createServerBackend({ ...deps, binary: "/bin/false" })
      const result = await run(task("never"), recordReport(), broken)
      expect(result).toMatchObject({
        reason: "error",
        detail: expect.stringContaining("did not start: opencode serve ended with exit code 1"),
      })
      await broken.close()
    },
    STEP,
  )

  it(
    "ends when it is idle, and is restarted with its sessions for the next task",
    async () => {
      model.script("brief work", say("done"))
      const work = task("brief work", {}, { name: "idler", idleStopMs: 300 })
      const first = await run(work)
      const { pid } = await serverOf("idler")
      await until(() => find("idler").every((one) => one.pid !== pid), { what: "the idle server to end" })
      const again = await run({ ...work, resumed: true })
      expect(again).toMatchObject({ reason: "ok", output: "done", session: first.session })
      expect(model.asked("brief work")).toHaveLength(1)
    },
    STEP,
  )

  it(
    "releases a task that is stopped before the server is ready",
    async () => {
      const controller = new AbortController()
      const work = task("too early", {}, { name: "starter" })
      const result = backend.run(work, recordReport(), controller.signal)
      await serverOf("starter")
      const before = performance.now()
      controller.abort()
      expect((await result).reason).toBe("aborted")
      expect(performance.now() - before).toBeLessThan(1_000)
      expect(model.asked("too early")).toHaveLength(0)
    },
    STEP,
  )

  it(
    "ends with every process it has started when the backend closes",
    async () => {
      const own = createServerBackend({ ...deps, folder: project.path("closing") })
      const prompt = "set something free"
      model.script(
        prompt,
        callTool("bash", { command: "setsid sleep 1000 >/dev/null 2>&1 & echo free", description: "free" }),
        silence(),
      )
      const working = run(task(prompt, {}, { name: "closer" }), recordReport(), own)
      await model.waitFor(prompt, { count: 2 })
      const sleeping = () => processesWith(project.marker).filter(({ command }) => command === "sleep 1000")
      expect(sleeping()).toHaveLength(1)
      await own.close()
      await working
      expect(sleeping()).toEqual([])
      expect(processesWith(`XDG_DATA_HOME=${project.path("closing/closer/data")}`)).toEqual([])
    },
    STEP,
  )
})

it(
  "an isolated server has the user's logins, renews them in place, and takes a configuration of any length",
  async () => {
    const agent = `---\ndescription: says much\n---\n${"word ".repeat(30_000)}`
    await using place = await openWorkplace({ ".opencode/agent/long.md": agent })
    const logins = join(place.project.home, ".local/share/opencode/auth.json")
    writeFileSync(logins, JSON.stringify({ anthropic: { type: "api", key: "old" } }))
    const result = await place.start(place.backend("server"), place.task("hello", {}, { agent: "long" })).result
    expect(result).toMatchObject({ reason: "ok", output: "Answer to: hello" })
    expect(place.model.asked("hello")[0]?.system.length).toBeGreaterThan(150_000)
    const [served] = servedIn(place.project, place.server).map((one) => clientOf(one, place.project.dir))
    expect((await served?.provider.list({}))?.data?.connected).toContain("anthropic")
    await served?.auth.set({ providerID: "anthropic", auth: { type: "api", key: "new" } })
    expect(JSON.parse(readFileSync(logins, "utf8"))).toEqual({ anthropic: { type: "api", key: "new" } })
  },
  STEP,
)

describe("the guard in a server that Baton started", () => {
  const LOOK = "env; cat /proc/$PPID/environ | tr '\\0' '\\n'"
  const outputOf = async (client: Server["client"], session: string) => {
    const { data = [] } = await client.session.messages({ sessionID: session })
    const tools = data.flatMap(({ parts }) => parts.filter((part) => part.type === "tool"))
    return tools.map(({ state }) => (state.status === "completed" ? state.output : JSON.stringify(state))).join("\n")
  }
  const readPassword = (pid: number) => readFileSync(join(project.home, `password-${pid}`), "utf8")

  it(
    "keeps the server's password from a worker's commands, the person's and a terminal, and authentication holds",
    async () => {
      const prompt = "look for a password"
      model.script(prompt, callTool("bash", { command: LOOK, description: "look" }), say("none"))
      const { session = "" } = await run(task(prompt))
      const served = await serverOf("worker")
      const client = clientOf(served, project.dir)
      const password = readPassword(served.pid)
      expect(password).toHaveLength(24)
      await client.session.shell({ sessionID: session, agent: "build", command: LOOK })
      const { data: other } = await client.session.create({ title: "a person's" })
      await client.session.shell({ sessionID: other?.id ?? "", agent: "build", command: LOOK })
      const [said, theirs] = [await outputOf(client, session), await outputOf(client, other?.id ?? "")]
      const file = project.path("terminal.txt")
      await client.pty.create({
        command: "/bin/sh",
        args: ["-c", `{ ${LOOK}; } > ${file}.part; mv ${file}.part ${file}`],
      })
      await until(() => existsSync(file), { what: "the terminal to write its environment" })
      for (const text of [said, theirs, readFileSync(file, "utf8")]) {
        expect(text).toContain("BATON_TEST_ID=")
        expect(text).not.toContain(password)
        expect(text).not.toContain("none needed")
      }
      expect(said).toContain(`XDG_CONFIG_HOME=\n`)
      expect(readFileSync(`/proc/${served.pid}/environ`, "utf8")).not.toContain(password)
      const port = /--port=(\d+)/.exec(served.command)?.[1]
      const status = async (headers: Record<string, string>) =>
        (await fetch(`http://127.0.0.1:${port}/path`, { headers })).status
      const basic = (secret: string) => ({
        authorization: `Basic ${Buffer.from(`opencode:${secret}`).toString("base64")}`,
      })
      expect([await status({}), await status(basic("wrong")), await status(basic(password))]).toEqual([401, 401, 200])
    },
    STEP,
  )

  it(
    "shows a worker's commands only the usual variables and those of its profile, and takes its data",
    async () => {
      const prompt = "what do you see?"
      const schema = { type: "object", properties: { seen: { type: "integer" } }, required: ["seen"] }
      model.script(
        prompt,
        callTool("bash", {
          command: 'echo "[$LANG][$GIT_CONFIG_NOSYSTEM][$npm_config_fetch_retries]"',
          description: "look",
        }),
        callTool("worker_result", { result: { seen: "two" } }),
        callTool("worker_result", { result: { seen: 2 } }),
        say("done"),
      )
      const result = await run(task(prompt, { schema }, { env: ["npm_config_fetch_retries"] }))
      expect(result).toMatchObject({ reason: "ok", structured: { seen: 2 } })
      const said = await outputOf(clientOf(await serverOf("worker"), project.dir), result.session ?? "")
      expect(said).toContain("[C.UTF-8][][0]")
      expect(said).toContain("The data does not match: /seen must be integer")
    },
    STEP,
  )
})

describe("a read-only profile", () => {
  const rules = [{ permission: "edit", pattern: "*", action: "deny" }] as const

  it(
    "cannot write through the shell, MCP or another worker, because it is not offered their tools",
    async () => {
      const prompt = "write it all the same"
      const file = project.path("written.txt")
      model.script(
        prompt,
        callTool("bash", { command: `echo x > ${file}`, description: "write" }),
        callTool("writer_write_file", { path: file, text: "x" }),
        callTool("write", { filePath: file, content: "x" }),
        say("I could not"),
      )
      const result = await run(task(prompt, { mayDelegate: true }, { permission: rules }))
      expect(result).toMatchObject({ reason: "ok", output: "I could not" })
      const [asked] = model.asked(prompt)
      expect(asked?.tools).toContain("read")
      for (const tool of ["bash", "write", "edit", "task", "writer_write_file"])
        expect(asked?.tools).not.toContain(tool)
      expect(existsSync(file)).toBe(false)
    },
    STEP,
  )

  it(
    "does not limit another profile of the same project, which can write through MCP",
    async () => {
      const prompt = "write with the tool"
      const file = project.path("by-mcp.txt")
      model.script(prompt, callTool("writer_write_file", { path: file, text: "x" }), say("written"))
      expect(await run(task(prompt))).toMatchObject({ reason: "ok", output: "written" })
      expect(existsSync(file)).toBe(true)
    },
    STEP,
  )
})

describe("a server that Baton did not start", () => {
  it(
    "is used by its address and password, and is never stopped",
    async () => {
      const far = makeProject({ model, baton: false })
      const server = await startServer(far, { env: { OPENCODE_SERVER_PASSWORD: "open sesame" } }).catch(
        async (error) => {
          await far.dispose()
          throw error
        },
      )
      const remote = { name: "far", url: server.url, idleStopMs: 100 }
      const own = createServerBackend(deps)
      try {
        const refused = await run(task("from afar", {}, remote), recordReport(), own)
        expect(refused).toMatchObject({ reason: "error", detail: expect.stringContaining("wants a password") })
        passwords.far = "open sesame"
        model.script("from afar", say("hello"))
        const result = await run(task("from afar", {}, remote), recordReport(), own)
        expect(result).toMatchObject({ reason: "ok", output: "hello" })
        model.script("left behind", silence())
        const report = recordReport()
        const left = run(task("left behind", {}, remote), report, own)
        const session = await report.session
        await model.waitFor("left behind")
        // A second Baton knows the session from the journal and the server from the configuration.
        const next = createServerBackend({
          ...deps,
          remotes: () => [profile("far", { kind: "server", url: server.url })],
          learn: () => undefined,
        })
        await next.stop(session)
        expect((await server.client.session.status({})).data?.[session]).toBeUndefined()
        expect((await left).reason).not.toBe("ok")
        await Promise.all([own.close(), next.close()])
        expect(processesUnder(process.pid).map(({ pid }) => pid)).toContain(server.pid)
      } finally {
        await server.stop()
        await far.dispose()
      }
    },
    STEP,
  )

  it(
    "that cannot be reached is an error within 20 seconds that says so",
    async () => {
      const before = performance.now()
      const result = await run(task("hello?", {}, { name: "nowhere", url: "http://127.0.0.1:9" }))
      expect(result).toMatchObject({
        reason: "error",
        detail: expect.stringMatching(/`nowhere` at http:\/\/127.0.0.1:9 cannot be reached/),
      })
      expect(performance.now() - before).toBeLessThan(20_000)
    },
    STEP,
  )
})

describe("a run from the command line with a step in a server", () => {
  const FAR = `
name: far
steps:
  - { id: one, profile: builder, prompt: far one }
  - { id: two, profile: builder, needs: [one], prompt: "far two" }
`
  it(
    "that is killed in the middle is resumed in the same session, and leaves no process",
    async () => {
      const shell = makeProject({
        model,
        baton: false,
        workflows: { far: FAR },
        config: { profiles: { builder: { kind: "server", concurrency: 1 } } },
      })
      try {
        model.script("far one", say("1"))
        model.script("far two", callTool("bash", { command: "echo found", description: "looks" }), silence(), say("2"))
        const killed = startBaton(shell, "run", "far", "--run-id", "far")
        await model.waitFor("far two", { count: 2, timeoutMs: 60_000 })
        for (const { pid } of processesWith(shell.marker)) signal(pid, "SIGKILL")
        await killed.exit()
        expect(readdirSync(ledgerOf(shell.state()))).toHaveLength(2)
        const resumed = await baton(shell, "resume", "far", "--json")
        expect([resumed.code, resumed.stderr]).toEqual([0, ""])
        const { steps } = endedOf(resumed.stdout)
        expect([steps.one?.output, steps.two?.output]).toEqual(["1", "2"])
        expect(model.asked("far one")).toHaveLength(1)
        const asked = model.asked("far two")
        expect(asked).toHaveLength(3)
        expect(asked.at(-1)?.toolResults.join()).toContain("found")
        expect(describeProcesses(processesWith(shell.marker))).toEqual([])
        expect(readdirSync(ledgerOf(shell.state()))).toEqual([])
      } finally {
        await shell.dispose()
      }
    },
    2 * STEP,
  )
})

it(
  "a run in the TUI starts a server with OpenCode's own program, which ends with OpenCode",
  async () => {
    const shell = makeProject({
      model,
      workflows: { near: "steps: [{ id: one, profile: builder, prompt: near one }]" },
      config: { profiles: { builder: { kind: "server" } } },
    })
    try {
      const tui = await openTui(shell)
      model.script("near one", say("done in a server"))
      await tui.submit("/workflow run near")
      await tui.waitFor(/near · success/)
      expect(model.asked("near one")).toHaveLength(1)
      const mine = () => processesWith(`XDG_DATA_HOME=${shell.state()}/servers/builder/data`)
      expect(mine()).toHaveLength(1)
      await tui.close()
      await until(() => mine().length === 0, { what: "the server to end with OpenCode", timeoutMs: 5_000 })
    } finally {
      await shell.dispose()
    }
  },
  2 * STEP,
)

it("no errors were logged", () => {
  expect(errors).toEqual([])
})
