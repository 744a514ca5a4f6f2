import { afterAll, beforeAll, expect, it } from "vitest"
import { callTool, callTools, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { closeDialog, fillIn, key } from "./support/dialogs.ts"
import { startServer } from "./support/opencode.ts"
import { makeProject, type Project } from "./support/project.ts"
import { openTui, type Tui } from "./support/screen.ts"

/** Tests the trace of a step in the real TUI: what it shows, and what its keys do. */

const LONG = 180_000
const FLOW = `
steps:
  - id: build
    prompt: Build the tides
    retry: { max_attempts: 2, delay: 0s }
    checks: [{ run: "grep -q high tides.txt", protect: [] }]
  - { id: approve, type: gate, needs: [build], prompt: Is it ready? }
`
const END = "\x1b[F"

let model: ScriptedModel
let project: Project
let tui: Tui

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({ model, git: true, workflows: { tides: FLOW }, files: { "tides.txt": "none\n" } })
  const write = (content: string) => callTool("write", { filePath: project.path("tides.txt"), content })
  const reads = ["tides.txt", "no-such.txt"].map((filePath) => ({ name: "read", args: { filePath } }))
  model.script("Build the tides", callTools(...reads), write("low\n"), say("There are low tides."))
  model.script("does not pass its checks", write("high and low\n"), say("There are high tides, too."))
  tui = await openTui(project, { cols: 120, rows: 60 })
  await tui.submit("/workflow run tides")
  await tui.waitFor(/tides paused at 1\/2/, 90_000)
}, LONG)
afterAll(async () => {
  await tui?.close()
  await project?.dispose()
  await model?.close()
}, LONG)

/**
 * The lines of the dialog without the surrounding blanks, and with times, amounts, ids and folders
 * replaced.
 */
function dialog(): string[] {
  const lines = tui.text().split("\n")
  const from = lines.findIndex((line) => / esc$/.test(line))
  const to = lines.findIndex((line) => / return close/.test(line))
  const even = (line: string) =>
    line
      .replace(/^ {6}/, "")
      .replace(/ +esc$/, " esc")
      .replaceAll(project.dir, "PROJECT")
      .replace(/ses_\w+/, "SESSION")
      .replace(/^(Run +)\w+/, "$1RUN")
      .replace(/^\+\S+ +(?=[·✓✗!] )/, "+0.0s ")
      .replace(/^(Time +).*/, "$1TIME")
      .replace(/ · \d+\.?\d*s$/, " · TOOK")
      .replace(/[\d,]+ in, \d+ out · \$[\d.]+/, "TOKENS · COST")
      .replace(/^(Tokens +|Cost +).*/, "$1…")
  return lines
    .slice(from, to + 1)
    .map(even)
    .filter((line) => line.trim() !== "")
}

it(
  "a trace shows the prompt, every message and tool call, the check, the retry and the gate",
  async () => {
    await tui.submit("/trace build")
    await tui.waitFor(/State +✓ success[\s\S]*Build the tides[\s\S]*↑↓ scroll/)
    expect(dialog().slice(0, 17)).toMatchInlineSnapshot(`
      [
        "build esc",
        "State     ✓ success",
        "Run       RUN",
        "Attempts  2",
        "Profile   default (subagent)",
        "Time      TIME",
        "Model     scripted/small",
        "Session   SESSION",
        "Tokens    …",
        "Cost      …",
        "Files     tides.txt",
        "Checks",
        "✓ grep -q high tides.txt: exit code 0",
        "Prompt",
        "Your work does not pass its checks. Fix it.",
        "grep -q high tides.txt: exit code 1",
        "Output",
      ]
    `)
    tui.type(END)
    await tui.waitFor(/What happened: everything[\s\S]*! paused: approve[\s\S]*↑↓ scroll/)
    const happened = dialog()
    expect(happened.slice(happened.findIndex((line) => line.startsWith("What happened")))).toMatchInlineSnapshot(`
      [
        "What happened: everything (18)",
        "+0.0s · asked scripted/small",
        "    Build the tides",
        "+0.0s · scripted/small called read · TOKENS · COST · TOOK",
        "+0.0s ✓ read: tides.txt · TOOK",
        "    <path>PROJECT/tides.txt</path>",
        "    <type>file</type>",
        "    <content>",
        "    1: none",
        "    … 2 more lines",
        "+0.0s ✗ read: no-such.txt · TOOK",
        "    File not found: PROJECT/no-such.txt",
        "+0.0s · scripted/small called write · TOKENS · COST · TOOK",
        "+0.0s ✓ write: tides.txt · TOOK",
        "    Wrote file successfully.",
        "+0.0s · scripted/small answered · TOKENS · COST · TOOK",
        "    There are low tides.",
        "+0.0s ✗ grep -q high tides.txt: exit code 1",
        "+0.0s ✗ check-failed: grep -q high tides.txt: exit code 1",
        "+0.0s ! tried again",
        "+0.0s · try 2, in the same session",
        "+0.0s · asked scripted/small",
        "    Your work does not pass its checks. Fix it.",
        "    grep -q high tides.txt: exit code 1",
        "+0.0s · scripted/small called write · TOKENS · COST · TOOK",
        "+0.0s ✓ write: tides.txt · TOOK",
        "    Wrote file successfully.",
        "+0.0s · scripted/small answered · TOKENS · COST · TOOK",
        "    There are high tides, too.",
        "+0.0s ✓ grep -q high tides.txt: exit code 0",
        "+0.0s ✓ done",
        "+0.0s ! paused: approve: Is it ready?",
        "↑↓ scroll · f filter · / search · o session · r again · return close",
      ]
    `)
  },
  LONG,
)

it(
  "a trace can be filtered and searched, and opens the session",
  async () => {
    tui.type("f")
    await tui.waitFor(/What happened: messages/)
    tui.type("f")
    await tui.waitFor(/What happened: tools \(4 of/)
    tui.type("/")
    await tui.waitFor(/Search the trace of build/)
    await fillIn(tui, "no-such")
    tui.press("enter")
    await tui.waitFor(/What happened: tools with “no-such” \(1 of[\s\S]*File not found[\s\S]*a all/)
    expect(dialog()).toMatchInlineSnapshot(`
      [
        "build esc",
        "What happened: tools with “no-such” (1 of 18)",
        "+0.0s ✗ read: no-such.txt · TOOK",
        "    File not found: PROJECT/no-such.txt",
        "f filter · / search · a all · o session · r again · return close",
      ]
    `)
    tui.type("a")
    await tui.waitFor(/What happened: everything/)
    await tui.waitFor(/o session/)
    tui.type("o")
    await tui.waitFor((screen) => /Subagent \(1 of 1\)/.test(screen) && !screen.includes("What happened"))
  },
  LONG,
)

it(
  "a trace says that the session is gone, and shows what is in the journal",
  async () => {
    expect(await deleteSteps()).toBe(1)
    key(tui, "w")
    await tui.waitFor(/tab agents/)
    await tui.submit("/trace build")
    await tui.waitFor(/The session ses_\w+ is gone: what was said in it is not in the journal/)
    expect(tui.text()).toMatch(/asked scripted\/small\n +Build the tides/)
    expect(tui.text()).not.toContain("read: tides.txt")
    await closeDialog(tui)
  },
  LONG,
)

/** Deletes the sessions of steps through another OpenCode, and returns how many there were. */
async function deleteSteps(): Promise<number> {
  const server = await startServer(project)
  try {
    const { session } = server.client
    const { data: roots = [] } = await session.list({ roots: true })
    const all = await Promise.all(roots.map(({ id }) => session.children({ sessionID: id })))
    const children = all.flatMap(({ data = [] }) => data)
    await Promise.all(children.map(({ id }) => session.delete({ sessionID: id })))
    return children.length
  } finally {
    await server.stop()
  }
}
