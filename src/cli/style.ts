import pc from "picocolors"
import type { StepStatus } from "../core/model/result.ts"
import { MARKS } from "../core/view/marks.ts"

export type Colors = ReturnType<typeof pc.createColors>

/** Colours for a stream. They are used only on a terminal, and not when NO_COLOR is set. */
export function paint(stream: { readonly isTTY?: boolean }): Colors {
  return pc.createColors(stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb")
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
