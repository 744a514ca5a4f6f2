import { execFile, execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type ScriptedModel, startScriptedModel } from "../../scripts/scripted-model.ts"
import { makeProject, OPENCODE, type Project, ROOT } from "./support/project.ts"
import { type Registry, startRegistry } from "./support/registry.ts"
import { openTui } from "./support/screen.ts"
import { DEMO } from "./support/workflows.ts"

/** Tests what npm gives to a user: the packed tarball, installed outside this repository. */

const LONG = 240_000
const TSC = join(ROOT, "node_modules/.bin/tsc")

let model: ScriptedModel
let folder: string
let tarball: string
let registry: Registry
const projects: Project[] = []

beforeAll(async () => {
  model = await startScriptedModel()
  folder = mkdtempSync(join(tmpdir(), "baton-pack-"))
  // `npm pack` would do this first, and rebuild dist/, which other tests are using.
  execFileSync(TSC, ["-p", "tsconfig.build.json"], { cwd: ROOT })
  const packed = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: ROOT,
    encoding: "utf8",
  })
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }]
  tarball = join(folder, filename)
  expect(files.map((file) => file.path)).toEqual(
    expect.arrayContaining([
      "bin/baton.mjs",
      "dist/server.js",
      "dist/tui.js",
      "dist/cli.js",
      "dist/types/types.d.ts",
      "schema/workflow.schema.json",
      "workflows/feature-build.yaml",
    ]),
  )
  const upstream = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim()
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { name: string; version: string }
  registry = await startRegistry({ tarball, manifest }, upstream)
}, LONG)

afterAll(async () => {
  for (const project of projects) await project.dispose()
  await registry?.close()
  await model?.close()
  rmSync(folder, { recursive: true, force: true })
}, LONG)

/**
 * Compiles a program that imports the package, as a user would. Returns the errors, or an empty
 * text if there are none.
 */
async function compiled(project: Project, source: string): Promise<string> {
  const compilerOptions = { module: "nodenext", strict: true, noEmit: true, types: [] }
  writeFileSync(join(project.dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.mts"] }))
  writeFileSync(join(project.dir, "consumer.mts"), source)
  try {
    return (await promisify(execFile)(TSC, ["-p", project.dir])).stdout
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}

/** The program in the guide that uses the types. */
function programInGuide(): string {
  const guide = readFileSync(join(ROOT, "docs/guide/command-line.md"), "utf8")
  return /^```ts\n([\s\S]*?)^```$/m.exec(guide)?.[1] as string
}

/** A project without any reference to this repository. */
function emptyProject(plugin: readonly string[]): Project {
  const project = makeProject({
    model,
    baton: false,
    workflows: { demo: DEMO },
    opencode: { plugin },
    files: { "tui.json": JSON.stringify({ plugin }), "package.json": '{ "private": true }' },
  })
  projects.push(project)
  return project
}

describe("the packed tarball", () => {
  it(
    "provides `baton` in an empty project, which runs a workflow",
    async () => {
      const project = emptyProject([])
      // The call must not block, because the model runs in this process.
      const exec = promisify(execFile)
      await exec("npm", ["install", "--no-audit", "--no-fund", tarball], { cwd: project.dir })
      const program = join(project.dir, "node_modules/.bin/baton")
      const baton = (...args: string[]) => exec(program, args, { cwd: project.dir, env: project.env, timeout: 60_000 })
      expect((await baton("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
      expect((await baton("plan", "workshop", "-i", "feature=x")).stdout).toContain("3 propose")
      const { stdout } = await baton("run", "demo", "--input", "topic=packed", "--opencode", OPENCODE, "--json")
      const lines = stdout.trim().split("\n")
      expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ type: "run.ended", status: "success" })
      const typed = `export const lines: readonly JsonLine[] = [${lines.join(",\n")}]\n`
      expect(await compiled(project, `${programInGuide()}\n${typed}`)).toBe("")
      const wrong = typed.replaceAll('"status":"success"', '"status":"splendid"')
      expect(await compiled(project, `${programInGuide()}\n${wrong}`)).toContain("splendid")
      expect(model.asked(/^Survey packed$/)).toHaveLength(1)
    },
    LONG,
  )

  it(
    "is installed by OpenCode if opencode.json and tui.json name it, and both halves work",
    async () => {
      const project = emptyProject(["opencode-baton"])
      const env = { npm_config_registry: registry.url }
      const tui = await openTui(project, { env, timeoutMs: 180_000 })
      try {
        await tui.submit("/workflow run demo topic=named")
        await tui.waitFor(/demo · success/, 120_000)
        expect(registry.asked.filter((path) => path.endsWith(".tgz")).length).toBeGreaterThan(0)
        expect(model.asked(/^Survey named$/)).toHaveLength(1)
      } finally {
        await tui.close()
      }
    },
    LONG,
  )
})
