import { isAlias, isCollection, isMap, isNode, isPair, isScalar, isSeq, type Node } from "yaml"
import { INEXACT_HINT, isInexact } from "../core/base/json.ts"
import type { Path } from "../core/documents/issues.ts"

/**
 * Converts YAML nodes to plain data. The library's own conversion would accept a hostile file or
 * hang on it: this one limits depth and the expansion of aliases, and finds duplicate keys in
 * linear time.
 */

export const MAX_DEPTH = 64
const MAX_ALIASED = 10_000

type YamlReporter = (node: Node, message: string, hint?: string) => void

/**
 * Converts one document. It stops at the first exceeded limit, because one such problem is enough.
 */
export class Converter {
  private aliased = 0
  private readonly anchors = new Map<string, Node>()
  private readonly targets = new Map<Node, Node>()
  private stopped = false
  private readonly report: YamlReporter

  constructor(report: YamlReporter) {
    this.report = report
  }

  /** The value of a node. `around` holds the collections that contain it, with aliases followed. */
  convert(node: unknown, around: readonly Node[] = [], insideAlias = false): unknown {
    if (this.stopped || !isNode(node)) return null
    if (insideAlias && ++this.aliased > MAX_ALIASED)
      return this.stop(node, "aliases expand to too many values", "write them out, or use fewer")
    if (around.length > MAX_DEPTH)
      return this.stop(node, "the file is nested too deeply here", `at most ${MAX_DEPTH} levels`)
    if (isAlias(node)) return this.alias(node, around)
    if (!insideAlias && (isScalar(node) || isCollection(node)) && node.anchor) this.anchors.set(node.anchor, node)
    if (isScalar(node)) {
      const source = node.source ?? ""
      if (isInexact(node.value, source)) this.report(node, `\`${source}\` is too large to be exact`, INEXACT_HINT)
      return node.value
    }
    if (around.includes(node)) return this.stop(node, "this value contains itself", "remove the alias")
    const inside = [...around, node]
    if (isSeq(node)) return node.items.map((item) => this.convert(item, inside, insideAlias))
    return isMap(node) ? this.map(node.items, inside, insideAlias) : null
  }

  private alias(node: Node & { readonly source: string }, around: readonly Node[]): unknown {
    const target = this.anchors.get(node.source)
    if (target === undefined) return this.stop(node, `there is no anchor \`&${node.source}\` before this alias`)
    this.targets.set(node, target)
    return this.convert(target, around, true)
  }

  private map(items: readonly unknown[], inside: readonly Node[], insideAlias: boolean): unknown {
    const entries = new Map<string, unknown>()
    for (const item of items) {
      if (!isPair(item) || !isNode(item.key)) continue
      const key = keyOf(item.key)
      if (key === undefined) this.report(item.key, "a key must be plain text")
      else if (key === "<<" && isScalar(item.key) && item.key.type === "PLAIN")
        this.report(item.key, "keys cannot be merged", "write them out here; `*name` can stand for one value")
      else if (key === "__proto__") this.report(item.key, "`__proto__` cannot be a key")
      else if (entries.has(key)) this.report(item.key, `\`${key}\` is written twice`, "keep one of the two")
      else entries.set(key, this.convert(item.value, inside, insideAlias))
    }
    return Object.fromEntries(entries)
  }

  private stop(node: Node, message: string, hint?: string): null {
    this.stopped = true
    this.report(node, message, hint)
    return null
  }

  /**
   * The node of the key or value at `path` below `root`; the innermost existing node when the path
   * leads beyond the document.
   */
  find(root: Node, path: Path, part: "key" | "value"): Node {
    let here: Node = root
    let found: Node = root
    for (const [index, segment] of path.entries()) {
      const collection = this.targets.get(here) ?? here
      const pair = isMap(collection) ? pairOf(collection.items, String(segment)) : undefined
      const next = isSeq(collection) ? collection.items[Number(segment)] : pair?.value
      const key = pair?.key
      if (!isNode(next) && !isNode(key)) return found
      if (isNode(next)) here = next
      const wantsKey = part === "key" || index < path.length - 1 || !isNode(next)
      found = wantsKey && isNode(key) ? key : here
    }
    return found
  }
}

function pairOf(items: readonly unknown[], name: string) {
  return items.filter(isPair).find((pair) => isNode(pair.key) && keyOf(pair.key) === name)
}

function keyOf(node: Node): string | undefined {
  const key = isScalar(node) ? node.value : undefined
  return ["string", "number", "boolean"].includes(typeof key) ? String(key) : undefined
}
