import type { StepStatus } from "../core/model/result.ts"
import { MARKS } from "../core/view/marks.ts"
import { control } from "./terminal.ts"

/** The code that begins each style, and the one that ends it. */
const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const

export type Colors = Readonly<Record<keyof typeof STYLES, (text: string) => string>>

/** Colours for a stream. They are used only on a terminal, and not when NO_COLOR is set. */
export function paint(stream: { readonly isTTY?: boolean }): Colors {
  const isOn = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb"
  const styled = (name: keyof typeof STYLES) => (text: string) => {
    const [begin, end] = STYLES[name]
    return isOn ? `${control(`${begin}m`)}${text}${control(`${end}m`)}` : text
  }
  return {
    bold: styled("bold"),
    dim: styled("dim"),
    red: styled("red"),
    green: styled("green"),
    yellow: styled("yellow"),
    cyan: styled("cyan"),
  }
}

export function stepMark(status: StepStatus, colors: Colors): string {
  const paints: Record<StepStatus, (mark: string) => string> = {
    pending: colors.dim,
    running: colors.cyan,
    waiting: colors.yellow,
    success: colors.green,
    failed: colors.red,
    skipped: colors.dim,
    cancelled: colors.yellow,
  }
  return paints[status](MARKS[status])
}
