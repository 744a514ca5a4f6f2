import { groupTraits } from "../model/step-types.ts"
import type { SecretSource, Workflow } from "../model/workflow.ts"

/** Finds secrets in texts: the forms in which a value may occur, and texts without them. */

/** A shorter secret would be found in unrelated words. */
export const SHORTEST_SECRET = 8
/** Each line of a multi-line secret that is at least this long is a secret of its own. */
const SHORTEST_LINE = 16

/** Returns the placeholder of a secret. */
export function markOf(name: string): string {
  return `[secret ${name}]`
}

/**
 * Returns every form in which a value is searched for: as it is, escaped in JSON (also twice, as JSON
 * inside of JSON has it) and in a URL, in hexadecimal digits, in base64 wherever it stands in a longer
 * text, and line by line.
 */
export function formsOf(value: string): readonly string[] {
  const bare = value.trim()
  const lines = bare.split(/\r?\n/).map((line) => line.trim())
  const escaped = [escapedOnce(bare), escapedOnce(escapedOnce(bare))]
  const encoded = encodeURIComponent(bare.toWellFormed())
  const bytes = Array.from(new TextEncoder().encode(bare))
  const whole = [value, bare, ...escaped, encoded, encoded.replaceAll("%20", "+"), ...hexOf(bytes), ...base64Of(bytes)]
  const long = lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_LINE) : []
  return [...new Set([...whole, ...long])].filter((form) => form.length >= SHORTEST_SECRET)
}

function escapedOnce(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function hexOf(bytes: readonly number[]): string[] {
  const digits = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")
  return [digits, digits.toUpperCase()]
}

/**
 * Returns the base64 forms: of the value alone, with and without padding, and the digits that it has
 * in a longer text, which depend on where among three bytes it begins. The first and the last digit
 * of such a place also depend on the neighbours, and are left out. Each is returned with the digits
 * of addresses, too.
 */
function base64Of(bytes: readonly number[]): string[] {
  const alone = base64(bytes)
  const inside = [0, 1, 2].map((before) => {
    const shifted = [...new Array<number>(before).fill(0), ...bytes]
    return base64(shifted).slice(Math.ceil((before * 8) / 6), Math.floor((shifted.length * 8) / 6))
  })
  const all = [alone, alone.replace(/=+$/, ""), ...inside]
  return [...all, ...all.map((digits) => digits.replaceAll("+", "-").replaceAll("/", "_"))]
}

function base64(bytes: readonly number[]): string {
  return btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""))
}

/** Applies a function to every string in a value, including keys. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
  return mapped(value, change) as T
}

function mapped(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value)
  // A number that equals a secret is replaced by a text.
  if (typeof value === "number") return String(value).length < SHORTEST_SECRET ? value : numberOf(value, change)
  if (Array.isArray(value)) return value.map((item) => mapped(item, change))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [change(key), mapped(item, change)]))
}

function numberOf(value: number, change: (text: string) => string): unknown {
  const text = String(value)
  const changed = change(text)
  // A secret that is only a part of the number occurs by chance, for example in a time or a count.
  return /^\[secret [^\]]*\]$/.test(changed) ? changed : value
}

/** Returns all secrets of a workflow and of its nested workflows. */
export function secretsOf(workflow: Workflow): Readonly<Record<string, SecretSource>> {
  const secrets = known.get(workflow) ?? gathered(workflow)
  known.set(workflow, secrets)
  return secrets
}

/** A cache, because every step asks for the secrets of its workflow. */
const known = new WeakMap<Workflow, Readonly<Record<string, SecretSource>>>()

function gathered(workflow: Workflow): Readonly<Record<string, SecretSource>> {
  const nested = workflow.steps.flatMap(({ group }) =>
    group === undefined
      ? []
      : [groupTraits(group).nested(group) ?? { ...workflow, secrets: {}, steps: groupTraits(group).steps(group) }],
  )
  return Object.assign({}, ...nested.map(gathered), workflow.secrets)
}
