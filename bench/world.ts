import { type ScriptedModel, startScriptedModel } from "../scripts/scripted-model.ts"
import { openRuntime } from "../src/compose.ts"
import type { Log } from "../src/core/ports/ports.ts"
import { followEvents } from "../src/host/follow.ts"
import { createFeed, describe, type Host } from "../src/host/host.ts"
import type { Runtime } from "../src/project/runtime.ts"
import { makeProject, type ProjectOptions } from "../test/e2e/support/project.ts"
import { type Serve, serve } from "./serve.ts"

/** A server with a model that answers at once, and Baton set up on it as `baton run` does. */
export interface World extends AsyncDisposable {
  readonly model: ScriptedModel
  readonly server: Serve
  readonly host: Host
  readonly runtime: Runtime
  /** Creates a session to be the parent of one measurement's sessions. */
  newParent(title: string): Promise<string>
}

/** An error of Baton ends the benchmark, because its numbers would be meaningless. */
const log: Log = {
  error(message, detail) {
    throw new Error(`${message} ${JSON.stringify(detail ?? {})}`)
  },
}

/** Opens it in a new project in a temporary folder, which is removed with it. */
export async function openWorld(options: Pick<ProjectOptions, "config" | "workflows" | "files">): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const model = stack.use(await startScriptedModel())
  const project = stack.use(makeProject({ ...options, model, baton: false }))
  const server = stack.use(await serve(project))
  const feed = createFeed((error) => log.error(describe(error)))
  const following = new AbortController()
  stack.defer(() => following.abort())
  await followEvents(server.client, feed, following.signal, (error) => log.error(describe(error)))
  const host: Host = { client: server.client, directory: project.dir, isAttended: false, subscribe: feed.subscribe }
  const runtime = openRuntime({
    directory: project.dir,
    globalDir: project.home,
    env: project.env,
    host,
    log,
    usesFolder: () => true,
  })
  stack.defer(() => runtime.close("benchmark"))
  const opened = stack.move()
  return {
    model,
    server,
    host,
    runtime,
    newParent: async (title) => (await server.client.session.create({ title }, { throwOnError: true })).data.id,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
