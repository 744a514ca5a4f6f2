import type * as z from "zod"
import { type Path, valueAt } from "../../core/documents/issues.ts"
import type { WorkflowSource } from "../document.ts"
import { shared } from "../step-shape.ts"
import { EXPRESSION_KEYS } from "../step-types.ts"
import type { Vocabulary } from "../vocabulary.ts"
import { collectInputs, type Names, readsSteps, rewriteCondition, rewriteTemplate } from "./bare.ts"
import { Draft, Text } from "./draft.ts"

/** What the dialects share when they are converted to the canonical form. */

/** A dialect of workflow documents. */
export interface Form {
  /**
   * True when the keys of a document show that it is in this dialect; not called for canonical
   * documents.
   */
  recognises(document: Readonly<Record<string, unknown>>): boolean
  /** The shape of the dialect. It is checked first, so that problems use the dialect's words. */
  readonly schema: z.ZodType
  readonly vocabulary: Vocabulary
  /** Converts a document to the canonical form, as far as it can be understood. Never throws. */
  draw(source: WorkflowSource): Draft
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
export const textOf = (value: unknown) => (typeof value === "string" ? value : undefined)
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const keysOf = (value: unknown) => (isObject(value) ? Object.keys(value) : [])

const HEAD = ["$schema", "name", "description", "version", "metadata", "settings", "context"]

/** A field of a step that holds a template or an expression; `path` is relative to the step. */
interface TemplateField {
  readonly path: Path
  readonly isExpression: boolean
}

/** Converts one document of another dialect to the canonical form. */
export class Drawing {
  readonly source: WorkflowSource
  readonly draft = new Draft()
  readonly names: Names

  constructor(source: WorkflowSource, steps: Iterable<string>) {
    this.source = source
    for (const key of HEAD) this.copy([key], [key])
    // Inputs are copied one by one, because undeclared ones are added beside them.
    for (const name of keysOf(this.at(["inputs"]))) this.copy(["inputs", name], ["inputs", name])
    this.names = {
      steps: new Set([...steps, ...this.hooks().flatMap((path) => textOf(this.at([...path, "id"])) ?? [])]),
      variables: new Set(keysOf(this.at(["context", "variables"]))),
      inputs: new Set(keysOf(this.at(["inputs"]))),
    }
  }

  /** The value at `path` of the original document. */
  at(path: Path): unknown {
    return valueAt(this.source.value, path)
  }

  /** Copies the value at `from` unchanged, if there is one. */
  copy(from: Path, to: Path): void {
    const value = this.at(from)
    if (value !== undefined) this.draft.set(to, value, from)
  }

  /** Copies the keys that a step has in every dialect, except those in `but`. */
  copyShared(from: Path, to: Path, but: readonly string[] = []): void {
    const keys = Object.keys(shared).filter((key) => !but.includes(key))
    // Values are cloned, because texts inside them are changed.
    for (const key of keys) this.draft.copy([...to, key], this.at([...from, key]), [...from, key])
    this.#fill(
      this.#fields(from).filter(({ path }) => keys.includes(String(path[0]))),
      from,
      to,
    )
  }

  /** Copies hooks that are written as steps of the canonical form. */
  copyHooks(): void {
    this.draft.copy(["hooks"], this.at(["hooks"]), ["hooks"])
    for (const path of this.hooks()) this.#fill([...this.#fields(path), ...this.#hookFields(path)], path, path)
  }

  /** Paths of the templates and expressions in those hooks. */
  hookTexts(): Path[] {
    return this.hooks().flatMap((step) =>
      [...this.#fields(step), ...this.#hookFields(step)].map(({ path }) => [...step, ...path]),
    )
  }

  /** Paths of the hooks. */
  hooks(): Path[] {
    const hooks = this.at(["hooks"])
    return keysOf(hooks).flatMap((when) => listOf(this.at(["hooks", when])).map((_, at) => ["hooks", when, at]))
  }

  /** Paths of the templates and expressions in a step, apart from its prompt. */
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

  /**
   * Fields that hooks write as the canonical form does, while the steps of a dialect write them in
   * its own way.
   */
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

  #fill(fields: readonly TemplateField[], from: Path, to: Path): void {
    for (const { path, isExpression } of fields) {
      if (isExpression) this.expression([...from, ...path], [...to, ...path])
      else this.template([...from, ...path], [...to, ...path])
    }
  }

  /** Copies the expression at `path`, with its bare names written out. */
  expression(path: Path, to: Path): void {
    const written = textOf(this.at(path))
    if (written === undefined) {
      this.copy(path, to)
      return
    }
    const { text, map } = rewriteCondition(written, this.names)
    this.draft.setText(to, new Text().take(text, path, map), path)
  }

  /** Declares the inputs that the texts at these paths use without a declaration. */
  collect(paths: Iterable<Path>): void {
    for (const path of paths) {
      const text = textOf(this.at(path))
      if (text === undefined) continue
      const before = new Set(this.names.inputs)
      collectInputs(text, this.names)
      for (const name of this.names.inputs) if (!before.has(name)) this.declare(name, path)
    }
  }

  /** Adds an undeclared input, which is used at `from`. */
  declare(name: string, from: Path, spec: unknown = "string"): void {
    this.names.inputs.add(name)
    if (this.at(["inputs", name]) === undefined) this.draft.set(["inputs", name], spec, from)
  }

  /**
   * Adds the template at `path`, from `start` to `end`, to a text, with its bare names written out.
   */
  take(text: Text, path: Path, start = 0, end?: number): Text {
    const { text: written, map } = rewriteTemplate((textOf(this.at(path)) ?? "").slice(start, end), this.names)
    return text.take(written, path, (offset) => start + map(offset))
  }

  /** Copies the template at `path`, with its bare names written out. */
  template(path: Path, to: Path): void {
    if (textOf(this.at(path)) !== undefined) this.draft.setText(to, this.take(new Text(), path), path)
    else this.copy(path, to)
  }

  /** True when the template at `path` reads a step. */
  readsSteps(path: Path): boolean {
    return readsSteps(textOf(this.at(path)) ?? "", this.names)
  }
}
