import { hashOf } from "../base/hash.ts"
import type { StepResult, Warning } from "../model/result.ts"
import type { Run, StepState } from "../model/run.ts"
import type { GroupOf } from "../model/step-types.ts"
import { NO_USAGE } from "../model/usage.ts"
import type { Verdict } from "../model/verdict.ts"
import type { JsonSchema, Quote, Step } from "../model/workflow.ts"
import { type Member, membersOf, unusedName } from "./members.ts"
import type { Next } from "./next.ts"
import { plain, told } from "./prompt-text.ts"

type Ensemble = GroupOf<"ensemble">

/**
 * Several proposers propose and one judge decides. Proposers that fail are left out, and below the
 * quorum there is no consensus. The judge sees the proposals without names and in a drawn order;
 * when it fails, the next judge is asked. When the step is retried, the proposals are kept and a
 * judge is asked again.
 */
export function nextOfEnsemble(group: Ensemble, run: Run, spec: Step, step: StepState): Next {
  const seed = step.parts?.seed ?? hashOf(`${run.id}/${spec.id}/${step.attempt}`)
  const members = membersOf(run, step)
  const proposed = members.filter(({ spec: part }) => part.part?.role === "proposer")
  const judged = members.filter(({ spec: part }) => part.part?.role === "judge")
  if (proposed.length < group.proposers.length) {
    const isAll = group.mode === "parallel"
    const from = isAll ? 0 : proposed.length
    const next = group.proposers.slice(from, isAll ? undefined : from + 1)
    return { type: "steps", steps: next.map((_, at) => proposerOf(spec, group, from + at, proposed)), seed }
  }
  const answers = proposed.filter(({ row }) => row.status === "success")
  const facts = factsOf(proposed, answers, seed)
  if (answers.length < group.quorum) {
    const detail = `${answers.length} of ${proposed.length} proposers answered, and ${group.quorum} must: no consensus${whyNot(proposed)}`
    return { type: "result", result: unjudged(answers, { ...facts, judge: null, verdict: null }, detail) }
  }
  const shown = shuffled(answers, seed)
  const counting = judged.slice(step.parts?.refused ?? 0)
  const judge = counting.findLast((member) => verdictOf(member, shown, group) !== undefined)
  if (judge) return decided(judge, shown, facts, group, proposed)
  const asked = judged.slice(step.parts?.before ?? 0)
  const next = group.judges[asked.length]
  if (next !== undefined)
    return { type: "steps", steps: [told(judgeOf(spec, group, next, judged.length, shown), step.goOn?.text)], seed }
  const why = asked.map(
    ({ spec: part, row }) => `${part.profile} (${row.result?.reason === "ok" ? "unclear" : row.result?.reason})`,
  )
  const detail = `no judge reached a verdict: ${why.join(", ")}; the proposals are kept`
  return { type: "result", result: unjudged(answers, { ...facts, judge: null, verdict: null }, detail) }
}

// ── proposers ────────────────────────────────────────────────────────────────────────────────────

function body(spec: Step): Step {
  const {
    group: _g,
    condition: _c,
    hook: _h,
    onFailure: _o,
    output: _f,
    budget: _b,
    checks: _k,
    opinions: _p,
    timeoutMs: _t,
    ...rest
  } = spec
  // A person is asked about the whole ensemble.
  return { ...rest, type: "single", needs: [], intervene: "never" }
}

function proposerOf(spec: Step, group: Ensemble, at: number, before: readonly Member[]): Step {
  const profile = group.proposers[at] ?? ""
  const name = nameOf(group.proposers, at)
  const earlier = before.filter(({ row }) => row.status === "success").map(({ row }) => row.result?.output ?? "")
  const quotes = earlier.map((text, index) => quoteOf(String(index + 1), text))
  const prompt =
    quotes.length === 0
      ? spec.prompt
      : `${spec.prompt}\n\nOther workers have already made the proposals below. Use what is good in them, and give a complete proposal of your own.`
  return {
    ...body(spec),
    id: `${spec.id}:${name}`,
    profile,
    prompt,
    ...(quotes.length === 0 ? {} : { quotes }),
    part: { of: spec.id, name, role: "proposer", isTolerated: true },
  }
}

const quoteOf = (name: string, text: string): Quote => ({ kind: "proposal", name, text: plain(text) })

/**
 * Turns profiles into names of steps. The names are unique, contain only characters that an id may
 * contain, and differ from those of judges.
 */
function nameOf(profiles: readonly string[], at: number): string {
  const names = new Set<string>()
  let name = ""
  for (const profile of profiles.slice(0, at + 1)) {
    const tidy = profile.replaceAll(/[^A-Za-z0-9_.-]+/g, "-")
    name = unusedName(/^judge(-\d+)?$/.test(tidy) ? `proposer-${tidy}` : tidy, 2, names)
    names.add(name)
  }
  return name
}

// ── the judge ────────────────────────────────────────────────────────────────────────────────────

const letterOf = (at: number) => String.fromCharCode(65 + (at % 26)) + (at < 26 ? "" : String(Math.floor(at / 26)))

function judgeOf(spec: Step, group: Ensemble, profile: string, at: number, shown: readonly Member[]): Step {
  const name = `judge${at === 0 ? "" : `-${at + 1}`}`
  const proposals = shown.map(({ row }, index) => quoteOf(letterOf(index), row.result?.output ?? ""))
  const task =
    group.verdict === "pick"
      ? "Pick the best one as it is."
      : "Write the best answer out of all of them: take what is good from each. If one of them is best as it is, you may pick it."
  const prompt = `Several proposals were made for the task below; you do not know by whom. Judge them by how well they do the task, not by their length or style. ${task}

Give your verdict with its reasons, and as dissent what you did not follow and what speaks for it.`
  const { schema: _s, retry: _r, effects: _e, files: _f, ...rest } = body(spec)
  return {
    ...rest,
    id: `${spec.id}:${name}`,
    profile,
    prompt,
    quotes: [{ kind: "task", text: spec.prompt }, ...proposals],
    schema: verdictSchema(
      group,
      shown.map((_, index) => letterOf(index)),
      spec.schema,
    ),
    part: { of: spec.id, name, role: "judge", isTolerated: true },
  }
}

/** Returns the schema of a judge's answer. */
function verdictSchema(group: Ensemble, letters: readonly string[], answer: JsonSchema | undefined): JsonSchema {
  const texts = (description: string) => ({ type: "array", items: { type: "string" }, description })
  const isPick = group.verdict === "pick"
  return {
    type: "object",
    additionalProperties: false,
    required: ["verdict", "reasons", "dissent"],
    properties: {
      verdict: { enum: isPick ? ["pick"] : ["synthesize", "pick"] },
      choice: { enum: letters, description: "With `pick`: the name of the proposal." },
      ...(isPick
        ? {}
        : { answer: answer ?? { type: "string", description: "With `synthesize`: the whole answer to the task." } }),
      reasons: texts("Why, in short sentences."),
      dissent: texts("What of the proposals you did not follow, and what speaks for it."),
    },
  }
}

interface JudgeAnswer {
  readonly verdict: "pick" | "synthesize"
  /** The member whose proposal is picked. */
  readonly picked?: Member
  readonly answer?: unknown
  readonly reasons: readonly string[]
  readonly dissent: readonly string[]
}

/** Returns a judge's verdict, or undefined when it has given no valid one. */
function verdictOf({ row }: Member, shown: readonly Member[], group: Ensemble): JudgeAnswer | undefined {
  const data = row.status === "success" ? row.result?.structured : undefined
  if (typeof data !== "object" || data === null) return undefined
  const { verdict, choice, answer, reasons, dissent } = data as Record<string, unknown>
  const said = { reasons: textsOf(reasons), dissent: textsOf(dissent) }
  if (verdict === "pick") {
    const picked = shown.find((_, at) => letterOf(at) === choice)
    return picked && { verdict, picked, ...said }
  }
  const isThere = verdict === "synthesize" && group.verdict === "synthesize" && answer !== undefined && answer !== ""
  return isThere ? { verdict: "synthesize", answer, ...said } : undefined
}

const textsOf = (value: unknown) => (Array.isArray(value) ? value.map(String) : [])

// ── the result ───────────────────────────────────────────────────────────────────────────────────

type Facts = Omit<Verdict, "judge" | "verdict" | "choice">

function factsOf(proposed: readonly Member[], answers: readonly Member[], seed: number): Facts {
  const providers = answers.flatMap(({ row }) => row.result?.model?.split("/", 1)[0] ?? [])
  return {
    asked: proposed.length,
    answered: answers.length,
    providers: [...new Set(providers)],
    order: shuffled(answers, seed).map(nameIn),
    seed,
    reasons: [],
    dissent: [],
  }
}

function decided(
  judge: Member,
  shown: readonly Member[],
  facts: Facts,
  group: Ensemble,
  proposed: readonly Member[],
): Next {
  const judgement = verdictOf(judge, shown, group) as JudgeAnswer
  const { picked, answer, reasons, dissent } = judgement
  const verdict: Verdict = {
    ...facts,
    judge: judge.spec.id,
    verdict: judgement.verdict,
    ...(picked ? { choice: nameIn(picked) } : {}),
    reasons,
    dissent,
  }
  const own = picked?.row.result
  const output = own ? own.output : typeof answer === "string" ? answer : JSON.stringify(answer, null, 2)
  const data = own ? own.structured : typeof answer === "string" ? undefined : answer
  const result: StepResult = {
    ...NO_USAGE,
    reason: "ok",
    output,
    verdict,
    ...(data === undefined ? {} : { structured: data }),
  }
  const { asked, answered } = facts
  const text = `${answered} of ${asked} proposers answered${whyNot(proposed)}`
  const warnings: Warning[] = answered < asked ? [{ kind: "dissent", text }] : []
  return { type: "result", result, warnings }
}

/** Returns all proposals unchanged when no judge has decided. */
function unjudged(answers: readonly Member[], verdict: Verdict, detail: string): StepResult {
  const output = answers.map((member) => `## ${nameIn(member)}\n\n${member.row.result?.output ?? ""}`).join("\n\n")
  return { ...NO_USAGE, reason: "error", output, detail, verdict }
}

const nameIn = ({ spec }: Member) => spec.part?.name ?? spec.id

function whyNot(proposed: readonly Member[]): string {
  const silent = proposed.filter(({ row }) => row.status !== "success")
  const names = silent.map((member) => `${nameIn(member)}: ${member.row.result?.reason ?? member.row.status}`)
  return names.length === 0 ? "" : ` (${names.join(", ")})`
}

// ── the order ────────────────────────────────────────────────────────────────────────────────────

/** Returns the list in an order that depends only on the seed (Fisher–Yates over mulberry32). */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const drawn = [...list]
  let state = seed
  const random = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  for (let at = drawn.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    const [one, two] = [drawn[at] as T, drawn[other] as T]
    drawn[at] = two
    drawn[other] = one
  }
  return drawn
}
