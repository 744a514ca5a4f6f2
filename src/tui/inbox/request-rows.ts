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

/** The first line of a text, as the heading of a dialog. An ellipsis says that the text goes on. */
export function headingOf(text: string, columns: number): string {
  const [first = "", ...rest] = text.trim().split("\n")
  return clip(rest.length > 0 ? `${first.trimEnd()} …` : first, columns)
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
  room: Room,
): string[] {
  const said = clip(title, Number.POSITIVE_INFINITY)
  // Questions are asked one after another, each as the title of its own dialog.
  const isQuestion = (line: string) => request.questions.some(({ text }) => text === line)
  const isNew = (line: string) => !said.includes(clip(line, Number.POSITIVE_INFINITY)) && !isQuestion(line)
  const lines = [...(heading === said ? [] : linesOf(title)), ...request.details.filter(isNew).flatMap(linesOf)]
  return fitLines(lines, room, request.more)
}

interface Room {
  readonly columns: number
  readonly rows: number
}

/** The lines of a text, at most as many as fit into the room, as `requestDetails` fits them. */
export function textLines(text: string, room: Room): string[] {
  return fitLines(linesOf(text), room)
}

/** An empty line is a space, so that it is drawn. */
function linesOf(text: string): string[] {
  return text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trimEnd() || " ")
}

/** `hidden` is the number of lines that follow the given ones and were left out before. */
function fitLines(lines: readonly string[], { columns, rows }: Room, hidden = 0): string[] {
  const fitting: string[] = []
  let free = Math.max(2, rows)
  for (const [index, line] of lines.entries()) {
    const isLast = index === lines.length - 1 && hidden === 0
    const needed = Math.max(1, Math.ceil(widthOf(line) / columns))
    if (needed > (isLast ? free : free - 1)) return [...fitting, moreLines(lines.length - index + hidden)]
    fitting.push(line)
    free -= needed
  }
  return hidden > 0 ? [...fitting, moreLines(hidden)] : fitting
}

function moreLines(count: number): string {
  return `… ${count} more ${count === 1 ? "line" : "lines"}`
}
