import type { AssistantMessage } from "@opencode-ai/sdk/v2"
import type { Outage, Reason } from "../../core/model/result.ts"
import { readError } from "../../host/provider-error.ts"
import { causeOf } from "./outage-cause.ts"

/** An outage before it is known which model it concerns. */
export type PartialOutage = Omit<Outage, "model">

/** What an error means that ended an answer or a whole turn. */
export interface Failure {
  readonly reason: Reason
  readonly detail: string
  readonly outage?: PartialOutage
}

/** A provider that names a later time is asked again after this one. */
const LONGEST_OUTAGE_MS = 30 * 24 * 60 * 60 * 1_000

type MessageError = NonNullable<AssistantMessage["error"]>

/**
 * Classifies an error as OpenCode stores it (contract C22). `at` is when the error came, in
 * milliseconds since 1970; a `retry-after` counts from it.
 */
export function failureOf(error: MessageError, at: number): Failure {
  const text = "message" in error.data && typeof error.data.message === "string" ? error.data.message : ""
  const said = readError({ message: text }).message
  const detail = said === "" ? error.name : said
  switch (error.name) {
    case "MessageAbortedError":
      return { reason: "aborted", detail: "the session was aborted" }
    case "MessageOutputLengthError":
      return { reason: "truncated", detail }
    case "ProviderAuthError":
      return { reason: "error", detail, outage: { cause: "auth" } }
    case "APIError": {
      const { statusCode: status, responseBody: body, responseHeaders: headers = {}, isRetryable } = error.data
      return failureOfProvider({ text, status, body, headers, isTransport: isRetryable || status === undefined }, at)
    }
    case "UnknownError":
      return failureOfProvider({ text, headers: {}, isTransport: false }, at)
    default:
      return { reason: "error", detail }
  }
}

interface ProviderFailure {
  readonly text: string
  readonly status?: number | undefined
  readonly body?: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** OpenCode itself says that the provider, and not the request, is to blame. */
  readonly isTransport: boolean
}

function failureOfProvider({ text, status, body, headers, isTransport }: ProviderFailure, at: number): Failure {
  const error = readError({ message: text, body, status })
  const said = error.message === "" ? "the provider answered with an error and gave no reason" : error.message
  const detail = status === undefined ? said : `${said} (HTTP ${status})`
  const cause = causeOf(error, isTransport)
  if (cause === undefined) return { reason: "error", detail }
  if (cause !== "quota") return { reason: "error", detail, outage: { cause } }
  const until = comesBack(headers, at)
  return { reason: "quota", detail, outage: { cause, ...(until === undefined ? {} : { until }) } }
}

/** Returns when the headers say that the provider is back, in milliseconds since 1970. */
function comesBack(headers: Readonly<Record<string, string>>, at: number): number | undefined {
  const ms = Number.parseFloat(headers["retry-after-ms"] ?? "")
  const after = headers["retry-after"]?.trim() || undefined
  const seconds = Number(after)
  const time = Number.isNaN(seconds) ? Date.parse(after ?? "") : at + seconds * 1_000
  return backAt(at + ms, at) ?? backAt(time, at)
}

/** Returns a time that a provider named at `at`, at most 30 days later; undefined when it is none. */
export function backAt(time: number, at: number): number | undefined {
  return time >= at ? Math.min(time, at + LONGEST_OUTAGE_MS) : undefined
}
