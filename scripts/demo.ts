// `npm run demo`: runs a real workflow with real child sessions in the real OpenCode. It uses the
// provider that is configured in OpenCode. Without one, it uses a scripted model on this machine
// and says so.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { giveBlock, providerConfig, type ScriptedModel, say, startScriptedModel } from "./scripted-model.ts"

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const HELP = `npm run demo [-- options]

  --topic TEXT   what the page is about (default: how tides work)
  --scripted     use the bundled scripted model even if a provider is set up
  --help         this text
`

const SCRIPTED = `No model provider is used: a scripted model on this machine answers.
OpenCode, its sessions and the workflow are real. Nothing is spent; the costs
shown come from invented prices.
`
const CONFIGURED = `Using the model provider that is set up in your OpenCode, for four short prompts.
(\`npm run demo -- --scripted\` uses a bundled scripted model instead.)
`

/** The scripted model's two answers to the request for a page, and its verdict on them. */
const PAGES = [
  "Twice a day the sea comes and goes. The Moon pulls on it, and the Earth turns underneath.",
  "Think of a bathtub that somebody rocks: what goes up at one end goes down at the other.",
] as const
const VERDICT = {
  verdict: "synthesize",
  answer: `${PAGES[0]} ${PAGES[1]}`,
  reasons: ["one has the facts, the other the picture"],
  dissent: ["without the picture it would be shorter"],
}

const { values } = parseArgs({
  options: {
    topic: { type: "string", default: "how tides work" },
    scripted: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})
if (values.help) {
  console.log(HELP)
} else {
  process.exitCode = await demo(values.topic, values.scripted || !hasProvider())
}

/**
 * Runs the example workflow in a temporary folder, which is removed afterwards. Returns baton's
 * exit code.
 */
async function demo(topic: string, isScripted: boolean): Promise<number> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "baton-demo-")))
  const project = join(base, "project")
  cpSync(join(ROOT, "examples/demo"), project, { recursive: true })
  const model = isScripted ? await startScriptedModel({ latencyMs: 700 }) : undefined
  try {
    console.log(model ? SCRIPTED : CONFIGURED)
    const env = model ? scripted(model, base, project, topic) : process.env
    const args = [join(ROOT, "bin/baton.mjs"), "run", "demo", "--trust", "--input", `topic=${topic}`]
    // Ctrl-C reaches baton through the terminal. This process keeps running to clean up after it.
    process.on("SIGINT", () => undefined)
    const child = spawn("node", args, { cwd: project, env, stdio: "inherit" })
    const [code] = (await once(child, "exit")) as [number | null]
    return code ?? 130
  } finally {
    await model?.close()
    rmSync(base, { recursive: true, force: true })
  }
}

/** Sets the project up for the scripted model. Returns an environment with its own home folder. */
function scripted(model: ScriptedModel, base: string, project: string, topic: string): NodeJS.ProcessEnv {
  model.script(
    /^Collect/,
    say(`- The Moon pulls on the sea; the Sun helps, or works against it.\n- The topic is ${topic}.`),
  )
  model.script(/^Write/, say(PAGES[0]), say(PAGES[1]))
  model.script(/^Several proposals/, giveBlock("json", VERDICT))
  writeFileSync(join(project, "opencode.json"), `${JSON.stringify(providerConfig(model.url), null, 2)}\n`)
  const home = join(base, "home")
  for (const folder of [join(project, ".opencode"), join(home, ".config/opencode")]) skipInstall(folder)
  const { XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_CACHE_HOME, ...env } = process.env
  const quiet = {
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  }
  return { ...env, ...quiet, HOME: home, PATH: [join(ROOT, "node_modules/.bin"), env.PATH].join(delimiter) }
}

/**
 * OpenCode installs its plugin package into every config folder that does not look installed. This
 * makes it look installed, so that the demo needs no network.
 */
function skipInstall(folder: string): void {
  mkdirSync(join(folder, "node_modules"), { recursive: true })
  const lock = { lockfileVersion: 3, packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } }
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify(lock))
}

/**
 * True when OpenCode has its own credentials, or when the environment has a key of a well-known
 * provider.
 */
function hasProvider(): boolean {
  const auth = join(process.env.XDG_DATA_HOME || join(homedir(), ".local/share"), "opencode/auth.json")
  if (existsSync(auth) && Object.keys(JSON.parse(readFileSync(auth, "utf8")) as object).length > 0) return true
  return Object.entries(process.env).some(
    ([name, value]) =>
      value !== "" &&
      /^(ANTHROPIC|OPENAI|OPENROUTER|GOOGLE_GENERATIVE_AI|GEMINI|GROQ|MISTRAL|DEEPSEEK|XAI)_API_KEY$/.test(name),
  )
}
