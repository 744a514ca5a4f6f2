import { startScriptedModel } from "../scripts/scripted-model.ts"
import { makeProject } from "../test/e2e/support/project.ts"
import { interleave } from "./measure.ts"
import { compare, type Row } from "./report.ts"
import { serve } from "./serve.ts"

const ROUNDS = 9

/**
 * Time from the start of OpenCode to its first answer, and its memory at that point, with Baton
 * loaded and without.
 */
export async function startUp(tell: (line: string) => void): Promise<Row[]> {
  await using model = await startScriptedModel()
  const memory = { baton: [] as number[], bare: [] as number[] }
  const side = (name: "baton" | "bare") => async () => {
    await using project = makeProject({ model, baton: name === "baton" })
    const start = performance.now()
    await using server = await serve(project)
    const throwing = { throwOnError: true } as const
    const { data: session } = await server.client.session.create({ title: "first" }, throwing)
    const parts = [{ type: "text" as const, text: "Hello" }]
    const { data } = await server.client.session.prompt({ sessionID: session.id, parts }, throwing)
    const ms = performance.now() - start
    if (data.info.finish !== "stop") throw new Error(`no answer: ${JSON.stringify(data.info)}`)
    memory[name].push(server.memory())
    const { data: commands } = await server.client.command.list({}, throwing)
    if (commands.some((command) => command.name === "workflow") !== (name === "baton"))
      throw new Error("Baton is loaded on the wrong side")
    return ms
  }
  const samples = await interleave(ROUNDS, { baton: side("baton"), bare: side("bare") }, (name, round, ms) =>
    tell(
      `start-up, round ${round + 1} of ${ROUNDS}, ${name}: ${ms.toFixed(0)} ms, ${memory[name].at(-1)?.toFixed(0)} MB`,
    ),
  )
  const atMost = { ms: 60, MB: 25 }
  return [
    compare(
      "start to first answer",
      { unit: "ms", comparison: "more", atMost: atMost.ms },
      samples.baton,
      samples.bare,
    ),
    compare("memory after it", { unit: "MB", comparison: "more", atMost: atMost.MB }, memory.baton, memory.bare),
  ]
}
