import { STILL_MS, type Tui } from "./screen.ts"
import { until } from "./until.ts"

/** Actions of a person in the dialogs of the TUI. */

/** Presses a key of Baton: the leader key, then a letter. */
export function key(tui: Tui, letter: string): void {
  tui.press("ctrl+x")
  tui.type(letter)
}

/**
 * Types into the field of a dialog that has just opened. Keys that arrive before the field has the
 * focus are lost, so the text is typed again until it appears.
 */
export async function fillIn(
  tui: Tui,
  text: string,
  isThere = (screen: string) => screen.includes(text),
): Promise<void> {
  let typedAt = Number.NEGATIVE_INFINITY
  const holds = lasting(isThere)
  await until(
    () => {
      if (holds(tui.text())) return true
      if (!isThere(tui.text()) && Date.now() - typedAt > 3_000) {
        tui.type(text)
        typedAt = Date.now()
      }
      return false
    },
    { what: () => `${text} to be in the dialog:\n${tui.text()}` },
  )
}

/** Chooses the row of the open dialog that its search finds for these words. */
export async function choose(tui: Tui, words: string): Promise<void> {
  await tui.waitFor(/ Search/)
  await fillIn(tui, words, (screen) => !screen.includes(" Search"))
  tui.press("enter")
}

/** Closes the open dialog. */
export async function closeDialog(tui: Tui): Promise<void> {
  tui.press("escape")
  await tui.waitFor(lasting((text) => !/ esc\s*$/m.test(text)))
}

/** Leaves the dashboard for the previous screen. */
export async function closeDashboard(tui: Tui): Promise<void> {
  tui.press("escape")
  await tui.waitFor(lasting((text) => !/ esc back\s*$/m.test(text)))
}

/**
 * Leaves the session for the home screen, where the next line starts a new session. Returns once no
 * toast covers the screen.
 */
export async function goHome(tui: Tui): Promise<void> {
  await tui.submit("/new")
  await tui.waitFor((text) => /Ask anything/.test(text) && !/ · (success|failed|cancelled|paused)/.test(text))
}

/** Milliseconds without a key after which Baton takes the next key for deliberate. */
const PAUSE_MS = 900

/** Waits until the screen has matched for as long as a person pauses. */
export async function paused(tui: Tui, what: RegExp): Promise<void> {
  await tui.waitFor(lasting((text) => what.test(text), PAUSE_MS))
}

/**
 * A condition that must hold for a while, because a screen that is being redrawn lacks parts. A key
 * that followed an escape too soon would be read together with it, as another key.
 */
function lasting(isTrue: (text: string) => boolean, forMs = STILL_MS): (text: string) => boolean {
  let since: number | undefined
  return (text) => {
    since = isTrue(text) ? (since ?? Date.now()) : undefined
    return since !== undefined && Date.now() - since >= forMs
  }
}
