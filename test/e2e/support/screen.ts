import xterm from "@xterm/headless"
import { evidence } from "./evidence.ts"
import { signal } from "./processes.ts"
import { OPENCODE, type Project } from "./project.ts"
import { until } from "./until.ts"

/** The real OpenCode TUI in a pseudo-terminal, read as a screen; `await using` closes it at the end of the block. */
export interface Tui extends AsyncDisposable {
  readonly pid: number
  /** What is on the screen now, a line a row, trailing spaces cut. */
  text(): string
  /** Waits until the screen matches and returns its text. The error at the deadline (60,000 ms) shows the screen. */
  waitFor(what: RegExp | ((text: string) => boolean), timeoutMs?: number): Promise<string>
  /** Sends text as if typed, in one go. */
  type(text: string): void
  /** Presses a key: `enter`, `escape`, `tab`, `backspace`, an arrow, `home`, `end`, `pageup`, `pagedown`, `ctrl+LETTER`, or several one after another. */
  press(...keys: readonly Key[]): void
  /** Types a line into the prompt in one go, waits until it stands there, and submits it. Not for dialogs. */
  submit(line: string): Promise<void>
  resize(cols: number, rows: number): void
  /** What the terminal was told to show as a notification of the system, `title;text` (OSC 777), oldest first. */
  readonly notifications: readonly string[]
  /** SIGTERM; after 3 s SIGKILL to the whole process group. Returns once the process has ended. */
  close(): Promise<void>
  /** SIGKILL, to the TUI alone. */
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
  /** What a terminal says when its window is no longer the one in front. */
  blur: "\x1b[O",
} as const
export type Key = keyof typeof KEYS | `ctrl+${string}`

export interface TuiOptions {
  readonly cols?: number
  readonly rows?: number
  /** More arguments of `opencode`. */
  readonly args?: readonly string[]
  /** Attaches to this server instead of running one inside. */
  readonly attach?: string
  /** Added to the project's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** How long it may take until the prompt is drawn; 90,000 when left out. */
  readonly timeoutMs?: number
}

/** The home screen has both, a session opened with `--session` only the second. */
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

  const text = () => textOf(screen)
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

/** How long the popup must have stayed open, or shut, before enter is pressed: it lags behind the typing. */
export const STILL_MS = 400

/** Types the line and submits it. A slash command without arguments leaves the popup open: there the first enter only
 *  takes the entry over. */
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

/** What is typed into OpenCode's prompt, squeezed, and whether the slash popup stands on top of it. The prompt is the
 *  lowest block with a bar at its left; the rows of the popup have one at their right, too. */
function promptBox(text: string): { readonly typed: string; readonly popup: boolean } {
  const rows = text.split("\n").map((row) => row.trim())
  const bottom = rows.findLastIndex((row) => row.startsWith("╹"))
  const top = rows.findLastIndex((row, index) => index < bottom && !row.startsWith("┃"))
  const block = rows.slice(top + 1, Math.max(bottom, 0))
  const isPopup = (row: string) => row.length > 1 && row.endsWith("┃")
  return { typed: squeeze(block.filter((row) => !isPopup(row)).join("")), popup: block.some(isPopup) }
}

/** Without spaces and bars, so that a wrapped line is found. */
function squeeze(text: string): string {
  return text.replace(/[\s┃]/g, "")
}
