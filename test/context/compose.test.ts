import { describe, expect, it } from "vitest"
import { composer, FILES_CHARS, FULL_CHARS } from "../../src/context/compose.ts"
import type { Handoff } from "../../src/core/model/handoff.ts"
import { HANDOFF_CHARS } from "../../src/core/model/handoff.ts"
import type { Earlier, Given } from "../../src/core/ports/composer.ts"

const handoff = (over: Partial<Handoff> = {}): Handoff => ({
  decisions: [],
  constraints: [],
  risks: [],
  changed: [],
  why: [],
  gotchas: [],
  ...over,
})
const earlier = (step: string, over: Partial<Earlier> = {}): Earlier => ({
  step,
  output: `all that ${step} said`,
  path: `outputs/r/${step}.md`,
  ...over,
})
const compose = (over: Partial<Given>) =>
  composer.compose({
    nonce: undefined,
    prompt: "Do it.",
    strategy: "fresh",
    earlier: [],
    files: [],
    isReported: false,
    ...over,
  })

describe("the prompt of a worker", () => {
  const all = {
    earlier: [earlier("survey", { handoff: handoff({ decisions: ["Use tabs."] }) }), earlier("plan")],
    files: [{ path: "src/a.ts", bytes: 12, text: "const a = 1\n" }],
  }

  it("with a fresh context is exactly the step's prompt", () => {
    expect(compose(all)).toEqual({ prompt: "Do it.", cuts: [] })
  })

  it("with a scoped context contains the step's files, and nothing of earlier steps", () => {
    const { prompt, cuts } = compose({
      ...all,
      strategy: "scoped",
      files: [...all.files, { path: "logo.png", bytes: 4_096 }, { path: "doc.md", bytes: 9, text: "```\nx\n```" }],
    })
    expect(prompt).toBe(
      [
        "Do it.\n\n---\n\nThe files of this step, as they are now.",
        "### src/a.ts\n\n```ts\nconst a = 1\n```",
        "### doc.md\n\n````md\n```\nx\n```\n````",
        "- logo.png (4096 bytes, not shown)",
      ].join("\n\n"),
    )
    expect(cuts).toEqual([])
  })

  it("with a scoped context limits the size of the files, and says what is missing", () => {
    const files = Array.from({ length: 210 }, (_, at) => ({ path: `f${at}.ts`, bytes: 1_000, text: "x".repeat(1_000) }))
    const { prompt, cuts } = compose({ strategy: "scoped", files })
    expect(prompt.length).toBeLessThan(FILES_CHARS + 20_000)
    expect(prompt.match(/^### /gm)).toHaveLength(100)
    expect(prompt).toContain("- f100.ts (1000 bytes, not shown)")
    expect(prompt).toContain("- and 10 more")
    expect(cuts).toEqual([
      "100 of its files were named but not shown: the limit is 100000 characters",
      "10 of its 210 files were neither shown nor named",
    ])
  })

  it("with a distilled context contains the reports instead of the answers, and names the files with the whole answers", () => {
    const { prompt, cuts } = compose({
      strategy: "distilled",
      earlier: [
        earlier("survey", { handoff: handoff({ decisions: ["Use tabs.", "No\nsemicolons."], gotchas: ["Bun"] }) }),
      ],
    })
    expect(prompt).toContain(
      "## survey\n\nDecisions:\n- Use tabs.\n- No\n  semicolons.\n\nWatch out:\n- Bun\n\nWhole answer: outputs/r/survey.md",
    )
    expect(prompt).not.toContain("all that survey said")
    expect(cuts).toEqual([])
  })

  it("with a distilled context contains the data of a step, or the start of an answer without a report", () => {
    const { prompt } = compose({
      strategy: "distilled",
      earlier: [earlier("plan", { structured: { tasks: [1] } }), earlier("talk")],
    })
    expect(prompt).toContain('## plan (its data)\n\n```json\n{\n  "tasks": [\n    1\n  ]\n}\n```')
    expect(prompt).not.toContain("all that plan said")
    expect(prompt).toContain("## talk (no report; its answer)\n\nall that talk said")
  })

  it("with a distilled context grows by less than the sum of the limits, and reports each cut", () => {
    const many = Array.from({ length: 8 }, (_, at) => earlier(`w${at}`, { output: "💬".repeat(25_000) }))
    const { prompt, cuts } = compose({ strategy: "distilled", earlier: many })
    expect(prompt.length).toBeLessThan(8 * (HANDOFF_CHARS + 200))
    expect(cuts).toHaveLength(8)
    expect(cuts[0]).toBe(`its context from w0 was cut after ${HANDOFF_CHARS} of 50000 characters`)
    expect(prompt.match(/\[cut after 4000 of 50000 characters\] Whole answer: outputs\/r\/w\d\.md/g)).toHaveLength(8)
  })

  it("with a full context contains every answer in order, up to a total limit", () => {
    const { prompt } = compose({ ...all, strategy: "full" })
    expect(prompt).toMatch(/## survey\n\nall that survey said[\s\S]*## plan\n\nall that plan said/)
    const huge = ["a", "b"].map((step) => earlier(step, { output: "x".repeat(FULL_CHARS) }))
    const cut = compose({ strategy: "full", earlier: huge })
    expect(cut.prompt.length).toBeLessThan(FULL_CHARS + 1_000)
    expect(cut.cuts).toEqual([
      "its context from a was cut after 200000 of 400000 characters",
      "its context from b was cut after 200000 of 400000 characters",
    ])
  })

  it("ends with instructions to report, or to answer with data", () => {
    expect(compose({ isReported: true }).prompt).toMatch(/^Do it\.\n\n---\n\n[\s\S]*```handoff\n[\s\S]*"gotchas"/)
    const { prompt } = compose({ schema: { type: "object" }, isReported: true })
    expect(prompt).toContain('```json\n{\n  "type": "object"\n}\n```')
    expect(prompt).toContain("worker_result")
    expect(prompt).not.toContain("handoff")
  })

  it("is the same for the same input", () => {
    const given = { ...all, strategy: "full" as const, isReported: true }
    expect(compose(given)).toEqual(compose(structuredClone(given)))
  })
})

describe("the report at the end of an answer", () => {
  const block = (json: string) => `\`\`\`handoff\n${json}\n\`\`\``

  it("is removed from the answer", () => {
    const answer = `Done.\n\n${block('{"decisions":["A"],"changed":"src/a.ts: b","why":null,"other":1}')}\nBye.`
    expect(composer.takeReport(answer, undefined)).toEqual({
      output: "Done.\n\n\nBye.",
      handoff: handoff({ decisions: ["A"], changed: ["src/a.ts: b"] }),
    })
  })

  it("is the last block, closed or not", () => {
    const answer = `${block('{"risks":["old"]}')}\nmore\n\`\`\`handoff\n{"risks":["new"]}`
    expect(composer.takeReport(answer, undefined)).toEqual({
      output: `${block('{"risks":["old"]}')}\nmore`,
      handoff: handoff({ risks: ["new"] }),
    })
  })

  it.each(["no block", block("{oops"), block("{}"), block("[1]"), block('{"decisions":[""]}'), "```json\n{}\n```"])(
    "is absent, and the answer unchanged, without a valid block: %s",
    (answer) => {
      expect(composer.takeReport(answer, undefined)).toEqual({ output: answer })
    },
  )

  it("is limited in length, and says how much is missing", () => {
    const long = JSON.stringify({ decisions: Array.from({ length: 900 }, () => "x".repeat(5_000)) })
    const taken = composer.takeReport(block(long), undefined).handoff as Handoff
    expect(taken.decisions).toHaveLength(51)
    expect(taken.decisions[0]).toHaveLength(501)
    expect(taken.decisions[50]).toBe("… and 850 more, not kept")
    const full = JSON.stringify({ decisions: Array.from({ length: 50 }, () => "x") })
    expect(composer.takeReport(block(full), undefined).handoff?.decisions).toHaveLength(50)
  })
})
