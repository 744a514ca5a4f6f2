import { createOpencodeClient, type OpencodeClient } from "@opencode-ai/sdk/v2"
import { launchServer } from "./opencode.ts"
import { makeProject, type RunningServer } from "./project.ts"

/**
 * A running `opencode serve` that many projects use. It reads the configuration of each project
 * from its folder.
 */
export interface WarmServer extends RunningServer {
  readonly pid: number
  /** Finds the processes that it and its tools have started; see `processesWith`. */
  readonly marker: string
  clientFor(directory: string): OpencodeClient
}

let warm: Promise<WarmServer> | undefined

/**
 * Returns the server that all test files of this process share. It is started at its first use, and
 * killed with the process. A new server takes 5 s of CPU until its first answer, and a run on a
 * warm one takes 1 s. So a test has its own server only if it tests the start, the end or the
 * isolation of a server.
 */
export function warmServer(): Promise<WarmServer> {
  warm ??= start()
  return warm
}

async function start(): Promise<WarmServer> {
  const home = makeProject({ baton: false })
  const server = await launchServer(home)
  const clientFor = (directory: string) => createOpencodeClient({ baseUrl: server.url, directory })
  return {
    url: server.url,
    pid: server.pid,
    marker: home.marker,
    clientFor,
    async forget(directory) {
      await clientFor(directory).instance.dispose({})
    },
  }
}
