import { type Server, startServer } from "./opencode.ts"
import { makeProject, type Project } from "./project.ts"

/**
 * Starts an `opencode serve` over the sessions of a project that does not bear its marker: it outlives the kill of all
 * that is found by it. What was killed can go on there, which saves the start of another server. `stop` ends it.
 */
export async function startSurvivor(project: Project): Promise<Server> {
  const outside = makeProject({ baton: false })
  const server = await startServer(project, { env: { BATON_TEST_ID: outside.env.BATON_TEST_ID as string } }).catch(
    async (error) => {
      await outside.dispose()
      throw error
    },
  )
  const stop = async () => {
    await server.stop()
    await outside.dispose()
  }
  return { ...server, stop, [Symbol.asyncDispose]: stop }
}
