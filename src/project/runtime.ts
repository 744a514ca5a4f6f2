import type { Engine } from "../engine/engine.ts"
import type { Gate } from "./gate.ts"
import type { Prepared, Project } from "./project.ts"

/**
 * What a surface needs to act: the project's documents and the engine that runs them. compose.ts
 * creates it.
 */
export interface Runtime {
  readonly project: Project
  readonly engine: Engine
  /** Decides whether the folder may be used. */
  readonly gate: Gate
  /**
   * Lines about the models of a run that this OpenCode does not have, each with the nearest one;
   * undefined when it has all. It is called before the run starts, so that nothing is spent on a
   * run that cannot finish.
   */
  missing(definition: Prepared["definition"]): Promise<string | undefined>
  /** Closes the journal. Running runs are interrupted first, so that they can be resumed. */
  close(by: string): Promise<void>
}
