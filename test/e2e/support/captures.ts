import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect } from "vitest"
import { ROOT } from "./project.ts"

/** Screens of the real TUI, kept as text for people to look at. */

const FOLDER = join(ROOT, "test/e2e/screens")

/**
 * Compares a screen with the one kept under that name, but for what differs each time: folders, times, ids, counts of tokens and
 * prices, and with them how wide things are. Writes it with `BATON_CAPTURE=1`.
 */
export function expectScreen(name: string, screen: string): void {
  const file = join(FOLDER, `${name}.txt`)
  if (process.env.BATON_CAPTURE === "1") {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${screen.trimEnd()}\n`)
  }
  expect(lasting(screen)).toEqual(lasting(readFileSync(file, "utf8")))
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
