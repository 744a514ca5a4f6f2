import * as z from "zod"
import { parseDuration } from "../core/base/duration.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import type { Check, Opinion, Retry } from "../core/model/workflow.ts"
import { budgetLike, duration } from "../shapes/values.ts"

/** Parts of a workflow document that are no steps: tries, checks, a budget, and gates. */

/** Name of a profile, a role of `models`, or `provider/model`; which of them there are is checked by `workers.ts`. */
export const worker = z.string().min(1)

/** The engine waits no longer than this between two tries, whatever the backoff comes to. */
const MAX_DELAY_MS = 3_600_000

const delay = z
  .union([z.string(), z.number()])
  .transform((value) => parseDuration(value) ?? Number.NaN)
  .refine((ms) => ms >= 0 && ms <= MAX_DELAY_MS, {
    message: "must be a duration of at most 1h",
    params: { hint: "like `5s`, `2m`, or a number of seconds; 0 for none" },
  })

export const retry = z
  .strictObject({
    max_attempts: z
      .int()
      .min(1)
      .max(10)
      .default(DEFAULTS.retryAttempts)
      .describe("Tries in all, the first included: 1 to 10. Default: 2."),
    delay: delay.default(0).describe("Wait before the second try, at most 1h. Default: none."),
    backoff: z
      .enum(["fixed", "exponential"])
      .default("fixed")
      .describe("`fixed` (default): the same wait before each try. `exponential`: twice as long each time, up to 1h."),
  })
  .transform(({ max_attempts, delay: wait, backoff }): Retry => ({ maxAttempts: max_attempts, delayMs: wait, backoff }))

// ── checks ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const COMMAND_KEYS = ["expect", "timeout"] as const
const FILE_KEYS = ["exists", "changed", "contains"] as const
const OPINION_KEYS = ["profile"] as const

const fullCheck = z
  .strictObject({
    run: z.string().min(1).optional().describe("Command, run by the shell in the project's folder."),
    expect: z
      .enum(["pass", "fail"])
      .optional()
      .describe("With `run`: `pass` (default) wants exit code 0, `fail` any other."),
    timeout: duration.optional().describe("With `run`: how long the command may take. Default: 10m."),
    file: z.string().min(1).optional().describe("File, relative to the project's folder and inside it."),
    exists: z
      .boolean()
      .optional()
      .describe("With `file`: whether it must be there. True when nothing else is asked of it."),
    changed: z
      .boolean()
      .optional()
      .describe("With `file`: whether it must differ from what it was when the attempt began, or must not."),
    contains: z.string().min(1).optional().describe("With `file`: text that must be in it."),
    ask: z
      .string()
      .min(1)
      .optional()
      .describe("Question about the answer to another worker, who says yes or no: an opinion. `${…}` is filled in."),
    profile: worker.optional().describe("With `ask`: who is asked: a profile, role or model. Default: `default`."),
    severity: z
      .enum(["error", "warning"])
      .default("error")
      .describe("When it does not hold: `error` (default) fails the step, `warning` is told to a person."),
  })
  .superRefine((check, ctx) => {
    const problem = checkProblem(check)
    if (problem) ctx.addIssue({ code: "custom", ...problem })
  })

type FullCheck = z.infer<typeof fullCheck>
interface CheckProblem {
  readonly path: string[]
  readonly message: string
  readonly params: { readonly hint: string }
}

/** Of each sort of check the key that makes it one, and those that only it can have. */
const SORTS = { run: COMMAND_KEYS, file: FILE_KEYS, ask: OPINION_KEYS } as const

function checkProblem(check: FullCheck): CheckProblem | undefined {
  const problem = (key: string[], message: string, hint: string) => ({ path: key, message, params: { hint } })
  const [own, second] = (["run", "file", "ask"] as const).filter((key) => check[key] !== undefined)
  if (own === undefined) return problem([], "must have `run`, `file` or `ask`", "`run: npm test`")
  if (second !== undefined) return problem([second], `cannot stand beside \`${own}\``, "write two checks")
  for (const [sort, keys] of Object.entries(SORTS)) {
    const stray = sort === own ? undefined : keys.find((key) => check[key] !== undefined)
    if (stray !== undefined) return problem([stray], `is only for checks with \`${sort}\``, "leave it out")
  }
  const { file } = check
  if (file !== undefined && !isInside(file)) {
    return problem(["file"], "must be a path inside the project, relative to its folder", "like `docs/plan.md`")
  }
  if (check.exists === false && check.contains !== undefined) {
    return problem(["contains"], "cannot be asked of a file that must not exist", "remove one of the two")
  }
  return undefined
}

/** True for a relative path that does not leave the folder it is relative to, on any system. */
export function isInside(path: string): boolean {
  const isRelative = !/^([/\\~]|[A-Za-z]:)/.test(path)
  return isRelative && !path.split(/[/\\]/).includes("..") && !path.includes("\0")
}

export const check = z.union([z.string().min(1), fullCheck]).transform((value): Check | Opinion => {
  if (typeof value === "string") return { type: "command", run: value, expect: "pass", severity: "error" }
  if (value.ask !== undefined) return { ask: value.ask, profile: value.profile ?? "default", severity: value.severity }
  const { run, file, expect = "pass", timeout, severity, exists, changed, contains } = value
  if (run !== undefined) {
    return { type: "command", run, expect, severity, ...(timeout === undefined ? {} : { timeoutMs: timeout }) }
  }
  const isBare = exists === undefined && changed === undefined && contains === undefined
  return {
    type: "file",
    path: file ?? "",
    severity,
    ...(isBare ? { exists: true } : {}),
    ...(exists === undefined ? {} : { exists }),
    ...(changed === undefined ? {} : { changed }),
    ...(contains === undefined ? {} : { contains }),
  }
})

// ── budgets and gates ──────────────────────────────────────────────────────────────────────────────────────────────

export const budget = budgetLike("`usd: 5`")

export const gate = z.strictObject({
  timeout: duration.optional().describe("How long a gate waits for a person. Default: 24h."),
  // Not `retry`: nobody would be there to end it (guarantee G4).
  default: z
    .enum(["continue", "skip", "abort"])
    .optional()
    .describe("What is done then. Default: `continue` after a step, `abort` of a step of type `gate`."),
})
