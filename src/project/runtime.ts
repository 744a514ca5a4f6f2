import type { Engine } from "../engine/engine.ts"
import type { Prepared, Project } from "./project.ts"

/** What a surface needs to act: the project's documents and the engine that runs them. Made by compose.ts. */
export interface Runtime {
  readonly project: Project
  readonly engine: Engine
  /** The models of a run that this OpenCode does not have, a line each with the nearest one; undefined: it has all. To
   *  be asked before the run starts, so that nothing is spent on half of it. */
  missing(definition: Prepared["definition"]): Promise<string | undefined>
  /** Lets go of the journal. Runs still going are interrupted first, so that they can be resumed. */
  close(by: string): Promise<void>
}
