import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { projectRoot } from "../../src/config/find.ts"
import { checkConfig, loadConfig } from "../../src/config/load.ts"
import { formatProblem } from "../../src/core/model/problem.ts"

/** The problems of a config text, formatted for people. */
function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  const result = checkConfig(text, "o.json", env)
  return result.ok ? [] : result.problems.map(formatProblem)
}

function loaded(text: string, env: Record<string, string> = {}) {
  const result = checkConfig(text, "o.json", env)
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"))
  return result.value
}

describe("a loaded config", () => {
  it("has only defaults when the file is empty", () => {
    expect(loaded("{}")).toMatchObject({
      profiles: { default: { name: "default", kind: "subagent", permission: [] } },
      limits: { maxWorkers: 8, maxDepth: 1 },
      toasts: true,
      tools: false,
      passwords: {},
    })
  })

  it("has resolved model roles and durations in milliseconds, and ignores comments", () => {
    const { profiles, limits, toasts } = loaded(`{
      // roles
      "models": { "quick": "anthropic/claude-haiku" },
      "profiles": {
        "docs": { "model": "quick", "agent": "plan", "purpose": "knows", "prompt": "be brief", "timeout": "1h30m", "idle_timeout": 90 },
        "direct": { "model": "openrouter/anthropic/claude" },
      },
      "limits": { "max_workers": 2, "max_depth": 1 },
      "toasts": false,
    }`)
    expect(profiles.docs).toEqual({
      name: "docs",
      kind: "subagent",
      model: "anthropic/claude-haiku",
      agent: "plan",
      purpose: "knows",
      prompt: "be brief",
      permission: [],
      timeoutMs: 5_400_000,
      idleTimeoutMs: 90_000,
    })
    expect(profiles.direct?.model).toBe("openrouter/anthropic/claude")
    expect(limits).toEqual({ maxWorkers: 2, maxDepth: 1 })
    expect(toasts).toBe(false)
  })

  it("has one list of permission rules in the order written, for all three ways of writing them", () => {
    const { profiles } = loaded(`{ "profiles": {
      "all": { "permission": "ask" },
      "some": { "permission": { "*": "deny", "bash": { "*": "ask", "git *": "allow" } } } } }`)
    expect(profiles.all?.permission).toEqual([{ permission: "*", pattern: "*", action: "ask" }])
    expect(profiles.some?.permission).toEqual([
      { permission: "*", pattern: "*", action: "deny" },
      { permission: "bash", pattern: "*", action: "ask" },
      { permission: "bash", pattern: "git *", action: "allow" },
    ])
  })

  it("has the home folder expanded in patterns, as OpenCode does in its own configuration", () => {
    const { profiles } = loaded(`{ "profiles": { "a": { "permission": { "external_directory": {
      "~/notes/*": "allow", "$HOME": "deny", "~user/x": "ask" } } } } }`)
    expect(profiles.a?.permission.map((rule) => rule.pattern)).toEqual([`${homedir()}/notes/*`, homedir(), "~user/x"])
  })

  it("has every key that a profile sets, and no others", () => {
    const { profiles, limits, tools } = loaded(`{
      "models": { "quick": "a/b" },
      "profiles": {
        "coder": { "kind": "agent", "mode": "foreground", "start": "fork", "keep": true, "model": "quick", "fallback": ["quick", "c/d"],
                   "asks": "allow-listed", "tool_timeout": "1h", "permission": "read-only" },
        "builder": { "kind": "server", "concurrency": 2, "pin": true, "idle_stop": "10s", "asks": { "policy": "ask", "timeout": 30, "otherwise": "allow" } }
      },
      "limits": { "max_depth": 5 }, "tools": true }`)
    expect(profiles.coder).toEqual({
      name: "coder",
      kind: "agent",
      mode: "foreground",
      start: "fork",
      keep: true,
      model: "a/b",
      fallback: ["a/b", "c/d"],
      asks: { policy: "allow-listed", otherwise: "deny" },
      toolTimeoutMs: 3_600_000,
      permission: [{ permission: "edit", pattern: "*", action: "deny" }],
    })
    expect(profiles.builder).toEqual({
      name: "builder",
      kind: "server",
      permission: [],
      concurrency: 2,
      pin: true,
      idleStopMs: 10_000,
      asks: { policy: "ask", timeoutMs: 30_000, otherwise: "allow" },
    })
    expect(limits.maxDepth).toBe(5)
    expect(tools).toBe(true)
  })

  it("has its passwords apart from the profiles, which are journalled", () => {
    const text = `{ "profiles": { "far": { "kind": "server", "url": "https://box:4096", "directory": "/srv/app", "password": "{env:BOX}" } } }`
    const { profiles, passwords } = loaded(text, { BOX: "hunter2" })
    expect(profiles.far).toEqual({
      name: "far",
      kind: "server",
      permission: [],
      url: "https://box:4096",
      directory: "/srv/app",
    })
    expect(passwords).toEqual({ far: "hunter2" })
  })

  it.each(["agent", "server"])("has the kind that the older `backend: %s` names", (kind) => {
    expect(loaded(`{ "profiles": { "a": { "backend": "${kind}" } } }`).profiles.a?.kind).toBe(kind)
  })

  it("prefers `kind` to the older `backend`", () => {
    const { profiles } = loaded(`{ "profiles": { "a": { "kind": "subagent", "backend": "server" } } }`)
    expect(profiles.a?.kind).toBe("subagent")
  })

  it("can replace the profile `default`", () => {
    expect(loaded(`{ "profiles": { "default": { "model": "a/b" } } }`).profiles.default?.model).toBe("a/b")
  })

  it("has environment variables filled in, and no other text that looks like one", () => {
    const text = `{ "profiles": { "a": { "model": "{env:M}", "prompt": "{file:x} $M \${M}" } } }`
    expect(loaded(text, { M: "p/m" }).profiles.a).toMatchObject({ model: "p/m", prompt: "{file:x} $M ${M}" })
  })
})

describe("one mistake is one problem", () => {
  const NOT = "is not available in this version of Baton"
  const cases: [name: string, text: string, problem: string][] = [
    ["an unknown key", '{\n  "modles": {}\n}', "o.json:2:3: unknown key `modles` — did you mean `models`?"],
    [
      "an unknown key far from all others",
      '{"limits": {"zzz": 1}}',
      "o.json:1:13: unknown key `zzz` — known keys: `max_workers`, `max_depth`, `budget`",
    ],
    ["a wrong type", '{"toasts": "yes"}', "o.json:1:12: `toasts` must be true or false, not text"],
    ["a fraction", '{"limits": {"max_workers": 1.5}}', "o.json:1:28: `max_workers` must be a whole number, not `1.5`"],
    ["too small", '{"limits": {"max_workers": 0}}', "o.json:1:28: `max_workers` must be at least 1"],
    ["null", '{"models": null}', "o.json:1:12: `models` must be an object, not empty"],
    ["a role that is no model", '{"models": {"quick": "haiku"}}', "o.json:1:22: `quick` must be `provider/model`"],
    [
      "a bad profile name",
      '{"profiles": {"1st": {}}}',
      "o.json:1:15: name `1st` must be letters, digits, `-` and `_`, beginning with a letter",
    ],
    [
      "an unknown role",
      '{"models": {"quick": "a/b"}, "profiles": {"x": {"model": "quik"}}}',
      "o.json:1:58: unknown model role `quik` — did you mean `quick`?",
    ],
    [
      "a role where there are none",
      '{"profiles": {"x": {"model": "quick"}}}',
      "o.json:1:30: unknown model role `quick` — there are no roles in `models`; write `provider/model`",
    ],
    [
      "a model cut short",
      '{"profiles": {"x": {"model": "a/"}}}',
      "o.json:1:30: `a/` is not a model — write a role of `models`, or `provider/model`",
    ],
    [
      "a bad duration",
      '{"profiles": {"x": {"timeout": "soon"}}}',
      "o.json:1:32: `timeout` must be a duration from 1s to 24d — like `90s`, `5m`, `1h30m`, or a number of seconds",
    ],
    [
      "a duration no timer can wait",
      '{"profiles": {"x": {"timeout": "40d"}}}',
      "o.json:1:32: `timeout` must be a duration from 1s to 24d — like `90s`, `5m`, `1h30m`, or a number of seconds",
    ],
    [
      "a bad action",
      '{"profiles": {"x": {"permission": {"bash": "alow"}}}}',
      "o.json:1:44: `bash` cannot be `alow` — did you mean `allow`?",
    ],
    [
      "an action of a wrong type",
      '{"profiles": {"x": {"permission": 3}}}',
      "o.json:1:35: `permission` must be `allow` or `ask` or `deny` or `read-only` or an object, not `3`",
    ],
    [
      "a kind of later",
      '{"profiles": {"x": {"kind": "cli"}}}',
      `o.json:1:29: kind \`cli\` ${NOT} — use \`subagent\`, \`agent\` or \`server\``,
    ],
    [
      "an unknown kind",
      '{"profiles": {"x": {"kind": "sever"}}}',
      "o.json:1:29: `kind` cannot be `sever` — did you mean `server`?",
    ],
    [
      "a depth without the tools",
      '{"limits": {"max_depth": 2}}',
      'o.json:1:13: workers start workers with Baton\'s tools, and these are off — add `"tools": true`, or leave it out',
    ],
    ["too deep", '{"tools": true, "limits": {"max_depth": 6}}', "o.json:1:41: `max_depth` must be at most 5"],
    [
      "a pin with a fallback",
      '{"profiles": {"x": {"pin": true, "fallback": ["a/b"]}}}',
      "o.json:1:21: `pin` and `fallback` contradict each other — keep one of the two",
    ],
    [
      "an unknown role to fall back to",
      '{"models": {"quick": "a/b"}, "profiles": {"x": {"fallback": ["c/d", "quik"]}}}',
      "o.json:1:69: unknown model role `quik` — did you mean `quick`?",
    ],
    [
      "a foreground nobody can type in",
      '{"profiles": {"x": {"backend": "server", "mode": "foreground"}}}',
      "o.json:1:42: a worker of kind `server` cannot be in the foreground: its session is on another server — use kind `agent` or `subagent`, or leave `mode` out",
    ],
    [
      "a kept worker in the plural",
      '{"profiles": {"x": {"keep": true, "concurrency": 2}}}',
      "o.json:1:35: a kept worker has one session and does one step at a time in it — leave out `concurrency` or `keep`",
    ],
    [
      "a checkpoint of a worker in the foreground",
      '{"profiles": {"x": {"mode": "foreground", "checkpoint": 50000}}}',
      "o.json:1:43: a kept or foreground worker cannot move to a new session — leave out `checkpoint`, or leave out `keep` and `mode`",
    ],
    [
      "an address of a worker that has none",
      '{"profiles": {"x": {"url": "http://box"}}}',
      "o.json:1:21: `url` is only for profiles of kind `server` — set `kind` to `server`, or leave `url` out",
    ],
    [
      "a password for a server of our own",
      '{"profiles": {"x": {"kind": "server", "password": "hunter2"}}}',
      "o.json:1:39: `password` is only for a server that somebody else runs, but there is no `url` — add `url`, or leave `password` out",
    ],
    [
      "an end for a server of somebody else",
      '{"profiles": {"x": {"kind": "server", "url": "http://box", "idle_stop": "1m"}}}',
      "o.json:1:60: Baton never stops the server at `url` — leave `idle_stop` out",
    ],
    [
      "a folder that is not absolute",
      '{"profiles": {"x": {"kind": "server", "url": "http://box", "directory": "app"}}}',
      "o.json:1:73: `directory` must be an absolute path",
    ],
    ...["ftp://box", "box:4096", "http://me:hunter2@box", "http://box?auth_token=hunter2"].map(
      (url): [string, string, string] => [
        `the address ${url.replace("hunter2", "…")}`,
        `{"profiles": {"x": {"kind": "server", "url": "${url}"}}}`,
        "o.json:1:46: `url` must be an address like `https://host:4096` — user and password do not belong in it: use `password`",
      ],
    ),
    [
      "a time for nobody",
      '{"profiles": {"x": {"asks": {"policy": "deny", "timeout": "1m"}}}}',
      "o.json:1:48: `timeout` is how long a person has, but with `deny` nobody is asked — use the policy `ask`, or leave it out",
    ],
    [
      "an answer after a time that nobody has",
      '{"profiles": {"x": {"asks": {"policy": "allow-listed", "otherwise": "allow"}}}}',
      "o.json:1:56: `otherwise` is the answer when a person's time is over, but with `allow-listed` nobody is asked — use the policy `ask`, or leave it out",
    ],
    [
      "an unknown answer policy",
      '{"profiles": {"x": {"asks": "alow-listed"}}}',
      "o.json:1:29: `asks` cannot be `alow-listed` — did you mean `allow-listed`?",
    ],
    [
      "an unknown time to pause",
      '{"intervene": "on-eror"}',
      "o.json:1:15: `intervene` cannot be `on-eror` — did you mean `on-error`?",
    ],
    [
      "a budget of nothing",
      '{"limits": {"budget": {}}}',
      'o.json:1:23: `budget` must have `usd`, `tokens`, `time` or `workers` — `{ "usd": 5 }`',
    ],
    ["a budget below nothing", '{"limits": {"budget": {"usd": -1}}}', "o.json:1:31: `usd` must be at least 0.01"],
    [
      "a key of later with a value of the wrong type",
      '{"profiles": {"x": {"cli": 3}}}',
      `o.json:1:21: \`cli\` ${NOT} — leave it out`,
    ],
    [
      "a missing environment variable",
      '{"profiles": {"x": {"prompt": "a {env:NOPE}"}}}',
      "o.json:1:31: environment variable `NOPE` is not set — set it, or replace `{env:NOPE}`",
    ],
    [
      "a key written twice",
      '{"toasts": true,\n "toasts": false}',
      "o.json:2:2: `toasts` is written twice — keep one of the two",
    ],
    ["not an object", "[]", "o.json:1:1: the document must be an object, not a list"],
    ["an empty file", " \n", "o.json:1:1: the file is empty — write `{}` or delete the file"],
    ["a comma missing", '{"toasts": true\n "models": {}}', "o.json:2:2: a `,` is missing before this"],
    ["a brace missing", '{"toasts": true', "o.json:1:16: a `}` is missing"],
    ["no JSON at all", "nonsense", "o.json:1:1: this is not JSON"],
    ["a prototype key", '{"models": {"__proto__": "a/b"}}', "o.json:1:13: `__proto__` cannot be a key"],
  ]
  it.each(cases)("%s", (_name, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })
})

it.each(["12345", "true", '["hunter2"]', '""'])("no problem shows a password: %s", (password) => {
  const text = `{"profiles": {"x": {"kind": "server", "url": "http://box", "password": ${password}}}}`
  expect(problemsOf(text)).toEqual(["o.json:1:72: `password` must be text"])
})

it("all problems of a config are reported at once", () => {
  const problems = problemsOf(`{
  "modles": {},
  "profiles": { "x": { "kind": "cli", "model": "quik", "timeout": "soon" } },
  "limits": { "max_workers": 0 },
  "intervene": "nevr"
}`)
  expect(problems.map((one) => one.split(": ")[0])).toEqual([
    "o.json:3:32",
    "o.json:3:67",
    "o.json:4:30",
    "o.json:5:16",
    "o.json:2:3",
    "o.json:3:48",
  ])
})

it("no problem shows the value of an environment variable", () => {
  const text = `{"models": {"a": "{env:SECRET}"}, "profiles": {"x": {"model": "{env:SECRET}", "kind": "{env:SECRET}"}}}`
  const problems = problemsOf(text, { SECRET: "hunter2" })
  expect(problems).toHaveLength(3)
  expect(problems.join()).not.toContain("hunter2")
})

it.each([
  ["very deep", "[".repeat(200_000)],
  ["very large", `{"a": "${"x".repeat(1_000_000)}"}`],
  ["very many unknown keys", `{${Array.from({ length: 30_000 }, (_, at) => `"k${at}": 1`).join(",")}}`],
])(
  "reports a limited number of problems for a file that is %s",
  (_name, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0)
    expect(problemsOf(text).length).toBeLessThanOrEqual(101)
  },
  60_000,
)

describe("finding orchestrator.json", () => {
  let folder: string
  const write = (path: string, text = "{}") => {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }
  const load = (directory = "project", worktree?: string) =>
    loadConfig({
      directory: join(folder, directory),
      globalDir: join(folder, "global"),
      env: {},
      ...(worktree === undefined ? {} : { worktree: join(folder, worktree) }),
    })
  const fileOf = (result: ReturnType<typeof load>) => (result.ok ? result.value.file : result.problems)

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "baton-config-"))
    mkdirSync(join(folder, "project"))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it("without a file every value is the default", () => {
    expect(fileOf(load())).toBeNull()
  })

  it(".opencode takes precedence over the root, the root over the global folder, and nothing is merged", () => {
    const global = write("global/orchestrator.json", '{"toasts": false}')
    expect(fileOf(load())).toBe(global)
    const root = write("project/orchestrator.jsonc")
    expect(fileOf(load())).toBe(root)
    const inner = write("project/.opencode/orchestrator.json")
    const result = load()
    expect(fileOf(result)).toBe(inner)
    expect(result.ok && result.value.toasts).toBe(true)
  })

  it("refuses two files in one folder, naming both", () => {
    const one = write("project/orchestrator.json")
    const two = write("project/orchestrator.jsonc")
    expect(load()).toEqual({
      ok: false,
      problems: [{ file: two, line: 0, column: 0, message: `${one} exists as well`, hint: "delete one of the two" }],
    })
  })

  it("finds the project of a nested folder, but not above the worktree", () => {
    const root = write("project/orchestrator.json")
    mkdirSync(join(folder, "project/a/b"), { recursive: true })
    expect(fileOf(load("project/a/b", "project"))).toBe(root)
    expect(fileOf(load("project/a/b", "project/a"))).toBeNull()
    expect(fileOf(load("project/a/b"))).toBeNull()
  })

  it("reads a file that begins with a byte order mark", () => {
    write("project/orchestrator.json", '\uFEFF{"toasts": false}')
    const result = load()
    expect(result.ok && result.value.toasts).toBe(false)
  })

  it("reports a file that cannot be read", () => {
    mkdirSync(join(folder, "project/orchestrator.json"))
    const result = load()
    expect(result.ok ? [] : result.problems.map((one) => one.message)).toEqual([
      expect.stringMatching(/^cannot be read: /),
    ])
  })

  it("returns the project root", () => {
    mkdirSync(join(folder, "project/sub/.opencode"), { recursive: true })
    mkdirSync(join(folder, "project/sub/deep"))
    const at = (path: string) => join(folder, path)
    expect(projectRoot({ directory: at("project/sub/deep"), worktree: at("project") })).toBe(at("project/sub"))
    expect(projectRoot({ directory: at("project"), worktree: folder })).toBe(folder)
    expect(projectRoot({ directory: at("project/sub/deep"), worktree: "/" })).toBe(at("project/sub/deep"))
    expect(projectRoot({ directory: at("project/sub/deep"), worktree: at("other") })).toBe(at("project/sub/deep"))
  })
})
