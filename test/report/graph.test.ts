import { expect, it } from "vitest"
import type { Group, Step } from "../../src/core/model/workflow.ts"
import { drawn } from "../../src/report/drawn.ts"
import { graphOf, reduced } from "../../src/report/graph.ts"
import { layOut } from "../../src/report/layout.ts"
import { step, workflow } from "../support/runs.ts"

const ENSEMBLE: Step = {
  ...step("vote", "plan"),
  type: "ensemble",
  group: {
    type: "ensemble",
    proposers: ["claude", "gemini"],
    judges: ["opus"],
    mode: "parallel",
    verdict: "pick",
    quorum: 2,
  },
}
const GATE: Step = { ...step("ok", "api", "ui", "vote"), type: "gate" }
const FLOW = workflow([
  step("survey"),
  step("plan", "survey"),
  ENSEMBLE,
  step("api", "plan"),
  step("ui", "plan"),
  step("docs", "survey"),
  GATE,
  step("ship", "ok", "docs", "survey"),
  { ...step("bye"), hook: "complete" },
])

it("the graph is drawn as text with a row for each step, lanes for dependencies, parts below groups, and hooks at the end", () => {
  expect(drawn(FLOW, "ascii")).toBe(
    `
*        survey  worker
+-.
* |      plan  worker
+-|-+-.
* | | |  vote  ensemble, quorum 2
| | | |    - claude  proposes
| | | |    - gemini  proposes
| | | |    - opus  judges, after claude, gemini
| | * |  api  worker
| | | *  ui  worker
| * | |  docs  worker
+-|-+-'
* |      ok  gate
+-'
*        ship  worker

At the end
*  bye  worker, on complete
`.slice(1),
  )
})

it("a hook is drawn after the hooks that it needs, in every drawing", () => {
  const tell: Step = { ...step("tell", "bye", "ship"), hook: "success" }
  const flow = workflow([step("ship"), tell, { ...step("bye", "ship"), hook: "complete" }])
  expect(drawn(flow, "ascii")).toBe(
    `
*  ship  worker

At the end
*  bye  worker, on complete
*  tell  worker, on success, after bye
`.slice(1),
  )
  expect(
    drawn(flow, "mermaid")
      .split("\n")
      .filter((line) => line.includes("-->")),
  ).toEqual(["  n3 --> n2"])
  const arrows = layOut(graphOf(flow.steps)).arrows.map(({ from, to, isLater }) => [from, to, isLater ?? false])
  expect(arrows).toEqual([
    ["bye", "tell", false],
    ["ship", "bye", true],
  ])
})

it("the graph is drawn as Mermaid with boxes, a diamond for a gate, and subgraphs for groups", () => {
  const lines = drawn(FLOW, "mermaid").split("\n")
  expect(lines[0]).toBe("flowchart TD")
  expect(lines).toContain('  subgraph n3["vote<br/>ensemble, quorum 2"]')
  expect(lines).toContain('  n10{"ok<br/>gate"}')
  expect(lines.filter((line) => line.includes("-->"))).toHaveLength(13)
})

it("a step's name is escaped in the Mermaid graph", () => {
  const odd = workflow([step('end"]; click n1 "https://x"')])
  expect(drawn(odd, "mermaid")).not.toMatch(/click n1 "|"\];/)
})

it("the reduced graph leaves out edges that are implied by others", () => {
  const { edges } = reduced(graphOf(FLOW.steps))
  expect(edges).not.toContainEqual({ from: "survey", to: "ship" })
  expect(edges).toContainEqual({ from: "docs", to: "ship" })
})

it("the graph of a run shows the parts that the run added to a group, and edges between groups for dependencies of their parts", () => {
  const group: Step = { ...step("g"), type: "parallel", group: { type: "parallel", steps: [] } }
  const part = (name: string, ...needs: string[]): Step => ({ ...step(`g/${name}`, ...needs), part: { of: "g", name } })
  const { nodes, edges } = graphOf([group, part("x"), part("y", "g/x"), step("after", "g", "g/y")])
  expect(nodes.map(({ id }) => id)).toEqual(["g", "after"])
  expect(edges).toEqual([{ from: "g", to: "after" }])
  expect(nodes[0]?.parts?.nodes.map(({ label }) => label)).toEqual(["x", "y"])
  expect(nodes[0]?.parts?.edges).toEqual([{ from: "g/x", to: "g/y" }])
})

it("the graph orders the rounds of a loop by number, and puts a judge after all proposals", () => {
  const part = (id: string, over: Step["part"]): Step => ({
    ...step(id),
    ...(over === undefined ? {} : { part: over }),
  })
  const { nodes } = graphOf([
    { ...step("mend"), loop: { max: 3, stagnant: 2 } },
    part("mend:2", { of: "mend", name: "mend", role: "round", round: 2 }),
    part("mend:1", { of: "mend", name: "mend", role: "round", round: 1 }),
    step("vote"),
    part("vote:a", { of: "vote", name: "a", role: "proposer" }),
    part("vote:b", { of: "vote", name: "b", role: "proposer" }),
    part("vote:judge", { of: "vote", name: "judge", role: "judge" }),
  ])
  const [mend, vote] = nodes.map(({ parts }) => parts)
  expect(mend?.nodes.map(({ label }) => label).sort()).toEqual(["round 1", "round 2"])
  expect(mend?.edges).toEqual([{ from: "mend:1", to: "mend:2" }])
  expect(vote?.edges).toEqual([
    { from: "vote:a", to: "vote:judge" },
    { from: "vote:b", to: "vote:judge" },
  ])
})

it("the layout of the graph overlaps no boxes, and leads every arrow downwards", () => {
  const { boxes, arrows } = layOut(graphOf(FLOW.steps))
  for (const a of boxes) {
    for (const b of boxes) {
      if (a === b) continue
      const isApart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y
      expect([a.node.id, b.node.id, isApart]).toEqual([a.node.id, b.node.id, true])
    }
  }
  const top = (id: string) => boxes.find(({ node }) => node.id === id)?.y ?? Number.NaN
  for (const { from, to } of arrows) expect(top(from)).toBeLessThan(top(to))
})

it.each(["group-of-a-later-version", "toString"])("a group of the unknown type %s is drawn without parts", (type) => {
  const group = { type } as unknown as Group
  const [node] = graphOf(workflow([{ ...step("a"), type: type as Step["type"], group }]).steps).nodes
  expect(node).toMatchObject({ id: "a", note: type, parts: null })
})
