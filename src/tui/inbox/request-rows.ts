import type { PendingRequestView } from "../../core/view/view.ts"
import { clip, widthOf } from "../state/text.ts"

/**
 * Rows of a dialog for the answers to a request. The descriptions are aligned in a column and cut
 * to one line; `isTruncated` says that some text is missing.
 */
export function answerChoices(
  answers: readonly { readonly title: string; readonly description?: string }[],
  columns: number,
): readonly { readonly title: string; readonly description: string; readonly isTruncated: boolean }[] {
  const explained = answers.filter(({ description }) => description)
  const width = Math.min(26, Math.max(0, ...explained.map(({ title }) => widthOf(title))))
  return answers.map(({ title, description = "" }) => {
    const name = description === "" ? title : title + " ".repeat(Math.max(0, width - widthOf(title)))
    const shown = clip(description, columns - widthOf(name) - 3)
    const isTruncated = shown !== clip(description, Number.POSITIVE_INFINITY)
    return { title: name, description: shown === "" ? "" : ` ${shown}`, isTruncated }
  })
}

/**
 * Lines below the choice that say what a request is about: the title, if the heading had to cut it,
 * and the details that the title does not contain. At most as many lines as fit into `rows` when
 * wrapped at `columns`; if some are left out, the last line says how many.
 */
export function requestDetails(
  request: Pick<PendingRequestView, "details" | "more" | "questions">,
  title: string,
  heading: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const said = clip(title, Number.POSITIVE_INFINITY)
  // Questions are asked one after another, each as the title of its own dialog.
  const isQuestion = (line: string) => request.questions.some(({ text }) => text === line)
  const isNew = (line: string) => !said.includes(clip(line, Number.POSITIVE_INFINITY)) && !isQuestion(line)
  const lines = [...(heading === said ? [] : [title]), ...request.details.filter(isNew)]
  const fitting: string[] = []
  let free = Math.max(2, rows)
  const hidden = request.more ?? 0
  for (const [index, line] of lines.entries()) {
    const isLast = index === lines.length - 1 && hidden === 0
    const needed = Math.ceil(widthOf(line) / columns)
    if (needed > (isLast ? free : free - 1)) return [...fitting, `… ${lines.length - index + hidden} more lines`]
    fitting.push(line)
    free -= needed
  }
  return hidden > 0 ? [...fitting, `… ${hidden} more lines`] : fitting
}
