import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { formatProblems } from "../core/model/problem.ts"
import type { Reply } from "../core/view/protocol.ts"
import { writeInside } from "../files/write.ts"
import { describe } from "../host/host.ts"
import { reportPage } from "../project/report.ts"
import { runNamed } from "../project/runs.ts"
import { type CommandContext, error } from "./command-context.ts"
import type { CommandLine } from "./line.ts"

/** What a person may read of a run is in the project; git ignores the folder. */
const STATE = ".opencode/workflow-state"

/** Commands that export something: the report of a run, the graph of a workflow. */

/** Writes the report of a run (default: the newest) and replies with its path. */
export async function report(
  context: CommandContext,
  line: Extract<CommandLine, { command: "report" }>,
): Promise<Reply> {
  const { engine, project } = context
  const run = runNamed(engine, line.run)
  if (run === undefined) {
    if (line.run === undefined) return error("No report", "nothing has run in this project yet")
    return error("No such run", `there is no run ${line.run} in this project`)
  }
  const own = `${STATE}/reports/${run.id}.html`
  const file = resolve(project.root, line.out ?? own)
  const page = await reportPage(engine, run, context.now())
  try {
    if (line.out === undefined) {
      writeInside(project.root, `${STATE}/.gitignore`, "*\n")
      writeInside(project.root, own, page)
    } else {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, page)
    }
  } catch (cause) {
    return error("The report could not be written", describe(cause))
  }
  const text = `The report of ${run.workflow} (run ${run.id}, ${run.status}) is in\n${file}\n\nOpen it in a browser:\n${pathToFileURL(file).href}`
  return { tone: "success", title: `Report of ${run.workflow}`, text }
}

/** Draws a workflow as text, or as a Mermaid diagram. */
export async function graph(
  { project }: CommandContext,
  line: Extract<CommandLine, { command: "graph" }>,
): Promise<Reply> {
  const found = project.workflow(line.workflow)
  if (!found.ok) return error(`Cannot draw ${line.workflow}`, formatProblems(found.problems, project.root))
  const { drawn } = await import("../report/drawn.ts")
  return { tone: "info", title: `Graph of ${found.value.name}`, text: drawn(found.value, line.format).trimEnd() }
}
