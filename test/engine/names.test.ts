import { describe, expect, it } from "vitest"
import { formatProblems } from "../../src/core/model/problem.ts"
import type { Workflow } from "../../src/core/model/workflow.ts"
import { createVault } from "../../src/project/vault.ts"
import { parseWorkflow } from "../../src/spec/parse.ts"
import { holds, render, resultOf } from "../../src/spec/template.ts"
import { createScriptedBackend } from "../../src/workers/scripted/backend.ts"
import { handDriven } from "../support/engine.ts"
import { createdEvent, profile } from "../support/runs.ts"

/**
 * What `validate` accepts in an expression is exactly what a run can read there: every place in
 * which an expression can stand, with every kind of name. `'hole'` is replaced by the name.
 */

const HEAD = `
inputs: { x: { default: a } }
context: { variables: { v: a }, secrets: { S: "{env:S}" } }
`
const BEFORE = "{ id: before, prompt: p }, { id: beside, prompt: p }"
/** A document with one step \`own\`, which needs \`before\`. */
const own = (keys: string) => `${HEAD}steps: [${BEFORE}, { id: own, needs: [before], ${keys} }]`
/** A document whose step \`outer\` is a loop around the step \`own\`. */
const looped = (keys: string) =>
  `${HEAD}steps: [${BEFORE}, { id: outer, needs: [before], type: parallel, loop: { max: 2 }, steps: [{ id: own, ${keys} }] }]`
const hook = (when: string, keys: string) => `${HEAD}steps: [${BEFORE}]\nhooks: { ${when}: [{ id: own, ${keys} }] }`

const TEXT = "\"out/${'hole'}\""
const BOOL = "\"size(['hole']) == 1\""
const LIST = "\"size(['hole']) == 1 ? [{'k': 'a', 'category': 'c'}] : []\""
const LOOP = "loop: { max: 2 }"
const UNTIL = `loop: { max: 2, until: ${BOOL} }`
const ROUTED = "type: routed, default: default"
const ITEMS = "over: \"[{'k': 'a'}]\""
const ASK = `checks: [{ ask: ${TEXT} }]`
const INNER = "type: parallel, steps: [{ id: inner, prompt: p }]"
const ENSEMBLE = "type: ensemble, proposers: [default, default], judge: default"

const PLACES: Readonly<Record<string, string>> = {
  prompt: own(`prompt: ${TEXT}`),
  condition: own(`prompt: p, condition: ${BOOL}`),
  output: own(`prompt: p, output: ${TEXT}`),
  files: own(`prompt: p, files: [${TEXT}]`),
  "ask of a check": own(`prompt: p, ${ASK}`),
  "prompt of a gate": own(`type: gate, prompt: ${TEXT}`),
  "condition of a gate": own(`type: gate, prompt: p, condition: ${BOOL}`),
  "prompt of a loop": own(`prompt: ${TEXT}, ${LOOP}`),
  "condition of a loop": own(`prompt: p, condition: ${BOOL}, ${LOOP}`),
  "output of a loop": own(`prompt: p, output: ${TEXT}, ${LOOP}`),
  "files of a loop": own(`prompt: p, files: [${TEXT}], ${LOOP}`),
  "ask of a loop": own(`prompt: p, ${ASK}, ${LOOP}`),
  "until of a loop": own(`prompt: p, ${UNTIL}`),
  "until of a loop of steps": own(`${INNER}, ${UNTIL}`),
  "until of a loop of items": own(`${ROUTED}, ${ITEMS}, prompt: p, ${UNTIL}`),
  "until of a loop in a loop": looped(`prompt: p, ${UNTIL}`),
  "prompt inside a loop": looped(`prompt: ${TEXT}`),
  "condition inside a loop": looped(`prompt: p, condition: ${BOOL}`),
  "output inside a loop": looped(`prompt: p, output: ${TEXT}`),
  "prompt of a gate inside a loop": looped(`type: gate, prompt: ${TEXT}`),
  "condition of a loop in a loop": looped(`prompt: p, condition: ${BOOL}, ${LOOP}`),
  "over of routed": own(`${ROUTED}, over: ${LIST}, prompt: p`),
  "prompt of routed": own(`${ROUTED}, ${ITEMS}, prompt: ${TEXT}`),
  "condition of routed": own(`${ROUTED}, ${ITEMS}, prompt: p, condition: ${BOOL}`),
  "output of routed": own(`${ROUTED}, ${ITEMS}, prompt: p, output: ${TEXT}`),
  "files of routed": own(`${ROUTED}, ${ITEMS}, prompt: p, files: [${TEXT}]`),
  "ask of routed": own(`${ROUTED}, ${ITEMS}, prompt: p, ${ASK}`),
  "over of routed in a loop": own(`${ROUTED}, over: ${LIST}, prompt: p, ${LOOP}`),
  "prompt of routed in a loop": own(`${ROUTED}, ${ITEMS}, prompt: ${TEXT}, ${LOOP}`),
  "output of routed in a loop": own(`${ROUTED}, ${ITEMS}, prompt: p, output: ${TEXT}, ${LOOP}`),
  "ask of routed in a loop": own(`${ROUTED}, ${ITEMS}, prompt: p, ${ASK}, ${LOOP}`),
  "condition of parallel": own(`${INNER}, condition: ${BOOL}`),
  "output of parallel": own(`${INNER}, output: ${TEXT}`),
  "ask of parallel": own(`${INNER}, ${ASK}`),
  "ask of parallel in a loop": own(`${INNER}, ${ASK}, ${LOOP}`),
  "prompt of ensemble": own(`${ENSEMBLE}, prompt: ${TEXT}`),
  "output of ensemble": own(`${ENSEMBLE}, prompt: p, output: ${TEXT}`),
  "files of ensemble": own(`${ENSEMBLE}, prompt: p, files: [${TEXT}]`),
  "ask of ensemble": own(`${ENSEMBLE}, prompt: p, ${ASK}`),
  "ask of ensemble in a loop": own(`${ENSEMBLE}, prompt: p, ${ASK}, ${LOOP}`),
  "with of workflow": own(`type: workflow, workflow: other, with: { y: ${TEXT} }`),
  "with of workflow in a loop": own(`type: workflow, workflow: other, with: { y: ${TEXT} }, ${LOOP}`),
  "until of a loop of a workflow": own(`type: workflow, workflow: other, with: { y: a }, ${UNTIL}`),
  "condition of check": own(`type: check, run: 'true', condition: ${BOOL}`),
  "ask of check": own(`type: check, ${ASK}`),
  "prompt of a hook at the start": hook("on_start", `prompt: ${TEXT}`),
  "prompt of a hook at the end": hook("on_complete", `prompt: ${TEXT}`),
  "condition of a hook at the end": hook("on_success", `prompt: p, condition: ${BOOL}`),
  "prompt of ensemble in a loop": own(`${ENSEMBLE}, prompt: ${TEXT}, ${LOOP}`),
  "prompt inside a group inside a loop": looped(`type: parallel, steps: [{ id: inner, prompt: ${TEXT} }]`),
  "until of a hook at the end": hook("on_success", `prompt: p, ${UNTIL}`),
}

const NAMES = [
  "inputs.x",
  "context.variables.v",
  "secrets.S",
  "item.k",
  "loop.round",
  "own.output",
  "before.output",
  "beside.output",
  "inner.output",
  "outer.output",
]

const OTHER = `name: other\ninputs: { y: string }\nsteps: [{ id: deep, prompt: "do \${inputs.y}" }]\n`
const nested = () => {
  const found = parseWorkflow(OTHER, "other.yaml")
  if (!found.ok) throw new Error("the nested workflow is not valid")
  return { workflow: found.value }
}
const parse = (text: string) => parseWorkflow(text, "w.yaml", { lookup: nested })

/** Runs a workflow to its end with workers that succeed. */
async function run(workflow: Workflow) {
  const prompts: string[] = []
  const output = '{"holds":true,"why":"so","verdict":"synthesize","answer":"so"}'
  const backend = createScriptedBackend(({ prompt }) => {
    prompts.push(prompt)
    return { output }
  })
  const vault = createVault("/nowhere", { S: "hidden-value" })
  const { engine } = handDriven({ backend: () => backend, render, evaluate: holds, value: resultOf, vault })
  const { type, at, ...created } = createdEvent("r", {
    workflow,
    inputs: { x: "a" },
    profiles: { default: profile() },
  })
  engine.start(created)
  for (;;) {
    const { view } = await engine.finished("r")
    const gate = view?.steps.find((step) => step.gate)
    if (gate === undefined) return { view, prompts }
    engine.decide("r", { step: gate.id, action: "continue", by: "user" })
  }
}

async function failuresOf(workflow: Workflow): Promise<string[]> {
  const { view } = await run(workflow)
  const failed = view?.steps.filter(({ status }) => status !== "success") ?? []
  return view?.status === "success" ? [] : failed.map(({ id, status, detail }) => `${id}: ${status} ${detail}`)
}

/** How many rounds of the loop `own` ran in each round of `outer`. */
async function roundsOf(workflow: Workflow): Promise<number[]> {
  const ids = (await run(workflow)).view?.steps.map(({ id }) => id) ?? []
  const outer = ids.filter((id) => /^outer:\d+$/.test(id))
  return outer.map((id) => ids.filter((one) => new RegExp(`^${id}:own:\\d+$`).test(one)).length)
}

const filled = (workflow: Workflow, name: string): Workflow =>
  JSON.parse(JSON.stringify(workflow).replaceAll("'hole'", name)) as Workflow

describe("the names that `validate` accepts are those that a run can read", () => {
  it.each(Object.entries(PLACES))("%s", async (_, text) => {
    const parsed = parse(text)
    expect(parsed.ok || parsed.problems).toBe(true)
    if (!parsed.ok) return
    expect(await failuresOf(parsed.value)).toEqual([])
    const untrue: string[] = []
    for (const name of NAMES) {
      const checked = parse(text.replaceAll("'hole'", name))
      const failures = await failuresOf(filled(parsed.value, name))
      if (checked.ok === (failures.length === 0)) continue
      untrue.push(
        `${name}: ${checked.ok ? `accepted, but ${failures.join("; ")}` : `refused: ${formatProblems(checked.problems)}`}`,
      )
    }
    expect(untrue).toEqual([])
  })
})

it("`loop.round` is the round of the innermost loop, also in `until`, where that round has just ended", async () => {
  const inner = "prompt: p, loop: { max: 3, until: loop.round == 2 }"
  const text = `steps: [{ id: outer, type: parallel, loop: { max: 3, until: loop.round == 3 }, steps: [{ id: own, ${inner} }] }]`
  const parsed = parse(text)
  expect(parsed.ok && (await roundsOf(parsed.value))).toEqual([2, 2, 2])
})

it("`ask` of a routed step reads the answer of its own item, also in a loop", async () => {
  for (const loop of ["", `, ${LOOP}`]) {
    const parsed = parse(
      own(`${ROUTED}, ${ITEMS}, prompt: p, checks: [{ ask: "is this right: \${own.output}" }]${loop}`),
    )
    expect(parsed.ok).toBe(true)
    if (!parsed.ok) return
    const { prompts } = await run(parsed.value)
    expect(prompts.at(-1)).toMatch(/^is this right: \{"holds":true/)
  }
})
