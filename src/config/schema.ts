import * as z from "zod"
import { writeDuration } from "../core/base/duration.ts"
import { NOT_YET, notYet } from "../core/documents/issues.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import { DEFAULT_KIND, KIND_NAMES, KINDS } from "../core/model/kinds.ts"
import { ASKS_UNSET, IDLE_TIMEOUT_UNSET, MODEL_UNSET, TIMEOUT_UNSET, unset } from "../shapes/unset.ts"
import { asks, budgetLike, duration, intervene, name, schemaKey } from "../shapes/values.ts"
import { orList } from "./words.ts"

/**
 * The shape of orchestrator.json. It is declared once: types, defaults, editor help
 * (schema/orchestrator.schema.json) and the loader derive from it. Keys for later versions are
 * described and typed, but refused when they are used.
 */

const action = z.enum(["allow", "ask", "deny"])
const permission = z.union([
  z.enum([...action.options, "read-only"]),
  z.record(
    z.string().describe("A tool or permission of OpenCode, or `*`."),
    z.union([action, z.record(z.string().describe("Pattern of what the tool is used on, with wildcards."), action)]),
  ),
])

/** Declares a key that is described but refused; `instead` is the hint. */
function later<T extends z.ZodType>(schema: T, text: string, instead: string) {
  return schema
    .refine(() => false, notYet("key", instead))
    .optional()
    .describe(`${text} ${NOT_YET}`)
}

const LEAVE_OUT = "leave it out"

/**
 * A secret text. It is not `z.string()`, because the message about a wrong type would show the
 * value.
 */
const secret = z
  .unknown()
  .refine((value) => typeof value === "string" && value !== "", { message: "must be text", when: () => true })
  .meta({ type: "string" })

const profile = z.strictObject({
  kind: z
    .enum(KIND_NAMES)
    .refine(
      (kind) => KINDS[kind].isBuilt,
      notYet("value", `use ${orList(KIND_NAMES.filter((kind) => KINDS[kind].isBuilt))}`),
    )
    .optional()
    .describe(
      `How the profile runs. ${KIND_NAMES.map((kind) => `\`${kind}\`${kind === DEFAULT_KIND ? " (default)" : ""}: ${KINDS[kind].description}.`).join(" ")}`,
    )
    .register(unset, { value: DEFAULT_KIND }),
  backend: z.enum(["server", "agent"]).optional().describe("Older name of `kind`; counts only when `kind` is not set."),
  mode: z
    .enum(["background", "foreground"])
    .optional()
    .describe(
      "`background` (default): nobody types in the worker's session. `foreground`: a person works in it with the worker, then hands the result back.",
    )
    .register(unset, { value: "background" }),
  start: z
    .enum(["fresh", "brief", "fork"])
    .optional()
    .describe(
      "What the worker knows of the session that starts it: nothing (`fresh`, default), a short digest (`brief`), or the whole conversation (`fork`).",
    )
    .register(unset, { value: "fresh" }),
  keep: z
    .boolean()
    .optional()
    .describe("Keep the worker's session and continue in it the next time.")
    .register(unset, { value: false }),
  agent: z
    .string()
    .min(1)
    .optional()
    .describe("Agent of OpenCode to run as; without it OpenCode's default agent.")
    .register(unset, { value: "OpenCode's default agent" }),
  model: z
    .string()
    .min(1)
    .optional()
    .describe("A role of `models`, or `provider/model`; without it the model of the session a run was started in.")
    .register(unset, MODEL_UNSET),
  fallback: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      "Roles or models to continue with, in this order, when the one before cannot be reached. Each switch is reported.",
    ),
  checkpoint: z
    .int()
    .min(20_000)
    .max(10_000_000)
    .optional()
    .describe(
      "Tokens: when the worker's session holds more, it writes down its state and continues in a new session. Default: never.",
    ),
  pin: z
    .boolean()
    .optional()
    .describe("Never use a model other than the requested one: fail instead.")
    .register(unset, { value: false }),
  purpose: z.string().optional().describe("What the profile is for, in a sentence for people and planners."),
  prompt: z.string().optional().describe("Appended to the system message of every turn of the worker."),
  permission: permission
    .default({})
    .describe(
      "What the worker may do, in OpenCode's own form: an action, or tool -> action, or tool -> pattern -> action. Or `read-only`. It is always limited to what the session that starts it may do.",
    ),
  env: z
    .union([z.literal("inherit"), z.array(z.string().regex(/^[A-Za-z_]\w*$/, "must be the name of a variable"))])
    .optional()
    .describe(
      "Variables that the worker's commands see: all (`inherit`, default), or the named ones besides the usual ones (PATH, HOME, LANG and the like).",
    )
    .register(unset, { value: "inherit" }),
  asks: asks
    .optional()
    .describe(
      "Who answers when the worker asks for a permission or has a question: `ask` (default) a person, `deny` nobody, `allow-listed` the profile's own `permission`; or an object with `policy`, `timeout` and `otherwise`.",
    )
    .register(unset, ASKS_UNSET),
  intervene: intervene
    .optional()
    .describe(
      "When a run pauses for a person after a step of this profile: `never`, `on-error`, `on-warning`, `always`; without it the workflow's.",
    )
    .register(unset, { value: DEFAULTS.intervene }),
  concurrency: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe("Maximum number of workers of this profile at the same time.")
    .register(unset, { value: "limits.max_workers" }),
  timeout: duration
    .optional()
    .describe("Deadline of a step from start to end, when the step sets none.")
    .register(unset, TIMEOUT_UNSET),
  idle_timeout: duration
    .optional()
    .describe("Maximum time of silence (no text, no tool activity), when the step sets none.")
    .register(unset, IDLE_TIMEOUT_UNSET),
  tool_timeout: duration
    .optional()
    .describe("How long one tool call may be silent. Default: 20m.")
    .register(unset, { value: writeDuration(DEFAULTS.toolTimeoutMs) }),
  idle_stop: duration
    .optional()
    .describe("With kind `server`: how long the server may be idle before it is stopped. Default: 5m.")
    .register(unset, { value: writeDuration(DEFAULTS.serverIdleStopMs) }),
  url: z
    .string()
    .refine(isServerUrl, {
      message: "must be an address like `https://host:4096`",
      params: { hint: "user and password do not belong in it: use `password`" },
    })
    .optional()
    .describe("With kind `server`: address of an `opencode serve` that somebody else runs."),
  password: secret.optional().describe("Password of the server at `url`; write it as `{env:NAME}`."),
  directory: z
    .string()
    .regex(/^(\/|[A-Za-z]:[\\/])/, "must be an absolute path")
    .optional()
    .describe("Folder on the machine of the server at `url`. Default: the folder the server was started in."),
  cli: later(z.string(), "Command line of another coding agent.", LEAVE_OUT),
})

/**
 * True for the address of a server without user name or password, which would be shown and
 * journalled.
 */
function isServerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, search } = new URL(text)
  return /^https?:$/.test(protocol) && username === "" && password === "" && search === ""
}

const limits = z.strictObject({
  max_workers: z
    .int()
    .min(1)
    .max(64)
    .default(DEFAULTS.maxWorkers)
    .describe("Maximum number of the project's workers at the same time."),
  max_depth: z
    .int()
    .min(1)
    .max(5)
    .default(DEFAULTS.maxDepth)
    .describe("How deep workers may start workers: 1 means that they may not."),
  budget: budgetLike('`{ "usd": 5 }`')
    .optional()
    .describe("The most that one run may spend, whatever its workflow says."),
})

export const configSchema = z
  .strictObject({
    $schema: schemaKey,
    models: z
      .record(name, z.string().regex(/^[^/\s]+\/\S+$/, "must be `provider/model`"))
      .default({})
      .describe("Roles and the model that each stands for: `quick` -> `anthropic/claude-haiku`."),
    profiles: z.record(name, profile).default({}).describe("The workers. A profile `default` always exists."),
    limits: limits.prefault({}).describe("Limits that no workflow can raise."),
    toasts: z.boolean().default(true).describe("Show a toast when a run ends."),
    tools: z
      .boolean()
      .default(false)
      .describe("Offer Baton's tools to the model: workflow_run, workflow_status, workflow_control, worker_ask."),
    intervene: intervene
      .optional()
      .describe("When a run pauses for a person after a step, if its workflow does not say. Default: `never`.")
      .register(unset, { value: DEFAULTS.intervene }),
  })
  .describe("Configuration of Baton (orchestrator.json).")

/** The config with its defaults filled in; durations are in milliseconds. */
export type Config = z.infer<typeof configSchema>
export type ProfileConfig = Config["profiles"][string]

/** The JSON Schema of orchestrator.json, for editors and for `schema/`. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: "input", target: "draft-7" })
}
