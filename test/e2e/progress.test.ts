import { join } from "node:path"
import xterm from "@xterm/headless"
import { afterAll, beforeAll, expect, it } from "vitest"
import { nothing, type ScriptedModel, say, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton } from "./support/baton.ts"
import { makeProject, type Project, ROOT } from "./support/project.ts"
import { until } from "./support/until.ts"
import { warmServer } from "./support/warm.ts"

/** Tests the progress of `baton run` on a real terminal and in a pipe. */

const LONG = 120_000
const FLOW = `
settings: { on_failure: continue }
steps:
  - { id: survey, prompt: Survey it }
  - { id: build, needs: [survey], prompt: Build it }
  - { id: guide, needs: [survey], prompt: Write the guide, retry: { max_attempts: 2, delay: 0.2s } }
`

let model: ScriptedModel
let project: Project
beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({
    model,
    server: await warmServer(),
    workflows: { flow: FLOW, speak: "steps: [{ id: speak, prompt: Speak up }]" },
  })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

it(
  "progress on a terminal is a tree that is redrawn in place, and the report replaces it at the end",
  async () => {
    model.script("Write the guide", nothing(), say("written"))
    const hold = model.hold("Build it")
    const screen = new xterm.Terminal({ cols: 70, rows: 30, allowProposedApi: true })
    const command = ["node", join(ROOT, "bin/baton.mjs"), "run", "flow", "--attach", (await warmServer()).url]
    const child = Bun.spawn(command, {
      cwd: project.dir,
      env: { ...project.env, NO_COLOR: "1" },
      terminal: { cols: 70, rows: 30, data: (_terminal, data) => screen.write(data) },
    })
    const lines = () => {
      const { active } = screen.buffer
      return Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true) ?? "")
    }
    const tree = () => lines().filter((line) => /^[○◐◔✓] (survey|build|guide) /.test(line))
    const shows = (what: RegExp) =>
      until(() => tree().join("\n").search(what) >= 0, {
        what: () => `${what} in\n${lines().join("\n")}`,
        timeoutMs: 60_000,
      })
    await hold.arrived
    await shows(/^✓ survey +\d.*\n◐ build +[1-9].*scripted\/small\n✓ guide +\d.* · 2 tries/)
    expect(tree()).toHaveLength(3)
    expect(lines().join("").split("tried again in 0.2s")).toHaveLength(2)
    hold.release(say("built"))
    expect(await child.exited).toBe(0)
    await until(() => lines().some((line) => line.startsWith("flow success in")), { what: "the report" })
    expect(lines().filter((line) => line.startsWith("✓ build"))).toHaveLength(1)
    child.terminal?.close()
  },
  LONG,
)

it(
  "progress in a pipe is one line at the start and one at the end of each step",
  async () => {
    model.script("Write the guide", say("written"))
    const { stderr } = await baton(project, "run", "flow")
    expect(stderr).not.toContain("\x1b")
    for (const step of ["survey", "build", "guide"]) {
      expect(stderr.split("\n").filter((line) => line.startsWith(`◐ ${step} `))).toHaveLength(1)
      expect(stderr.split("\n").filter((line) => line.startsWith(`✓ ${step} `))).toHaveLength(1)
    }
  },
  LONG,
)

/** An answer that writes the clipboard, sets the title, clears the screen, and reverses text. */
const ATTACK = "\x1b]52;c;cm0=\x07\x1b]0;root\x07\x1b[2Jspoken\u202e\u009b2J"

it(
  "an answer that controls a terminal is shown as text by run, trace and report",
  async () => {
    model.script("Speak up", say(ATTACK))
    let written = ""
    const child = Bun.spawn(
      ["node", join(ROOT, "bin/baton.mjs"), "run", "speak", "--attach", (await warmServer()).url],
      {
        cwd: project.dir,
        env: { ...project.env, NO_COLOR: "1" },
        terminal: {
          cols: 70,
          rows: 30,
          data: (_terminal, data) => {
            written += Buffer.from(data).toString()
          },
        },
      },
    )
    expect(await child.exited).toBe(0)
    await until(() => written.includes("speak success"), { what: () => `the report in ${JSON.stringify(written)}` })
    child.terminal?.close()
    const others = await Promise.all([baton(project, "trace", "speak"), baton(project, "report")])
    for (const text of [written, ...others.map(({ stdout, stderr }) => stdout + stderr)]) {
      expect(text).toContain("␛]52;c;cm0=␇␛]0;root␇␛[2Jspoken\ufffd\ufffd2J")
      for (const sequence of ["\x1b]", "\x1b[2J", "\u202e", "\u009b"]) expect(text).not.toContain(sequence)
    }
  },
  LONG,
)
