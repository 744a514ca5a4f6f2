import type { AskView } from "../../core/view/view.ts"
import { clip, widthOf } from "../state/text.ts"

/** The answers to an ask as rows of a dialog: what is said about each in a column of its own, on one line. */
export function answerChoices(
  answers: readonly { readonly title: string; readonly description?: string }[],
  columns: number,
): readonly { readonly title: string; readonly description: string; readonly isCut: boolean }[] {
  const explained = answers.filter(({ description }) => description)
  const width = Math.min(26, Math.max(0, ...explained.map(({ title }) => widthOf(title))))
  return answers.map(({ title, description = "" }) => {
    const name = description === "" ? title : title + " ".repeat(Math.max(0, width - widthOf(title)))
    const shown = clip(description, columns - widthOf(name) - 3)
    const isCut = shown !== clip(description, Number.POSITIVE_INFINITY)
    return { title: name, description: shown === "" ? "" : ` ${shown}`, isCut }
  })
}

/**
 * What an ask is about, to be shown under the choice: the whole title where the heading had no room for it, and what
 * the title does not say already. At most as many lines as fit into `rows`, wrapped at `columns`; where some are left
 * out the last one says so.
 */
export function askDetails(
  ask: Pick<AskView, "details" | "more" | "questions">,
  title: string,
  heading: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const said = clip(title, Number.POSITIVE_INFINITY)
  // They come one after another.
  const isQuestion = (line: string) => ask.questions.some(({ text }) => text === line)
  const isNew = (line: string) => !said.includes(clip(line, Number.POSITIVE_INFINITY)) && !isQuestion(line)
  const lines = [...(heading === said ? [] : [title]), ...ask.details.filter(isNew)]
  const fitting: string[] = []
  let free = Math.max(2, rows)
  const hidden = ask.more ?? 0
  for (const [index, line] of lines.entries()) {
    const isLast = index === lines.length - 1 && hidden === 0
    const needed = Math.ceil(widthOf(line) / columns)
    if (needed > (isLast ? free : free - 1)) return [...fitting, `… ${lines.length - index + hidden} more lines`]
    fitting.push(line)
    free -= needed
  }
  return hidden > 0 ? [...fitting, `… ${hidden} more lines`] : fitting
}
