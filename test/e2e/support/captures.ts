import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect } from "vitest"
import { ROOT } from "./project.ts"
import type { Tui } from "./screen.ts"
import { until } from "./until.ts"

/** Captures of screens of the real TUI, kept as text for people to read. */

const FOLDER = join(ROOT, "test/e2e/screens")

const WAIT_MS = 10_000

/**
 * Waits until the screen equals the capture with this name, because the screen is drawn piece by
 * piece. Folders, times, ids, token counts, prices and widths are ignored, because they differ each
 * time. With `BATON_CAPTURE=1`, first writes the capture once the screen stops changing.
 */
export async function expectScreen(name: string, tui: Pick<Tui, "text">): Promise<void> {
  const file = join(FOLDER, `${name}.txt`)
  if (process.env.BATON_CAPTURE === "1") {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${(await still(tui)).trimEnd()}\n`)
  }
  const kept = lasting(readFileSync(file, "utf8"))
  await expect.poll(() => lasting(tui.text()), { timeout: WAIT_MS, interval: 50 }).toEqual(kept)
}

/** Returns the screen once its stable part has not changed for half a second. */
async function still(tui: Pick<Tui, "text">): Promise<string> {
  let [before, since] = ["", Date.now()]
  return until(
    () => {
      const now = lasting(tui.text()).join("\n")
      if (now !== before) [before, since] = [now, Date.now()]
      return Date.now() - since >= 500 && tui.text()
    },
    { what: "the screen to stand still" },
  )
}

/** The lines of a screen without the parts that differ each time. */
function lasting(screen: string): string[] {
  return screen
    .trimEnd()
    .split("\n")
    .map((line) =>
      line
        // A dialog may cover the start of the path.
        .replace(/\bbaton-e2e-\w+/g, "baton-e2e")
        // OpenCode shows one of several examples in an empty prompt.
        .replace(/Ask anything… ".*"/, "Ask anything…")
        .replace(/\bses_\w+|\S+(?= ─+$)/g, "SESSION")
        .replace(/(?:\d+h )?(?:\d+m )?\b\d+(?:\.\d)?s\b|\d+h \d+m\b/g, "TIME")
        .replace(/\$\d[\d.]*|\b\d[\d.]*k?(?= tokens\b)|\b\d[\d.]*k\b/g, "N")
        .replace(/\b[0-9A-Za-z]{10}(?=│|$)/, "RUN")
        .replace(/─+/g, "─")
        .replace(/\s+/g, " ")
        .trim(),
    )
}
