import type * as z from "zod"
import { type Path, valueAt } from "../../core/documents/issues.ts"
import type { WorkflowSource } from "../document.ts"
import { shared } from "../step-shape.ts"
import { EXPRESSION_KEYS } from "../step-types.ts"
import type { Vocabulary } from "../vocabulary.ts"
import { collectInputs, type Names, readsSteps, rewriteCondition, rewriteTemplate } from "./bare.ts"
import { Draft, Text } from "./draft.ts"

/** What the other forms of a workflow have in common on their way into the canonical one. */

/** Another form of a workflow. */
export interface Form {
  /** Whether a document that is not in the canonical form is in this one, told from its keys. */
  recognises(document: Readonly<Record<string, unknown>>): boolean
  /** What it looks like: checked first, so that mistakes are told in its words. */
  readonly schema: z.ZodType
  readonly vocabulary: Vocabulary
  /** Makes the canonical form of it, as far as it can be understood. Never throws. */
  draw(source: WorkflowSource): Draft
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
export const textOf = (value: unknown) => (typeof value === "string" ? value : undefined)
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const keysOf = (value: unknown) => (isObject(value) ? Object.keys(value) : [])

const HEAD = ["$schema", "name", "description", "version", "metadata", "settings", "context"]

/** A place inside a step where something is filled in. */
interface TemplateField {
  readonly path: Path
  readonly isExpression: boolean
}

/** A document of another form while it is made canonical. */
export class Drawing {
  readonly source: WorkflowSource
  readonly draft = new Draft()
  readonly names: Names

  constructor(source: WorkflowSource, steps: Iterable<string>) {
    this.source = source
    for (const key of HEAD) this.copy([key], [key])
    // One by one: those that nobody declared are added.
    for (const name of keysOf(this.at(["inputs"]))) this.copy(["inputs", name], ["inputs", name])
    this.names = {
      steps: new Set([...steps, ...this.hooks().flatMap((path) => textOf(this.at([...path, "id"])) ?? [])]),
      variables: new Set(keysOf(this.at(["context", "variables"]))),
      inputs: new Set(keysOf(this.at(["inputs"]))),
    }
  }

  /** What is written at `path`. */
  at(path: Path): unknown {
    return valueAt(this.source.value, path)
  }

  /** Takes what is written at `from` as it is, if anything is. */
  copy(from: Path, to: Path): void {
    const value = this.at(from)
    if (value !== undefined) this.draft.set(to, value, from)
  }

  /** The keys that a step has in every form. */
  copyShared(from: Path, to: Path, but: readonly string[] = []): void {
    const keys = Object.keys(shared).filter((key) => !but.includes(key))
    // Not what the user wrote itself: texts inside of it are changed.
    for (const key of keys) this.draft.copy([...to, key], this.at([...from, key]), [...from, key])
    this.#fill(
      this.#fields(from).filter(({ path }) => keys.includes(String(path[0]))),
      from,
      to,
    )
  }

  /** Hooks that are steps as the canonical form has them. */
  copyHooks(): void {
    this.draft.copy(["hooks"], this.at(["hooks"]), ["hooks"])
    for (const path of this.hooks()) this.#fill([...this.#fields(path), ...this.#hookFields(path)], path, path)
  }

  /** Where in these hooks something is filled in. */
  hookTexts(): Path[] {
    return this.hooks().flatMap((step) =>
      [...this.#fields(step), ...this.#hookFields(step)].map(({ path }) => [...step, ...path]),
    )
  }

  /** Where the hooks stand. */
  hooks(): Path[] {
    const hooks = this.at(["hooks"])
    return keysOf(hooks).flatMap((when) => listOf(this.at(["hooks", when])).map((_, at) => ["hooks", when, at]))
  }

  /** Where in a step, besides what it is asked, something is filled in. */
  texts(step: Path): Path[] {
    return this.#fields(step).map(({ path }) => [...step, ...path])
  }

  #fields(step: Path): TemplateField[] {
    const items = (...[key, ...rest]: [string, ...string[]]) =>
      listOf(this.at([...step, key])).map((_, at) => [key, at, ...rest])
    const templates: Path[] = [["output"], ...items("files"), ...items("checks", "ask")]
    return [
      ...templates.map((path) => ({ path, isExpression: false })),
      ...[["condition"], ["loop", "until"]].map((path) => ({ path, isExpression: true })),
    ].filter(({ path }) => textOf(this.at([...step, ...path])) !== undefined)
  }

  /** What other forms say in their own way, and hooks as the canonical form does. */
  #hookFields(step: Path): TemplateField[] {
    const given = EXPRESSION_KEYS.flatMap(([key, holds]): TemplateField[] =>
      holds === "templates"
        ? keysOf(this.at([...step, key])).map((name) => ({ path: [key, name], isExpression: false }))
        : [{ path: [key], isExpression: holds === "list" }],
    )
    return [{ path: ["prompt"], isExpression: false }, ...given].filter(
      ({ path }) => textOf(this.at([...step, ...path])) !== undefined,
    )
  }

  #fill(slots: readonly TemplateField[], from: Path, to: Path): void {
    for (const { path, isExpression } of slots) {
      if (isExpression) this.expression([...from, ...path], [...to, ...path])
      else this.template([...from, ...path], [...to, ...path])
    }
  }

  /** The expression at `path`, with or without `${…}` around it. */
  expression(path: Path, to: Path): void {
    const written = textOf(this.at(path))
    if (written === undefined) {
      this.copy(path, to)
      return
    }
    const { text, map } = rewriteCondition(written, this.names)
    this.draft.setText(to, new Text().take(text, path, map), path)
  }

  /** Takes note of the inputs that the texts at these places ask for. */
  collect(paths: Iterable<Path>): void {
    for (const path of paths) {
      const text = textOf(this.at(path))
      if (text === undefined) continue
      const before = new Set(this.names.inputs)
      collectInputs(text, this.names)
      for (const name of this.names.inputs) if (!before.has(name)) this.declare(name, path)
    }
  }

  /** Adds an input that nobody declared; it is asked for at `from`. */
  declare(name: string, from: Path, spec: unknown = "string"): void {
    this.names.inputs.add(name)
    if (this.at(["inputs", name]) === undefined) this.draft.set(["inputs", name], spec, from)
  }

  /** Adds the template at `path` to a text, or the part of it from `start` on, its bare names written out. */
  take(text: Text, path: Path, start = 0, end?: number): Text {
    const { text: written, map } = rewriteTemplate((textOf(this.at(path)) ?? "").slice(start, end), this.names)
    return text.take(written, path, (offset) => start + map(offset))
  }

  /** The template at `path` as a text of its own. */
  template(path: Path, to: Path): void {
    if (textOf(this.at(path)) !== undefined) this.draft.setText(to, this.take(new Text(), path), path)
    else this.copy(path, to)
  }

  /** Whether the template at `path` reads a step. */
  readsSteps(path: Path): boolean {
    return readsSteps(textOf(this.at(path)) ?? "", this.names)
  }
}
