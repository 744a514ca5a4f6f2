import { EXIT } from "./exit.ts"

/** A terminal sends Ctrl-C to this process and to its launcher, which passes it on: one key press, two signals. */
const SAME_KEY_PRESS_MS = 500
const PARENT_CHECK_MS = 1_000

/**
 * `happened` resolves at the first SIGINT, SIGTERM or SIGHUP, or when the process that started this one is gone. A
 * second Ctrl-C ends the process at once; the kernel then ends its server.
 */
export function onInterrupt(): { readonly happened: Promise<"interrupted">; dispose(): void } {
  const happened = Promise.withResolvers<"interrupted">()
  let firstAt: number | undefined
  const hear = () => {
    const now = performance.now()
    if (firstAt !== undefined && now - firstAt > SAME_KEY_PRESS_MS) process.exit(EXIT.interrupted)
    if (firstAt === undefined) process.stderr.write("\nstopping … (again to quit at once)\n")
    firstAt ??= now
    happened.resolve("interrupted")
  }
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const
  for (const signal of signals) process.on(signal, hear)
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid !== parent) happened.resolve("interrupted")
  }, PARENT_CHECK_MS)
  watch.unref()
  return {
    happened: happened.promise,
    dispose() {
      clearInterval(watch)
      for (const signal of signals) process.off(signal, hear)
    },
  }
}
