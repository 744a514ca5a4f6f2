import { homedir } from "node:os"
import { resolve } from "node:path"
import type { SecretSource } from "../core/model/workflow.ts"
import type { Opened, Vault } from "../core/ports/composer.ts"
import { formsOf, mapTexts, markOf, SHORTEST_SECRET } from "../core/rights/secret-text.ts"
import { readText } from "../files/read.ts"

/** Maximum size in bytes of a file that holds a secret. */
const MAX_SECRET_BYTES = 64 * 1024

export interface ProjectVault extends Vault {
  /**
   * Hides the password of a profile's server from now on, as `[secret password of PROFILE]`. One that
   * is too short, or only letters, could be an ordinary word of any text, and is not looked for.
   */
  learnPassword(profile: string, password: string): void
}

/**
 * Reads secrets from the environment and from files, and hides them; see the port. `root` is the
 * base of paths.
 */
export function createVault(root: string, env: Readonly<Record<string, string | undefined>>): ProjectVault {
  /**
   * Texts and their replacements, the longest first, so that no secret hides only a part of
   * another.
   */
  let hidden: readonly (readonly [string, string])[] = []
  const known = new Set<string>()
  const learn = (name: string, value: string) => {
    if (known.has(`${name}=${value}`)) return
    known.add(`${name}=${value}`)
    const added = formsOf(value).map((form) => [form, markOf(name)] as const)
    hidden = [...hidden, ...added].sort(([a], [b]) => b.length - a.length)
  }
  const withoutSecrets = (text: string) => {
    let out = text
    for (const [form, mark] of hidden) if (out.includes(form)) out = out.replaceAll(form, () => mark)
    return out
  }
  return {
    open(secrets): Opened {
      const read = Object.entries(secrets).map(([name, source]) => ({ name, ...secretAt(source, root, env) }))
      const wrong = read.flatMap((one) => ("why" in one ? [`secret ${one.name}: ${one.why}`] : []))
      if (wrong.length > 0) return { ok: false, why: wrong.join("; ") }
      const found = read.flatMap((one) => ("value" in one ? [one] : []))
      for (const { name, value } of found) learn(name, value)
      return { ok: true, values: new Map(found.map(({ name, value }) => [name, value])) }
    },
    learnPassword(profile, password) {
      if (/[^a-z]/i.test(password) && password.length >= SHORTEST_SECRET) learn(`password of ${profile}`, password)
    },
    hide: (value) => (hidden.length === 0 ? value : mapTexts(value, withoutSecrets)),
  }
}

function secretAt(
  source: SecretSource,
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly value: string } | { readonly why: string } {
  const where = "env" in source ? `the environment variable ${source.env}` : `the file ${source.file}`
  try {
    const found = "env" in source ? env[source.env] : readText(resolve(root, atHome(source.file)), MAX_SECRET_BYTES)
    // The line end of a file's only line is not part of the secret.
    const value = found?.replace(/\r?\n$/, "")
    if (value === undefined) return { why: `${where} is not set` }
    if (value.trim().length < SHORTEST_SECRET)
      return { why: `${where} has fewer than ${SHORTEST_SECRET} characters: it is too short to be hidden in texts` }
    return { value }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { why: `${where} could not be read (${code ?? message})` }
  }
}

function atHome(path: string): string {
  return path.replace(/^~(?=\/|$)/, () => homedir())
}
