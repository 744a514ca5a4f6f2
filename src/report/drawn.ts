import type { Workflow } from "../core/model/workflow.ts"
import { graphOf } from "./graph.ts"
import { mermaidOf } from "./mermaid.ts"
import { textOf } from "./text-graph.ts"

/** Draws the graph of a workflow in one of the text formats, ending with a line break. */
export function drawn(workflow: Workflow, format: "mermaid" | "ascii"): string {
  const graph = graphOf(workflow.steps)
  return format === "mermaid" ? mermaidOf(graph) : textOf(graph)
}
