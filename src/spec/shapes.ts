import * as z from "zod"
import { parseDuration } from "../core/base/duration.ts"
import { DEFAULTS } from "../core/model/defaults.ts"
import type { Retry } from "../core/model/workflow.ts"
import { budgetLike, duration } from "../shapes/values.ts"

/**
 * Shapes of the parts of a workflow document that are not steps: workers, retries, budgets and
 * gates.
 */

/**
 * Name of a profile, a role of `models`, or `provider/model`. `workers.ts` checks that it exists.
 */
export const worker = z.string().min(1)

/** Maximum wait between two tries in milliseconds; the engine also caps the backoff at it. */
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
      .describe("Number of tries, including the first: 1 to 10. Default: 2."),
    delay: delay.default(0).describe("Wait before the second try, at most 1h. Default: none."),
    backoff: z
      .enum(["fixed", "exponential"])
      .default("fixed")
      .describe("`fixed` (default): the same wait before each try. `exponential`: twice as long each time, up to 1h."),
  })
  .superRefine(({ max_attempts, delay: wait, backoff }, ctx) => {
    const say = (key: string, message: string, hint: string) =>
      ctx.addIssue({ code: "custom", path: [key], message, params: { hint } })
    if (max_attempts === 1 && wait > 0)
      say("delay", "is the wait before a second try, but there is only one", "raise `max_attempts`, or leave it out")
    else if (backoff === "exponential" && wait === 0)
      say("backoff", "multiplies the `delay`, and there is none", "add `delay: 5s`, or leave it out")
  })
  .transform(({ max_attempts, delay: wait, backoff }): Retry => ({ maxAttempts: max_attempts, delayMs: wait, backoff }))

/**
 * True for a relative path that stays inside the folder it is relative to, on any operating system.
 */
export function isInside(path: string): boolean {
  const isRelative = !/^([/\\~]|[A-Za-z]:)/.test(path)
  return isRelative && !path.split(/[/\\]/).includes("..") && !path.includes("\0")
}

// ── budgets and gates ──────────────────────────────────────────────────────────────────────────────────────────────

export const budget = budgetLike("`usd: 5`")

export const gate = z.strictObject({
  timeout: duration.optional().describe("How long a gate waits for a person. Default: 24h."),
  // `retry` is not offered: nobody would be there to end the repetition (guarantee G4).
  default: z
    .enum(["continue", "skip", "abort"])
    .optional()
    .describe(
      "What happens after that time. Default: `continue` for a pause after a step, `abort` for a step of type `gate`.",
    ),
})
