import type { AssistantMessage } from "@opencode-ai/sdk/v2"
import type { Outage, Reason } from "../../core/model/result.ts"

/** An outage before it is known which model it concerns. */
export type PartialOutage = Omit<Outage, "model">

/** What an error means that ended an answer or a whole turn. */
export interface Failure {
  readonly reason: Reason
  readonly detail: string
  readonly outage?: PartialOutage
}

type MessageError = NonNullable<AssistantMessage["error"]>
type ApiErrorData = Extract<MessageError, { name: "APIError" }>["data"]

const QUOTA_WORDS = /quota|rate.?limit|too many requests|insufficient|credit balance|billing/i

/**
 * Classifies an error as OpenCode stores it (contract C22). `at` is when the error came, in
 * milliseconds since 1970; a `retry-after` counts from it.
 */
export function failureOf(error: MessageError, at: number): Failure {
  const message = "message" in error.data && typeof error.data.message === "string" ? error.data.message : ""
  const detail = message === "" ? error.name : message
  switch (error.name) {
    case "MessageAbortedError":
      return { reason: "aborted", detail: "the session was aborted" }
    case "MessageOutputLengthError":
      return { reason: "truncated", detail }
    case "ProviderAuthError":
      return { reason: "error", detail, outage: { cause: "auth" } }
    case "APIError":
      return failureOfApi(error.data, detail, at)
    default:
      return { reason: "error", detail }
  }
}

function failureOfApi(data: ApiErrorData, message: string, at: number): Failure {
  const { statusCode: status } = data
  const detail = status === undefined ? message : `${message} (HTTP ${status})`
  if (status === 429 || status === 402 || QUOTA_WORDS.test(message)) {
    const until = comesBack(data.responseHeaders ?? {}, at)
    return { reason: "quota", detail, outage: { cause: "quota", ...(until === undefined ? {} : { until }) } }
  }
  if (status === 401 || status === 403) return { reason: "error", detail, outage: { cause: "auth" } }
  const isProviders = data.isRetryable || status === undefined || status >= 500
  return { reason: "error", detail, ...(isProviders ? { outage: { cause: "provider" } } : {}) }
}

/** Returns when the headers say that the provider is back, in milliseconds since 1970. */
function comesBack(headers: Readonly<Record<string, string>>, at: number): number | undefined {
  const ms = Number.parseFloat(headers["retry-after-ms"] ?? "")
  if (Number.isFinite(ms)) return at + ms
  const after = headers["retry-after"]
  if (after === undefined) return undefined
  const seconds = Number(after)
  const until = Number.isFinite(seconds) ? at + seconds * 1_000 : Date.parse(after)
  return Number.isNaN(until) ? undefined : until
}
