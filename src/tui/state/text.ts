import { stripVTControlCharacters } from "node:util"
import { formatDuration } from "../../core/base/duration.ts"
import type { Tokens } from "../../core/model/result.ts"

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/** Terminal columns that a text takes: 2 for wide characters, 0 for control characters. */
export function widthOf(text: string): number {
  return Bun.stringWidth(text)
}

/**
 * Cuts the text to at most `width` columns. A cut text ends in an ellipsis, and no character is
 * split.
 */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ""
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment)
    if (used > width - 1) break
    kept += segment
  }
  return width < 1 ? "" : `${kept.trimEnd()}…`
}

/** Brings a text onto one line with single spaces, then cuts it to at most `width` columns. */
export function clip(text: string, width: number): string {
  return cut(text.replace(/\s+/g, " ").trim(), width)
}

/** Like `clip`, padded with spaces to exactly `width` columns, for a cell of a table. */
export function cell(text: string, width: number): string {
  const line = clip(text, width)
  return line + " ".repeat(Math.max(0, width - widthOf(line)))
}

/** Control characters that a terminal would act on. */
const ACTS = /[^\P{Cc}\n]/gu

/**
 * Wraps a text into at most `limit` lines of at most `width` columns, between words where possible.
 * Escape sequences are removed.
 */
export function wrap(text: string, width: number, limit = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = []
  const plain = stripVTControlCharacters(text.replace(/\r\n?/g, "\n"))
  const clean = plain.replace(/\t/g, "  ").replace(ACTS, "")
  for (const line of clean.split("\n")) {
    let rest = line.trimEnd()
    do {
      if (lines.length >= limit) return lines
      const [first, next] = breakAt(rest, Math.max(1, width))
      lines.push(first)
      rest = next
    } while (rest !== "")
  }
  return lines
}

/** Returns the part that fits on a line and the rest. */
function breakAt(text: string, width: number): readonly [string, string] {
  if (text.length <= width / 2 || widthOf(text) <= width) return [text, ""]
  let end = 0
  let used = 0
  let word = 0
  for (const { segment, index } of graphemes.segment(text)) {
    used += widthOf(segment)
    if (used > width) break
    end = index + segment.length
    if (segment === " ") word = end
  }
  if (end === 0) end = [...graphemes.segment(text.slice(0, 8))][0]?.segment.length ?? 1
  const at = text[end] === " " ? end : word > 0 && text.slice(0, word).trim() !== "" ? word : end
  return [text.slice(0, at).trimEnd(), text.slice(at).trimStart()]
}

/**
 * Formats elapsed time in whole seconds, so that a tick changes one digit. Takes milliseconds; a
 * negative value, from another machine's clock that is ahead, counts as zero.
 */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  return seconds < 10 ? `${seconds}s` : formatDuration(seconds * 1_000)
}

/** How long ago something was, in its largest unit: `44s`, `59m`, `23h`, `12d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`
}

/** Input and output tokens together: `840 tokens`, `12.3k tokens`, `1.2M tokens`. */
export function formatTokens(tokens: Tokens): string {
  return `${short(tokens.input + tokens.output)} tokens`
}

/** Shortens a count: `840`, `12.3k`, `120k`, `1.2M`. */
export function short(count: number): string {
  if (count < 1_000) return String(count)
  const [value, unit] = count < 999_500 ? [count / 1_000, "k"] : [count / 1_000_000, "M"]
  return `${value < 99.95 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)}${unit}`
}
