import * as z from "zod"
import type { Check, Opinion } from "../core/model/workflow.ts"
import { duration } from "../shapes/values.ts"
import { isInside, worker } from "./shapes.ts"

/**
 * The shape of checks in a workflow document: a table with a row for each check type and for
 * opinions.
 */

const command = {
  run: z.string().min(1).optional().describe("Command, run by the shell in the project's folder."),
  expect: z
    .enum(["pass", "fail"])
    .optional()
    .describe("With `run`: `pass` (default) requires exit code 0, `fail` any other."),
  timeout: duration.optional().describe("With `run`: how long the command may take. Default: 10m."),
  protect: z
    .array(z.string().min(1))
    .optional()
    .describe(
      "With `run`: patterns of files. When a step of the run changed one, the check fails, unless the step's `files` names the file without wildcards. Default: the files that the command names; `[]` protects none.",
    ),
}

const file = {
  file: z.string().min(1).optional().describe("File, relative to the project's folder and inside it."),
  exists: z
    .boolean()
    .optional()
    .describe("With `file`: whether it must exist. Default: true, if nothing else is checked."),
  changed: z
    .boolean()
    .optional()
    .describe("With `file`: true if it must have changed since the attempt began, false if it must not have."),
  contains: z.string().min(1).optional().describe("With `file`: text that it must contain."),
}

const opinion = {
  ask: z
    .string()
    .min(1)
    .optional()
    .describe("An opinion: a question about the answer that another worker answers yes or no. `${…}` is filled in."),
  profile: worker.optional().describe("With `ask`: who is asked: a profile, role or model. Default: `default`."),
}

const keys = z.strictObject({
  ...command,
  ...file,
  ...opinion,
  severity: z
    .enum(["error", "warning"])
    .default("error")
    .describe("What a failed check means: `error` (default) fails the step, `warning` is reported to a person."),
})
type Written = z.infer<typeof keys>
type Key = keyof Written

interface CheckProblem {
  readonly path: string[]
  readonly message: string
  readonly params: { readonly hint: string }
}

interface CheckForm {
  /** The key whose presence makes a check this type. */
  readonly key: Key
  /** The keys that only this type can have. */
  readonly keys: readonly string[]
  /** Keys whose text is used exactly as written: no expression is filled in. */
  readonly plain: readonly Key[]
  /** Returns the problem when the check's keys contradict each other. */
  readonly problem?: (check: Written) => CheckProblem | undefined
  readonly make: (check: Written) => Check | Opinion
}

const FORMS: Readonly<Record<Check["type"] | "opinion", CheckForm>> = {
  command: {
    key: "run",
    keys: Object.keys(command),
    plain: ["run", "protect"],
    problem: ({ protect }) => {
      const at = protect?.findIndex((pattern) => !isInside(pattern)) ?? -1
      if (at < 0) return undefined
      return problem(["protect", String(at)], "must be a pattern of files inside the project", "like `test/**`")
    },
    make: ({ run = "", expect = "pass", severity, timeout, protect }) => ({
      ...{ type: "command", run, expect, severity },
      ...(protect === undefined ? {} : { protect }),
      ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    }),
  },
  file: {
    key: "file",
    keys: Object.keys(file),
    plain: ["file", "contains"],
    problem: fileProblem,
    make({ file: path = "", severity, exists, changed, contains }) {
      const isBare = exists === undefined && changed === undefined && contains === undefined
      return {
        type: "file",
        path,
        severity,
        ...(isBare ? { exists: true } : {}),
        ...(exists === undefined ? {} : { exists }),
        ...(changed === undefined ? {} : { changed }),
        ...(contains === undefined ? {} : { contains }),
      }
    },
  },
  opinion: {
    key: "ask",
    keys: Object.keys(opinion),
    plain: [],
    make: ({ ask = "", profile = "default", severity }) => ({ ask, profile, severity }),
  },
}

const ALL = Object.values(FORMS)

/** Keys of any check type whose text is used exactly as written. */
export const PLAIN_KEYS: readonly string[] = ALL.flatMap((form) => form.plain)

const problem = (path: string[], message: string, hint: string): CheckProblem => ({ path, message, params: { hint } })

function checkProblem(check: Written): CheckProblem | undefined {
  const [own, second] = ALL.filter((form) => check[form.key] !== undefined)
  const names = ALL.map((form) => `\`${form.key}\``)
  if (own === undefined)
    return problem([], `must have ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`, "`run: npm test`")
  if (second !== undefined) return problem([second.key], `cannot be combined with \`${own.key}\``, "write two checks")
  for (const form of ALL) {
    const stray = form === own ? undefined : form.keys.find((key) => check[key as Key] !== undefined)
    if (stray !== undefined) return problem([stray], `is only for checks with \`${form.key}\``, "leave it out")
  }
  return own.problem?.(check)
}

function fileProblem({ file: path = "", exists, contains }: Written): CheckProblem | undefined {
  if (!isInside(path)) {
    return problem(["file"], "must be a path inside the project, relative to its folder", "like `docs/plan.md`")
  }
  if (exists === false && contains !== undefined) {
    return problem(["contains"], "contradicts `exists: false`", "remove one of the two")
  }
  return undefined
}

const fullCheck = keys.superRefine((check, ctx) => {
  const found = checkProblem(check)
  if (found) ctx.addIssue({ code: "custom", ...found })
})

/** A check; a plain text is a command that must pass. */
export const check = z.union([z.string().min(1), fullCheck]).transform((value): Check | Opinion => {
  if (typeof value === "string") return { type: "command", run: value, expect: "pass", severity: "error" }
  const form = ALL.find(({ key }) => value[key] !== undefined) ?? FORMS.command
  return form.make(value)
})
