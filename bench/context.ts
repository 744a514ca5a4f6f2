import { callTool, type ScriptedRequest, say } from "../scripts/scripted-model.ts"
import { openSession } from "./bare.ts"
import { compare, type Row } from "./report.ts"
import { openWorld, type World } from "./world.ts"

/**
 * Compares the input tokens of `feature-build` with those of the same turns in one growing session.
 * Time is not measured, because the scripted model counts the tokens. The sizes of what workers
 * read and answer are invented, and the same on both sides.
 */

/** Number of files in the project, and the size of each. */
const FILES = 24
const FILE_BYTES = 8_000
/** Number of tasks that the plan is split into. */
const TASKS = 6

interface Turn {
  /** Matches the prompt of this turn. */
  readonly is: RegExp
  /** Number of files it reads, one after another. */
  readonly reads: number
  /** Bytes of its answer. */
  readonly says: number
}

const TURNS: readonly Turn[] = [
  { is: /^Several proposals were made[\s\S]*A workshop on the feature/, reads: 0, says: 6_000 },
  { is: /^Several proposals were made/, reads: 0, says: 10_000 },
  { is: /^A workshop on the feature/, reads: 4, says: 6_000 },
  { is: /^Plan the feature/, reads: 6, says: 10_000 },
  { is: /^Cut this plan/, reads: 2, says: 6_000 },
  { is: /^This is one task/, reads: 4, says: 3_000 },
  { is: /^The tasks of the feature/, reads: 8, says: 4_000 },
  { is: /^Judge the feature/, reads: 8, says: 4_000 },
]

const fileOf = (at: number) => `src/part-${at % FILES}.ts`
const words = (bytes: number) => "Some words of an answer. ".repeat(Math.ceil(bytes / 25)).slice(0, bytes)
const REPORT = `\`\`\`handoff
${JSON.stringify({
  decisions: Array.from({ length: 4 }, (_, at) => `Decision ${at}: ${words(120)}`),
  constraints: [words(120)],
  risks: [words(120)],
  changed: Array.from({ length: 3 }, (_, at) => `${fileOf(at)}: ${words(80)}`),
  why: [words(200)],
  gotchas: [words(120)],
})}
\`\`\``

function tasksOf(bytes: number): string {
  const tasks = Array.from({ length: TASKS }, (_, at) => ({
    category: ["frontend", "backend", "test"][at % 3],
    task: words(bytes / TASKS),
    files: [0, 1, 2, 3].map((file) => fileOf(at * 4 + file)),
  }))
  return JSON.stringify({ tasks })
}

/** Answers as the model, for both sides. The prompt decides which turn it is. */
function answer(request: ScriptedRequest, root: string) {
  const { prompt, toolResults } = request
  const turn = TURNS.find(({ is }) => is.test(prompt))
  if (turn === undefined) throw new Error(`no turn matches this prompt: ${prompt.slice(0, 200)}`)
  const done = toolResults.length
  if (done < turn.reads) return callTool("read", { filePath: `${root}/${fileOf(request.index + done)}` })
  if (/^Cut this plan/.test(prompt)) return say(tasksOf(turn.says))
  if (/^Several proposals/.test(prompt))
    return say(JSON.stringify({ verdict: "synthesize", answer: words(turn.says), reasons: ["It is."], dissent: [] }))
  return say(prompt.includes("```handoff") ? `${words(turn.says)}\n\n${REPORT}` : words(turn.says))
}

/**
 * Input tokens of `feature-build`, compared with the same turns in one session, and with a session
 * without proposals and judges.
 */
export async function contextTokens(tell: (line: string) => void): Promise<readonly Row[]> {
  const files = Object.fromEntries(
    Array.from({ length: FILES }, (_, at) => [
      fileOf(at),
      `${"export const a = 1 // a line of code\n".repeat(FILE_BYTES / 37)}`,
    ]),
  )
  await using world = await openWorld({ config: {}, files })
  world.model.script(/./, (request) => answer(request, world.host.directory))
  const [baton, prompts] = await batonSide(world)
  tell(`feature-build: ${baton} input tokens in ${prompts.length} turns`)
  const rows: Row[] = []
  for (const [name, turns] of [
    ["the same turns", prompts],
    ["no ensembles", withoutEnsembles(prompts)],
  ] as const) {
    const from = world.model.requests.length
    await oneSession(world, turns)
    const bare = tokensFrom(world, from)
    tell(`one session, ${name}: ${bare} input tokens in ${turns.length} turns`)
    const bound = { unit: "kTok", comparison: "times", atMost: 0.35 } as const
    rows.push(compare(`feature-build, input (bare: ${name})`, bound, [baton / 1_000], [bare / 1_000]))
  }
  return rows
}

/** Keeps one turn of each ensemble, and drops the other proposals and the judge. */
function withoutEnsembles(prompts: readonly string[]): string[] {
  const isAgain = (text: string, at: number) => /^(A workshop|Plan the)/.test(text) && prompts[at - 1] === text
  return prompts.filter((text, at) => !/^Several proposals/.test(text) && !isAgain(text, at))
}

/**
 * Runs the built-in workflow. Returns the tokens it sent, and the prompts of its turns as a growing
 * session needs them.
 */
async function batonSide(world: World): Promise<[number, string[]]> {
  const { engine, project } = world.runtime
  const from = world.model.requests.length
  const prepared = project.prepare("feature-build", { feature: "login" }, "People want to log in.")
  if (!prepared.ok) throw new Error(prepared.problems.map((problem) => problem.message).join("\n"))
  const run = project.newRunId()
  const parent = await world.newParent("feature-build")
  const started = engine.start({ ...prepared.value.definition, run, parent, by: "benchmark" })
  if (!started.ok) throw new Error(started.why)
  const { view } = await engine.finished(run)
  if (view?.status !== "success") throw new Error(`the run is ${view?.status}: ${JSON.stringify(view?.steps, null, 1)}`)
  const sent = world.model.requests.slice(from)
  const first = sent.filter(({ kind, toolResults }) => kind === "turn" && toolResults.length === 0)
  return [tokensFrom(world, from), first.map(({ prompt }) => withoutEarlier(prompt))]
}

/**
 * Removes from a prompt what a growing session already contains: proposals, inserted answers,
 * handoffs, and the instructions for reporting.
 */
function withoutEarlier(prompt: string): string {
  const [own = ""] = prompt.split("\n\n---\n\n", 1)
  return own.replaceAll(/<proposal [\s\S]*?<\/proposal>/g, "").replaceAll(/(Some words of an answer\. ?){20,}/g, "")
}

async function oneSession(world: World, prompts: readonly string[]): Promise<void> {
  const ask = await openSession(world.host, await world.newParent("main"))
  for (const text of prompts) await ask(text)
}

function tokensFrom(world: World, from: number): number {
  const turns = world.model.requests.slice(from).filter(({ kind }) => kind === "turn")
  return turns.reduce((sum, { usage }) => sum + (usage?.input ?? 0), 0)
}
