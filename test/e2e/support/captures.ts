import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect } from "vitest"
import { ROOT } from "./project.ts"
import type { Tui } from "./screen.ts"
import { until } from "./until.ts"

/** Screens of the real TUI, kept as text for people to look at. */

const FOLDER = join(ROOT, "test/e2e/screens")

const WAIT_MS = 10_000

/**
 * Waits until the screen is the one kept under that name, but for what differs each time: folders, times, ids, counts
 * of tokens and prices, and with them how wide things are. It is drawn piece by piece, so a look at it may come too soon.
 * Keeps it, once it stands still, with `BATON_CAPTURE=1`.
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

/** The screen, once what lasts of it has been the same for half a second. */
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

/** What of a screen is the same each time, a line each. */
function lasting(screen: string): string[] {
  return screen
    .trimEnd()
    .split("\n")
    .map((line) =>
      line
        // A dialog may cover the beginning of one.
        .replace(/\bbaton-e2e-\w+/g, "baton-e2e")
        .replace(/\bses_\w+|\S+(?= ─+$)/g, "SESSION")
        .replace(/(?:\d+h )?(?:\d+m )?\b\d+(?:\.\d)?s\b|\d+h \d+m\b/g, "TIME")
        .replace(/\$\d[\d.]*|\b\d[\d.]*k?(?= tokens\b)|\b\d[\d.]*k\b/g, "N")
        .replace(/\b[0-9A-Za-z]{10}(?=│|$)/, "RUN")
        .replace(/─+/g, "─")
        .replace(/\s+/g, " ")
        .trim(),
    )
}
