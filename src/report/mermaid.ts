import type { Graph, Node } from "./graph.ts"

/** A graph as Mermaid, which GitHub, GitLab and many editors can draw. */

/** The flowchart, ending with a line break. */
export function mermaidOf(graph: Graph): string {
  const names = new Map<string, string>()
  const lines = ["flowchart TD", ...levelLines(graph, names, "  ")]
  return `${lines.join("\n")}\n`
}

function levelLines({ nodes, edges }: Graph, names: Map<string, string>, indent: string): string[] {
  const nameOf = (id: string) => {
    const known = names.get(id) ?? `n${names.size + 1}`
    names.set(id, known)
    return known
  }
  const boxes = nodes.flatMap((node) => {
    const name = nameOf(node.id)
    if (node.parts === null) return [`${indent}${name}${boxOf(node)}`]
    const inside = levelLines(node.parts, names, `${indent}  `)
    return [`${indent}subgraph ${name}["${textOf(node)}"]`, ...inside, `${indent}end`]
  })
  return [...boxes, ...edges.map(({ from, to }) => `${indent}${nameOf(from)} --> ${nameOf(to)}`)]
}

/** Draws gates as diamonds, hooks as stadiums and all other steps as boxes. */
function boxOf(node: Node): string {
  const text = `"${textOf(node)}"`
  if (node.isQuestion) return `{${text}}`
  return node.hook === null ? `[${text}]` : `([${text}])`
}

function textOf({ label, note, hook, status }: Node): string {
  const when = hook === null ? "" : `, at the end (${hook})`
  const state = status === null ? "" : `, ${status}`
  return `${escaped(label)}<br/>${escaped(`${note}${when}${state}`)}`
}

/** Escapes characters that Mermaid would parse, or a page would read as markup. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.,:/()+*=-]/gu, (char) => `#${char.codePointAt(0)};`)
}
