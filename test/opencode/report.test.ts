import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { openDesk } from "./support.ts"

const FLOWS = { two: "steps: [{ id: a, prompt: a }, { id: b, needs: [a], prompt: b }]", bad: "steps: [{ id: a }]" }

it("`/workflow report` writes the page of a run, and replies with its path", async () => {
  const { type, backend, engine, project } = openDesk({}, FLOWS)
  expect(await type("/workflow report")).toMatchObject({ tone: "error", text: "nothing has run in this project yet" })
  await type("/workflow run two")
  const job = await backend.job("a")
  job.finish({ output: "the answer of a" })
  await backend.job("b")
  const { run } = job.task
  const file = join(project.root, ".opencode", "workflow-state", "reports", `${run}.html`)
  expect(await type("/workflow report")).toMatchObject({ tone: "success", text: expect.stringContaining(file) })
  const page = readFileSync(file, "utf8")
  expect(page).toContain("the answer of a")
  expect(page).toContain(engine.view(run)?.workflow)
  expect(await type(`/workflow report ${run} out=docs/run.html`)).toMatchObject({ tone: "success" })
  expect(readFileSync(join(project.root, "docs", "run.html"), "utf8")).toContain(`<code>${run}</code>`)
  expect(await type("/workflow report none")).toMatchObject({
    tone: "error",
    text: "there is no run none in this project",
  })
  expect(await type("/workflow report out=.opencode")).toMatchObject({ tone: "error" })
})

it("`/workflow graph` draws a workflow that has never run, and lists the problems of an invalid one", async () => {
  const { type } = openDesk({}, FLOWS)
  expect(await type("/workflow graph two")).toMatchObject({ text: expect.stringMatching(/^\* +a .*\n\* +b /) })
  expect(await type("/workflow graph two mermaid")).toMatchObject({ text: expect.stringContaining("n1 --> n2") })
  expect(await type("/workflow graph bad")).toMatchObject({ tone: "error", title: "Cannot draw bad" })
  expect(await type("/workflow graph tow")).toMatchObject({ text: expect.stringContaining("did you mean `two`?") })
})

it("the dashboard's data has the newest runs, as many as asked for, and the number of older ones", async () => {
  const { type, backend } = openDesk({}, { demo: "steps: [{ id: a, prompt: x }]" })
  for (let at = 0; at < 3; at++) {
    await type("/workflow run demo")
    ;(await backend.job("a", at)).finish()
  }
  const viewOf = async (line: string) => (await type(line)).view
  expect(await viewOf("/workflow status")).toMatchObject({ type: "board", more: 0, runs: [{}, {}, {}] })
  const two = await viewOf("/workflow status limit=2")
  expect(two).toMatchObject({ more: 1, runs: [{}, {}] })
})
