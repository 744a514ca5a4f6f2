import xterm from "@xterm/headless"
import { evidence } from "./evidence.ts"
import { signal } from "./processes.ts"
import { OPENCODE, type Project } from "./project.ts"
import { until } from "./until.ts"

/**
 * The real OpenCode TUI in a pseudo-terminal, read as a screen. `await using` closes it at the end
 * of the block.
 */
export interface Tui extends AsyncDisposable {
  readonly pid: number
  /** The text on the screen, one line per row without trailing spaces. */
  text(): string
  /**
   * Waits until the screen matches, and returns its text. The error after `timeoutMs` (default
   * 60,000) shows the screen.
   */
  waitFor(what: RegExp | ((text: string) => boolean), timeoutMs?: number): Promise<string>
  /** Sends text as if it were typed, all at once. */
  type(text: string): void
  /** Presses one or several keys in order: a name in `KEYS`, or `ctrl+LETTER`. */
  press(...keys: readonly Key[]): void
  /**
   * Types a line into the prompt all at once, waits until it is there, and submits it. Not for
   * dialogs.
   */
  submit(line: string): Promise<void>
  /** Resizes the terminal and clears it, because OpenCode draws everything again for the new size. */
  resize(cols: number, rows: number): void
  /**
   * The system notifications that the terminal was told to show (OSC 777), as `title;text`, oldest
   * first.
   */
  readonly notifications: readonly string[]
  /**
   * Sends SIGTERM, and after 3 s SIGKILL to the whole process group. Returns once the process has
   * ended.
   */
  close(): Promise<void>
  /** Sends SIGKILL to the TUI alone. */
  kill(): Promise<void>
}

const KEYS = {
  enter: "\r",
  escape: "\x1b",
  tab: "\t",
  backspace: "\x7f",
  up: "\x1b[A",
  down: "\x1b[B",
  right: "\x1b[C",
  left: "\x1b[D",
  home: "\x1b[H",
  end: "\x1b[F",
  pageup: "\x1b[5~",
  pagedown: "\x1b[6~",
  /** Sent by a terminal when its window loses the focus. */
  blur: "\x1b[O",
} as const
export type Key = keyof typeof KEYS | `ctrl+${string}`

export interface TuiOptions {
  readonly cols?: number
  readonly rows?: number
  /** Additional arguments of `opencode`. */
  readonly args?: readonly string[]
  /** Attaches to this server instead of running one inside. */
  readonly attach?: string
  /** Added to the project's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds until the prompt must be drawn; the default is 90,000. */
  readonly timeoutMs?: number
}

/** Clears the screen. */
const CLEAR = "\x1b[2J"

/** The home screen shows both texts, a session opened with `--session` only the second. */
const READY = /Ask anything|ctrl\+p commands/

/** Opens the TUI in the project and returns once its prompt is on screen. */
export async function openTui(project: Project, options: TuiOptions = {}): Promise<Tui> {
  const { cols = 120, rows = 36, args = [] } = options
  const screen = new xterm.Terminal({ cols, rows, allowProposedApi: true })
  const command = [OPENCODE, ...(options.attach ? ["attach", options.attach] : []), ...args]
  const process = Bun.spawn(command, {
    cwd: project.dir,
    env: { ...project.env, COLORTERM: "truecolor", ...options.env },
    terminal: { cols, rows, data: (_terminal, data) => screen.write(data) },
  })
  const terminal = process.terminal
  if (!terminal) throw new Error("no pseudo-terminal")
  screen.onData((answer) => terminal.write(answer)) // OpenCode asks the terminal what it can do

  const notifications: string[] = []
  screen.parser.registerOscHandler(777, (data) => notifications.push(data.replace(/^notify;/, "")) > 0)

  let isCleared = true
  const text = () => (isCleared ? textOf(screen) : "")
  const waitFor: Tui["waitFor"] = (what, timeoutMs = 60_000) =>
    until(
      () => {
        const now = text()
        return (typeof what === "function" ? what(now) : now.search(what) >= 0) && now
      },
      {
        what: () => `${what} on screen at ${new Date().toISOString()}, which shows:\n${text()}\n${evidence(project)}`,
        timeoutMs,
      },
    )
  const end = async (force?: NodeJS.Signals) => {
    signal(process.pid, force ?? "SIGTERM")
    const timer = setTimeout(() => signal(-process.pid, "SIGKILL"), 3_000)
    await process.exited
    clearTimeout(timer)
    terminal.close()
    screen.dispose()
  }
  const tui: Tui = {
    pid: process.pid,
    text,
    notifications,
    waitFor,
    type: (typed) => void terminal.write(typed),
    press: (...keys) => void terminal.write(keys.map(bytesOf).join("")),
    submit: (line) => submit(text, (keys) => terminal.write(keys), line),
    resize(newCols, newRows) {
      if (newCols === screen.cols && newRows === screen.rows) return
      isCleared = false
      screen.write(CLEAR, () => {
        isCleared = true
      })
      screen.resize(newCols, newRows)
      terminal.resize(newCols, newRows)
    },
    close: () => end(),
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end(),
  }
  await waitFor(READY, options.timeoutMs ?? 90_000).catch(async (error) => {
    await end()
    throw error
  })
  return tui
}

function textOf(screen: xterm.Terminal): string {
  const { active } = screen.buffer
  return Array.from(
    { length: screen.rows },
    (_, row) =>
      active
        .getLine(active.baseY + row)
        ?.translateToString(false, 0, screen.cols)
        .trimEnd() ?? "",
  ).join("\n")
}

function bytesOf(key: Key): string {
  if (key in KEYS) return KEYS[key as keyof typeof KEYS]
  const letter = /^ctrl\+([a-z])$/.exec(key)?.[1]
  if (!letter) throw new Error(`no such key: ${key}`)
  return String.fromCharCode(letter.charCodeAt(0) & 0x1f)
}

/**
 * Milliseconds that the popup must stay open or closed before enter is pressed, because it lags
 * behind the typing.
 */
export const STILL_MS = 400

/**
 * Types the line and submits it. A slash command without arguments leaves the popup open, and then
 * the first enter only accepts the entry.
 */
async function submit(text: () => string, write: (keys: string) => void, line: string): Promise<void> {
  write(line)
  const wanted = squeeze(line)
  const inVain = (what: string) => () => `${what}. The screen shows:\n${text()}`
  let popup = false
  let since = Date.now()
  await until(
    () => {
      const box = promptBox(text())
      if (box.popup !== popup || !box.typed.includes(wanted)) since = Date.now()
      popup = box.popup
      return Date.now() - since >= STILL_MS
    },
    { what: inVain(`${JSON.stringify(line)} to be in the prompt`) },
  )
  write(KEYS.enter)
  if (!popup) return
  await until(() => !promptBox(text()).popup, { what: inVain("the popup to close") })
  if (promptBox(text()).typed.includes(wanted)) write(KEYS.enter)
}

/**
 * The text in OpenCode's prompt without spaces, and whether the slash popup is open above it. The
 * prompt is the lowest block with a bar at its left; rows of the popup also have a bar at their
 * right.
 */
function promptBox(text: string): { readonly typed: string; readonly popup: boolean } {
  const rows = text.split("\n").map((row) => row.trim())
  const bottom = rows.findLastIndex((row) => row.startsWith("╹"))
  const top = rows.findLastIndex((row, index) => index < bottom && !row.startsWith("┃"))
  const block = rows.slice(top + 1, Math.max(bottom, 0))
  const isPopup = (row: string) => row.length > 1 && row.endsWith("┃")
  return { typed: squeeze(block.filter((row) => !isPopup(row)).join("")), popup: block.some(isPopup) }
}

/** Removes spaces and bars, so that a wrapped line is found. */
function squeeze(text: string): string {
  return text.replace(/[\s┃]/g, "")
}
