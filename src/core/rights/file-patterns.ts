/**
 * Path patterns as workflows write them: `*` and `?` inside a folder, `**` across folders, `{a,b}`,
 * `[abc]`, and `\` to escape a character. Patterns are compared without looking at a disk.
 */

/** An element of a segment: any text, any one character, or one of the listed characters. */
type PatternToken = "*" | "?" | { readonly of: readonly string[] }

/**
 * Returns an example of a path that both patterns match, or undefined when there is none. When this
 * cannot be decided (ranges and other forms of a class, extended patterns), it assumes that there
 * is one.
 */
export function sharedPath(a: string, b: string): string | undefined {
  for (const one of expanded(a)) {
    for (const other of expanded(b)) {
      const path = meet(comparable(one), comparable(other))
      if (path !== undefined) return path.join("/") || "x"
    }
  }
  return undefined
}

/**
 * Returns a path that patterns of both lists match, or undefined when the owners of the two lists
 * can work at the same time.
 */
export function overlapOf(mine: readonly string[], theirs: readonly string[]): string | undefined {
  for (const own of mine) {
    for (const other of theirs) {
      const path = sharedPath(own, other)
      if (path !== undefined) return path
    }
  }
  return undefined
}

/** True when any of the patterns matches the path. All are relative to the same folder. */
export function owns(patterns: readonly string[], path: string): boolean {
  const literal = path.replaceAll(/[\\*?[\]{}()!@+]/g, "\\$&")
  return patterns.some((pattern) => sharedPath(pattern, literal) !== undefined)
}

/** The maximum number of `**` folders that are written out as separate patterns. */
const MAX_DEEP = 3

/**
 * Translates a pattern into OpenCode's patterns, whose `*` also matches `/`. Together they match
 * everything that the pattern matches; where the pattern has `*` or `?`, they also match deeper
 * paths.
 */
export function hostPatterns(pattern: string): string[] {
  return expanded(pattern).flatMap((one) => {
    const segments = segmentsOf(one)
    const deep = segments.slice(0, -1).filter((segment) => segment === "**").length
    return deep > MAX_DEEP ? [segments.map(hostSegment).join("/").replaceAll("*/", "*")] : hostPaths(segments)
  })
}

function hostPaths([first, ...rest]: readonly string[]): string[] {
  if (first === undefined) return [""]
  if (rest.length === 0) return [hostSegment(first)]
  const paths = hostPaths(rest)
  const below = paths.map((path) => `${hostSegment(first)}/${path}`)
  return first === "**" ? [...paths, ...below] : below
}

function hostSegment(segment: string): string {
  const tokens = segment === "**" ? ["*" as const] : tokensOf(segment)
  const texts = tokens.map((token) => (typeof token === "string" ? token : token.of.length === 1 ? token.of[0] : "?"))
  return texts.join("")
}

// ── parsing ──────────────────────────────────────────────────────────────────────────────────────

function segmentsOf(pattern: string): string[] {
  return pattern.replace(/^\.\//, "").split("/")
}

/**
 * Splits a pattern into segments. A segment that mixes `**` with other characters counts as `**`,
 * because it is undefined where it ends.
 */
function comparable(pattern: string): string[] {
  return segmentsOf(pattern).map((segment) => (segment.includes("**") ? "**" : segment))
}

/** The maximum number of patterns that braces are expanded into. */
const MAX_EXPANDED = 200

function expanded(pattern: string): string[] {
  const done: string[] = []
  const open = [pattern]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const braces = firstBraces(next)
    if (braces === undefined || done.length + open.length > MAX_EXPANDED) done.push(next)
    else for (const choice of braces.choices) open.push(next.slice(0, braces.start) + choice + next.slice(braces.end))
  }
  return done
}

function firstBraces(text: string): { start: number; end: number; choices: string[] } | undefined {
  const stack: number[] = []
  const commas: number[][] = []
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++
    else if (text[at] === "{") {
      stack.push(at)
      commas.push([])
    } else if (text[at] === "," && stack.length > 0) commas.at(-1)?.push(at)
    else if (text[at] === "}" && stack.length > 0) {
      const start = stack.pop() as number
      const cuts = commas.pop() ?? []
      // Braces without a comma are plain characters. Inner braces are expanded first.
      if (cuts.length === 0) continue
      const edges = [start, ...cuts, at]
      const choices = edges.slice(1).map((edge, index) => text.slice((edges[index] as number) + 1, edge))
      return { start, end: at + 1, choices }
    }
  }
  return undefined
}

function tokensOf(segment: string): PatternToken[] {
  // An extended pattern could match anything.
  if (/(^|[^\\])[@+!*?]\(|\{.*\}/.test(segment)) return ["*"]
  const tokens: PatternToken[] = []
  for (let at = 0; at < segment.length; at++) {
    const char = segment[at] as string
    if (char === "*") {
      if (tokens.at(-1) !== "*") tokens.push("*")
    } else if (char === "?") tokens.push("?")
    else if (char === "[" && segment.indexOf("]", at + 2) > 0) {
      const end = segment.indexOf("]", at + 2)
      const inner = segment.slice(at + 1, end)
      tokens.push(/^[!^]|[-:\\[]/.test(inner) ? "?" : { of: [...inner] })
      at = end
    } else if (char === "\\" && at + 1 < segment.length) tokens.push({ of: [segment[++at] as string] })
    else tokens.push({ of: [char] })
  }
  return tokens
}

// ── comparing ────────────────────────────────────────────────────────────────────────────────────

/** Memoizes a function of two list positions, so that each pair is solved once. */
function memoized<T>(solve: (i: number, j: number, go: (i: number, j: number) => T | undefined) => T | undefined) {
  const known = new Map<string, T | undefined>()
  const go = (i: number, j: number): T | undefined => {
    const key = `${i} ${j}`
    if (!known.has(key)) {
      known.set(key, undefined)
      known.set(key, solve(i, j, go))
    }
    return known.get(key)
  }
  return go(0, 0)
}

/** Returns the segments of a path that both lists match. */
function meet(a: readonly string[], b: readonly string[]): string[] | undefined {
  return memoized<string[]>((i, j, go) => {
    const [own, other] = [a[i], b[j]]
    if (own === undefined && other === undefined) return []
    if (own === "**" || other === "**") {
      const none = own === "**" ? go(i + 1, j) : go(i, j + 1)
      if (none !== undefined) return none
      const taken = own === "**" ? other : own
      const rest = taken === undefined ? undefined : own === "**" ? go(i, j + 1) : go(i + 1, j)
      if (taken === undefined || rest === undefined) return undefined
      return taken === "**" ? rest : [meetSegment(taken, "*") ?? "x", ...rest]
    }
    if (own === undefined || other === undefined) return undefined
    const segment = meetSegment(own, other)
    const rest = segment === undefined ? undefined : go(i + 1, j + 1)
    return segment === undefined || rest === undefined ? undefined : [segment, ...rest]
  })
}

/** Returns a name that both segments match. */
function meetSegment(one: string, two: string): string | undefined {
  const [a, b] = [tokensOf(one), tokensOf(two)]
  const name = memoized<string>((i, j, go) => {
    const [own, other] = [a[i], b[j]]
    if (own === undefined && other === undefined) return ""
    if (own === "*") return go(i + 1, j) ?? swallow(other, () => go(i, j + 1))
    if (other === "*") return go(i, j + 1) ?? swallow(own, () => go(i + 1, j))
    if (own === undefined || other === undefined) return undefined
    const char = common(own, other)
    const rest = char === undefined ? undefined : go(i + 1, j + 1)
    return char === undefined || rest === undefined ? undefined : char + rest
  })
  // A name is not empty. When both patterns match an empty text, any name will do.
  return name === "" ? (a.length > 0 && b.length > 0 ? "x" : undefined) : name
}

function swallow(token: PatternToken | undefined, rest: () => string | undefined): string | undefined {
  if (token === undefined) return undefined
  const after = rest()
  return after === undefined || token === "*" ? after : (token === "?" ? "x" : token.of[0]) + after
}

function common(a: PatternToken, b: PatternToken): string | undefined {
  if (a === "*" || a === "?") return b === "*" || b === "?" ? "x" : b.of[0]
  return b === "*" || b === "?" ? a.of[0] : a.of.find((char) => b.of.includes(char))
}
