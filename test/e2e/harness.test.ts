import { existsSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callTool, cutOff, fail, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { type Server, startServer } from "./support/opencode.ts"
import { describeProcesses, processesUnder, processesWith } from "./support/processes.ts"
import { makeProject, type Project } from "./support/project.ts"
import { openTui, type Tui } from "./support/screen.ts"
import { until } from "./support/until.ts"

/** Tests the test harness itself on the real OpenCode, without Baton. */

const START = 120_000
const TURN = 60_000

let model: ScriptedModel
let project: Project
let server: Server

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({
    model,
    baton: false,
    files: { "notes.txt": "the secret word is ABRACADABRA" },
    opencode: { command: { greet: { template: "greeting: $ARGUMENTS", description: "Greets" } } },
  })
  server = await startServer(project)
}, START)

afterAll(async () => {
  await server?.stop()
  await project?.dispose()
  await model?.close()
}, START)

/** Creates a session, which is a child session if `parentID` is given. */
async function newSession(parentID?: string): Promise<string> {
  const { data } = await server.client.session.create({ title: "harness", ...(parentID ? { parentID } : {}) })
  if (!data) throw new Error("no session")
  return data.id
}

/** Sends a prompt, and waits for the end of the turn. */
async function ask(sessionID: string, text: string) {
  const { data, error } = await server.client.session.prompt({
    sessionID,
    agent: "build",
    model: { providerID: "scripted", modelID: "small" },
    parts: [{ type: "text", text }],
  })
  if (!data) throw new Error(`the prompt failed: ${JSON.stringify(error)}`)
  const answer = data.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("")
  return { info: data.info, answer }
}

describe("the scripted model behind opencode serve", () => {
  it(
    "answers a prompt with the scripted tokens and a cost by the prices of the config",
    async () => {
      model.script("say hello", say("hello yourself", { usage: { input: 3_000, output: 500 } }))
      const { info, answer } = await ask(await newSession(), "say hello")
      expect(answer).toBe("hello yourself")
      expect(info.tokens).toMatchObject({ input: 3_000, output: 500 })
      expect(info.cost).toBeCloseTo(0.003 + 0.001, 10)
      expect(info.finish).toBe("stop")
    },
    TURN,
  )

  it(
    "counts the tokens itself when no count is scripted",
    async () => {
      const { info, answer } = await ask(await newSession(), "count me")
      expect(answer).toBe("Answer to: count me")
      expect(info.tokens).toMatchObject(model.asked("count me")[0]?.usage ?? {})
    },
    TURN,
  )

  it(
    "calls a tool of OpenCode and sees its result",
    async () => {
      model.script("read the notes", callTool("read", { filePath: project.path("notes.txt") }), (request) =>
        say(/[A-Z]{8,}/.exec(request.toolResults.join())?.[0] ?? "no word found"),
      )
      const { answer } = await ask(await newSession(), "read the notes")
      expect(answer).toBe("ABRACADABRA")
      expect(model.asked("read the notes").map((request) => request.toolResults.length)).toEqual([0, 1])
    },
    TURN,
  )

  it(
    "fails once with 500, and OpenCode retries by itself after 2 s",
    async () => {
      model.script("stumble", fail(500, { message: "overloaded" }), say("up again"))
      const { answer } = await ask(await newSession(), "stumble")
      expect(answer).toBe("up again")
      const [first, second, ...more] = model.asked("stumble")
      expect(more).toEqual([])
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_900)
    },
    TURN,
  )

  it(
    "cuts its stream off, and OpenCode repeats the request forever until the session is aborted",
    async () => {
      model.script("never finish", cutOff("half a "))
      const sessionID = await newSession()
      const turn = ask(sessionID, "never finish")
      await model.waitFor("never finish", { count: 3, timeoutMs: 30_000 })
      await server.client.session.abort({ sessionID })
      await turn
      const asked = model.asked("never finish").length
      await ask(await newSession(), "a turn in another session, meanwhile")
      expect(model.asked("never finish").length).toBe(asked)
    },
    TURN,
  )

  it(
    "holds a request at a known point, and sees an abort close the connection",
    async () => {
      const hold = model.hold("hold on")
      const sessionID = await newSession()
      const turn = ask(sessionID, "hold on")
      const request = await hold.arrived
      expect(request.answeredAt).toBeUndefined()
      await server.client.session.abort({ sessionID })
      await until(() => request.closedByClientAt, { what: "OpenCode to close the connection", timeoutMs: 5_000 })
      hold.release()
      expect((await turn).info.error?.name).toBe("MessageAbortedError")
      expect(request.answeredAt).toBeUndefined()
    },
    TURN,
  )

  it(
    "distinguishes a request for a title from a turn, and a child session requests no title",
    async () => {
      const { data: root } = await server.client.session.create({})
      await ask(root?.id ?? "", "name this session")
      const child = await newSession(root?.id)
      await ask(child, "but not this one")
      const kinds = (text: string) =>
        model.requests.filter((request) => request.prompt.includes(text)).map((request) => request.kind)
      await until(() => kinds("name this session").length === 2, { what: "the title to be asked for" })
      expect(kinds("name this session").sort()).toEqual(["title", "turn"])
      expect(kinds("but not this one")).toEqual(["turn"])
      expect(model.asked("name this session")).toHaveLength(1)
      const titled = async () =>
        (await server.client.session.get({ sessionID: root?.id ?? "" })).data?.title === "Title"
      await until(titled, { what: "the session to get its title" })
    },
    TURN,
  )

  it(
    "can be followed through the server's events",
    async () => {
      const sessionID = await newSession()
      await ask(sessionID, "make events")
      const idle = () =>
        server.events.some(
          ({ payload }) => payload.type === "session.idle" && payload.properties.sessionID === sessionID,
        )
      await until(idle, { what: "the session to be reported idle" })
    },
    TURN,
  )
})

describe("the project", () => {
  it("keeps the outer environment out of every process", () => {
    process.env.ANTHROPIC_API_KEY = "leaked"
    const other = makeProject({ model })
    delete process.env.ANTHROPIC_API_KEY
    expect(Object.keys(other.env).filter((name) => /KEY|TOKEN|PROXY|^XDG_/i.test(name))).toEqual([])
    expect(other.env.HOME).toBe(other.home)
    return other.dispose()
  })

  it("writes the files that OpenCode and Baton read, and is removed by dispose", async () => {
    const other = makeProject({
      model,
      config: { toasts: true },
      workflows: { demo: "name: demo\n" },
      files: { "src/a.ts": "export {}\n" },
      pluginOptions: { verbose: true },
      opencode: { snapshot: false },
      git: true,
    })
    const opencode = JSON.parse(other.read("opencode.json"))
    expect(opencode).toMatchObject({ model: "scripted/small", snapshot: false, share: "disabled" })
    expect(opencode.plugin).toEqual([[expect.stringMatching(/^file:\/\//), { verbose: true }]])
    expect(JSON.parse(other.read("tui.json")).plugin).toEqual(opencode.plugin)
    expect(JSON.parse(other.read(".opencode/orchestrator.json"))).toEqual({ toasts: true })
    expect(other.read(".opencode/workflows/demo.yaml")).toBe("name: demo\n")
    expect(existsSync(other.path(".git/refs/heads/main"))).toBe(true)
    await other.dispose()
    expect(existsSync(other.dir)).toBe(false)
  })

  it(
    "keeps OpenCode from installing packages",
    async () => {
      await ask(await newSession(), "start everything")
      expect(existsSync(project.path(".opencode/package.json"))).toBe(false)
      expect(existsSync(join(project.home, ".config/opencode/package.json"))).toBe(false)
      expect(existsSync(join(project.home, ".npm"))).toBe(false)
    },
    TURN,
  )
})

describe("the screen", () => {
  let tui: Tui
  beforeAll(async () => {
    tui = await openTui(project)
  }, START)
  afterAll(() => tui?.close(), START)

  it("is part of the error when something does not appear", async () => {
    await expect(tui.waitFor(/no such thing/, 100)).rejects.toThrow(/no such thing.*Ask anything/s)
  })

  it(
    "shows the prompt, a typed prompt's answer, and slash commands with and without arguments",
    async () => {
      await tui.submit("what is on screen?")
      await tui.waitFor(/Answer to: what is on screen\?/, TURN)
      await tui.submit('/greet you "a b"')
      await tui.waitFor(/Answer to: greeting: you "a b"/, TURN)
      await tui.submit("/greet")
      await tui.waitFor(/Answer to: greeting:$/m, TURN)
      expect(model.asked("greeting:").map((request) => request.prompt.trim())).toEqual([
        'greeting: you "a b"',
        "greeting:",
      ])

      tui.press("ctrl+p")
      await tui.waitFor(/Commands.*Search/s)
      tui.press("escape")
      await tui.waitFor((text) => !text.includes("Search"))
      tui.resize(80, 24)
      await tui.waitFor((text) => text.split("\n").length === 24 && /Answer to: greeting:/.test(text))
    },
    START,
  )

  it(
    "can show a TUI that is attached to a running server",
    async () => {
      await using tui = await openTui(project, { attach: server.url })
      await tui.submit("through the server")
      await tui.waitFor(/Answer to: through the server/, TURN)
      const seen = server.events.filter(({ payload }) => JSON.stringify(payload).includes("through the server"))
      expect(seen.map(({ payload }) => payload.type)).toContain("message.part.updated")
    },
    START,
  )
})

describe("the processes of a project", () => {
  it(
    "are gone after stop, close, kill and dispose",
    async () => {
      await using other = makeProject({ model, baton: false })
      const first = await startServer(other)
      const tui = await openTui(other, { attach: first.url })
      expect(processesWith(other.marker).map(({ pid }) => pid)).toEqual(expect.arrayContaining([first.pid, tui.pid]))
      expect(processesUnder(process.pid).map(({ pid }) => pid)).toEqual(expect.arrayContaining([first.pid, tui.pid]))
      await tui.close()
      await first.stop()
      expect(describeProcesses(processesWith(other.marker))).toEqual([])

      const second = await startServer(other)
      await second.kill()
      expect(describeProcesses(processesWith(other.marker))).toEqual([])
    },
    START,
  )

  it(
    "are found and killed by dispose",
    async () => {
      const other = makeProject({ model, baton: false })
      const left = Bun.spawn(["sleep", "300"], { env: other.env, cwd: other.dir })
      await until(() => processesWith(other.marker).length === 1, { what: "the process to be found" })
      await other.dispose()
      expect(await left.exited).not.toBe(0)
      expect(processesWith(other.marker)).toEqual([])
    },
    START,
  )

  it.each([
    ["in time", { timeoutMs: 1 }, /waited 1 ms in vain for opencode serve to listen/],
    ["at all", { env: { HOME: "/dev/null/nowhere" } }, /opencode serve ended \(1\) before it listened.*output:\n.*\w/s],
  ])(
    "are gone when a server does not start %s, and the error says why",
    async (_when, options, message) => {
      await using other = makeProject({ model, baton: false })
      await expect(startServer(other, options)).rejects.toThrow(message)
      expect(describeProcesses(processesWith(other.marker))).toEqual([])
    },
    START,
  )
})
