import { expect, it } from "vitest"
import type { WorkerTask } from "../../../src/core/ports/ports.ts"
import { evaluate } from "../../../src/core/rights/permission.ts"
import { createSessionBackend } from "../../../src/workers/session/backend.ts"
import { profile } from "../../support/runs.ts"
import { recordReport, workerTask } from "../../support/workers.ts"
import { openTarget } from "./support.ts"

function openBackend() {
  const opened = openTarget()
  const backend = createSessionBackend(opened.target)
  const start = (over: Partial<WorkerTask>) => {
    const controller = new AbortController()
    const report = recordReport()
    const task = workerTask(over.step ?? "s", { parent: "main", ...over })
    return { result: backend.run(task, report, controller.signal), report, abort: () => controller.abort() }
  }
  return { ...opened, start }
}

it("a kept worker has at each task exactly the rights of that task", async () => {
  const { start, sessions, sent, say } = openBackend()
  const work = async (over: Partial<WorkerTask>, count: number) => {
    const { result } = start({ profile: profile("coder", { keep: true }), ...over })
    await expect.poll(() => sent.length).toBe(count)
    say("done")
    return (await result).session as string
  }
  const session = await work({ step: "a" }, 1)
  const may = (permission: string, path: string) => evaluate(sessions.get(session)?.permission ?? [], permission, path)
  expect(may("edit", "src/a.ts")).toBe("allow")
  await work({ step: "b", session, files: ["docs/**"] }, 2)
  expect([may("edit", "src/a.ts"), may("edit", "docs/a.md")]).toEqual(["deny", "allow"])
  const rules = sessions.get(session)?.permission.length
  await work({ step: "c", session, files: ["docs/**"] }, 3)
  expect(sessions.get(session)?.permission).toHaveLength(rules as number)
  // Asked from a session that may not edit, it may not either.
  await work({ step: "d", session, parent: "careful" }, 4)
  expect([may("edit", "src/a.ts"), may("edit", "docs/a.md")]).toEqual(["deny", "deny"])
  await work({ step: "e", session }, 5)
  expect(may("edit", "src/a.ts")).toBe("allow")
})

it("a worker that can no longer be observed is stopped, and its cost is unknown", async () => {
  const { start, sent, calls, aborted, emit } = openBackend()
  const { result, report } = start({})
  await expect.poll(() => sent.length).toBe(1)
  const session = await report.session
  calls["session.messages"] = () => new Response(null, { status: 500 })
  calls["session.status"] = () => new Response(null, { status: 500 })
  emit("session.idle", { sessionID: session })
  expect(await result).toMatchObject({ reason: "error", detail: expect.stringContaining("500"), session, cost: null })
  expect(aborted).toEqual([session])
})
