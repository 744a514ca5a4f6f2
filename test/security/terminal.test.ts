import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest"
import { runProgram } from "../../src/cli/exit.ts"
import { createProgram } from "../../src/cli/program.ts"
import { paint } from "../../src/cli/style.ts"
import { shown, writeContent } from "../../src/cli/terminal.ts"
import { ownerToken } from "../../src/state/key.ts"
import { openState } from "../../src/state/project-state.ts"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import { createScriptedBackend } from "../../src/workers/scripted/backend.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, step, workflow } from "../support/runs.ts"

/** What a terminal would execute, in everything that a command shows and somebody else wrote. */

/** A text that writes the clipboard, and does everything else that a text can do to a terminal. */
const ATTACK = [
  "\x1b]52;c;cm0gLXJmIH4=\x07",
  "\x1b]0;root@host\x1b\\",
  "\x1b[2J\x1b[H",
  "\x1b[31mred\x1b[0m",
  "\u009b2J\u009d0;t\u009c",
  "failed\rsuccess\b\b\x7f",
  "\u202eevil\u202c\u2066x\u2069\u2028",
  "\u{e0041}\u{e0042}\ufeff",
].join("")
/** What may reach a stream: text, and no other character that does something. */
const ACTS = /(?![\t\n])\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u
/** What Baton itself writes to a terminal. */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g")

let root: string
let state: string
let server: Server
beforeAll(async () => {
  server = createServer((_, response) => {
    response.writeHead(500, { "content-type": "application/json" })
    response.end(JSON.stringify({ name: "Error", data: { message: ATTACK }, message: ATTACK }))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  await makeProject()
})
afterAll(() => {
  server.close()
  vi.unstubAllEnvs()
  for (const folder of [root, state]) rmSync(folder, { recursive: true, force: true })
})
afterEach(() => {
  vi.restoreAllMocks()
  for (const stream of [process.stdout, process.stderr]) Object.assign(stream, { isTTY: undefined })
})

/** A project whose every text is the attack, with one run of it in the journal. */
async function makeProject(): Promise<void> {
  root = realpathSync(mkdtempSync(join(tmpdir(), "baton-terminal-")))
  state = mkdtempSync(join(tmpdir(), "baton-terminal-state-"))
  vi.stubEnv("BATON_STATE_DIR", state)
  mkdirSync(join(root, ".opencode/workflows"), { recursive: true })
  const told = `told ${ATTACK} you`
  const flow = {
    description: told,
    inputs: { topic: { description: told, default: told } },
    steps: [{ id: "a", prompt: told }],
  }
  writeFileSync(join(root, ".opencode/workflows/w.yaml"), JSON.stringify(flow))
  writeFileSync(join(root, `.opencode/workflows/b${ATTACK}.yaml`), `name: "x\ntold: [${ATTACK}\n`)
  writeFileSync(join(root, ".opencode/workflows/c.yaml"), JSON.stringify({ steps: [{ id: told, [told]: told }] }))
  writeFileSync(join(root, "phases.yaml"), JSON.stringify({ phases: [{ name: told, tasks: [told] }] }))
  const coder = { model: "a/b", purpose: told, prompt: told }
  writeFileSync(join(root, "orchestrator.json"), JSON.stringify({ profiles: { coder } }))
  const store = openSqliteStore(openState(root, process.env).folder)
  const backend = createScriptedBackend((task) =>
    task.step === "a"
      ? { reason: "ok", output: told, tokens: { input: 1, output: 1 }, cost: 0, model: told }
      : { reason: "error", output: "", detail: told, tokens: { input: 1, output: 1 }, cost: 0 },
  )
  const { engine } = handDriven({ store, now: Date.now(), backend: () => backend })
  const {
    type: _,
    at: __,
    ...created
  } = createdEvent("run-1", {
    workflow: { ...workflow([step("a"), step("b", "a")]), name: told },
    inputs: { topic: told },
  })
  engine.start(created)
  await engine.finished("run-1")
  store.close()
}

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const asPerson = () => ["--yes", "--token-file", ownerToken(process.env).file]
const COMMANDS: Readonly<Record<string, readonly (() => string[])[]>> = {
  run: [() => ["w", "--trust", "--attach", url()], () => [ATTACK]],
  resume: [() => ["run-1", "--trust", "--attach", url(), ...asPerson()], () => [ATTACK, ...asPerson()]],
  continue: [() => [ATTACK, ...asPerson()]],
  retry: [() => ["run-1", ATTACK, ...asPerson()]],
  skip: [() => ["run-1", ATTACK, ...asPerson()]],
  abort: [() => [ATTACK]],
  raise: [() => [ATTACK, "--usd", ATTACK]],
  pause: [() => [ATTACK]],
  plan: [() => ["w"], () => ["c"], () => [`b${ATTACK}`], () => [ATTACK], () => ["w", "--input", `topic=${ATTACK}`]],
  validate: [() => [], () => [`${ATTACK}.yaml`], () => [".opencode/workflows/w.yaml"]],
  config: [
    () => ["explain", "profiles.coder.prompt"],
    () => ["explain", "prompt", "--workflow", "w"],
    () => ["explain", ATTACK],
  ],
  convert: [() => [".opencode/workflows/c.yaml"], () => [ATTACK]],
  init: [() => ["--attach", url()]],
  doctor: [() => ["--attach", url()]],
  graph: [() => ["w"], () => ["w", "--format", "mermaid"], () => [ATTACK]],
  report: [() => [], () => [ATTACK], () => ["--out", "page.html"], () => ["--out", `/dev/null/${ATTACK}`]],
  list: [() => [], () => ["--workflow", ATTACK], () => ["--state", ATTACK]],
  status: [() => [], () => [ATTACK]],
  trace: [() => ["a"], () => ["b"], () => [ATTACK]],
  workers: [() => []],
  prune: [() => ["--keep", "0", "--older-than", "0s"]],
  trust: [() => ["--list"], () => []],
  token: [() => []],
  state: [() => ["ls"], () => ["forget", ATTACK], () => ["adopt", ATTACK]],
}

/** What a command writes to stdout and stderr together. */
async function baton(words: readonly string[]): Promise<string> {
  let written = ""
  const take = (text: unknown) => {
    written += String(text)
    return true
  }
  const spies = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, "write").mockImplementation(take))
  try {
    await runProgram(
      createProgram(() => import("../../src/compose.ts"), "1"),
      ["-C", root, ...words],
    )
  } finally {
    for (const spy of spies) spy.mockRestore()
    process.exitCode = 0
  }
  return written
}

it("every command of the command line is tried", () => {
  const program = createProgram(() => import("../../src/compose.ts"), "1")
  expect(Object.keys(COMMANDS).sort()).toEqual(program.commands.map((command) => command.name()).sort())
})

/** Commands that have a text of the project or of the person to show, and not only its size. */
const TELLING = Object.keys(COMMANDS).filter((command) => !["init", "workers", "token"].includes(command))

it("a text that controls a terminal reaches stdout and stderr of no command as anything but text", async () => {
  const acted: string[] = []
  const told = new Set<string>()
  for (const [command, rows] of Object.entries(COMMANDS)) {
    for (const words of rows.map((row) => [command, ...row()])) {
      const written = await baton(words)
      if (ACTS.test(written)) acted.push(`${words.join(" ")}: ${JSON.stringify(written)}`)
      if (written.includes("\u241b]52;c;")) told.add(command)
    }
  }
  expect(acted).toEqual([])
  expect([...told].sort()).toEqual(TELLING.sort())
})

it("the same text is no control sequence on a terminal that shows colours", async () => {
  for (const stream of [process.stdout, process.stderr]) Object.assign(stream, { isTTY: true })
  for (const words of [["report"], ["trace", "a"], ["status"], ["list"], ["plan", "w"], ["convert", "phases.yaml"]]) {
    const written = await baton(words)
    expect(written).not.toContain("\x1b[31mred")
    expect(written.replaceAll(COLOUR, "")).not.toMatch(ACTS)
  }
})

it("the report's page has the same text as text", async () => {
  await baton(["report", "--out", "page.html"])
  const page = readFileSync(join(root, "page.html"), "utf8")
  expect(page).toContain("␛]52;c;")
  expect(page).not.toMatch(ACTS)
})

it("only Baton's own control sequences are written, and others cannot be made to look like them", () => {
  const { red } = paint({ isTTY: true })
  const own = red("x")
  expect(shown(own)).toBe("\x1b[31mx\x1b[39m")
  expect(shown("\x1b[31mx\x1b[39m \x1b[1;31m \x1b[12345;31m")).toBe("␛[31mx␛[39m ␛[1;31m ␛[12345;31m")
  expect(shown(red("\x1b[2J"))).toBe("\x1b[31m␛[2J\x1b[39m")
})

it("the content of a file stays as it is, unless a terminal shows it", () => {
  const spy = vi.spyOn(process.stdout, "write").mockImplementation(() => true)
  writeContent("a\r\n\u202eb")
  Object.assign(process.stdout, { isTTY: true })
  writeContent("a\r\n\u202eb")
  expect(spy.mock.calls).toEqual([["a\r\n\u202eb"], ["a\n\ufffdb"]])
})
