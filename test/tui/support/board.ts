import type { RunView } from "../../../src/core/view/view.ts"
import { askView, doneStep, gateStep, runningStep, runView, stepView, workerView } from "./runs.ts"

/** A project as the dashboard shows it: one running run, one that waits and one that has ended. */

const SONNET = "anthropic/claude-sonnet-4"
const GEMINI = "google/gemini-2.5-pro"
const spent = { model: SONNET, requestedModel: SONNET, tokens: { input: 8_000, output: 300 }, cost: 0.0123 }

export const FEATURE: RunView = runView({
  id: "3hkeEltvzN",
  workflow: "feature-build",
  createdAt: 0,
  tokens: { input: 67_000, output: 1_840 },
  cost: 0.1155,
  steps: [
    doneStep("survey", 12_000, { profile: "docs", ...spent }),
    doneStep("plan", 71_000, { type: "ensemble", needs: ["survey"], profile: "", session: null }),
    doneStep("plan/claude", 61_000, { group: "plan", name: "claude", profile: "claude", ...spent }),
    doneStep("plan/gemini", 41_000, { group: "plan", name: "gemini", profile: "gemini", ...spent, model: GEMINI }),
    doneStep("plan/judge", 10_000, { group: "plan", name: "judge", needs: ["plan/claude", "plan/gemini"], ...spent }),
    runningStep("build", { type: "routed", needs: ["plan"], session: null }),
    doneStep("build/api", 60_000, {
      group: "build",
      name: "api",
      attempts: 2,
      warnings: [{ kind: "truncated", text: "a tool's output was cut" }],
      ...spent,
    }),
    runningStep("build/ui", {
      group: "build",
      name: "ui",
      profile: "frontend",
      requestedModel: GEMINI,
      tokens: { input: 22_000, output: 120 },
      cost: 0.04,
    }),
    runningStep("build/tests", {
      group: "build",
      name: "tests",
      requestedModel: SONNET,
      tokens: { input: 5_000, output: 220 },
      cost: 0.014,
    }),
    stepView("review", { needs: ["build"] }),
    stepView("ship", { needs: ["review"], type: "gate" }),
  ],
})

export const MEND: RunView = runView({
  id: "a81kQlPwzX",
  workflow: "mend",
  status: "paused",
  hold: { cause: "gate", detail: "review waits" },
  createdAt: -60_000,
  tokens: { input: 8_000, output: 300 },
  cost: 0.0123,
  steps: [
    doneStep("draft", 3_000, spent),
    gateStep(
      "review",
      {},
      {
        needs: ["draft"],
        checks: [
          {
            name: "npm test",
            isOk: false,
            severity: "error",
            detail: "exit code 1",
            output: "FAIL a.test.ts\n1 failed",
          },
        ],
      },
    ),
    stepView("ship", { needs: ["review"] }),
  ],
})

export const OVER: RunView = runView({
  id: "b91kQlPwzY",
  workflow: "release-notes",
  status: "success",
  createdAt: -3_600_000,
  endedAt: -3_500_000,
  tokens: { input: 3_000, output: 10 },
  cost: null,
  steps: [doneStep("a"), doneStep("b")],
})

export const WORKERS = [
  workerView("build/ui", {
    run: FEATURE.id,
    step: "build/ui",
    workflow: FEATURE.workflow,
    model: GEMINI,
    state: "tool",
    tool: "bash",
    lastActivityAt: 81_000,
    tokens: { input: 22_000, output: 120 },
    cost: 0.04,
  }),
  workerView("build/tests", {
    run: FEATURE.id,
    step: "build/tests",
    workflow: FEATURE.workflow,
    model: SONNET,
    lastActivityAt: 83_000,
    tokens: { input: 5_000, output: 220 },
    cost: 0.014,
  }),
]

export const ASK = askView("per_1", {
  worker: "build/ui",
  run: FEATURE.id,
  session: "ses_build/ui",
  title: "bash: npm install",
  details: ["npm install", "in /work"],
  askedAt: 80_000,
})
