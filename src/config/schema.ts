import * as z from "zod"
import { DURATION_RULE, MAX_DURATION_MS, parseDuration } from "../core/duration.ts"
import { NOT_YET, notYet } from "../core/issues.ts"
import { DEFAULTS } from "../core/model.ts"

/**
 * The shape of orchestrator.json, declared once: types, defaults, editor help (schema/orchestrator.schema.json) and
 * the loader all come from here. What later versions build is described and typed, and refused when it is used.
 */

const duration = z
  .union([z.string(), z.number()])
  .transform((value) => parseDuration(value) ?? Number.NaN)
  .refine((ms) => ms >= 1 && ms <= MAX_DURATION_MS, DURATION_RULE)

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "must be letters, digits, `-` and `_`, beginning with a letter")

const action = z.enum(["allow", "ask", "deny"])
const permission = z.union([
  action,
  z.record(
    z.string().describe("A tool or permission of OpenCode, or `*`."),
    z.union([action, z.record(z.string().describe("What the tool is used on, with wildcards."), action)]),
  ),
])

/** Says of a key that it is described but refused, and what to do instead. */
function later<T extends z.ZodType>(schema: T, text: string, instead: string) {
  return schema
    .refine(() => false, notYet("key", instead))
    .optional()
    .describe(`${text} ${NOT_YET}`)
}

const KINDS = ["subagent", "agent", "server", "cli"] as const
const isAvailable = (kind: string) => kind === "subagent"
const USE_SUBAGENT = "use `subagent`"
const LEAVE_OUT = "leave it out"

const profile = z
  .strictObject({
    kind: z
      .enum(KINDS)
      .refine(isAvailable, notYet("value", USE_SUBAGENT))
      .optional()
      .describe(
        "How the profile runs. `subagent` (default): a child session of the session a run was started in. `agent`, `server` and `cli`: not available in this version.",
      ),
    backend: z
      .enum(["server", "agent"])
      .optional()
      .describe("Older name of `kind`; counts only when `kind` is not set."),
    mode: z
      .enum(["background", "foreground"])
      .refine((mode) => mode === "background", notYet("value", "use `background`"))
      .default("background")
      .describe("`background`: nobody types in the worker's session. `foreground`: not available in this version."),
    agent: z.string().min(1).optional().describe("Agent of OpenCode to run as; without it OpenCode's default agent."),
    model: z
      .string()
      .min(1)
      .optional()
      .describe("A role of `models`, or `provider/model`; without it the model of the session a run was started in."),
    purpose: z.string().optional().describe("What the profile is for, in a sentence for people and planners."),
    prompt: z.string().optional().describe("Appended to the system message of every turn of the worker."),
    permission: permission
      .default({})
      .describe(
        "What the worker may do, in OpenCode's own form: an action, or tool -> action, or tool -> pattern -> action.",
      ),
    timeout: duration.optional().describe("Deadline of a step from start to end, when the step sets none."),
    idle_timeout: duration
      .optional()
      .describe("Deadline of silence (no text, no tool activity), when the step sets none."),
    keep: later(z.boolean(), "Keep the worker's session and go on in it the next time.", LEAVE_OUT),
    fallback: later(z.array(z.string()), "Models to try when the first one fails.", "leave it out and set one `model`"),
    pin: later(z.boolean(), "Never use another model than the one asked for.", LEAVE_OUT),
    concurrency: later(z.int().min(1), "Workers of this profile at the same time.", "use `limits.max_workers`"),
    url: later(z.string(), "Address of a running `opencode serve`.", LEAVE_OUT),
    password: later(z.string(), "Password of that server; write it as `{env:NAME}`.", LEAVE_OUT),
    cli: later(z.string(), "Command line of another coding agent.", LEAVE_OUT),
  })
  .refine((value) => !hasOldKind(value), {
    ...notYet("value", "set `kind` to `subagent`, or leave `backend` out"),
    path: ["backend"],
    when: () => true,
  })

/** `backend` without `kind` means the kind of the same name, and both of those are built later. */
function hasOldKind(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const { kind, backend } = value as { kind?: unknown; backend?: unknown }
  return kind === undefined && (backend === "server" || backend === "agent")
}

const limits = z.strictObject({
  max_workers: z.int().min(1).max(64).default(DEFAULTS.maxWorkers).describe("Workers of one run at the same time."),
  max_depth: z
    .int()
    .min(1)
    .refine((depth) => depth === 1, notYet("value", "use 1"))
    .default(1)
    .describe("How deep workers may start workers. Only 1 is available in this version."),
  budget: later(
    z.strictObject({ usd: z.number().positive().optional(), tokens: z.int().positive().optional() }),
    "What one run may spend at most.",
    LEAVE_OUT,
  ),
})

export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe("Where an editor finds this schema."),
    models: z
      .record(name, z.string().regex(/^[^/\s]+\/\S+$/, "must be `provider/model`"))
      .default({})
      .describe("Roles and the model each of them means: `quick` -> `anthropic/claude-haiku`."),
    profiles: z.record(name, profile).default({}).describe("Who can work. A profile `default` always exists."),
    limits: limits.prefault({}).describe("Ceilings that no workflow can raise."),
    toasts: z.boolean().default(true).describe("Show a toast when a run ends."),
    intervene: later(
      z.enum(["never", "on-warning", "on-error", "always"]),
      "When a run pauses for a person after a step.",
      LEAVE_OUT,
    ),
  })
  .describe("Configuration of Baton (orchestrator.json).")

/** The file as it is after defaults: durations are milliseconds. */
export type Config = z.infer<typeof configSchema>
export type ProfileConfig = Config["profiles"][string]

/** The JSON Schema of orchestrator.json, for editors and for `schema/`. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: "input", target: "draft-7" })
}
