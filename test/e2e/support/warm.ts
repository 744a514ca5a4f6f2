import { createOpencodeClient, type OpencodeClient } from "@opencode-ai/sdk/v2"
import { launchServer } from "./opencode.ts"
import { makeProject, type RunningServer } from "./project.ts"

/** A running `opencode serve` that many projects use: it reads the configuration of each from the project's folder. */
export interface WarmServer extends RunningServer {
  readonly pid: number
  /** Finds the processes that it and its tools have started: see `processesWith`. */
  readonly marker: string
  clientFor(directory: string): OpencodeClient
}

let warm: Promise<WarmServer> | undefined

/**
 * The server that all test files of this process share. A start costs 5 s of CPU up to the first answer, a run in a
 * server that is warm 1 s: a test has a server of its own only where its start, its end or its isolation is the subject.
 * It is started at the first use, and killed with the process.
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
