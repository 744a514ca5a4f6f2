import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  callTool,
  callTools,
  nothing,
  type ScriptedModel,
  say,
  startScriptedModel,
} from "../../scripts/scripted-model.ts"
import { HOSTILE } from "../report/support.ts"
import { baton } from "./support/baton.ts"
import { findChromium, openPage, type Page } from "./support/browser.ts"
import { makeProject, type Project } from "./support/project.ts"
import { until } from "./support/until.ts"
import { warmServer } from "./support/warm.ts"

/**
 * Tests the report of a run on the real OpenCode, made from its journal and opened in a real
 * browser.
 */

const LONG = 180_000
const SECTIONS = [
  "Result",
  "Graph",
  "Timeline",
  "Steps",
  "Verdicts",
  "Costs",
  "Files",
  "Warnings",
  "Decisions",
  "Each step in full",
  "Everything that happened",
]

const BUILD = `
steps:
  - id: survey
    prompt: Survey the project
  - id: build
    needs: [survey]
    prompt: "Build it by: \${survey.output}"
    retry: { max_attempts: 2, delay: 0s }
    checks: [{ run: touch by-check.txt && test -f src/app.ts }]
  - id: docs
    type: parallel
    needs: [survey]
    steps:
      - { id: guide, prompt: Write the guide }
      - { id: api, needs: [guide], prompt: Describe the API }
  - id: publish
    needs: [build]
    prompt: Publish it
  - id: tell
    needs: [build]
    prompt: Tell the team
settings: { on_failure: continue }
`

let model: ScriptedModel
let project: Project

beforeAll(async () => {
  model = await startScriptedModel()
  project = makeProject({
    model,
    server: await warmServer(),
    git: true,
    workflows: { build: BUILD },
    files: { "src/old.ts": "old\n", "notes.txt": "mine\n" },
  })
  const { dir } = project
  model.script("Survey the project", say(`Three parts.${HOSTILE}`))
  const write = (file: string, content: string) => ({ name: "write", args: { filePath: `${dir}/${file}`, content } })
  const shell = callTool("bash", { command: "echo made > src/generated.ts", description: "makes a file" })
  model.script(
    "Build it by:",
    callTools(write("docs/plan.md", "# Plan"), { name: "read", args: { filePath: "src/old.ts" } }),
    say("planned"),
  )
  model.script(
    "does not pass its checks",
    callTools(write("src/app.ts", "app")),
    callTool("edit", { filePath: `${dir}/src/old.ts`, oldString: "old", newString: "new" }),
    shell,
    say("built"),
  )
  model.script("Publish it", nothing())
  model.script("Tell the team", callTool("read", { filePath: `${dir}/notes.txt` }), say("told"))
  // A file that was uncommitted before the run is not one of its changes.
  project.write("mine.txt", "uncommitted")
  const { code, stderr } = await baton(project, "run", "build", "--run-id", "run-1")
  expect({ code, stderr }).toMatchObject({ code: 1 })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

describe("baton report", () => {
  it(
    "lists every changed file with its step, or as unattributed if no step reported it",
    async () => {
      const { code, stdout } = await baton(project, "report", "run-1", "--out", "out/run.html")
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("out/run.html") })
      const files = textOf("files")
      // What the shell wrote is the step's unless another step worked at the same time.
      expect(files).toMatch(/docs\/plan.md build src\/app.ts build (src\/generated.ts build )?src\/old.ts build Unattr/)
      expect(files).toContain("src/generated.ts")
      expect(files.split("Unattributed")[1]).toContain("by-check.txt")
      for (const other of ["mine.txt", "notes.txt"]) expect(files).not.toContain(other)
    },
    LONG,
  )

  it(
    "prints text without --out, and exits with 2 for an unknown run",
    async () => {
      const shown = await baton(project, "report")
      expect(shown.stdout).toMatch(/✗ publish[\s\S]*build failed in .*· run run-1/)
      expect(await baton(project, "report", "none")).toMatchObject({ code: 2 })
    },
    LONG,
  )
})

/** The text of a section of the report without markup. */
function textOf(section: string): string {
  const body = project.read("out/run.html").split(`<section id="${section}"`)[1]?.split("</section>")[0] ?? ""
  return body.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ")
}

const chromium = findChromium()
const why = chromium === undefined ? " (SKIPPED: there is no Chromium on PATH, and BATON_CHROMIUM names none)" : ""

describe.skipIf(chromium === undefined)(`the report's page in Chromium${why}`, () => {
  let page: Page
  beforeAll(async () => {
    await baton(project, "report", "run-1", "--out", "out/run.html")
    page = await openPage(chromium as string, project.path("out/run.html"))
  }, LONG)
  afterAll(() => page?.[Symbol.asyncDispose](), LONG)

  it.each([
    ["narrow", 360, 740],
    ["wide", 1280, 900],
  ])(
    "shows all sections on a %s screen without horizontal scrolling",
    async (_, width, height) => {
      for (const scheme of ["light", "dark"] as const) {
        await page.prefer(scheme)
        await page.resize(width, height)
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width)
        const seen = await page.evaluate<string[]>(
          "[...document.querySelectorAll('main h2')].filter((h) => h.checkVisibility() && h.parentElement.offsetHeight > 60).map((h) => h.textContent)",
        )
        expect(seen).toEqual(SECTIONS)
      }
    },
    LONG,
  )

  it("causes no error, makes no network request, and runs nothing that a model wrote", async () => {
    expect(page.errors).toEqual([])
    expect(page.requests).toEqual([])
    expect(await page.evaluate("document.title")).toBe("build: failed · Baton report")
    expect(await page.evaluate("document.querySelectorAll('img').length + document.scripts.length")).toBe(1)
    expect(await page.evaluate("document.body.textContent")).toContain("<img src=x onerror=")
  })

  it("draws the parts of a group inside its box", async () => {
    const rect = "(({ left, top, right, bottom }) => [left, top, right, bottom].map(Math.round))"
    const [group, ...parts] = await page.evaluate<number[][]>(
      `[...document.querySelectorAll('svg.graph .cluster, svg.graph .cluster .box')].map((g) => ${rect}(g.querySelector('.shape').getBoundingClientRect()))`,
    )
    expect(parts).toHaveLength(2)
    const [left = 0, top = 0, right = 0, bottom = 0] = group ?? []
    for (const [l = 0, t = 0, r = 0, b = 0] of parts) {
      expect([l > left, t > top, r < right, b < bottom]).toEqual([true, true, true, true])
    }
  })

  it("links a box of the graph to its step, and unfolds all texts", async () => {
    await page.evaluate(
      "document.querySelector('svg.graph a[href=\"#step-2\"]').dispatchEvent(new MouseEvent('click', { bubbles: true }))",
    )
    expect(await page.evaluate("document.querySelector('article:target h3 code').textContent")).toBe("build")
    await page.evaluate("document.getElementById('open').click()")
    expect(await page.evaluate("document.querySelectorAll('#details details:not([open])').length")).toBe(0)
    await page.evaluate("document.getElementById('close').click()")
  })

  it("gives a screen reader landmarks, headings and named tables on narrow and wide screens", async () => {
    for (const width of [360, 1280]) {
      await page.resize(width, 800)
      const spoken = await page.spoken()
      const named = (role: string) => spoken.filter((one) => one.role === role).map(({ name }) => name)
      for (const landmark of ["banner", "main", "navigation", "contentinfo"]) expect(named(landmark)).toHaveLength(1)
      expect(named("heading")).toEqual(expect.arrayContaining(SECTIONS))
      expect(named("table")).toEqual(expect.arrayContaining(["Steps", "Costs by model", "Files by step"]))
      expect(named("columnheader")).toEqual(expect.arrayContaining(["State", "Done by", "Cost"]))
      expect(named("rowheader")).toEqual(expect.arrayContaining(["survey", "build"]))
      expect(spoken.filter(({ role, name }) => role === "link" && name === "")).toEqual([])
    }
  })

  it("prints everything that is folded on the screen", async () => {
    await page.print(project.path("out/run.pdf"))
    const pdf = readFileSync(project.path("out/run.pdf"))
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-")
    const isShown =
      "[...document.querySelectorAll('#details pre')].every((pre) => pre.checkVisibility({ contentVisibilityAuto: true }))"
    // The layout changes with the next frame, which can be late on a busy machine.
    await page.paper(true)
    await until(() => page.evaluate(isShown), { what: "all to be shown on paper" })
    expect(await page.evaluate("document.querySelector('nav').checkVisibility()")).toBe(false)
    await page.paper(false)
    await until(async () => !(await page.evaluate(isShown)), { what: "it to be folded again" })
  })
})
