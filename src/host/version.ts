import { callHost, type Host } from "./host.ts"

/** The versions of OpenCode that Baton works with (contract C2). */
export const SUPPORTED_VERSIONS = ">=1.18.18 <2"
const OLDEST = [1, 18, 18] as const
/** The answer needs no work of the server. */
const ANSWER_MS = 5_000

/**
 * Whether Baton works with a version. A build of OpenCode that is no release has no number, or
 * 0.0.0: it is taken for a current one.
 */
function isSupported(version: string): boolean {
  const [, ...digits] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []
  const numbers = digits.map(Number)
  if (numbers.every((number) => number === 0)) return true
  const differs = numbers.findIndex((number, at) => number !== OLDEST[at])
  const isNewEnough = differs < 0 || (numbers[differs] as number) > (OLDEST[differs] as number)
  return isNewEnough && (numbers[0] as number) < 2
}

/** Returns the version of a server. Empty for one that does not say it as OpenCode 1 does. */
export async function versionOf({ client }: Pick<Host, "client">, timeoutMs = ANSWER_MS): Promise<string> {
  const health: { readonly version?: unknown } = await callHost(
    "reach the OpenCode server",
    (o) => client.global.health(o),
    { timeoutMs },
  )
  return typeof health.version === "string" ? health.version : ""
}

/** Returns why Baton does not work with a version, and what to do; undefined when it does. */
export function whyUnsupported(version: string): string | undefined {
  if (version !== "" && isSupported(version)) return undefined
  const name = version === "" ? "This OpenCode" : `OpenCode ${version}`
  return `${name} is not supported: Baton needs OpenCode ${SUPPORTED_VERSIONS}. Install one of these: npm install --global opencode-ai@1`
}

/** Servers that have said a version that is supported. */
const supported = new WeakSet<Host>()

/**
 * Returns why Baton does not work with a server; undefined when it does. Throws when the server
 * cannot be asked.
 */
export async function whyRefused(host: Host): Promise<string | undefined> {
  if (supported.has(host)) return undefined
  const why = whyUnsupported(await versionOf(host))
  if (why === undefined) supported.add(host)
  return why
}
