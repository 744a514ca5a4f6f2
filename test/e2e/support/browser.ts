import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { pathToFileURL } from "node:url"
import { signal } from "./processes.ts"
import { until } from "./until.ts"

/** Controls a real headless Chromium through its DevTools protocol. */

const NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"]

/**
 * The browser on this machine: `BATON_CHROMIUM`, or else the first one on PATH. Undefined if there
 * is none.
 */
export function findChromium(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const named = env.BATON_CHROMIUM
  if (named !== undefined) return named
  const folders = (env.PATH ?? "").split(delimiter)
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file))
}

/** An open page and what it has done. */
export interface Page extends AsyncDisposable {
  /** Errors on its console, including refused scripts. */
  readonly errors: readonly string[]
  /** URLs that it requested, except its own file. */
  readonly requests: readonly string[]
  /** Sets the size of its window in CSS pixels. */
  resize(width: number, height: number): Promise<void>
  /** Sets the preferred colour scheme. */
  prefer(scheme: "light" | "dark"): Promise<void>
  /** Switches between the print layout and the screen layout. */
  paper(isPaper: boolean): Promise<void>
  /** Evaluates an expression in the page. */
  evaluate<T>(expression: string): Promise<T>
  /** Writes a PNG of the whole page or of a part of its height. */
  screenshot(file: string, part?: { readonly y: number; readonly height: number }): Promise<void>
  /** Writes a PDF of the page as it would be printed. */
  print(file: string): Promise<void>
  /** Role and name of everything in the accessibility tree, which screen readers use. */
  spoken(): Promise<readonly { readonly role: string; readonly name: string }[]>
}

interface Answer {
  readonly id?: number
  readonly sessionId?: string
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** Opens a file. The caller must dispose of the page. */
export async function openPage(chromium: string, file: string): Promise<Page> {
  const folder = mkdtempSync(join(tmpdir(), "baton-chromium-"))
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-port=0",
    `--user-data-dir=${folder}`,
  ]
  const child = spawn(chromium, [...flags, "about:blank"], { detached: true, stdio: ["ignore", "ignore", "pipe"] })
  const exited = once(child, "exit")
  const close = async () => {
    if (child.pid !== undefined) signal(-child.pid, "SIGKILL")
    await exited
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    let said = ""
    child.stderr.setEncoding("utf8").on("data", (text) => (said += text))
    const address = () => /DevTools listening on (ws:\S+)/.exec(said)?.[1] ?? false
    const url = await until(address, { what: () => `${chromium} to listen. It said:\n${said}`, timeoutMs: 60_000 })
    return await attach(await connect(url), pathToFileURL(file).href, close)
  } catch (error) {
    await close()
    throw error
  }
}

type Send = <T>(method: string, params?: object, session?: string) => Promise<T>

async function connect(url: string) {
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error(`no connection to ${url}`))
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const listeners = new Set<(answer: Answer) => void>()
  let count = 0
  socket.onmessage = ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer
    for (const listener of listeners) listener(answer)
    const call = answer.id === undefined ? undefined : waiting.get(answer.id)
    if (answer.error) call?.reject(new Error(answer.error.message))
    else call?.resolve(answer.result)
  }
  const send: Send = (method, params = {}, sessionId) => {
    const call = Promise.withResolvers<unknown>()
    waiting.set(++count, call)
    socket.send(JSON.stringify({ id: count, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
    return call.promise as Promise<never>
  }
  return { send, listen: (listener: (answer: Answer) => void) => void listeners.add(listener) }
}

async function attach(
  { send, listen }: Awaited<ReturnType<typeof connect>>,
  url: string,
  close: () => Promise<void>,
): Promise<Page> {
  const { targetId } = await send<{ targetId: string }>("Target.createTarget", { url: "about:blank" })
  const { sessionId } = await send<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true })
  const call = <T>(method: string, params: object = {}) => send<T>(method, params, sessionId)
  const errors: string[] = []
  const requests: string[] = []
  let isLoaded = false
  listen(({ method, params }) => {
    const entry = params?.entry as { level: string; text: string } | undefined
    if (method === "Log.entryAdded" && entry?.level === "error") errors.push(entry.text)
    if (method === "Runtime.exceptionThrown") errors.push(JSON.stringify(params?.exceptionDetails))
    if (method === "Runtime.consoleAPICalled" && params?.type === "error") errors.push(JSON.stringify(params.args))
    const asked = (params?.request as { url: string } | undefined)?.url
    if (method === "Network.requestWillBeSent" && asked !== undefined && asked !== url) requests.push(asked)
    if (method === "Page.loadEventFired") isLoaded = true
  })
  for (const domain of ["Page", "Log", "Runtime", "Network", "Accessibility"]) await call(`${domain}.enable`)
  await call("Page.navigate", { url })
  await until(() => isLoaded, { what: () => `${url} to be loaded` })
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result } = await call<{ result: { value: T } }>("Runtime.evaluate", { expression, returnByValue: true })
    return result.value
  }
  return {
    errors,
    requests,
    evaluate,
    async resize(width, height) {
      await call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 })
    },
    async prefer(value) {
      await call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] })
    },
    async paper(isPaper) {
      await call("Emulation.setEmulatedMedia", { media: isPaper ? "print" : "" })
    },
    async screenshot(file, part) {
      const width = await evaluate<number>("innerWidth")
      const clip = part === undefined ? {} : { clip: { x: 0, width, scale: 1, ...part } }
      const options = { format: "png", captureBeyondViewport: true, ...clip }
      const { data } = await call<{ data: string }>("Page.captureScreenshot", options)
      writeFileSync(file, Buffer.from(data, "base64"))
    },
    async print(file) {
      const { data } = await call<{ data: string }>("Page.printToPDF", { preferCSSPageSize: true })
      writeFileSync(file, Buffer.from(data, "base64"))
    },
    async spoken() {
      const { nodes } = await call<{ nodes: readonly AXNode[] }>("Accessibility.getFullAXTree")
      return nodes.flatMap(({ ignored, role, name }) =>
        ignored ? [] : [{ role: role?.value ?? "", name: name?.value ?? "" }],
      )
    },
    [Symbol.asyncDispose]: close,
  }
}

interface AXNode {
  readonly ignored: boolean
  readonly role?: { readonly value: string }
  readonly name?: { readonly value: string }
}
