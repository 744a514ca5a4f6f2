import { existsSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { Command } from "commander"
import { loadedBy } from "../config/halves.ts"
import type { LoadedConfig, LoadOptions } from "../config/load.ts"
import { formatProblems, type Result } from "../core/model/problem.ts"
import type { Profile } from "../core/model/profile.ts"
import { plural } from "../core/view/numbers.ts"
import { missingModels, offeredModels } from "../host/catalog.ts"
import { describe } from "../host/host.ts"
import { Project } from "../project/project.ts"
import { profileModels } from "../project/workers.ts"
import { fleetingState } from "../state/folder.ts"
import type { Trust } from "../trust/verdict.ts"
import { type Connection, type ConnectOptions, connect, UnsupportedError } from "./connect.ts"
import { type GlobalOptions, type LoadCompose, placeOf, stderrLog } from "./context.ts"
import { EXIT, UserError } from "./exit.ts"
import { writeJson } from "./json.ts"
import type { DoctorFinding } from "./json-types.ts"
import { gateOf } from "./permit.ts"
import { wayToContinue } from "./report.ts"
import { readJournal } from "./status.ts"
import { paint } from "./style.ts"
import { stdout } from "./terminal.ts"

/** One result of the diagnosis. `exit` is the exit code of the command when the state is `bad`. */
interface Finding extends DoctorFinding {
  readonly exit?: number
}

/**
 * `baton doctor`: checks whether everything that runs need is available, and says what to do
 * otherwise. Calls no model.
 */
export function doctorCommand(compose: LoadCompose): Command {
  return new Command("doctor")
    .description("check that everything that runs need is available, without calling any model")
    .option("--json", "as one JSON object")
    .option("--attach <url>", "ask a running OpenCode server instead of starting one")
    .action(async (options: { json?: boolean; attach?: string }, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>()
      const findings: DoctorFinding[] = []
      let code: number = EXIT.success
      for await (const { exit = EXIT.failed, ...finding } of look(compose, globals, options.attach)) {
        findings.push(finding)
        if (!options.json) stdout.write(`${lineOf(finding)}\n`)
        if (finding.state === "bad") code = Math.max(code, exit)
      }
      if (options.json) writeJson({ findings })
      process.exitCode = code
    })
}

async function* look(compose: LoadCompose, globals: GlobalOptions, attach: string | undefined) {
  const place = placeOf(globals)
  const project = new Project(place)
  const config = project.config()
  yield programs(globals)
  yield* documents(project, config)
  yield halves(project.root, place.globalDir)
  yield journal(compose, place)
  yield* lastingState(place)
  const gate = gateOf(compose, place, attach)
  const trust = await gate.look()
  const usesFolder = gate.isTrusted()
  yield trustOf(trust)
  const why = attach === undefined ? await gate.whyNoOpencode() : undefined
  if (why !== undefined) {
    yield { state: "note" as const, text: `OpenCode was not started: ${why}` }
    return
  }
  const { directory } = place
  const options = { directory, root: project.root, attach, opencode: globals.opencode, usesFolder, log: stderrLog }
  // Without trust, OpenCode is started without the folder's providers, so its profiles are not asked about.
  const used = project.using(usesFolder).config()
  yield* openCode(options, used.ok ? used.value.profiles : {})
}

function programs(globals: GlobalOptions): Finding {
  const runtime = process.versions.bun === undefined ? `Node ${process.versions.node}` : `Bun ${process.versions.bun}`
  const opencode = globals.opencode ?? process.env.BATON_OPENCODE
  return { state: "good", text: `runs on ${runtime}${opencode === undefined ? "" : `, OpenCode is ${opencode}`}` }
}

function trustOf({ verdict, set, why }: Trust): Finding {
  if (Object.keys(set.files).length === 0) return { state: "good", text: "nothing in this folder needs trust" }
  if (verdict === "trusted" || verdict === "edited") return { state: "good", text: "this folder is trusted" }
  const text = verdict === "changed" ? `this folder changed since you trusted it: ${why}` : "this folder is not trusted"
  const detail = "nothing of it was started; `baton trust --list` shows what it names, `baton trust` trusts it"
  return { state: "note", text, detail }
}

function* documents(project: Project, config: Result<LoadedConfig>): Generator<Finding> {
  if (config.ok) {
    const { profiles, file } = config.value
    const where = file === null ? "no orchestrator.json: defaults apply (`baton init` writes one)" : name(file)
    yield { state: "good", text: `${where}, ${plural(Object.keys(profiles).length, "profile")}` }
  } else {
    yield broken("orchestrator.json is not valid", formatProblems(config.problems, process.cwd()))
  }
  const workflows = project.workflows()
  const own = workflows.filter((one) => !one.isBuiltIn)
  const sick = own.filter((one) => one.broken !== undefined)
  for (const one of sick) yield broken(`workflow ${one.name} cannot be run`, one.broken ?? "")
  const rest = `${plural(own.length - sick.length, "workflow")} of the project, ${workflows.length - own.length} built in`
  yield { state: "good", text: rest }
}

function halves(root: string, globalDir: string): Finding {
  const server = loadedBy("opencode", root, globalDir)
  const tui = loadedBy("tui", root, globalDir)
  if (server !== undefined && tui !== undefined)
    return { state: "good", text: `OpenCode loads Baton: ${name(server)}, ${name(tui)}` }
  const missing = [...(server === undefined ? ["opencode.json"] : []), ...(tui === undefined ? ["tui.json"] : [])]
  const text = `the TUI does not load Baton: ${missing.join(" and ")} ${missing.length > 1 ? "do" : "does"} not name it`
  const entry = JSON.stringify(packageAddress(root))
  return { state: "note", text, detail: `add "plugin": [${entry}] to ${missing.join(" and to ")}` }
}

/** What an OpenCode config must name: a bare name is looked up in the npm registry. */
function packageAddress(root: string): string {
  const installed = "node_modules/opencode-baton"
  return existsSync(join(root, installed)) ? `./${installed}` : fileURLToPath(new URL("..", import.meta.url))
}

async function journal(compose: LoadCompose, place: LoadOptions): Promise<Finding> {
  try {
    const engine = await readJournal(compose, place)
    const runs = (engine?.list() ?? []).flatMap(({ id }) => engine?.readable(id) ?? [])
    const waiting = runs.filter(({ status }) => status === "interrupted" || status === "paused")
    const text = `the journal can be read: ${plural(runs.length, "run")}`
    if (waiting.length === 0) return { state: "good", text }
    const lines = waiting.map((run) => `${run.workflow} is ${run.status}: ${wayToContinue(run)}`)
    return { state: "note", text: `${text}, ${waiting.length} not ended`, detail: lines.join("\n") }
  } catch (error) {
    return { state: "bad", text: "the journal cannot be read", detail: describe(error) }
  }
}

function* lastingState({ env }: LoadOptions): Generator<Finding> {
  const fleeting = fleetingState(env)
  if (fleeting !== undefined) yield { state: "note", text: "runs of this machine do not last", detail: fleeting }
}

async function* openCode(
  options: ConnectOptions,
  profiles: Readonly<Record<string, Profile>>,
): AsyncGenerator<Finding> {
  let connection: Connection
  try {
    connection = await connect(options)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (error instanceof UnsupportedError) yield { state: "bad", text: error.message }
    else yield { state: "bad", text: "OpenCode does not answer", detail: error.message }
    return
  }
  try {
    const { host, version } = connection
    yield { state: "good", text: `OpenCode ${version} answers` }
    const { models, standard } = await offeredModels(host)
    const none = "no provider is set up: run `opencode auth login`"
    if (models.length === 0) yield { state: "bad", text: "OpenCode has no models", detail: none }
    else yield { state: "good", text: `${plural(models.length, "model")}, default ${standard ?? "none"}` }
    const missing = await missingModels(host, profileModels(profiles))
    if (missing.length > 0) yield broken("profiles name models that OpenCode does not have", missing.join("\n"))
  } finally {
    await connection.close()
  }
}

function broken(text: string, detail: string): Finding {
  return { state: "bad", text, detail, exit: EXIT.usage }
}

function lineOf({ state, text, detail }: DoctorFinding): string {
  const colors = paint(stdout)
  const mark = { good: colors.green("✓"), note: colors.yellow("!"), bad: colors.red("✗") }[state]
  return [`${mark} ${text}`, ...(detail === undefined ? [] : detail.split("\n").map((line) => `    ${line}`))].join(
    "\n",
  )
}

function name(file: string): string {
  const near = relative(process.cwd(), file)
  return near.startsWith("..") ? file : near
}
