import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  after,
  callTool,
  cutOff,
  dropSocket,
  fail,
  lengthLimit,
  noAnswer,
  nothing,
  reasonOnly,
  type ScriptedModel,
  say,
  silence,
  startScriptedModel,
} from "../../scripts/scripted-model.ts"
import { until } from "./support/until.ts"

let model: ScriptedModel
beforeAll(async () => {
  model = await startScriptedModel()
})
afterAll(() => model.close())

function ask(prompt: string, body: object = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${model.url}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "small", stream: true, messages: [{ role: "user", content: prompt }], ...body }),
    ...(signal ? { signal } : {}),
  })
}

/** The `data:` lines of a streamed answer, read as JSON. */
async function chunksOf(response: Response) {
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: "))
  const done = lines.at(-1) === "data: [DONE]"
  const chunks = lines.filter((line) => line !== "data: [DONE]").map((line) => JSON.parse(line.slice(6)))
  return { done, chunks, finish: chunks.map((chunk) => chunk.choices[0]?.finish_reason).find(Boolean) }
}

const textIn = (chunks: { choices: { delta: { content?: string } }[] }[]) =>
  chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")

describe("a well-formed answer", () => {
  it("is an echo of the prompt when nothing is scripted", async () => {
    const { chunks, done, finish } = await chunksOf(await ask("first line\nsecond line"))
    expect({ text: textIn(chunks), done, finish }).toEqual({
      text: "Answer to: first line",
      done: true,
      finish: "stop",
    })
  })

  it("is streamed in the scripted number of pieces, and reports the scripted usage", async () => {
    model.script("in three", say("abcdef", { chunks: 3, delayMs: 5, usage: { input: 7, output: 9 } }))
    const { chunks } = await chunksOf(await ask("in three"))
    const pieces = chunks.map((chunk) => chunk.choices[0]?.delta.content).filter(Boolean)
    expect(pieces).toEqual(["ab", "cd", "ef"])
    expect(chunks.at(-1).usage).toEqual({ prompt_tokens: 7, completion_tokens: 9, total_tokens: 16 })
  })

  it("comes in one piece when streaming is not requested", async () => {
    model.script("not streamed", callTool("read", { filePath: "a" }))
    const body = (await (await ask("not streamed", { stream: false })).json()) as { choices: unknown[] }
    expect(body.choices).toMatchObject([
      {
        finish_reason: "tool_calls",
        message: { tool_calls: [{ function: { name: "read", arguments: '{"filePath":"a"}' } }] },
      },
    ])
  })

  it("reports the same usage for the same request", async () => {
    await (await ask("count me")).text()
    await (await ask("count me")).text()
    const [first, second] = model.asked("count me")
    expect(first?.usage).toEqual({ input: Math.ceil('[{"role":"user","content":"count me"}]'.length / 4), output: 5 })
    expect(second?.usage).toEqual(first?.usage)
  })
})

describe("a script", () => {
  it("gives its answers in order and repeats the last, and a newer script replaces it", async () => {
    model.script(/^in order/, say("one"), say("two"))
    const texts: string[] = []
    for (let turn = 0; turn < 3; turn++) texts.push(textIn((await chunksOf(await ask("in order"))).chunks))
    model.script(/^in order/, (request) => say(`newer, asked ${model.asked(request.prompt).length} times`))
    texts.push(textIn((await chunksOf(await ask("in order"))).chunks))
    expect(texts).toEqual(["one", "two", "two", "newer, asked 4 times"])
  })

  it("does not apply to the request for a session title", async () => {
    const system = { role: "system", content: "You are a title generator." }
    const answer = await ask("x", { messages: [system, { role: "user", content: "titled" }] })
    expect(textIn((await chunksOf(answer)).chunks)).toBe("Title")
    expect(model.asked("titled")).toEqual([])
    expect(model.requests.at(-1)).toMatchObject({ kind: "title", prompt: "titled" })
  })
})

describe("a provider that goes wrong", () => {
  it.each([
    ["nothing", nothing(), { text: "", done: true, finish: "stop" }],
    ["reasoning only", reasonOnly("hm"), { text: "", done: true, finish: "stop" }],
    ["the length limit", lengthLimit("too lo"), { text: "too lo", done: true, finish: "length" }],
    ["a cut-off body", cutOff("half"), { text: "half", done: false, finish: undefined }],
  ])("can end with %s", async (name, answer, expected) => {
    model.script(`wrong: ${name}`, answer)
    const { chunks, done, finish } = await chunksOf(await ask(`wrong: ${name}`))
    expect({ text: textIn(chunks), done, finish }).toEqual(expected)
  })

  it("can break the socket in the middle", async () => {
    model.script("drop it", dropSocket("half"))
    await expect(ask("drop it").then((response) => response.text())).rejects.toThrow(/closed/)
  })

  it("can refuse with a status and a retry-after", async () => {
    model.script("refuse", fail(429, { message: "slow down", retryAfter: 2 }))
    const response = await ask("refuse")
    expect(response.status).toBe(429)
    expect(response.headers.get("retry-after")).toBe("2")
    expect(await response.json()).toMatchObject({ error: { message: "slow down" } })
  })

  it("can send headers and then nothing until the client disconnects", async () => {
    model.script("be silent", silence())
    const leave = new AbortController()
    const response = await ask("be silent", {}, leave.signal)
    expect(response.status).toBe(200)
    leave.abort()
    await until(() => model.asked("be silent")[0]?.closedByClientAt, { what: "the client to be seen leaving" })
    expect(model.asked("be silent")[0]?.answeredAt).toBeUndefined()
  })

  it("can leave the request unanswered", async () => {
    model.script("no headers", noAnswer())
    const leave = new AbortController()
    const response = ask("no headers", {}, leave.signal)
    await model.waitFor("no headers")
    leave.abort()
    await expect(response).rejects.toThrow()
    await until(() => model.asked("no headers")[0]?.closedByClientAt, { what: "the client to be seen leaving" })
  })

  it("can delay its answer", async () => {
    model.script("later", after(60, say("late")))
    expect(textIn((await chunksOf(await ask("later"))).chunks)).toBe("late")
    const [request] = model.asked("later")
    expect((request?.answeredAt ?? 0) - (request?.at ?? 0)).toBeGreaterThanOrEqual(55)
  })
})

describe("holding", () => {
  it("keeps every matching request open until it is released", async () => {
    const hold = model.hold("held")
    const first = ask("held 1")
    const second = ask("held 2")
    expect((await hold.arrived).prompt).toMatch(/^held/)
    const held = await model.waitFor("held", { count: 2 })
    expect(held.map((request) => request.answeredAt)).toEqual([undefined, undefined])
    hold.release(say("let go"))
    const texts = [textIn((await chunksOf(await first)).chunks), textIn((await chunksOf(await second)).chunks)]
    expect(texts).toEqual(["let go", "let go"])
    expect(textIn((await chunksOf(await ask("held 3"))).chunks)).toBe("Answer to: held 3")
  })

  it("can be awaited with a deadline, whose error lists the requests that came", async () => {
    await (await ask("something else")).text()
    await expect(model.waitFor("never asked", { timeoutMs: 20 })).rejects.toThrow("turn: something else")
  })
})

it("closing the model breaks open connections, and does not count as a disconnect of the client", async () => {
  const other = await startScriptedModel({ answer: silence() })
  const response = await fetch(`${other.url}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ stream: true, messages: [{ role: "user", content: "hello" }] }),
  })
  await other.close()
  await expect(response.text()).rejects.toThrow()
  expect(other.requests[0]?.closedByClientAt).toBeUndefined()
})
