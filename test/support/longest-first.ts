import { relative } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import seconds from "./seconds.json" with { type: "json" }

/** Seconds for a new file that is not in the table yet. */
const NEW_SECONDS = { e2e: 20, plugin: 1 }

/**
 * Starts the longest files first, so that all cores are busy to the end, and distributes the files
 * to shards that take about the same time. The table is a rough guide: a wrong number only costs
 * time.
 */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // The tiers are not mixed, because a worker that changed its tier would lose its warm server.
    const tier = ({ project }: TestSpecification) => (project.name === "e2e" ? 0 : 1)
    return [...files].sort(
      (a, b) => tier(a) - tier(b) || this.#seconds(b) - this.#seconds(a) || a.moduleId.localeCompare(b.moduleId),
    )
  }

  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { index, count } = this.ctx.config.shard ?? { index: 1, count: 1 }
    const shards = Array.from({ length: count }, () => ({ seconds: 0, files: [] as TestSpecification[] }))
    for (const file of await this.sort(files)) {
      const least = shards.reduce((a, b) => (b.seconds < a.seconds ? b : a))
      least.files.push(file)
      least.seconds += this.#seconds(file)
    }
    return shards[index - 1]?.files ?? []
  }

  #seconds({ moduleId, project }: TestSpecification): number {
    const name = relative(this.ctx.config.root, moduleId)
    const known: Readonly<Record<string, number>> = seconds
    return known[name] ?? NEW_SECONDS[project.name === "e2e" ? "e2e" : "plugin"]
  }
}
