import { formatDuration } from "../core/base/duration.ts"
import { printable } from "../core/base/printable.ts"
import { formatCost } from "../core/view/numbers.ts"
import { endWords } from "../core/view/progress.ts"
import { type Branch, treeOf } from "../core/view/tree.ts"
import { nameInGroup, type RunView, type StepView } from "../core/view/view.ts"
import { type Colors, stepMark } from "./style.ts"

/**
 * A run as a tree for a terminal: one line for each step, with parts indented under their group.
 */

export interface TreeSize {
  readonly columns: number
  /** Maximum number of lines. */
  readonly rows: number
}

const NAME_COLUMNS = 32

/**
 * The lines of the tree, none wider than the terminal. When a run has more steps than rows, it
 * shows the steps that run, wait or failed with their groups, and counts the rest. `now` is
 * milliseconds since 1970.
 */
export function treeLines(run: RunView, now: number, { columns, rows }: TreeSize, colors: Colors): string[] {
  const all = treeOf(run.steps)
  const shown = all.length <= rows ? all : fitting(all, Math.max(1, rows - 1))
  const width = Math.min(
    NAME_COLUMNS,
    Math.max(0, ...shown.map(({ step, level }) => level * 2 + nameInGroup(step).length)),
  )
  const lines = shown.map((line) => lineOf(line, now, { width, columns }, colors))
  if (shown.length === all.length) return lines
  return [...lines, colors.dim(clip(`… ${countWords(all, shown)}`, columns))]
}

/**
 * The steps that run, wait or failed, with their groups; then, while rows are left, the ones that
 * ended last.
 */
function fitting(all: readonly Branch[], rows: number): Branch[] {
  const byId = new Map(all.map((line) => [line.step.id, line]))
  const kept = new Set<Branch>()
  const keep = (line: Branch) => {
    const group = line.step.group === null ? undefined : byId.get(line.step.group)
    const lines = [line, ...(group ? groupsOf(group, byId) : [])].filter((one) => !kept.has(one))
    if (kept.size + lines.length <= rows) for (const one of lines) kept.add(one)
  }
  const rank = ({ step }: Branch) => ["running", "waiting", "failed"].indexOf(step.status)
  for (const line of all.filter((one) => rank(one) >= 0).sort((a, b) => rank(a) - rank(b))) keep(line)
  const ended = all.filter(({ step }) => step.endedAt !== null)
  for (const line of ended.sort((a, b) => (b.step.endedAt ?? 0) - (a.step.endedAt ?? 0))) keep(line)
  return all.filter((line) => kept.has(line))
}

function groupsOf(line: Branch, byId: ReadonlyMap<string, Branch>): Branch[] {
  const above = line.step.group === null ? undefined : byId.get(line.step.group)
  return [line, ...(above ? groupsOf(above, byId) : [])]
}

function countWords(all: readonly Branch[], shown: readonly Branch[]): string {
  const hidden = all.filter((line) => !shown.includes(line))
  const ended = endWords(hidden.map(({ step }) => step))
  const open = hidden.filter(({ step }) => ["pending", "running", "waiting"].includes(step.status)).length
  return [...(ended === "" ? [] : [ended]), ...(open > 0 ? [`${open} to come`] : [])].join(", ")
}

function lineOf(
  { step, level }: Branch,
  now: number,
  { width, columns }: { readonly width: number; readonly columns: number },
  colors: Colors,
): string {
  const indent = "  ".repeat(level)
  const room = Math.max(0, columns - 2)
  const name = clip(`${indent}${nameInGroup(step)}`.padEnd(width), room)
  const facts = clip(factsOf(step, now).join(" · "), Math.max(0, room - name.length - 2))
  const isLive = step.status === "running" || step.status === "waiting"
  const said = step.status === "failed" ? colors.red(facts) : isLive ? facts : colors.dim(facts)
  return `${indent}${stepMark(step.status, colors)} ${name.slice(indent.length)}  ${said}`.trimEnd()
}

function factsOf(step: StepView, now: number): string[] {
  const { status, startedAt, endedAt, attempts, reason, detail } = step
  if (status === "pending") return attempts > 0 && detail !== null ? [detail] : []
  if (status === "skipped" || status === "cancelled") return [detail ?? status]
  const time = startedAt === null ? [] : [formatDuration((endedAt ?? now) - startedAt)]
  const tries = attempts > 1 ? [`try ${attempts}`] : []
  if (status === "running") return [...time, ...tries, ...(step.model === null ? [] : [step.model])]
  if (status === "waiting") return [step.gate === null ? (detail ?? "held") : `waits for you: ${step.gate.detail}`]
  const why = reason === null || reason === "ok" ? [] : [detail === null ? reason : `${reason}: ${detail}`]
  const spent = step.tokens.input + step.tokens.output === 0 ? [] : [formatCost(step.cost, step.knownUsd)]
  return [...time, ...(attempts > 1 ? [`${attempts} tries`] : []), ...spent, ...why]
}

function clip(text: string, columns: number): string {
  const line = printable(text.replace(/\s+$/gm, (space) => (space.includes("\n") ? "" : space))).replace(/[\t\n]/g, " ")
  if (columns <= 0) return ""
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`
}
