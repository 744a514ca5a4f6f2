import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { types } from "@babel/core"
import { describe, expect, it } from "vitest"
import { declaredNames, type Source, sourceOf } from "./support/source.ts"
import { ROOT, sourcesBelow } from "./support/sources.ts"

/** Words that gave way to the field's own terms do not come back: in names, in file names, and in prose. */

interface Retired {
  /** A name, whole. */
  readonly name: string
  /** What the field says. */
  readonly instead: string
  /** Only below this folder; the whole repository without. */
  readonly below?: string
}

/** Names of functions, types, variables and members. */
const NAMES: readonly Retired[] = [
  { name: "whereabouts", instead: "stepContext" },
  { name: "Desk", instead: "RequestBroker", below: "src/workers" },
  { name: "Ear", instead: "SessionListener" },
  { name: "Pulse", instead: "ActivityThrottle" },
  { name: "Site", instead: "SessionTarget" },
  { name: "Slot", instead: "SharedServer", below: "src/workers" },
  { name: "Tail", instead: "OutputTail", below: "src/workers" },
  { name: "Talk", instead: "Outbox or SessionTranscript" },
  { name: "Trouble", instead: "PartialOutage" },
  { name: "WorkerSeat", instead: "SessionSpec" },
  { name: "Cast", instead: "ResolvedProfiles" },
  { name: "Checked", instead: "Result" },
  { name: "Deed", instead: "DashboardAction" },
  { name: "Draft", instead: "Transaction", below: "src/core" },
  { name: "Hands", instead: "a name that ends in Deps" },
  { name: "Judges", instead: "a name that ends in Deps" },
  { name: "LOST", instead: "the reason" },
  { name: "NOTHING", instead: "NO_USAGE" },
  { name: "NO_COST", instead: "NO_USAGE" },
  { name: "Seat", instead: "SessionSpec, ActiveWorker" },
  { name: "Sight", instead: "a name that ends in Deps" },
  { name: "Spent", instead: "Usage" },
  { name: "Took", instead: "Usage" },
  { name: "Wish", instead: "QueuedCommand" },
  { name: "Witness", instead: "AttemptSink" },
  { name: "isCut", instead: "isAborting" },
  { name: "misfits", instead: "schemaFailures" },
]

/** Names of files, without their ending. */
const FILES: readonly Retired[] = [
  { name: "advancing", instead: "advance-groups" },
  { name: "anew", instead: "reset-step" },
  { name: "aside", instead: "side-question" },
  { name: "composing", instead: "composer" },
  { name: "concluding", instead: "conclude" },
  { name: "ear", instead: "listener" },
  { name: "enclosing", instead: "ancestry" },
  { name: "going-on", instead: "proceed" },
  { name: "holding", instead: "gates" },
  { name: "pulse", instead: "activity-throttle" },
  { name: "seat", instead: "session-store" },
  { name: "site", instead: "session-target" },
  { name: "spent", instead: "usage" },
  { name: "talk", instead: "outbox or session-transcript" },
  { name: "telling", instead: "prompt-text" },
  { name: "trouble", instead: "failure" },
  { name: "desk", instead: "request-broker, command-context" },
  { name: "driving", instead: "run-registry" },
  { name: "kept", instead: "persistent-workers" },
  { name: "owned", instead: "file-ownership" },
  { name: "reading", instead: "run-reader" },
]

/** What comments, documents, messages and titles of tests say. */
const PROSE: readonly { readonly words: RegExp; readonly instead: string }[] = [
  { words: /\banew\b/i, instead: "again" },
  { words: /\bcircles?\b/i, instead: "cycle" },
  { words: /\b(?:comes?|coming|came) to\b/i, instead: "result, or a verb" },
  { words: /\bwhat (?:has )?(?:became|become|becomes|came|comes) of\b/i, instead: "result, outcome" },
  { words: /\bThat did not work\b/, instead: "what could not be done" },
  { words: /\bwaits? for (?:nobody|anybody)\b/i, instead: "is (not) waiting for input" },
  { words: /\bwhereabouts\b/i, instead: "where it is" },
  { words: /\bwho(?:so)?ever\b/i, instead: "who it is" },
]

/** Names that a file declares and that have given way to others. */
const retiredNames = (source: Source, retired: readonly Retired[]): string[] => {
  const names = declaredNames(source)
  return retired
    .filter(({ name, below = "" }) => names.has(name) && source.path.startsWith(below))
    .map(({ name, instead }) => `${source.path} declares ${name}: say ${instead}`)
}

interface Prose {
  readonly place: string
  readonly text: string
}

const retiredProse = (prose: readonly Prose[], retired: typeof PROSE): string[] =>
  prose.flatMap(({ place, text }) =>
    retired
      .filter(({ words }) => words.test(text))
      .map(({ words, instead }) => `${place} says ${words.exec(text)?.[0]}: say ${instead}`),
  )

/** Comments, and texts that have more than one word: messages, descriptions, titles of tests. */
function proseOf(source: Source): Prose[] {
  const place = (node: { loc?: types.SourceLocation | null | undefined }) => `${source.path}:${node.loc?.start.line}`
  const found: Prose[] = (source.tree.comments ?? []).map((comment) => ({ place: place(comment), text: comment.value }))
  types.traverseFast(source.tree, (node) => {
    const text = types.isTemplateElement(node) ? node.value.raw : types.isStringLiteral(node) ? node.value : ""
    if (/\s/.test(text.trim()) || (types.isTemplateElement(node) && text !== ""))
      found.push({ place: place(node), text })
  })
  return found
}

const documents = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true }),
]
  .map((file) => (typeof file === "string" && /^[A-Z]+\.md$/.test(file) ? file : join("docs", String(file))))
  .filter((file) => file.endsWith(".md"))

const linesOf = (file: string): Prose[] =>
  readFileSync(join(ROOT, file), "utf8")
    .split("\n")
    .map((text, index) => ({ place: `${file}:${index + 1}`, text }))

const sources = ["src", "test", "bench", "scripts"].flatMap(sourcesBelow)
/** The tables above are where the words may stand. */
const others = sources.filter(({ path }) => path !== "test/words.test.ts")

describe("retired words", () => {
  it("are declared nowhere", () => {
    expect(sources.flatMap((source) => retiredNames(source, NAMES))).toEqual([])
  })

  it("name no file", () => {
    const found = sources.flatMap(({ path }) =>
      FILES.filter(
        ({ name, below = "src" }) => path.startsWith(below) && basename(path).replace(/\.tsx?$/, "") === name,
      ),
    )
    expect(found).toEqual([])
  })

  it("stand in no comment, document, message or title of a test", () => {
    expect(retiredProse([...documents.flatMap(linesOf), ...others.flatMap(proseOf)], PROSE)).toEqual([])
  })
})

describe("the search", () => {
  const source = sourceOf(
    "src/core/a.ts",
    `/** An old word. */\nexport const Old = () => "an old message"\nconst key = "old"`,
  )

  it("finds a name only below its folder", () => {
    expect(retiredNames(source, [{ name: "Old", instead: "New" }])).toEqual(["src/core/a.ts declares Old: say New"])
    expect(retiredNames(source, [{ name: "Old", instead: "New", below: "src/tui" }])).toEqual([])
    expect(retiredNames(source, [{ name: "old", instead: "new" }])).toEqual([])
  })

  it("finds a word in comments and messages, and not in names and keys", () => {
    expect(retiredProse(proseOf(source), [{ words: /\bold\b/i, instead: "new" }])).toEqual([
      "src/core/a.ts:1 says old: say new",
      "src/core/a.ts:2 says old: say new",
    ])
  })
})
