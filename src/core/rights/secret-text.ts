import { groupTraits } from "../model/step-types.ts"
import type { SecretSource, Workflow } from "../model/workflow.ts"

/** Secrets as text: what a value may look like where it turns up, and texts without it. */

/** A shorter one would be found in words that have nothing to do with it. */
export const SHORTEST_SECRET = 8
/** Of a secret of several lines each line is one, from this length on. */
const SHORTEST_LINE = 16

/** What stands in the place of a secret. */
export function markOf(name: string): string {
  return `[secret ${name}]`
}

/** Every way in which the value is looked for: as it is, inside JSON and an address, as base64, and line by line. */
export function formsOf(value: string): readonly string[] {
  const bare = value.trim()
  const lines = bare.split(/\r?\n/).map((line) => line.trim())
  const whole = [value, bare, JSON.stringify(bare).slice(1, -1), encodeURIComponent(bare), ...base64Of(bare)]
  const long = lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_LINE) : []
  return [...new Set([...whole, ...long])].filter((form) => form.length >= SHORTEST_SECRET)
}

/** With and without its padding. */
function base64Of(text: string): string[] {
  const bytes = new TextEncoder().encode(text)
  const encoded = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
  return [encoded, encoded.replace(/=+$/, "")]
}

/** The same value with the function applied to every text in it, keys included; what has none is handed back itself. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
  return mapped(value, change) as T
}

function mapped(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value)
  // A number that a secret is made of is no number any more.
  if (typeof value === "number") return String(value).length < SHORTEST_SECRET ? value : numberOf(value, change)
  if (Array.isArray(value)) return value.map((item) => mapped(item, change))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [change(key), mapped(item, change)]))
}

function numberOf(value: number, change: (text: string) => string): unknown {
  const text = String(value)
  const changed = change(text)
  // As a part of it, it is a number by chance: a time, a count.
  return /^\[secret [^\]]*\]$/.test(changed) ? changed : value
}

/** All secrets of a workflow and of those that are steps of it. */
export function secretsOf(workflow: Workflow): Readonly<Record<string, SecretSource>> {
  const secrets = known.get(workflow) ?? gathered(workflow)
  known.set(workflow, secrets)
  return secrets
}

/** Worked out once for a workflow: every step asks. */
const known = new WeakMap<Workflow, Readonly<Record<string, SecretSource>>>()

function gathered(workflow: Workflow): Readonly<Record<string, SecretSource>> {
  const nested = workflow.steps.flatMap(({ group }) =>
    group === undefined
      ? []
      : [groupTraits(group).nested(group) ?? { ...workflow, secrets: {}, steps: groupTraits(group).steps(group) }],
  )
  return Object.assign({}, ...nested.map(gathered), workflow.secrets)
}
