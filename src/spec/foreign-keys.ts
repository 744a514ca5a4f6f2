import { nearest } from "../core/base/nearest.ts"

/**
 * Words of other tools, and of Baton's own dialects, for what Baton calls otherwise. A person who
 * writes `if` or `depends_on` knows what they want: the hint names Baton's key for it, and the
 * nearest spelling would only mislead.
 */

/** Keys with the same meaning. The dialect decides which of them is right: the one that it has. */
const SYNONYMS: readonly (readonly string[])[] = [
  ["id", "name", "stage", "key", "label"],
  [
    "needs",
    "dependencies",
    "depends_on",
    "dependsOn",
    "depends",
    "input",
    "after",
    "requires",
    "wait_for",
    "waits_for",
  ],
  [
    "profile",
    "agent",
    "model",
    "worker",
    "assignee",
    "executor",
    "runner",
    "runs-on",
    "subagent",
    "role",
    "assigned_to",
  ],
  ["proposers", "models", "agents", "workers"],
  ["condition", "if", "when", "only_if", "run_if", "enabled"],
  ["prompt", "task", "instructions", "instruction", "message", "goal", "text", "query", "objective", "system_prompt"],
  ["run", "command", "cmd", "script", "shell", "bash", "exec", "commands"],
  ["timeout", "time_limit", "max_time", "deadline", "timeout-minutes", "timeout_minutes", "timeout_seconds"],
  ["on_failure", "on_error", "onError", "continue-on-error", "continue_on_error", "allow_failure", "ignore_errors"],
  ["context", "context_strategy"],
  ["output", "outputs", "save_to", "write_to", "output_file", "result_file", "outfile"],
  ["over", "foreach", "for_each", "items", "matrix", "with_items", "each", "strategy"],
  ["route", "routing", "routes", "cases", "switch"],
  ["steps", "jobs", "phases", "pipeline", "stages", "tasks", "nodes", "parallel"],
  ["schema", "output_schema", "response_format", "json_schema", "output_format", "outputSchema"],
  ["files", "paths", "owns", "allowed_files", "writes"],
  ["checks", "check", "verify", "tests", "validate", "validation", "assert", "acceptance"],
  ["with", "args", "arguments", "params", "parameters"],
  ["inputs", "params", "parameters", "args", "arguments"],
  ["max_parallel", "concurrency", "parallelism", "max_concurrency", "max-parallel", "maxParallel"],
  ["max_attempts", "attempts", "max_retries", "retries", "times", "count", "limit"],
  ["delay", "wait", "interval", "backoff_seconds"],
  ["max", "max_iterations", "max_rounds", "iterations", "times", "max_items"],
  ["until", "while", "stop_when", "exit_when", "break_if"],
  ["usd", "cost", "dollars", "max_cost", "max_usd"],
  ["tokens", "max_tokens"],
  ["on_complete", "always", "finally", "on_end", "after", "post"],
  ["on_start", "before", "setup", "pre", "on_begin"],
  ["settings", "config", "options", "defaults"],
]

/** What is said otherwise than by one key. The first word that the object can have decides. */
const PHRASES: readonly { readonly words: readonly string[]; readonly needs: string; readonly hint: string }[] = [
  {
    words: ["retries", "max_retries", "attempts", "max_attempts", "retry_count"],
    needs: "retry",
    hint: "write `retry: { max_attempts: 3 }`, which counts the first try too",
  },
  {
    words: ["repeat", "while", "until", "iterate", "max_iterations"],
    needs: "loop",
    hint: "write `loop: { max: 5, until: … }`",
  },
  { words: ["env", "vars", "variables"], needs: "context", hint: "write `context: { variables: … }` at the top" },
  { words: ["secrets"], needs: "context", hint: "write `context: { secrets: … }` at the top" },
  {
    words: ["approval", "approve", "manual", "human", "review", "interactive"],
    needs: "intervene",
    hint: "write `intervene: always`, or a step of `type: gate` that asks a person",
  },
  {
    words: ["uses", "workflow_call", "call", "include", "subworkflow"],
    needs: "workflow",
    hint: "write `type: workflow` and `workflow: NAME`",
  },
  {
    words: ["prompt", "task", "instructions", "goal"],
    needs: "parameters",
    hint: "write `parameters: { task: … }`",
  },
  {
    words: ["timeout", "max_parallel", "concurrency", "budget", "on_failure", "gate", "intervene", "distill"],
    needs: "settings",
    hint: "write it under `settings`",
  },
  {
    words: [
      "tools",
      "permission",
      "permissions",
      "temperature",
      "top_p",
      "system",
      "mcp",
      "skills",
      "cwd",
      "working_directory",
      "working-directory",
      "workdir",
      "container",
      "image",
    ],
    needs: "retry",
    hint: "it belongs to the worker: write it in a profile of orchestrator.json, as far as profiles have it",
  },
  {
    words: ["on", "trigger", "triggers", "schedule", "cron"],
    needs: "steps",
    hint: "a workflow runs when somebody starts it; leave it out",
  },
]

const WORDS: ReadonlySet<string> = new Set([...SYNONYMS.flat(), ...PHRASES.flatMap(({ words }) => words)])

/** The hint for an unknown key of an object that may have `known` keys; undefined when there is none. */
export function foreignKeyHint(key: string, known: readonly string[]): string | undefined {
  if (key.startsWith("x-")) return "only keys of Baton can stand here; set an anchor where its value is used first"
  const isMisspelt = nearest(key, known) !== undefined
  const meant = WORDS.has(key) || isMisspelt ? key : (nearest(key, WORDS) ?? key)
  const [word] = SYNONYMS.filter((words) => words.includes(meant)).flatMap((words) =>
    words.filter((one) => known.includes(one)),
  )
  if (word !== undefined) return `here it is called \`${word}\``
  return PHRASES.find(({ words, needs }) => words.includes(meant) && known.includes(needs))?.hint
}
