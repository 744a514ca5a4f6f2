import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type ScriptedModel, startScriptedModel } from "../../scripts/scripted-model.ts"
import { baton, endedOf } from "./support/baton.ts"
import { makeProject } from "./support/project.ts"
import { DEMO, scriptDemo } from "./support/workflows.ts"

/**
 * Runs a workflow from the command line on the oldest and the newest OpenCode that Baton supports,
 * and on one that it refuses. It downloads three binaries, so vitest.config.ts leaves it to the nightly run.
 */

const OLDEST = "1.18.18"
const NEWEST = "1.18.34"
const REFUSED = "1.18.3"
const LONG = 300_000

/** The registry has these versions as binaries of one platform. */
const isPlatform = process.platform === "linux" && process.arch === "x64"

let folder: string
let model: ScriptedModel
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "baton-hosts-"))
  model = await startScriptedModel()
})
afterAll(async () => {
  await model?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Downloads a version of OpenCode from the registry, and returns its program. */
function download(version: string): string {
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: folder, encoding: "utf8" })
  const packed = run("npm", "pack", "--silent", `opencode-linux-x64@${version}`).trim()
  run("tar", "xzf", packed, `--one-top-level=${version}`)
  rmSync(join(folder, packed))
  return join(folder, version, "package/bin/opencode")
}

describe.skipIf(!isPlatform)("OpenCode", () => {
  it.each([OLDEST, NEWEST])(
    "%s runs a workflow, and asks the model once for each step",
    async (version) => {
      await using project = makeProject({ model, workflows: { demo: DEMO } })
      const { asked } = scriptDemo(model, version)
      const options = ["--opencode", download(version), "--json"]
      const { code, stdout } = await baton(project, "run", "demo", "--input", `topic=${version}`, ...options)
      expect(endedOf(stdout)).toMatchObject({ status: "success" })
      expect([code, ...asked()]).toEqual([0, 1, 1, 1])
    },
    LONG,
  )

  it(
    `${REFUSED} is refused before a model is asked`,
    async () => {
      await using project = makeProject({ model, workflows: { demo: DEMO } })
      const requests = model.requests.length
      const { code, stderr } = await baton(project, "run", "demo", "-i", "topic=x", "--opencode", download(REFUSED))
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("is not supported") })
      expect(model.requests.length).toBe(requests)
    },
    LONG,
  )
})
