import { type ScriptedModel, say } from "../../../scripts/scripted-model.ts"

/** Three steps in a row. Each one's prompt has the output of the previous one. */
export const DEMO = `
name: demo
description: Three steps in a row
inputs:
  topic: { type: string, required: true, description: what it is about }
steps:
  - id: survey
    prompt: Survey \${inputs.topic}
  - id: draft
    needs: [survey]
    prompt: "Draft from: \${survey.output}"
  - id: review
    needs: [draft]
    prompt: "Review of: \${draft.output}"
`

/** Three steps in parallel, at most two at a time, and a step that joins their outputs. */
export const FAN = `
name: fan
settings: { max_parallel: 2, on_failure: continue }
steps:
  - { id: one, prompt: "fan one" }
  - { id: two, prompt: "fan two" }
  - { id: three, prompt: "fan three" }
  - { id: join, needs: [one, two, three], prompt: "join \${one.output} \${two.output} \${three.output}" }
`

/**
 * Scripts the demo for one topic, so that tests do not count each other's prompts. Returns the
 * prompts of its three steps, and how often each was asked.
 */
export function scriptDemo(model: ScriptedModel, topic: string) {
  const prompts = [`Survey ${topic}`, `Draft from: notes on ${topic}`, `Review of: page on ${topic}`] as const
  model.script(prompts[0], say(`notes on ${topic}`))
  model.script(prompts[1], say(`page on ${topic}`))
  model.script(prompts[2], say(`${topic}: approved`))
  return { prompts, asked: () => prompts.map((prompt) => model.asked(prompt).length) }
}
