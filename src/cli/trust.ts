import { Command } from "commander"
import { localTime } from "../core/base/time.ts"
import { changeLines, namesLine } from "../core/view/trust-question.ts"
import { type Gate, questionOf } from "../project/gate.ts"
import { readStored } from "../trust/record.ts"
import type { Trust } from "../trust/verdict.ts"
import { type GlobalOptions, type LoadCompose, placeOf } from "./context.ts"
import { EXIT } from "./exit.ts"
import { writeJson } from "./json.ts"
import type { TrustDocument } from "./json-types.ts"
import { confirm, gateOf, isTerminal, record, showTrust } from "./permit.ts"
import { refuseWorker } from "./person.ts"
import { stdout } from "./terminal.ts"

interface TrustOptions {
  readonly list?: boolean
  readonly revoke?: boolean
  readonly json?: boolean
}

/** `baton trust`: lets Baton use what is in this folder, shows what that is, or takes it back. */
export function trustCommand(compose: LoadCompose): Command {
  return new Command("trust")
    .description("let Baton use this folder's workflows, profiles and OpenCode configuration")
    .option("--list", "show what the folder names and whether it is trusted; changes nothing")
    .option("--revoke", "trust the folder no longer")
    .option("--json", "as one JSON object")
    .action(async (options: TrustOptions, command: Command) => {
      if (!options.list) refuseWorker("trust", "a person says whether this folder is trusted")
      const gate = gateOf(compose, placeOf(command.optsWithGlobals<GlobalOptions>()))
      if (options.revoke) return takeBack(gate, options)
      const found = await gate.look()
      if (options.list || gate.isTrusted()) return show(found, options)
      const question = await questionOf(found, false, "a built-in workflow")
      const isAsked = isTerminal() && !options.json
      if (isAsked) showTrust(question)
      const isTrusted = !isAsked || (await confirm("Trust this folder?"))
      await record(gate, question, isTrusted, "terminal")
      if (options.json) writeJson(await documentOf(await gate.look()))
      else stdout.write(isTrusted ? "This folder is trusted.\n" : "This folder is not trusted.\n")
      if (!isTrusted) process.exitCode = EXIT.failed
    })
}

async function takeBack(gate: Gate, { json }: TrustOptions): Promise<void> {
  const wasTrusted = await gate.revoke()
  if (json) writeJson(await documentOf(await gate.look()))
  else stdout.write(wasTrusted ? "This folder is not trusted any more.\n" : "This folder was not trusted.\n")
}

async function show(found: Trust, { json }: TrustOptions): Promise<void> {
  const document = await documentOf(found)
  if (json) writeJson(document)
  else stdout.write(`${format(document)}\n`)
}

async function documentOf(found: Trust): Promise<TrustDocument> {
  const { verdict, place, set, why, changes } = found
  const { trusted } = readStored(place)
  const { contents } = await questionOf(found, false, "")
  return {
    folder: place.root,
    verdict: verdict === "edited" ? "trusted" : verdict,
    why: why ?? null,
    trustedAt: trusted === undefined ? null : new Date(trusted.at).toISOString(),
    trustedBy: trusted?.by ?? null,
    head: trusted?.head ?? null,
    contents,
    changes,
    files: Object.entries(set.files).map(([path, file]) => ({
      path,
      ...("sha256" in file ? { sha256: file.sha256 } : { unreadable: file.unreadable }),
    })),
  }
}

function format({ folder, verdict, why, trustedAt, trustedBy, contents, changes, files }: TrustDocument): string {
  const at = trustedAt === null ? "" : ` since ${localTime(Date.parse(trustedAt), Date.now())} (${trustedBy})`
  const state = {
    trusted: files.length === 0 ? "there is nothing in it that needs trust" : `trusted${at}`,
    untrusted: "not trusted: `baton trust` trusts it",
    changed: `changed since you trusted it (${why}): \`baton trust\` trusts it as it is now`,
  }[verdict]
  const width = Math.max(0, ...contents.map(({ what }) => what.length))
  return [
    folder,
    state,
    ...(changes.length === 0 ? [] : ["", ...changes.flatMap(changeLines)]),
    ...(contents.length === 0 ? [] : [""]),
    ...contents.map((one) => `${one.what.padEnd(width)}  ${namesLine(one)}`),
    ...(files.length === 0 ? [] : ["", `${files.length} files: ${files.map(({ path }) => path).join(", ")}`]),
  ].join("\n")
}
