import { EXIT } from "./exit.ts"
import { stderr } from "./terminal.ts"

/**
 * A terminal sends Ctrl-C to this process and to its launcher, which forwards it. Two signals
 * within this time are therefore one key press.
 */
const SAME_KEY_PRESS_MS = 500
const PARENT_CHECK_MS = 1_000

/**
 * `happened` resolves at the first SIGINT, SIGTERM or SIGHUP, or when the parent process has ended.
 * A second Ctrl-C ends this process at once, and the kernel then ends its server.
 */
export function onInterrupt(): { readonly happened: Promise<"interrupted">; dispose(): void } {
  const happened = Promise.withResolvers<"interrupted">()
  let firstAt: number | undefined
  const onSignal = () => {
    const now = performance.now()
    if (firstAt !== undefined && now - firstAt > SAME_KEY_PRESS_MS) process.exit(EXIT.interrupted)
    if (firstAt === undefined) stderr.write("\nstopping … (press again to quit at once)\n")
    firstAt ??= now
    happened.resolve("interrupted")
  }
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const
  for (const signal of signals) process.on(signal, onSignal)
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid !== parent) happened.resolve("interrupted")
  }, PARENT_CHECK_MS)
  watch.unref()
  return {
    happened: happened.promise,
    dispose() {
      clearInterval(watch)
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
