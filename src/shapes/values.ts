import * as z from "zod"
import { defined } from "../core/base/defined.ts"
import { DURATION_RULE, MAX_DURATION_MS, MIN_DURATION_MS, parseDuration } from "../core/base/duration.ts"
import type { AskPolicy, Budget } from "../core/model/workflow.ts"

/**
 * Values that orchestrator.json and workflow documents share. Each is declared once, so that both
 * documents accept the same form and reject it with the same message.
 */

/** The key under which both documents name their schema for editors. */
export const schemaKey = z.string().optional().describe("Where an editor finds this schema.")

/** The name of a role, a profile or a step. */
export const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "must be letters, digits, `-` and `_`, beginning with a letter")

/** A duration, converted to milliseconds. */
export const duration = z
  .union([z.string(), z.number()])
  .transform((value) => parseDuration(value) ?? Number.NaN)
  .refine((ms) => ms >= MIN_DURATION_MS && ms <= MAX_DURATION_MS, DURATION_RULE)

const askPolicy = z.enum(["ask", "deny", "allow-listed"])

export const asks = z
  .union([
    askPolicy,
    z.strictObject({
      policy: askPolicy.describe("Who answers: `ask` a person, `deny` nobody, `allow-listed` the profile's own rules."),
      timeout: duration.optional().describe("With `ask`: how long a person has to answer."),
      otherwise: z
        .enum(["deny", "allow"])
        .default("deny")
        .describe("With `ask`: the answer when nobody answers in that time. Default: `deny`."),
    }),
  ])
  .transform((value): AskPolicy => {
    const { policy, otherwise, timeout } =
      typeof value === "string" ? { policy: value, otherwise: "deny" as const, timeout: undefined } : value
    return { policy, otherwise, ...(timeout === undefined ? {} : { timeoutMs: timeout }) }
  })

export const intervene = z.enum(["never", "on-error", "on-warning", "always"])

/** A budget. `example` is the hint for an empty one, in the syntax of the document. */
export const budgetLike = (example: string) =>
  z
    .strictObject({
      usd: z.number().min(0.01).optional().describe("US dollars."),
      tokens: z.int().min(1).optional().describe("Tokens, input and output."),
      time: duration.optional().describe("Working time."),
      workers: z
        .int()
        .min(1)
        .optional()
        .describe("Number of workers that may be started; each try of a step starts one."),
    })
    .refine((one) => Object.values(one).some((cap) => cap !== undefined), {
      message: "must have `usd`, `tokens`, `time` or `workers`",
      params: { hint: example },
    })
    .transform(({ usd, tokens, time, workers }): Budget => defined({ usd, tokens, timeMs: time, workers }))
