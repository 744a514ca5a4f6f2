import { describe, expect, it } from "vitest"
import type { Outage } from "../../../src/core/model/result.ts"
import { type Failure, failureOf } from "../../../src/workers/session/failure.ts"

/** Errors as OpenCode stores them; all came at 1,000. */
interface Api {
  readonly message: string
  readonly statusCode?: number
  readonly responseHeaders?: Record<string, string>
  readonly responseBody?: string
  readonly isRetryable?: boolean
}
const apiError = (data: Api) => failureOf({ name: "APIError", data: { isRetryable: false, ...data } }, 1_000)
const api = (message: string, statusCode?: number, responseHeaders: Record<string, string> = {}) =>
  apiError({ message, responseHeaders, ...(statusCode ? { statusCode } : {}) })
/** What a provider answers with a status, as OpenCode stores it: its message, and all of its body. */
const refused = (status: number, body: object, message = "Bad Request") =>
  apiError({ message, statusCode: status, responseBody: JSON.stringify(body) })
/** An error object in a stream that began with 200: OpenCode stores it as JSON in a message. */
const streamed = (error: unknown) =>
  failureOf({ name: "UnknownError", data: { message: JSON.stringify(error) } }, 1_000)
/** An error that OpenCode threw itself, or a library in it. */
const thrown = (message: string) => failureOf({ name: "UnknownError", data: { message } }, 1_000)

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

const DAY = 24 * 60 * 60 * 1_000

it.each<[Record<string, string>, number | undefined]>([
  [{ "retry-after": "0" }, 1_000],
  [{ "retry-after-ms": "500" }, 1_500],
  [{ "retry-after-ms": "-1", "retry-after": "30" }, 31_000],
  [{ "retry-after": "1e300" }, 1_000 + 30 * DAY],
  [{ "retry-after-ms": "1e308" }, 1_000 + 30 * DAY],
  [{ "retry-after": "Fri, 01 Jan 2100 00:00:00 GMT" }, 1_000 + 30 * DAY],
  [{ "retry-after": "-5" }, undefined],
  [{ "retry-after": "Wed, 31 Dec 1969 23:00:00 GMT" }, undefined],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after": "" }, undefined],
])("the outage of an answer with %o ends at %s", (headers, until) => {
  expect(api("no", 429, headers).outage).toEqual({ cause: "quota", ...(until === undefined ? {} : { until }) })
})

/** Cause, what is shown, the error. Each wording was taken from a provider or from its documentation. */
type Row = readonly [cause: Outage["cause"] | undefined, detail: string, failure: Failure]

const OPENAI: readonly Row[] = [
  [
    "quota",
    "You exceeded your current quota, please check your plan and billing details.",
    streamed({
      message: "You exceeded your current quota, please check your plan and billing details.",
      type: "insufficient_quota",
      code: "insufficient_quota",
    }),
  ],
  [
    "quota",
    "Billing hard limit has been reached (HTTP 400)",
    refused(400, { error: { message: "Billing hard limit has been reached", code: "billing_hard_limit_reached" } }),
  ],
  [
    "unknown",
    "The model `gpt-9` does not exist or you do not have access to it. (HTTP 404)",
    refused(404, {
      error: {
        message: "The model `gpt-9` does not exist or you do not have access to it.",
        type: "invalid_request_error",
        code: "model_not_found",
      },
    }),
  ],
  ["unknown", "The model does not exist", streamed({ type: "error", code: "x", message: "The model does not exist" })],
  [
    "auth",
    "Incorrect API key provided: sk-x. (HTTP 401)",
    refused(401, { error: { message: "Incorrect API key provided: sk-x.", code: "invalid_api_key" } }),
  ],
  [
    "auth",
    "The OpenAI account associated with this API key has been deactivated.",
    streamed({ message: "The OpenAI account associated with this API key has been deactivated." }),
  ],
  [
    "provider",
    "The server had an error (HTTP 500)",
    refused(500, {
      type: "response.failed",
      response: { error: { code: "server_error", message: "The server had an error" } },
    }),
  ],
  ["provider", "The engine is currently overloaded", streamed({ message: "The engine is currently overloaded" })],
]

const ANTHROPIC: readonly Row[] = [
  [
    "quota",
    "Your credit balance is too low to access the Anthropic API. (HTTP 400)",
    refused(400, {
      type: "error",
      error: { type: "invalid_request_error", message: "Your credit balance is too low to access the Anthropic API." },
    }),
  ],
  [
    "quota",
    "Your account has a billing problem (HTTP 500)",
    refused(500, { type: "billing_error", message: "Your account has a billing problem" }),
  ],
  [
    "quota",
    "You have reached your specified API usage limits. (HTTP 400)",
    refused(400, {
      error: { type: "invalid_request_error", message: "You have reached your specified API usage limits." },
    }),
  ],
  [
    "unknown",
    "model: claude-9 (HTTP 404)",
    refused(404, { error: { type: "not_found_error", message: "model: claude-9" } }),
  ],
  ["unknown", "model: claude-9", streamed({ type: "not_found_error", message: "model: claude-9" })],
  ["auth", "invalid x-api-key", streamed({ type: "authentication_error", message: "invalid x-api-key" })],
  ["auth", "No access", streamed({ type: "permission_error", message: "No access" })],
  ["provider", "Overloaded (HTTP 529)", refused(529, { error: { type: "overloaded_error", message: "Overloaded" } })],
  ["provider", "Overloaded", streamed({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } })],
]

const GOOGLE: readonly Row[] = [
  [
    "auth",
    "API key not valid. Please pass a valid API key. (HTTP 400)",
    apiError({
      message:
        'Bad Request: [{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]',
      statusCode: 400,
    }),
  ],
  [
    "quota",
    "Resource has been exhausted (e.g. check quota).",
    streamed({
      error: { code: 429, message: "Resource has been exhausted (e.g. check quota).", status: "RESOURCE_EXHAUSTED" },
    }),
  ],
  [
    "quota",
    "This API method requires billing to be enabled. Please enable billing on project #1. (HTTP 403)",
    refused(403, {
      error: {
        message: "This API method requires billing to be enabled. Please enable billing on project #1.",
        details: [{ reason: "BILLING_DISABLED" }],
      },
    }),
  ],
  [
    "unknown",
    "models/gemini-9 is not found for API version v1beta",
    streamed({ error: { message: "models/gemini-9 is not found for API version v1beta", status: "NOT_FOUND" } }),
  ],
  [
    "provider",
    "The model is overloaded. Please try again later.",
    streamed({
      error: { code: 503, message: "The model is overloaded. Please try again later.", status: "UNAVAILABLE" },
    }),
  ],
]

const GATEWAYS: readonly Row[] = [
  ["quota", "Insufficient credits", streamed({ message: "Insufficient credits", code: 402 })],
  [
    "quota",
    "This request requires more credits, or fewer max_tokens.",
    streamed({ error: { message: "This request requires more credits, or fewer max_tokens.", code: "402" } }),
  ],
  [
    "quota",
    "Key limit exceeded (HTTP 403)",
    refused(
      403,
      {
        error: { message: "Provider returned error", metadata: { raw: '{"error":{"message":"Key limit exceeded"}}' } },
      },
      "[X] Key limit exceeded",
    ),
  ],
  [
    "quota",
    "insufficient_quota",
    thrown(
      'Type validation failed: Value: {"error":"insufficient_quota"}.\nError message: [{"code":"invalid_union","message":"Invalid input"}]',
    ),
  ],
  ["quota", "Insufficient Balance (HTTP 400)", refused(400, { error: { message: "Insufficient Balance" } })],
  [
    "unknown",
    "foo/bar is not a valid model ID (HTTP 400)",
    refused(400, { error: { message: "foo/bar is not a valid model ID", code: 400 } }),
  ],
  [
    "unknown",
    "No endpoints found for foo/bar. (HTTP 404)",
    refused(404, { error: { message: "No endpoints found for foo/bar.", code: 404 } }),
  ],
  ["unknown", "model 'llama9' not found (HTTP 404)", refused(404, { error: "model 'llama9' not found" })],
  [
    "unknown",
    "The requested model is not supported. (HTTP 400)",
    refused(400, { error: { message: "The requested model is not supported." } }),
  ],
  ["unknown", "Model not found: p/nope. Did you mean: m?", thrown("Model not found: p/nope. Did you mean: m?")],
  [
    "auth",
    "Invalid token (HTTP 401)",
    apiError({ message: 'Unauthorized: {"detail":"Invalid token"}', statusCode: 401 }),
  ],
  [
    "auth",
    "Your key was revoked",
    streamed({ message: '{"error":{"message":"Your key was revoked","status":"UNAUTHENTICATED"}}', code: 401 }),
  ],
  [
    "provider",
    "Provider disconnected unexpectedly",
    streamed({ code: 502, message: "Provider disconnected unexpectedly" }),
  ],
  [
    "provider",
    "No capacity for this model (HTTP 400)",
    refused(400, { error: { message: "No capacity for this model" } }),
  ],
  ["provider", "the provider answered with an error and gave no reason", streamed({ foo: 1 })],
  [
    "provider",
    "Bad Gateway (HTTP 502)",
    apiError({ message: "Bad Gateway: <html><body>nope</body></html>", statusCode: 502 }),
  ],
  ["provider", "fetch failed", thrown("fetch failed")],
  [
    "provider",
    "Unable to connect. Is the computer able to access the url?",
    thrown("Unable to connect. Is the computer able to access the url?"),
  ],
]

const BEDROCK: readonly Row[] = [
  [
    "unknown",
    "The provided model identifier is invalid. (HTTP 400)",
    refused(
      400,
      { message: "The provided model identifier is invalid." },
      "undefined: The provided model identifier is invalid.",
    ),
  ],
  [
    "unknown",
    "You don't have access to the model with the specified model ID. (HTTP 403)",
    refused(403, { message: "You don't have access to the model with the specified model ID." }),
  ],
  [
    "quota",
    "Too many tokens, wait",
    streamed({ __type: "ThrottlingException", name: "ThrottlingException", message: "Too many tokens, wait" }),
  ],
  [
    "auth",
    "The security token included in the request is expired (HTTP 403)",
    refused(403, { message: "The security token included in the request is expired" }),
  ],
  ["provider", "Not ready", streamed({ name: "ModelNotReadyException", message: "Not ready" })],
]

const OURS: readonly Row[] = [
  [undefined, "bad request (HTTP 400)", api("bad request", 400)],
  [undefined, "messages: roles must alternate (HTTP 400)", refused(400, { message: "messages: roles must alternate" })],
  [
    undefined,
    "Invalid schema for function 'get_billing_quota': rate limit is not a type (HTTP 400)",
    refused(400, { error: { message: "Invalid schema for function 'get_billing_quota': rate limit is not a type" } }),
  ],
  [
    undefined,
    "max_tokens: 9000 exceeds the limit of this model (HTTP 400)",
    refused(400, {
      error: { type: "invalid_request_error", message: "max_tokens: 9000 exceeds the limit of this model" },
    }),
  ],
  [
    undefined,
    "'temperature' is not supported with this model. (HTTP 400)",
    refused(400, {
      error: { message: "'temperature' is not supported with this model.", code: "unsupported_parameter" },
    }),
  ],
  [
    undefined,
    "The model called a tool by a name that does not exist (HTTP 400)",
    refused(400, { error: { message: "The model called a tool by a name that does not exist" } }),
  ],
  [
    undefined,
    "a required key is missing (HTTP 422)",
    refused(422, { error: { message: "a required key is missing" } }),
  ],
  [undefined, "bad message", streamed({ type: "invalid_request_error", message: "bad message" })],
  [undefined, "odd roles", streamed({ error: { code: 400, message: "odd roles" } })],
  [
    undefined,
    "The response was filtered due to Azure OpenAI's content management policy. (HTTP 400)",
    refused(400, {
      error: {
        message: "The response was filtered due to Azure OpenAI's content management policy.",
        code: "content_filter",
      },
    }),
  ],
  [
    undefined,
    "Your input was flagged (HTTP 403)",
    refused(403, {
      error: { message: "Your input was flagged", metadata: { reasons: ["violence"], flagged_input: "x" } },
    }),
  ],
  [
    undefined,
    "Your prompt was flagged as potentially violating our usage policy.",
    streamed({ code: "invalid_prompt", message: "Your prompt was flagged as potentially violating our usage policy." }),
  ],
  [undefined, "EACCES: permission denied, open '/x'", thrown("EACCES: permission denied, open '/x'")],
  [undefined, 'Agent not found: "x"', thrown('Agent not found: "x"')],
  [
    undefined,
    "The response was blocked by the provider's content filter",
    failureOf(
      { name: "ContentFilterError", data: { message: "The response was blocked by the provider's content filter" } },
      0,
    ),
  ],
]

const CALL_FAILED = "Failed to call a function. See 'failed_generation' for more details."
const generated = JSON.stringify({ name: "get_billing_quota", arguments: { message: "SECRET=hunter2" } })
const NO_PERMISSION = "The caller does not have permission to execute the specified operation"
const UNSAFE = "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"

/** Errors that repeat the request, or what the model wrote, or that are about them. */
const REPEATED: readonly Row[] = [
  [
    undefined,
    `${CALL_FAILED} (HTTP 400)`,
    refused(400, {
      error: {
        message: CALL_FAILED,
        type: "invalid_request_error",
        code: "tool_use_failed",
        failed_generation: generated,
      },
    }),
  ],
  [undefined, CALL_FAILED, streamed({ error: { message: CALL_FAILED, failed_generation: generated, code: 400 } })],
  [
    undefined,
    "the model wrote no tool call (HTTP 400)",
    refused(400, { error: { message: `the model wrote no tool call: ${generated}` } }),
  ],
  [
    undefined,
    "Input should be a valid string (HTTP 422)",
    refused(422, {
      detail: [{ type: "string_type", msg: "Input should be a valid string", input: { code: "quota" } }],
    }),
  ],
  [
    undefined,
    "Bad Request (HTTP 400)",
    refused(400, { detail: [{ loc: ["body"], input: { name: "rate_limiter" } }], body: { name: "rate_limiter" } }),
  ],
  [
    undefined,
    "odd (HTTP 400)",
    refused(400, { error: { message: "odd" }, response: { metadata: { name: "rate_limiter", code: "quota" } } }),
  ],
  [
    undefined,
    "Request body too large for gpt-4o model. (HTTP 413)",
    refused(413, { error: { code: "tokens_limit_reached", message: "Request body too large for gpt-4o model." } }),
  ],
  [undefined, "Too long", streamed({ error: { code: "context_length_exceeded", message: "Too long" } })],
  [
    undefined,
    "Your input exceeds the context window of this model.",
    streamed({ type: "error", message: "Your input exceeds the context window of this model." }),
  ],
  [undefined, "plugin failed", thrown('plugin failed {"path":"/tmp/x"}')],
  [undefined, "plugin failed", thrown('plugin failed {"name":"rate_limiter","message":"SECRET"}')],
]

const CONTENT: readonly Row[] = [
  [undefined, `${UNSAFE} (HTTP 403)`, refused(403, { code: NO_PERMISSION, error: UNSAFE })],
  [undefined, `${UNSAFE} (HTTP 403)`, refused(403, { code: "permission-denied", error: UNSAFE })],
  [undefined, "no (HTTP 503)", refused(503, { error: { message: "no", code: "content_filter" } })],
  ["auth", `${NO_PERMISSION} (HTTP 403)`, refused(403, { code: "permission-denied", error: NO_PERMISSION })],
  [
    "quota",
    "You exceeded your current quota. See our usage policies. (HTTP 429)",
    refused(429, {
      error: { code: "insufficient_quota", message: "You exceeded your current quota. See our usage policies." },
    }),
  ],
  ["quota", "See our usage policies (HTTP 402)", refused(402, { error: { message: "See our usage policies" } })],
  [
    "provider",
    "Service unavailable: the moderation endpoint is down (HTTP 503)",
    refused(503, { error: { message: "Service unavailable: the moderation endpoint is down" } }),
  ],
  ["provider", "moderation is down", streamed({ error: { type: "overloaded_error", message: "moderation is down" } })],
  [
    "auth",
    "Your account has been suspended for violating our terms. (HTTP 403)",
    refused(403, { error: { message: "Your account has been suspended for violating our terms." } }),
  ],
]

/** Codes and sentences that are further inside, where a gateway passes them on. */
const PASSED_ON: readonly Row[] = [
  [
    "quota",
    "Slow down (HTTP 400)",
    refused(400, {
      error: { message: 'litellm.BadRequestError: {"error":{"message":"Slow down","type":"rate_limit_error"}}' },
    }),
  ],
  [
    "quota",
    "Too many requests",
    streamed({ error: { message: 'litellm: BedrockException - {"message":"Too many requests"}' } }),
  ],
  ["quota", "gone", streamed({ error: { body: '{"message":"gone","code":"insufficient_quota"}' } })],
  ["quota", "used up (HTTP 400)", refused(400, { errors: [{ message: "used up", code: "quota_exceeded" }] })],
  [
    "unknown",
    "the provider answered with an error and gave no reason",
    streamed({ name: "ProviderModelNotFoundError", data: { modelID: "m" } }),
  ],
]

describe.each([
  ["OpenAI", OPENAI],
  ["Anthropic", ANTHROPIC],
  ["Google", GOOGLE],
  ["a gateway", GATEWAYS],
  ["Bedrock", BEDROCK],
  ["no outage", OURS],
  ["the request", REPEATED],
  ["content", CONTENT],
  ["another provider", PASSED_ON],
] as const)("an error of %s", (_, rows) => {
  it.each(rows)("is %s: %s", (cause, detail, failure) => {
    expect(failure).toMatchObject({ reason: cause === "quota" ? "quota" : "error", detail })
    expect(failure.outage?.cause).toBe(cause)
  })
})

it("a message of any length and depth is read in no time and cut", () => {
  const deep = `${'{"error":'.repeat(5_000)}1${"}".repeat(5_000)}`
  for (const text of [
    deep,
    "[".repeat(100_000),
    "a ".repeat(100_000),
    `${"a".repeat(40_000)} {"a":1}`,
    `{"message":"${"x".repeat(40_000)}"}`,
  ]) {
    const failure = api(text, 500)
    expect(failure.outage).toEqual({ cause: "provider" })
    expect(failure.detail.length).toBeLessThan(1_100)
  }
})
