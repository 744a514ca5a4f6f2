import { expect, it } from "vitest"
import { type Failure, failureOf } from "../../../src/workers/session/failure.ts"

/** Errors as OpenCode stores them; all came at 1,000. */
const api = (message: string, statusCode?: number, headers: Record<string, string> = {}, isRetryable = false) =>
  failureOf(
    {
      name: "APIError",
      data: { message, isRetryable, responseHeaders: headers, ...(statusCode ? { statusCode } : {}) },
    },
    1_000,
  )

it.each<[string, Failure, Partial<Failure>]>([
  ["no money", api("no", 402), { reason: "quota", outage: { cause: "quota" } }],
  [
    "too much, for 30 s",
    api("no", 429, { "retry-after": "30" }),
    { reason: "quota", outage: { cause: "quota", until: 31_000 } },
  ],
  [
    "too much, until a date",
    api("no", 429, { "retry-after": "Thu, 01 Jan 1970 00:01:00 GMT" }),
    { outage: { cause: "quota", until: 60_000 } },
  ],
  ["used up, in words", api("You exceeded your current quota", 403), { reason: "quota", outage: { cause: "quota" } }],
  ["a bad key", api("no", 401), { reason: "error", outage: { cause: "auth" } }],
  [
    "a key OpenCode does not have",
    failureOf({ name: "ProviderAuthError", data: { providerID: "p", message: "key" } }, 0),
    { reason: "error", outage: { cause: "auth" } },
  ],
  ["a broken server", api("no", 503), { reason: "error", outage: { cause: "provider" } }],
  ["no network", api("socket closed"), { reason: "error", outage: { cause: "provider" } }],
])("%s is an outage", (_, failure, expected) => {
  expect(failure).toMatchObject(expected)
})

it("a request the provider cannot use is the worker's failure and no outage", () => {
  expect(api("bad request", 400)).toEqual({ reason: "error", detail: "bad request (HTTP 400)" })
})
