import { join } from "node:path"
import { parseJsonc } from "../config/jsonc.ts"
import { oneLine } from "../core/base/printable.ts"
import type { TrustContents } from "../core/view/trust-question.ts"
import { documentText } from "../files/document.ts"
import { findWorkflows } from "../spec/files.ts"
import type { Trust } from "../trust/verdict.ts"

/**
 * Names what the files of a folder would run and reach once a person trusts it. The documents are
 * read as data; nothing of them is executed, and no variable is filled in.
 */

const NAME_CHARS = 100
/** The deepest value in a document that is looked at. */
const MAX_DEPTH = 40

/** What the folder names, by kind; kinds without a name are left out. */
export function contentsOf({ place, set }: Trust): TrustContents[] {
  const paths = Object.keys(set.files)
  const texts = paths.flatMap((path) => textAt(place.root, path, set.files[path]))
  const configs = texts.filter(({ path }) => /(^|\/)opencode\.jsonc?$/.test(path)).map(({ text }) => dataOf(text))
  const workflows = findWorkflows({ root: place.root }).workflows.filter((one) => !one.isBuiltIn)
  const inFolder = (names: string) => paths.filter((path) => new RegExp(`(^|/)\\.opencode/${names}/`).test(path))
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ["workflows", workflows.map(({ name }) => name)],
    ["commands", workflows.flatMap(({ workflow }) => commandsIn(workflow))],
    ["profiles", texts.filter(isOrchestrator).flatMap(({ text }) => profilesIn(dataOf(text)))],
    ["plugins", [...configs.flatMap(pluginsIn), ...inFolder("plugins?")]],
    ["tools", inFolder("tools?")],
    ["MCP servers", configs.flatMap((config) => entriesIn(config, "mcp"))],
    ["programs", configs.flatMap(programsIn)],
    ["addresses", [...new Set(texts.filter(({ path }) => /\.jsonc?$/.test(path)).flatMap(addressesIn))]],
    [
      "variables",
      [...new Set([...texts.flatMap(variablesIn), ...workflows.flatMap((one) => secretsIn(one.workflow))])],
    ],
    ["files read", [...new Set(texts.flatMap(({ text }) => matchesIn(text, /\{file:([^{}]+)\}/g)))]],
    ["agents", [...inFolder("agents?"), ...inFolder("modes?")]],
    ["slash commands", inFolder("commands?")],
    ["skills", paths.filter((path) => /(^|\/)skills?\//.test(path))],
    ["not readable", [...paths.flatMap((path) => unreadable(path, set.files[path])), ...texts.flatMap(mistaken)]],
  ]
  return kinds.flatMap(([what, names]) =>
    names.length === 0 ? [] : [{ what, names: names.map((name) => oneLine(name, NAME_CHARS)) }],
  )
}

/** Keys of opencode.json whose values OpenCode loads or fetches even when it is told to take no project. */
const TAKEN = ["plugin", "plugins", "skills", "reference", "references"]

/**
 * Files of the folder that OpenCode loads although `OPENCODE_DISABLE_PROJECT_CONFIG` is set: its
 * second configuration reader imports the modules of plugins and does not know that variable.
 */
export function loadedAnyway({ place, set }: Trust): string[] {
  return Object.keys(set.files).filter((path) => {
    if (/(^|\/)\.opencode\/plugins?\/[^/]+\.[jt]s$/.test(path)) return true
    if (!/(^|\/)opencode\.jsonc?$/.test(path)) return false
    const config = textAt(place.root, path, set.files[path]).map(({ text }) => dataOf(text))[0]
    return config === undefined || TAKEN.some((key) => key in recordOf(config))
  })
}

interface TextOfSet {
  readonly path: string
  readonly text: string
}

type FileOfSet = Trust["set"]["files"][string] | undefined

/** The text of a document of the set; none of a program, which is named by its path alone. */
function textAt(root: string, path: string, file: FileOfSet): TextOfSet[] {
  if (file === undefined || "unreadable" in file || !/\.(jsonc?|ya?ml|md)$/.test(path)) return []
  if (file.text !== undefined) return [{ path, text: file.text }]
  const text = documentText(join(root, path))
  return text.ok ? [{ path, text: text.value }] : []
}

function unreadable(path: string, file: FileOfSet): string[] {
  return file !== undefined && "unreadable" in file ? [`${path}: ${file.unreadable}`] : []
}

/** A JSON document with mistakes: what it names is not known, and OpenCode may still read it. */
function mistaken({ path, text }: TextOfSet): string[] {
  return /\.jsonc?$/.test(path) && dataOf(text) === undefined ? [`${path}: it has mistakes`] : []
}

const isOrchestrator = ({ path }: TextOfSet) => /(^|\/)orchestrator\.jsonc?$/.test(path)

/** The value of a JSON document; undefined for one with mistakes, which are reported elsewhere. */
function dataOf(text: string): unknown {
  const parsed = parseJsonc(text, "")
  return parsed.ok ? parsed.value.value : undefined
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {}
}

function pluginsIn(config: unknown): string[] {
  const { plugin } = recordOf(config)
  const entries: unknown[] = Array.isArray(plugin) ? plugin : []
  return entries.flatMap((entry) => {
    const name: unknown = Array.isArray(entry) ? entry[0] : entry
    return typeof name === "string" ? [name] : []
  })
}

/** `name: what it starts or connects to`. */
function entriesIn(config: unknown, key: string): string[] {
  return Object.entries(recordOf(recordOf(config)[key])).map(([name, entry]) => {
    const { command, url } = recordOf(entry)
    const what = Array.isArray(command) ? command.join(" ") : (command ?? url)
    return typeof what === "string" ? `${name}: ${what}` : name
  })
}

/** Formatters, language servers and the shell. */
function programsIn(config: unknown): string[] {
  const { shell } = recordOf(config)
  const own = typeof shell === "string" ? [`shell: ${shell}`] : []
  return [...own, ...entriesIn(config, "formatter"), ...entriesIn(config, "lsp")]
}

function profilesIn(config: unknown): string[] {
  return Object.entries(recordOf(recordOf(config).profiles)).map(([name, profile]) => {
    const { url } = recordOf(profile)
    return typeof url === "string" ? `${name} (at ${url})` : name
  })
}

function addressesIn({ text }: TextOfSet): string[] {
  return matchesIn(text, /"((?:https?|wss?):\/\/[^"\s]+)"/g).filter((url) => !url.endsWith("/config.json"))
}

function variablesIn({ text }: TextOfSet): string[] {
  return matchesIn(text, /\{env:([^{}]+)\}/g)
}

function matchesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap(([, found]) => (found === undefined ? [] : [found]))
}

/** Commands of checks and hooks, in steps at any depth. */
function commandsIn(workflow: unknown): string[] {
  return [
    ...new Set(
      [...walk(workflow)].flatMap(({ type, run }) => (type === "command" && typeof run === "string" ? [run] : [])),
    ),
  ]
}

function secretsIn(workflow: unknown): string[] {
  return [...walk(workflow)].flatMap(({ secrets }) =>
    Object.values(recordOf(secrets)).flatMap((source) => {
      const { env } = recordOf(source)
      return typeof env === "string" ? [env] : []
    }),
  )
}

function* walk(value: unknown, depth = 0): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return
  if (!Array.isArray(value)) yield recordOf(value)
  for (const inner of Object.values(value)) yield* walk(inner, depth + 1)
}
