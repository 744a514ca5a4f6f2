import type { OpinionAsked } from "../core/ports/composer.ts"
import { fence, fenceRule } from "./fence.ts"
import { blockStart } from "./mark.ts"

/** At most so many characters of the answer, and of its prompt, are shown to a reviewer. */
const SHOWN_CHARS = 100_000

/** Returns the prompt of a reviewer. */
export function opinion({ question, step, prompt, answer }: OpinionAsked, nonce: string | undefined): string {
  return `${question}

Judge by this the answer of the step "${step}". You may read the project's files; change nothing.

What was asked of it:

${fence(nonce, "prompt", undefined, shown(prompt))}

Its answer:

${fence(nonce, "answer", undefined, shown(answer))}

${fenceRule(nonce)}

End your answer with your verdict, in one block that begins with this very line:

${blockStart("json", nonce)}
{"holds": true or false, "why": "one or two sentences"}
\`\`\``
}

function shown(text: string): string {
  if (text.length <= SHOWN_CHARS) return text
  return `${text.slice(0, SHOWN_CHARS)}\n[cut after ${SHOWN_CHARS} of ${text.length} characters]`
}
