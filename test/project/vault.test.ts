import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { secretsOf } from "../../src/core/rights/secret-text.ts"
import { createVault } from "../../src/project/vault.ts"
import { step, workflow } from "../support/runs.ts"

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "baton-vault-"))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQ\n-----END KEY-----"

it("reads secrets from the environment and from files, without the line end", () => {
  writeFileSync(join(root, "token"), "from the file\n")
  const vault = createVault(root, { TOKEN: "from the environment" })
  const opened = vault.open({ A: { env: "TOKEN" }, B: { file: "token" } })
  expect(opened).toEqual({
    ok: true,
    values: new Map([
      ["A", "from the environment"],
      ["B", "from the file"],
    ]),
  })
})

it("says why each unusable secret cannot be used, and never shows its value", () => {
  const opened = createVault(root, { SHORT: "abc" }).open({ A: { env: "NO" }, B: { file: "no" }, C: { env: "SHORT" } })
  expect(opened.ok).toBe(false)
  const why = opened.ok ? "" : opened.why
  expect(why).toContain("secret A: the environment variable NO is not set")
  expect(why).toContain("secret B: the file no could not be read (ENOENT)")
  expect(why).toContain("secret C: the environment variable SHORT has fewer than 8 characters")
  expect(why).not.toContain("abc")
})

describe("hiding secrets", () => {
  const open = (values: Record<string, string>) => {
    const vault = createVault(root, values)
    vault.open(Object.fromEntries(Object.keys(values).map((name) => [name, { env: name }])))
    return vault
  }

  it("replaces every form of the value in every text, keys included, and changes nothing else", () => {
    const value = 'pa"ss wörd/1'
    const vault = open({ T: value })
    for (const form of [
      value,
      JSON.stringify({ a: value }),
      encodeURIComponent(value),
      Buffer.from(value).toString("base64"),
    ]) {
      expect(vault.hide(`x ${form} y`)).toContain("[secret T]")
      expect(vault.hide(`x ${form} y`)).not.toContain(form.slice(1, -1))
    }
    const deep = { [value]: [value, 1, null, true, { a: undefined }], b: "plain", at: 1_790_000_000_000 }
    expect(vault.hide(deep)).toEqual({
      "[secret T]": ["[secret T]", 1, null, true, { a: undefined }],
      b: "plain",
      at: 1_790_000_000_000,
    })
  })

  it("replaces each line of a multi-line value, because tools show lines with numbers", () => {
    const shown = open({ KEY }).hide(
      KEY.split("\n")
        .map((line, at) => `0000${at}| ${line}`)
        .join("\n"),
    )
    expect(shown).not.toMatch(/MIIE|EFAAS|BEGIN KEY/)
  })

  it("replaces the longer of two secrets when one begins with the other", () => {
    expect(open({ A: "password1", B: "password1-and-more" }).hide("password1-and-more password1")).toBe(
      "[secret B] [secret A]",
    )
  })

  it("replaces a number that equals the value, but no part of a number", () => {
    const vault = open({ PIN: "12345678" })
    expect(vault.hide({ a: 12_345_678, b: 123_456_789, c: "1234567890" })).toEqual({
      a: "[secret PIN]",
      b: 123_456_789,
      c: "[secret PIN]90",
    })
  })

  it("replaces nothing before a secret is opened, and returns the value itself", () => {
    const value = { a: ["x"] }
    expect(createVault(root, {}).hide(value)).toBe(value)
  })
})

it("nested workflows use the secrets of their parent workflow", () => {
  const inner = { ...workflow([step("x")]), secrets: { IN: { env: "IN" } } }
  const nested = { ...step("n"), group: { type: "workflow" as const, workflow: inner, with: {} } }
  const group = { ...step("g"), group: { type: "parallel" as const, steps: [nested] } }
  const outer = { ...workflow([group]), secrets: { OUT: { env: "OUT" } } }
  expect(secretsOf(outer)).toEqual({ IN: { env: "IN" }, OUT: { env: "OUT" } })
})

it("hides the password of a server, also in a header, and leaves ordinary words alone", () => {
  const vault = createVault(root, {})
  vault.learnPassword("far", "s3cret-of-far")
  vault.learnPassword("weak", "opencode")
  vault.learnPassword("short", "a1")
  const header = `Basic ${btoa("opencode:s3cret-of-far")}`
  expect(vault.hide(`401: ${header}`)).toMatch(/^401: Basic b3BlbmNvZGU6.{0,2}\[secret password of far\].{0,3}$/)
  expect(vault.hide({ error: "no s3cret-of-far here", model: "opencode/a1" })).toEqual({
    error: "no [secret password of far] here",
    model: "opencode/a1",
  })
})
