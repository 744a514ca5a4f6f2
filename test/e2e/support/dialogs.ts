import { STILL_MS, type Tui } from "./screen.ts"
import { until } from "./until.ts"

/** What a person does in the dialogs of the TUI. */

/** A key of ours: the leader, then a letter. */
export function key(tui: Tui, letter: string): void {
  tui.press("ctrl+x")
  tui.type(letter)
}

/** Types into the field of a dialog that has just opened: keys that come before the field has the focus are lost, so
 *  they are typed again while nothing of them is to be seen. */
export async function fillIn(
  tui: Tui,
  text: string,
  isThere = (screen: string) => screen.includes(text),
): Promise<void> {
  let typedAt = Number.NEGATIVE_INFINITY
  await until(
    () => {
      if (isThere(tui.text())) return true
      if (Date.now() - typedAt > 3_000) {
        tui.type(text)
        typedAt = Date.now()
      }
      return false
    },
    { what: () => `${text} to be in the dialog:\n${tui.text()}` },
  )
}

/** Chooses the row of the dialog on the screen that its search finds by these words. */
export async function choose(tui: Tui, words: string): Promise<void> {
  await tui.waitFor(/ Search/)
  await fillIn(tui, words, (screen) => !screen.includes(" Search"))
  tui.press("enter")
}

/** Closes the dialog on the screen. */
export async function closeDialog(tui: Tui): Promise<void> {
  tui.press("escape")
  await tui.waitFor(lasting((text) => !/ esc\s*$/m.test(text)))
}

/** Leaves the dashboard for where one was before. */
export async function closeDashboard(tui: Tui): Promise<void> {
  tui.press("escape")
  await tui.waitFor(lasting((text) => !/ esc back\s*$/m.test(text)))
}

/** Leaves the session for the home screen, where the next line begins a new one; returns once no toast lies upon it. */
export async function goHome(tui: Tui): Promise<void> {
  await tui.submit("/new")
  await tui.waitFor((text) => /Ask anything/.test(text) && !/ · (success|failed|cancelled|paused)/.test(text))
}

/**
 * A condition that must hold for a while, because a screen that is being redrawn lacks parts. A key
 * that followed an escape too soon would be read together with it, as another key.
 */
function lasting(isTrue: (text: string) => boolean): (text: string) => boolean {
  let since: number | undefined
  return (text) => {
    since = isTrue(text) ? (since ?? Date.now()) : undefined
    return since !== undefined && Date.now() - since >= STILL_MS
  }
}
