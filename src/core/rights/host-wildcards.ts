/**
 * OpenCode's wildcard patterns as sets of texts: `*` is any text, `?` any character, and a trailing ` *` may be left out
 * together with its space. Sets can be compared and intersected, which a pattern alone does not tell.
 */

/** Steps an intersection may take, and patterns it may come to, before it is given up. */
const MAX_STEPS = 4_000
const MAX_PATTERNS = 12

/** Whether `text` matches `pattern` as OpenCode 1.18 matches it. */
export function matches(text: string, pattern: string): boolean {
  const subject = slashed(text)
  return plain(pattern).some((one) => matchesPlain(subject, one))
}

/** Whether everything that matches `inner` matches `outer`. False also when that cannot be told. */
export function contains(outer: string, inner: string): boolean {
  const outers = plain(outer)
  // A wildcard of `inner` stands for itself: only a wildcard of `outer` can swallow it.
  return plain(inner).every((one) => outers.some((other) => swallows(other, one)))
}

/**
 * Patterns that together match exactly what matches both; none when nothing does; undefined when that would be too many.
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

/** The pattern without OpenCode's optional ending: as one or two patterns in which a space is a space. */
function plain(pattern: string): string[] {
  const text = slashed(pattern)
  return text.endsWith(" *") ? [text, text.slice(0, -2)] : [text]
}

/** Runs of `*` are one; a trailing ` *` is written so that OpenCode does not take the space for optional. */
function tidy(pattern: string): string {
  const one = pattern.replaceAll(/\*+/g, "*")
  return one.endsWith(" *") ? `${one}*` : one
}

/** Two-pointer match: linear in practice, and never the exponential time of a regular expression. */
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

/** Every way in which the rests of two patterns can describe one text, each as a pattern after `head`. */
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
