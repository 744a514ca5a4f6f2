import { STATUS_CODES } from "node:http"

/**
 * Reads what a provider said about a request that failed. Providers and gateways word the same
 * error in many ways, and OpenCode keeps it in different places: as a message, as a body, or as JSON
 * inside a message (contracts C22 and C73). Only the places of the error itself are read, because an
 * error may also repeat the request or what the model wrote, and neither says what went wrong.
 */
export interface ProviderError {
  /** The provider's own sentence, without the JSON around it. Empty when it gave none. */
  readonly message: string
  /** The HTTP status, or the code that stands for it in the body. */
  readonly status?: number
  /** Codes, types and reasons, in lower case letters and digits only. */
  readonly codes: readonly string[]
  /** Whether the provider sent an error object, and not only a status or a sentence. */
  readonly isStructured: boolean
}

/** What is asked of the error: the message and the body that OpenCode stored, and the status. */
export interface StoredError {
  readonly message: string
  readonly body?: string | undefined
  readonly status?: number | undefined
}

interface Found {
  readonly messages: { readonly depth: number; readonly text: string }[]
  readonly codes: string[]
  status: number | undefined
  isStructured: boolean
}

/** An error that is longer or deeper than this is not an error message any more. */
const MAX_CHARS = 50_000
const MAX_DEPTH = 8
const MAX_MESSAGE = 1_000

/** All keys are compared without case and signs, so `__type` is a `type`. */
const MESSAGE_KEYS = new Set(["message", "error", "detail", "msg", "raw", "errormessage", "errordescription"])
const CODE_KEYS = new Set(["code", "type", "status", "statuscode", "reason", "errorcode", "errortype"])
/** Holds the error, or a part of it. */
const ERROR_KEYS = new Set(["error", "errors", "detail", "details", "innererror", "cause", "message", "raw"])
/** Holds an answer or an event, which has an error only where it says so. */
const WRAPPER_KEYS = new Set(["response", "data", "body", "responsebody"])
/** Holds JSON as a text. */
const JSON_KEYS = new Set(["message", "error", "raw", "body", "responsebody"])
/** A sentence of a gateway that only says that another one has the reason. */
const EMPTY_WORDS = /^(?:provider returned error|upstream error|bad request|unknown error|error)\.?$/i

export function readError({ message, body, status }: StoredError): ProviderError {
  const found: Found = { messages: [], codes: [], status: undefined, isStructured: false }
  for (const text of [body ?? "", message]) readText(text, 0, found)
  const told = bestOf(found.messages) ?? plain(message)
  const known = status ?? found.status
  return {
    message: told.length > MAX_MESSAGE ? `${told.slice(0, MAX_MESSAGE)}…` : told,
    ...(known === undefined ? {} : { status: known }),
    codes: found.codes,
    isStructured: found.isStructured,
  }
}

/** Returns the innermost sentence, because what is around it only passes it on. */
function bestOf(messages: Found["messages"]): string | undefined {
  const worded = messages.filter(({ text }) => !EMPTY_WORDS.test(text))
  const all = worded.length > 0 ? worded : messages
  const deepest = Math.max(...all.map(({ depth }) => depth))
  return all.find(({ depth }) => depth === deepest)?.text
}

/** Returns a text without the JSON or the page that it contains. */
function plain(text: string): string {
  const end = [jsonIn(text)?.at, text.search(/<(?:!doctype|html)\b/i)].filter((at) => at !== undefined && at >= 0)
  const words = text.slice(0, Math.min(text.length, ...(end as number[])))
  return words
    .replace(/^undefined: /, "")
    .replace(/[\s:]+(?:value:)?\s*$/i, "")
    .trim()
}

/** What stands before JSON that is nothing but the error: an event, a class, or the check of a stream. */
const ANNOUNCED =
  /^(?:undefined:|(?:event: ?\w+\s+)?data:|(?:AI_\w+: ?)?(?:Type validation failed: Value:)?)$|Exception -(?: b')?$/
const STATUS_WORDS = new Set(Object.values(STATUS_CODES).map((words) => `${words}:`))

/** Reads the error object in a text. Returns whether there was one. */
function readText(text: string, depth: number, found: Found): boolean {
  if (depth > MAX_DEPTH || text.length > MAX_CHARS) return false
  const json = jsonIn(text)
  if (json === undefined) return false
  const before = text.slice(0, json.at).trim()
  const isAll = before === "" ? text.slice(json.end).trim() === "" : STATUS_WORDS.has(before) || ANNOUNCED.test(before)
  if (typeof json.value === "string") {
    if (!readText(json.value, depth + 1, found) && json.value.trim() !== "")
      found.messages.push({ depth, text: plain(json.value) })
  } else if (isAll) readObject(json.value, depth, found)
  // JSON in the middle of a sentence may be anything, such as the arguments of a tool.
  else if (!readWrapper(json.value, depth, found)) return false
  found.isStructured ||= isAll
  return true
}

/** Reads an error object, or a list of them. */
function readObject(value: unknown, depth: number, found: Found): void {
  if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return
  if (Array.isArray(value)) {
    for (const one of value) readObject(one, depth + 1, found)
    return
  }
  const entries = Object.entries(value).map(([key, one]) => [normal(key), one] as const)
  // A tool and a user have names and metadata too, but only an error has a message or a code.
  const isNamed = "name" in value && typeof value.name === "string" && /[a-z](?:Error|Exception)$/.test(value.name)
  const isError = isNamed || entries.some(([key, one]) => one !== null && (MESSAGE_KEYS.has(key) || key === "code"))
  for (const [key, one] of entries) {
    if (CODE_KEYS.has(key) || (key === "name" && isError)) readCode(one, found)
    else if (key === "flaggedinput") found.codes.push(key)
    if (typeof one === "string") readWords(key, one, depth, found)
    else if (ERROR_KEYS.has(key) || (key === "metadata" && isError) || (key === "data" && isNamed))
      readObject(one, depth + 1, found)
    else if (WRAPPER_KEYS.has(key)) readWrapper(one, depth + 1, found)
  }
}

function readWords(key: string, text: string, depth: number, found: Found): void {
  if (JSON_KEYS.has(key) && readText(text, depth + 1, found)) return
  if (MESSAGE_KEYS.has(key) && plain(text) !== "") found.messages.push({ depth, text: plain(text) })
}

/** Reads the error that is named as such in a value. Returns whether there is one. */
function readWrapper(value: unknown, depth: number, found: Found): boolean {
  if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return false
  if (Array.isArray(value)) return value.filter((one) => readWrapper(one, depth + 1, found)).length > 0
  const { error, errors } = value as { readonly error?: unknown; readonly errors?: unknown }
  if (!error && !errors) return false
  readObject({ error, errors }, depth, found)
  return true
}

function readCode(code: unknown, found: Found): void {
  const status = typeof code === "number" || typeof code === "string" ? Number(code) : Number.NaN
  if (Number.isInteger(status) && status >= 400 && status < 600) found.status ??= status
  else if (typeof code === "string") found.codes.push(normal(code))
}

function normal(word: string): string {
  return word
    .slice(0, 100)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
}

interface Json {
  readonly at: number
  readonly end: number
  readonly value: unknown
}

/** Returns the first object, list or quoted text in a text, and where it is. */
function jsonIn(text: string): Json | undefined {
  const quoted = /^\s*"/.test(text) ? parsed(text) : undefined
  if (quoted !== undefined) return { at: 0, end: text.length, value: quoted }
  const at = text.search(/[{[]\s*["{[]/)
  if (at < 0) return undefined
  const end = endOf(text, at)
  const value = end === undefined ? undefined : parsed(text.slice(at, end))
  return end === undefined || value === undefined ? undefined : { at, end, value }
}

/** Returns the position after the bracket that closes the one at `from`. */
function endOf(text: string, from: number): number | undefined {
  let open = 0
  let isQuoted = false
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (isQuoted && char === "\\") at++
    else if (char === '"') isQuoted = !isQuoted
    else if (!isQuoted && (char === "{" || char === "[")) open++
    else if (!isQuoted && (char === "}" || char === "]") && --open === 0) return at + 1
  }
  return undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // It only looks like JSON, so it is part of the sentence.
    return undefined
  }
}
