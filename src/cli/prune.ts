import { Command, InvalidArgumentError, Option } from "commander"
import { durationWords, parseDuration } from "../core/base/duration.ts"
import { localTime } from "../core/base/time.ts"
import type { RunView } from "../core/view/view.ts"
import type { Engine } from "../engine/engine.ts"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { wholeOf } from "./inputs.ts"
import { writeJson } from "./json.ts"
import type { PruneDocument } from "./json-types.ts"
import { refuseWorker } from "./person.ts"
import { readJournal } from "./status.ts"
import { paint } from "./style.ts"
import { type TextColumn, terminalWidth, textTable } from "./table.ts"
import { stdout } from "./terminal.ts"

const OLD_MS = 30 * 86_400_000

interface PruneOptions {
  readonly olderThan: number
  readonly keep: number
  readonly yes?: boolean
  readonly json?: boolean
}

/** `baton prune`: lists old runs, and with `--yes` deletes them from the journal. */
export function pruneCommand(compose: LoadCompose): Command {
  return new Command("prune")
    .description("delete old runs that have ended from the journal; shows which, and deletes with --yes")
    .addOption(
      new Option("--older-than <duration>", "runs that ended longer ago than this, such as 12h")
        .argParser(ageOf)
        .default(OLD_MS, durationWords(OLD_MS)),
    )
    .option("--keep <count>", "keep this many of the newest whatever their age", wholeOf, 20)
    .option("--yes", "delete them")
    .option("--json", "as one JSON object")
    .action(async (options: PruneOptions, command: Command) => {
      if (options.yes) refuseWorker("prune", "a person deletes runs")
      const engine = await readJournal(compose, placeOf(command.optsWithGlobals<GlobalOptions>()))
      const old = engine === undefined ? [] : oldRuns(engine, options)
      const deleted = options.yes ? old.filter((run) => engine?.remove(run.id).ok) : []
      if (options.json) writeJson(documentOf(old, deleted))
      else stdout.write(formatPruned(old, deleted, options))
    })
}

/**
 * Runs that ended before the limit, except the newest `keep` runs. A run that has not ended is
 * never among them.
 */
function oldRuns(engine: Engine, { olderThan, keep }: PruneOptions): RunView[] {
  const before = Date.now() - olderThan
  return engine
    .list()
    .slice(keep)
    .flatMap(({ id, createdAt }) => (createdAt < before ? (engine.readable(id) ?? []) : []))
    .filter((run) => run.endedAt !== null && run.endedAt < before)
}

function formatPruned(old: readonly RunView[], deleted: readonly RunView[], options: PruneOptions): string {
  if (old.length === 0) return `No ended run is older than ${durationWords(options.olderThan)}.\n`
  const now = Date.now()
  const columns: TextColumn<RunView>[] = [
    { title: "RUN", of: ({ id }) => id },
    { title: "STATE", of: ({ status }) => status },
    { title: "ENDED", of: ({ endedAt }) => localTime(endedAt ?? 0, now), drop: 1 },
    { title: "WORKFLOW", of: ({ workflow }) => workflow },
  ]
  const lines = textTable(columns, old, terminalWidth(stdout), paint(stdout))
  const count = (runs: readonly RunView[]) => `${runs.length} ${runs.length === 1 ? "run" : "runs"}`
  const what = options.yes
    ? `Deleted ${count(deleted)}. Their sessions stay in OpenCode.`
    : `${count(old)} would be deleted from the journal. Add --yes to delete. Sessions stay in OpenCode.`
  return `${lines.join("\n")}\n\n${what}\n`
}

function documentOf(old: readonly RunView[], deleted: readonly RunView[]): PruneDocument {
  const idsOf = (runs: readonly RunView[]) => runs.map((run) => run.id)
  return { old: idsOf(old), deleted: idsOf(deleted) }
}

function ageOf(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError("write a duration such as 30d or 12h")
  return ms
}
