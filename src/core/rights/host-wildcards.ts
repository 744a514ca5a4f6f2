/**
 * OpenCode's wildcard patterns as sets of texts: `*` is any text, `?` is any character, and a
 * trailing ` *` is optional together with its space. Sets can be compared and intersected.
 */

/**
 * The maximum number of search steps and of resulting patterns before an intersection is given up.
 */
const MAX_STEPS = 4_000
const MAX_PATTERNS = 12

/** True when `text` matches `pattern` by the rules of OpenCode 1.18. */
export function matches(text: string, pattern: string): boolean {
  const subject = slashed(text)
  return plain(pattern).some((one) => matchesPlain(subject, one))
}

/**
 * True when everything that matches `inner` also matches `outer`. Also false when this cannot be
 * decided.
 */
export function contains(outer: string, inner: string): boolean {
  const outers = plain(outer)
  // A wildcard of `inner` counts as a plain character, which only a wildcard of `outer` can match.
  return plain(inner).every((one) => outers.some((other) => swallows(other, one)))
}

/**
 * Returns patterns that together match exactly what both match: an empty list when nothing does, or
 * undefined when there would be too many patterns.
 */
export function intersection(a: string, b: string): readonly string[] | undefined {
  if (contains(a, b)) return [b]
  if (contains(b, a)) return [a]
  const search = { steps: 0, found: new Set<string>() }
  for (const one of plain(a)) for (const other of plain(b)) meet(one, other, "", search)
  if (search.steps > MAX_STEPS || search.found.size > MAX_PATTERNS * 20) return undefined
  const all = [...search.found].map(tidy)
  const widest = all.filter(
    (one, at) =>
      !all.some((other, index) => index !== at && contains(other, one) && (index < at || !contains(one, other))),
  )
  return widest.length > MAX_PATTERNS ? undefined : widest
}

const slashed = (text: string) => text.replaceAll("\\", "/")

/**
 * Expands OpenCode's optional ending: returns one or two patterns in which a space is a plain
 * space.
 */
function plain(pattern: string): string[] {
  const text = slashed(pattern)
  return text.endsWith(" *") ? [text, text.slice(0, -2)] : [text]
}

/**
 * Merges consecutive `*`, and writes a trailing ` *` so that OpenCode does not treat its space as
 * optional.
 */
function tidy(pattern: string): string {
  const one = pattern.replaceAll(/\*+/g, "*")
  return one.endsWith(" *") ? `${one}*` : one
}

/**
 * A two-pointer match. It is linear in practice and avoids the exponential time of a regular
 * expression.
 */
function matchesPlain(text: string, pattern: string): boolean {
  return walk(text, pattern, (own, other) => other === "?" || own === other)
}

function swallows(outer: string, inner: string): boolean {
  return walk(inner, outer, (own, other) => (own === "*" ? false : other === "?" || own === other))
}

function walk(text: string, pattern: string, isSame: (own: string, other: string) => boolean): boolean {
  let at = 0
  let star = -1
  let retry = 0
  let index = 0
  while (index < text.length) {
    if (pattern[at] === "*") {
      star = at++
      retry = index
    } else if (at < pattern.length && isSame(text[index] as string, pattern[at] as string)) {
      at++
      index++
    } else if (star >= 0) {
      at = star + 1
      index = ++retry
    } else return false
  }
  while (pattern[at] === "*") at++
  return at === pattern.length
}

interface Search {
  steps: number
  readonly found: Set<string>
}

/**
 * Collects every pattern, prefixed with `head`, that describes texts which the rests of both
 * patterns match.
 */
function meet(a: string, b: string, head: string, search: Search): void {
  if (++search.steps > MAX_STEPS) return
  if (a === "" && b === "") search.found.add(head)
  else if (a[0] === "*" && b[0] === "*") {
    const wild = `${head}*`
    meet(a.slice(1), b, wild, search)
    if (a !== b) meet(a, b.slice(1), wild, search)
  } else if (a[0] === "*") {
    meet(a.slice(1), b, head, search)
    if (b !== "") meet(a, b.slice(1), head + b[0], search)
  } else if (b[0] === "*") meet(b, a, head, search)
  else if (a !== "" && b !== "" && (a[0] === b[0] || a[0] === "?" || b[0] === "?")) {
    meet(a.slice(1), b.slice(1), head + (a[0] === "?" ? b[0] : a[0]), search)
  }
}
