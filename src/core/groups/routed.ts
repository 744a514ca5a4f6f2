import type { Run, StepState } from "../model/run.ts"
import { type GroupOf, isSavedPerItem } from "../model/step-types.ts"
import { NO_USAGE } from "../model/usage.ts"
import type { Step } from "../model/workflow.ts"
import type { Expressions } from "../ports/expressions.ts"
import { type Member, membersOf, outcomeOf, unusedName } from "./members.ts"
import type { Next } from "./next.ts"

type Routed = GroupOf<"routed">

/** An item of the list. Only these fields are interpreted. */
interface Item {
  readonly name: string
  readonly category: string | undefined
  readonly needs: readonly string[]
  readonly files: readonly string[] | undefined
  readonly value: unknown
}

/** Gives each item of a list to the profile of its category. */
export function nextOfRouted(group: Routed, run: Run, spec: Step, step: StepState, expressions: Expressions): Next {
  if (step.parts?.stages) return { type: "result", result: together(membersOf(run, step)) }
  const list = expressions.value(run, spec, group.over)
  if (!list.ok) return failed(`\`over\`: ${list.problems[0]?.message ?? "cannot be evaluated"}`)
  const values = list.value
  if (!Array.isArray(values)) return failed(`\`over\` must be a list, not ${typeName(values)}`)
  if (values.length > group.max) {
    return failed(
      `the list has ${values.length} items, and \`max\` is ${group.max}: nothing was started; raise \`max\`, and resume the run with --edited`,
    )
  }
  const items = itemsOf(values, group.by)
  const problem = items.map((item, at) => problemOf(item, at, items, group)).find((text) => text !== undefined)
  if (problem !== undefined) return failed(`${problem}: nothing was started`)
  return { type: "steps", steps: items.map((item) => itemStep(spec, group, item)) }
}

function failed(detail: string): Next {
  return { type: "result", result: { ...NO_USAGE, reason: "error", output: "", detail } }
}

/** Combines all answers under their names, and as data in the order of the list. */
function together(members: readonly Member[]) {
  const result = outcomeOf(members, (all) => all)
  const structured = members.map(({ spec, row }) => ({
    id: spec.part?.name ?? spec.id,
    status: row.status,
    output: row.result?.output ?? "",
    ...(row.result?.structured === undefined ? {} : { structured: row.result.structured }),
  }))
  return { ...result, structured }
}

function itemsOf(values: readonly unknown[], by: string): Item[] {
  const names = new Set<string>()
  return values.map((value, at): Item => {
    const wanted = tidy(fieldOf(value, "id")) || String(at + 1)
    const name = unusedName(wanted, at + 1, names)
    names.add(name)
    const files = fieldOf(value, "files")
    const needs = fieldOf(value, "depends_on") ?? fieldOf(value, "needs")
    const category = fieldOf(value, by)
    return {
      name,
      category: category === undefined ? undefined : String(category),
      needs: Array.isArray(needs) ? needs.map(tidy) : [],
      files: Array.isArray(files) ? files.map(String) : undefined,
      value,
    }
  })
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string, unknown>)[key] ?? undefined
}

const tidy = (name: unknown) =>
  name === undefined
    ? ""
    : String(name)
        .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
        .slice(0, 40)

function problemOf(
  item: Item,
  at: number,
  items: readonly Item[],
  { by, route, otherwise }: Routed,
): string | undefined {
  const who = `item ${at + 1}${item.name === String(at + 1) ? "" : ` (${item.name})`}`
  const { category } = item
  const isKnown = category !== undefined && Object.hasOwn(route, category)
  if (!isKnown && otherwise === undefined) {
    const known = Object.keys(route).join(", ")
    if (category === undefined) return `${who} has no \`${by}\`, and there is no default (known: ${known})`
    return `${who} has the ${by} \`${category}\`, which \`route\` does not name (it names ${known})`
  }
  const unknown = item.needs.find((need) => need === item.name || !items.some((other) => other.name === need))
  if (unknown !== undefined)
    return `${who} needs ${unknown}, which ${unknown === item.name ? "is itself" : "is not in the list"}`
  return isInCycle(item, items) ? `${who} needs itself through others` : undefined
}

function isInCycle(item: Item, items: readonly Item[]): boolean {
  const byName = new Map(items.map((other) => [other.name, other]))
  const seen = new Set<string>()
  const open = [...item.needs]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === item.name) return true
    if (seen.has(name)) continue
    seen.add(name)
    open.push(...(byName.get(name)?.needs ?? []))
  }
  return false
}

function itemStep(spec: Step, { route, otherwise }: Routed, item: Item): Step {
  const { group: _g, condition: _c, hook: _h, onFailure: _o, budget: _b, timeoutMs: _t, output, ...body } = spec
  const isOwnFile = isSavedPerItem(spec)
  const category = item.category !== undefined && Object.hasOwn(route, item.category) ? item.category : undefined
  const files = item.files ?? spec.files
  return {
    ...body,
    id: `${spec.id}:${item.name}`,
    type: "single",
    profile: (category === undefined ? otherwise : route[category]) ?? "default",
    needs: item.needs.map((need) => `${spec.id}:${need}`),
    part: { of: spec.id, name: item.name, role: "item" },
    item: item.value,
    ...(files === undefined ? {} : { files }),
    ...(isOwnFile && output !== undefined ? { output } : {}),
  }
}

function typeName(value: unknown): string {
  if (value === null || value === undefined || value === "") return "nothing"
  if (typeof value === "string") return "text (is the answer not the requested JSON?)"
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`
}
