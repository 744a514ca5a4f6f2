import type { Problem } from "../model/problem.ts"
import { type Path, problemAt, type SourceDocument, valueAt } from "./issues.ts"

/** The keys of `asks` that only concern a person, with their meaning. */
const OF_PERSON = {
  timeout: "how long a person has",
  otherwise: "the answer when a person's time is over",
} as const

/**
 * Reports the keys of the `asks` at `path` of `value` that only concern a person, when its policy
 * never asks one, or when the person has all the time.
 */
export function* askProblems(document: SourceDocument, value: unknown, path: Path): Generator<Problem> {
  const policy = valueAt(value, [...path, "policy"])
  const isWritten = (key: string) => valueAt(value, [...path, key]) !== undefined
  if (policy === "ask" && isWritten("otherwise") && !isWritten("timeout")) {
    const message = `\`otherwise\` is ${OF_PERSON.otherwise}, but without \`timeout\` it is never over`
    yield problemAt(document, [...path, "otherwise"], "key", message, "add `timeout`, or leave it out")
  }
  if (policy !== "deny" && policy !== "allow-listed") return
  for (const [key, what] of Object.entries(OF_PERSON)) {
    if (!isWritten(key)) continue
    const message = `\`${key}\` is ${what}, but with \`${policy}\` nobody is asked`
    yield problemAt(document, [...path, key], "key", message, "use the policy `ask`, or leave it out")
  }
}
