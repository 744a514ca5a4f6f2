import { expect, it } from "vitest"
import { openSqliteStore } from "../../src/store/sqlite/store.ts"
import { createdEvent, result, startedEvent } from "../support/runs.ts"
import { baton } from "./support/baton.ts"
import { makeProject } from "./support/project.ts"

const DAY = 24 * 3_600_000

it("`baton prune` lists the old runs, deletes them only with --yes, and never one that has not ended", async () => {
  await using project = makeProject({ baton: true })
  const store = openSqliteStore(project.state())
  const add = (id: string, days: number, isOver = true) => {
    const at = Date.now() - days * DAY
    store.append(id, [createdEvent(id, { at }), startedEvent("a")])
    if (!isOver) return
    store.append(id, [{ type: "step.ended", at, step: "a", attempt: 1, result: result({ reason: "error" }) }])
    store.append(id, [{ type: "run.ended", at, status: "failed", cause: "failure" }])
  }
  add("ancient", 90)
  add("waiting", 80, false)
  add("older", 40)
  add("fresh", 2)
  const preview = await baton(project, "prune", "--keep", "0")
  expect(preview).toMatchObject({ code: 0, stdout: expect.stringContaining("2 runs would be deleted") })
  expect(preview.stdout).not.toMatch(/waiting|fresh/)
  expect(store.list()).toHaveLength(4)
  expect((await baton(project, "prune", "--keep", "3", "--json")).stdout).toBe('{"old":["ancient"],"deleted":[]}\n')
  const done = await baton(project, "prune", "--keep", "0", "--older-than", "60d", "--yes")
  expect(done.stdout).toContain("Deleted 1 run.")
  expect(store.list().map((run) => run.id)).toEqual(["fresh", "older", "waiting"])
  expect((await baton(project, "prune", "--older-than", "soon")).code).toBe(2)
  store.close()
}, 60_000)
