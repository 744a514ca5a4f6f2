import * as z from "zod"
import { defined } from "../core/base/defined.ts"
import { DURATION_RULE, MAX_DURATION_MS, parseDuration } from "../core/base/duration.ts"
import type { AskPolicy, Budget } from "../core/model/workflow.ts"

/**
 * Values that orchestrator.json and workflow documents both have. Each is declared here once, so that it has the same
 * form, and is refused with the same words, wherever it stands.
 */

/** Where an editor finds the schema of the document: the same key in both documents. */
export const schemaKey = z.string().optional().describe("Where an editor finds this schema.")

/** A name that a document gives: of a role, a profile or a step. */
export const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "must be letters, digits, `-` and `_`, beginning with a letter")

/** A duration that is read as milliseconds. */
export const duration = z
  .union([z.string(), z.number()])
  .transform((value) => parseDuration(value) ?? Number.NaN)
  .refine((ms) => ms >= 1 && ms <= MAX_DURATION_MS, DURATION_RULE)

const askPolicy = z.enum(["ask", "deny", "allow-listed"])

export const asks = z
  .union([
    askPolicy,
    z.strictObject({
      policy: askPolicy.describe("Who answers: `ask` a person, `deny` nobody, `allow-listed` the profile's own rules."),
      timeout: duration.optional().describe("With `ask`: how long a person has."),
      otherwise: z
        .enum(["deny", "allow"])
        .default("deny")
        .describe("With `ask`: the answer when that time is over. Default: `deny`."),
    }),
  ])
  .transform((value): AskPolicy => {
    const { policy, otherwise, timeout } =
      typeof value === "string" ? { policy: value, otherwise: "deny" as const, timeout: undefined } : value
    return { policy, otherwise, ...(timeout === undefined ? {} : { timeoutMs: timeout }) }
  })

export const intervene = z.enum(["never", "on-error", "on-warning", "always"])

/** What may be spent. `example` shows an author of an empty budget how the document's language writes one. */
export const budgetLike = (example: string) =>
  z
    .strictObject({
      usd: z.number().min(0.01).optional().describe("US dollars."),
      tokens: z.int().min(1).optional().describe("Tokens, read and written."),
      time: duration.optional().describe("Time at work."),
      workers: z.int().min(1).optional().describe("Workers that may be started: tries of steps."),
    })
    .refine((one) => Object.values(one).some((cap) => cap !== undefined), {
      message: "must have `usd`, `tokens`, `time` or `workers`",
      params: { hint: example },
    })
    .transform(({ usd, tokens, time, workers }): Budget => defined({ usd, tokens, timeMs: time, workers }))
