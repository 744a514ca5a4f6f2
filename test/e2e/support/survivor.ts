import { type Server, startServer } from "./opencode.ts"
import { makeProject, type Project } from "./project.ts"

/**
 * Starts an `opencode serve` with the sessions of a project but without its marker, so that it
 * survives when everything with the marker is killed. Killed runs can be resumed on it, which saves
 * the start of another server. `stop` ends it.
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
