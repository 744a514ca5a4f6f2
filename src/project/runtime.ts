import type { Engine } from "../engine/engine.ts"
import type { Project } from "./project.ts"

/** What a surface needs to act: the project's documents and the engine that runs them. Made by compose.ts. */
export interface Runtime {
  readonly project: Project
  readonly engine: Engine
  /** Lets go of the journal. Runs still going are interrupted first, so that they can be resumed. */
  close(by: string): Promise<void>
}
