import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { providerConfig } from "../../scripts/scripted-model/provider.ts"
import {
  type Answer,
  callTool,
  fail,
  refuseWith,
  type ScriptedModel,
  say,
  startScriptedModel,
  streamOf,
} from "../../scripts/scripted-model.ts"
import type { TraceDocument } from "../../src/cli/json-types.ts"
import { baton, endedOf, linesOf } from "./support/baton.ts"
import { makeProject, type Project } from "./support/project.ts"
import { warmServer } from "./support/warm.ts"

/**
 * Tests what a provider can refuse on the real OpenCode: too many requests at once, a request
 * without credit, a wrong key.
 */

const LONG = 150_000
const WORKERS = 10
const ALLOWED = 2
const ids = Array.from({ length: WORKERS }, (_, index) => `w${index}`)
const CROWD = `
settings: { max_parallel: ${WORKERS}, on_failure: continue }
steps:
${ids.map((id) => `  - { id: ${id}, profile: crowd, prompt: "crowd ${id}." }`).join("\n")}
`
const PAIR = `
settings: { max_parallel: 2 }
steps:
  - { id: first, profile: PROFILE, prompt: "first of NAME" }
  - { id: other, profile: spare, prompt: "other of NAME" }
  - { id: last, profile: PROFILE, needs: [first, other], prompt: "last of NAME: \${first.output}" }
`
const pair = (name: string, profile: string) => PAIR.replaceAll("NAME", name).replaceAll("PROFILE", profile)

/**
 * Wordings of a provider that cannot be reached, each with what is shown of it; and at the end two
 * that are about the request. Each step has a provider of its own, because a refusal closes one.
 */
const half = { id: "c", choices: [{ index: 0, delta: { role: "assistant", content: "half" }, finish_reason: null }] }
const end = (finish_reason: string) => ({ id: "c", choices: [{ index: 0, delta: {}, finish_reason }] })
const WORDINGS: readonly (readonly [shown: string, answer: Answer])[] = [
  [
    "Your credit balance is too low (HTTP 400)",
    refuseWith(400, { error: { type: "invalid_request_error", message: "Your credit balance is too low" } }),
  ],
  ["The model `m` does not exist (HTTP 404)", refuseWith(404, { error: { message: "The model `m` does not exist" } })],
  ["m is not a valid model ID (HTTP 400)", refuseWith(400, { error: { message: "m is not a valid model ID" } })],
  ["API key not valid. (HTTP 400)", refuseWith(400, [{ error: { message: "API key not valid.", code: 400 } }])],
  ["insufficient_quota", streamOf({ error: "insufficient_quota" })],
  ["You are done", streamOf({ error: { message: "You are done", code: "insufficient_quota" } })],
  ["Insufficient credits", streamOf(half, { error: { message: "Insufficient credits", code: 402 } })],
  ["Key revoked", streamOf({ error: { message: JSON.stringify({ error: { message: "Key revoked", code: 401 } }) } })],
  ["the model's stream ended in the middle of the answer", streamOf(half, end("error"))],
  ["the model's stream ended without an answer", refuseWith(200, { error: { message: "no such model" } })],
]
const OURS: readonly (readonly [shown: string, answer: Answer])[] = [
  ["roles must alternate (HTTP 400)", refuseWith(400, { error: { message: "roles must alternate" } })],
  [
    "No call (HTTP 400)",
    refuseWith(400, { error: { message: "No call", failed_generation: '{"name":"get_quota","message":"secret"}' } }),
  ],
  ["It was filtered (HTTP 400)", refuseWith(400, { error: { message: "It was filtered", code: "content_filter" } })],
]
const worded = [...WORDINGS, ...OURS].map(([shown, answer], at) => ({ id: `say${at}`, shown, answer }))
const WORDED = `
settings: { max_parallel: ${worded.length}, on_failure: continue }
steps:
${worded.map(({ id }) => `  - { id: ${id}, profile: ${id}, prompt: "wording ${id}." }`).join("\n")}
`

const STUMBLE = `
settings: { max_parallel: 4 }
steps:
${[0, 1, 2, 3].map((at) => `  - { id: s${at}, profile: plain, prompt: "stumble ${at}." }`).join("\n")}
`

let model: ScriptedModel
let project: Project

beforeAll(async () => {
  model = await startScriptedModel()
  const { provider, ...rest } = providerConfig(model.url)
  project = makeProject({
    model,
    server: await warmServer(),
    baton: true,
    opencode: {
      ...rest,
      provider: {
        ...provider,
        spare: { ...provider.scripted, name: "Spare" },
        ...Object.fromEntries(worded.map(({ id }) => [id, { ...provider.scripted, name: id }])),
      },
    },
    config: {
      profiles: {
        crowd: { model: "scripted/small" },
        plain: { model: "scripted/small" },
        spare: { model: "spare/small" },
        careful: { model: "scripted/large", fallback: ["spare/large"] },
        strict: { model: "scripted/large", pin: true },
        asking: { model: "scripted/small", permission: { bash: "ask" } },
        ...Object.fromEntries(worded.map(({ id }) => [id, { model: `${id}/small`, fallback: ["spare/large"] }])),
      },
      limits: { max_workers: worded.length },
    },
    workflows: {
      worded: WORDED,
      stumble: STUMBLE,
      alone: "settings: { intervene: on-warning }\nsteps: [{ id: act, profile: asking, prompt: act alone }]",
      crowd: CROWD,
      money: pair("money", "plain"),
      key: pair("key", "plain"),
      spared: pair("spared", "careful"),
      pinned: pair("pinned", "strict"),
    },
  })
}, LONG)
afterAll(async () => {
  await project?.dispose()
  await model?.close()
}, LONG)

describe("a model that allows two requests at once", () => {
  it(
    "answers ten workers once each, and refuses fewer requests over time",
    async () => {
      let busy = 0
      const refused: number[] = []
      const answered: number[] = []
      model.script(/^crowd w\d\.$/, async (request) => {
        if (busy >= ALLOWED) {
          refused.push(request.index)
          return fail(429, { message: "Rate limit exceeded, try again" })
        }
        busy++
        await sleep(300)
        busy--
        answered.push(request.index)
        return say(`answer to ${request.prompt}`)
      })
      const { code, stdout } = await baton(project, "run", "crowd", "--json")
      const { steps } = endedOf(stdout)
      expect(Object.values(steps).map((step) => step.output)).toEqual(ids.map((id) => `answer to crowd ${id}.`))
      expect(code).toBe(0)
      expect(answered).toHaveLength(WORKERS)
      // All ten are refused at most once at the start. After that, the pool sends no more than the
      // model allows.
      const half = model.requests.length / 2
      const [early, late] = [refused.filter((at) => at < half).length, refused.filter((at) => at >= half).length]
      expect(late).toBeLessThan(early)
    },
    LONG,
  )
})

describe("a model that answers 500 once to each of four steps", () => {
  it(
    "answers all of them, also those that gave up their places and came back",
    async () => {
      for (const at of [0, 1, 2, 3]) model.script(`stumble ${at}.`, fail(500, { message: "oops" }), say(`answer ${at}`))
      const { code, stdout } = await baton(project, "run", "stumble", "--json")
      const { steps } = endedOf(stdout)
      expect(Object.values(steps).map(({ reason, output }) => [reason, output])).toEqual(
        [0, 1, 2, 3].map((at) => ["ok", `answer ${at}`]),
      )
      expect(code).toBe(0)
    },
    LONG,
  )
})

describe("a provider that refuses", () => {
  it(
    "for lack of quota pauses the run with exit 3, and resume keeps what a sibling finished",
    async () => {
      model.script("first of money", fail(402, { message: "Your credit is used up" }))
      const { code, stdout, stderr } = await baton(project, "run", "money")
      expect({ code, text: stdout + stderr }).toEqual({
        code: 3,
        text: expect.stringContaining("scripted is out of quota: Your credit is used up"),
      })
      const run = /baton resume (\w+)/.exec(stdout + stderr)?.[1] as string
      const asked = model.asked("first of money").length
      model.script("first of money", say("paid"))
      const resumed = await baton(project, "resume", run, "--json")
      expect(resumed.code).toBe(0)
      expect(endedOf(resumed.stdout)).toMatchObject({
        status: "success",
        steps: { first: { output: "paid", attempts: 1 } },
      })
      expect(model.asked("first of money")).toHaveLength(asked + 1)
      expect(model.asked("other of money")).toHaveLength(1)
    },
    LONG,
  )

  it(
    "the API key pauses the run at once, and the request is not repeated",
    async () => {
      model.script("first of key", fail(401, { message: "Invalid API key" }))
      const { code, stdout } = await baton(project, "run", "key", "--json")
      expect(code).toBe(3)
      const ended = endedOf(stdout) as ReturnType<typeof endedOf> & { hold: { cause: string } }
      expect(ended).toMatchObject({
        status: "paused",
        hold: { cause: "auth" },
        steps: { first: { status: "waiting" } },
      })
      expect(model.asked("first of key")).toHaveLength(1)
      expect(model.asked("last of key")).toHaveLength(0)
    },
    LONG,
  )

  it(
    "is replaced by the declared fallback model, and each use is a warning",
    async () => {
      const answer = (request: { model: string }) => (request.model === "large" ? say("by the spare") : say("?"))
      let calls = 0
      model.script("first of spared", (request) =>
        calls++ === 0 ? fail(402, { message: "No credit" }) : answer(request),
      )
      const { code, stdout } = await baton(project, "run", "spared", "--json")
      expect(code).toBe(0)
      const { steps } = endedOf(stdout)
      expect(steps.first).toMatchObject({ output: "by the spare", model: "spare/large" })
      const warned = linesOf(stdout).filter((line) => line.type === "step.warned")
      expect(warned).toMatchObject([
        { step: "first", warning: { kind: "fallback", text: expect.stringContaining("going on with spare/large") } },
        { step: "last", warning: { kind: "fallback" } },
      ])
    },
    LONG,
  )

  it(
    "is replaced whatever it says and wherever it says it, and what is shown is its own message",
    async () => {
      for (const { id, answer } of worded)
        model.script(`wording ${id}.`, ({ model: asked }) => (asked === "large" ? say("by the spare") : answer))
      const { stdout } = await baton(project, "run", "worded", "--json")
      const warned = linesOf(stdout).filter((line) => line.type === "step.warned")
      const texts = warned.map(({ warning }) => (warning as { readonly text: string }).text)
      expect(texts.toSorted()).toEqual(
        WORDINGS.map(([shown], at) => `say${at}/small: ${shown}; going on with spare/large`).toSorted(),
      )
      const { steps } = endedOf(stdout)
      expect(worded.map(({ id }) => steps[id]?.output || steps[id]?.detail)).toEqual([
        ...WORDINGS.map(() => "by the spare"),
        ...OURS.map(([shown]) => shown),
      ])
    },
    LONG,
  )

  it(
    "a pinned model fails the step, and no other model answers",
    async () => {
      model.script("first of pinned", fail(500, { message: "down for good" }))
      model.script("first of pinned", fail(400, { message: "cannot do that" }))
      const { code, stdout } = await baton(project, "run", "pinned", "--json")
      expect(code).toBe(1)
      expect(endedOf(stdout).steps.first).toMatchObject({ status: "failed", reason: "error" })
      expect(model.asked("first of pinned").every((request) => request.model === "large")).toBe(true)
    },
    LONG,
  )
})

describe("a permission that nobody can give", () => {
  it(
    "is a warning of its step in what `baton run` shows, and asks a person with `intervene: on-warning`",
    async () => {
      model.script("act alone", callTool("bash", { command: "echo hi", description: "greets" }), say("without it"))
      const { code, stdout, stderr } = await baton(project, "run", "alone")
      const warning = "! act  not allowed, because nobody is here to answer: bash: echo hi"
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining(warning) })
      expect(stdout).toMatch(/! not allowed, because nobody is here to answer: bash: echo hi[\s\S]*Waits for you: act/)
      const { happened } = JSON.parse((await baton(project, "trace", "act", "--json")).stdout) as TraceDocument
      const titles = happened?.map(({ title }) => title) ?? []
      const asked = titles.indexOf("asks for a permission: bash: echo hi")
      expect(titles.slice(asked, asked + 2)).toEqual([
        "asks for a permission: bash: echo hi",
        "not allowed, because nobody is here to answer: bash: echo hi",
      ])
    },
    LONG,
  )
})
