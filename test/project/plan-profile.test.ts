import { describe, expect, it } from "vitest"
import { checkConfig } from "../../src/config/load.ts"
import { everyWorkerLine, profileLines, rightsOf } from "../../src/project/plan-profile.ts"

/** The lines of a profile that is written like this in a config. */
function linesOf(profile: object) {
  const config = checkConfig(JSON.stringify({ profiles: { x: profile } }), null, {})
  if (!config.ok) throw new Error(JSON.stringify(config.problems))
  const { profiles } = config.value
  return profileLines(profiles.x as NonNullable<typeof profiles.x>)
}

describe("the plan of a profile", () => {
  it("is short when nothing is set", () => {
    expect(linesOf({})).toEqual([
      "x: subagent, background, starts fresh",
      "   agent OpenCode's default, model of the session",
      "   permissions of the agent, never task",
      "   asks a person",
    ])
  })

  it("shows everything that is set", () => {
    const docs = { kind: "agent", mode: "foreground", start: "brief", keep: true, agent: "plan", model: "a/b" }
    const asks = { policy: "ask", timeout: "10m", otherwise: "allow" }
    expect(linesOf({ ...docs, fallback: ["c/d", "e/f"], asks })).toEqual([
      "x: agent, foreground, starts with a brief, kept between runs",
      "   agent plan, model a/b, then c/d, then e/f",
      "   permissions of the agent, never task",
      "   asks a person, and after 10m 00s the answer is allow",
    ])
    const far = {
      kind: "server",
      url: "https://box:4096",
      pin: true,
      model: "a/b",
      concurrency: 2,
      asks: "allow-listed",
    }
    expect(linesOf(far)).toMatchObject([
      "x: server at https://box:4096, background, starts fresh, at most 2 at the same time",
      "   agent OpenCode's default, model a/b, pinned",
      {},
      "   asks nobody: what its own rules allow is allowed, the rest denied",
    ])
  })

  it("does not promise rights for a profile whose program has its own", () => {
    const [, , rights] = profileLines({ name: "x", kind: "cli", permission: [] })
    expect(rights).toBe("   the rights of its own program, which Baton cannot limit")
  })

  it("says once what applies to every worker", () => {
    const line = (maxDepth: number) => everyWorkerLine({ maxWorkers: 8, maxDepth })
    const cut = "every worker: limited to the rights of the session it starts from;"
    expect([line(1), line(2)]).toEqual([
      `${cut} starts no workers (max_depth 1)`,
      `${cut} may start workers, 2 deep (max_depth)`,
    ])
  })

  it("shows what a read-only profile cannot use, and the exceptions that it names", () => {
    const rule = (permission: string, pattern: string, action: "allow" | "deny") => ({ permission, pattern, action })
    const edit = rule("edit", "*", "deny")
    expect(rightsOf([edit])).toBe("reads only: no edit, bash, MCP, task")
    expect(rightsOf([edit, rule("bash", "git log*", "allow")])).toBe(
      "reads only: no edit, bash, MCP, task, but for bash(git log*)=allow",
    )
    expect(rightsOf([rule("bash", "*", "allow"), rule("*", "*", "deny")])).toBe("reads only: no edit, bash, MCP, task")
    expect(rightsOf([rule("bash", "*", "deny")])).toBe("permissions bash=deny, never task")
  })
})
