import { posix } from "node:path"
import { type ParseResult, parseSync, traverse, types } from "@babel/core"

/**
 * Parses source files, and answers the questions that the rules of test/architecture.test.ts ask
 * about them.
 */

export interface Source {
  /** Relative to the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly tree: ParseResult & types.File
}

/** A finding at a line. */
export interface Spot {
  readonly line: number
  readonly what: string
}

/** Throws when the text is not TypeScript. */
export function sourceOf(path: string, text: string): Source {
  const tree = parseSync(text, {
    filename: path,
    configFile: false,
    babelrc: false,
    parserOpts: { plugins: path.endsWith("x") ? ["typescript", "jsx"] : ["typescript"] },
  })
  if (tree?.type !== "File") throw new Error(`${path} could not be parsed`)
  return { path, text, tree }
}

/** The number of lines. A newline at the end starts no line. */
export const lineCount = (source: Source) => source.text.replace(/\n$/, "").split("\n").length

const lineOf = (node: types.Node) => node.loc?.start.line ?? 0

/** Replaces the name of a module that is computed at run time. */
const COMPUTED = "?"

/**
 * Names of all modules that a file imports in any form: values, types, re-exports, dynamic imports,
 * or `import("x").T`.
 */
export function importsOf(source: Source): string[] {
  const names: string[] = []
  types.traverseFast(source.tree, (node) => {
    if (types.isImportDeclaration(node) || types.isExportAllDeclaration(node)) names.push(node.source.value)
    else if (types.isExportNamedDeclaration(node) && node.source) names.push(node.source.value)
    else if (types.isTSImportType(node)) names.push(node.argument.value)
    else if (types.isTSExternalModuleReference(node)) names.push(node.expression.value)
    else if (types.isCallExpression(node) && (types.isImport(node.callee) || nameOf(node.callee) === "require"))
      names.push(types.isStringLiteral(node.arguments[0]) ? node.arguments[0].value : COMPUTED)
  })
  return names
}

/** An import of one file by another. */
export interface Edge {
  readonly from: string
  readonly to: string
}

export const localImports = (source: Source): Edge[] =>
  importsOf(source)
    .filter((name) => name.startsWith("."))
    .map((name) => ({ from: source.path, to: posix.join(posix.dirname(source.path), name) }))

/**
 * Imports from one place to another that the first one's row does not list. A place without a row
 * may import everything, but only a row that names it may import it.
 */
export const againstRows = (
  edges: readonly Edge[],
  rows: Readonly<Record<string, readonly string[]>>,
  placeOf: (path: string) => string,
): string[] =>
  edges
    .filter(({ from, to }) => {
      const row = rows[placeOf(from)]
      return row !== undefined && placeOf(from) !== placeOf(to) && !row.includes(placeOf(to))
    })
    .map(({ from, to }) => `${from} imports ${to}`)

/**
 * Packages that a file imports although they belong to other places. `owners` has the places of
 * each package; a name that ends in `/` or `:` is a prefix. A package without an owner may be
 * imported everywhere, and a module name computed at run time nowhere.
 */
export const packagesOutside = (
  source: Source,
  owners: Readonly<Record<string, readonly string[]>>,
  place: string,
): string[] =>
  importsOf(source)
    .filter((name) => !name.startsWith("."))
    .filter((name) => {
      const owner = Object.entries(owners).find(
        ([prefix]) =>
          name === prefix || name.startsWith(`${prefix}/`) || (/[/:]$/.test(prefix) && name.startsWith(prefix)),
      )
      return name === COMPUTED || (owner !== undefined && !owner[1].includes(place))
    })
    .map((name) => `${source.path} imports ${name}`)

/**
 * Functions, arrow functions, methods and accessors with more than `most` lines, counted from the
 * first parameter to the end.
 */
export function longFunctions(source: Source, most: number): Spot[] {
  const found: Spot[] = []
  types.traverseFast(source.tree, (node) => {
    if (!(types.isFunction(node) || types.isStaticBlock(node)) || !node.loc) return
    const lines = node.loc.end.line - node.loc.start.line + 1
    if (lines > most) found.push({ line: lineOf(node), what: `${lines} lines` })
  })
  return found
}

/**
 * Swallowed errors: a `catch` clause without a statement, or a promise handler that does nothing.
 */
export function swallowedErrors(source: Source): Spot[] {
  const found: Spot[] = []
  types.traverseFast(source.tree, (node) => {
    if (types.isCatchClause(node) && node.body.body.length === 0)
      found.push({ line: lineOf(node), what: "swallows an error" })
    if (!isCall(node) || !isMember(node.callee)) return
    const method = nameOf(node.callee.property)
    const handler = method === "catch" ? node.arguments[0] : method === "then" ? node.arguments[1] : undefined
    if (handler && types.isFunction(handler) && doesNothing(handler.body))
      found.push({ line: lineOf(node), what: "swallows an error" })
  })
  return found
}

const isCall = (node: types.Node) => types.isCallExpression(node) || types.isOptionalCallExpression(node)
const isMember = (node: types.Node) => types.isMemberExpression(node) || types.isOptionalMemberExpression(node)

function doesNothing(body: types.Node): boolean {
  if (types.isBlockStatement(body))
    return body.body.every((one) => types.isReturnStatement(one) && isNothing(one.argument))
  return isNothing(body)
}

const isNothing = (node: types.Node | null | undefined): boolean =>
  !node ||
  types.isNullLiteral(node) ||
  nameOf(node) === "undefined" ||
  (types.isUnaryExpression(node, { operator: "void" }) && types.isLiteral(node.argument))

/** Uses of the terminal: `console`, and the two output streams of the process. */
export const terminalWrites = (source: Source): Spot[] =>
  globalsOf(source).filter(({ what }) =>
    /^(console\b|(process|Bun)\.std(out|err)|globalThis\.(console|process|Bun))/.test(what),
  )

/** Globals whose result depends only on their arguments, not on the time or the machine. */
const PURE_GLOBALS = [
  "Array",
  "Boolean",
  "Error",
  "Infinity",
  "JSON",
  "Map",
  "Math",
  "NaN",
  "Number",
  "Object",
  "Promise",
  "RangeError",
  "RegExp",
  "Set",
  "String",
  "Symbol",
  "TypeError",
  "TextEncoder",
  "WeakMap",
  "btoa",
  "encodeURIComponent",
  "undefined",
]

/** Uses of globals that read the clock, random numbers, the process or the outside world. */
export const impurities = (source: Source): Spot[] =>
  globalsOf(source).filter(({ what }) => {
    if (/^Math(\.random)?$/.test(what)) return true
    if (/^(new Date\(…\)|Date\.(parse|UTC))$/.test(what)) return false
    return !PURE_GLOBALS.includes(what.split(".")[0] as string)
  })

/** Parts of a file that exist only for the compiler. */
const TYPES_ONLY = [
  "TSTypeAliasDeclaration",
  "TSInterfaceDeclaration",
  "TSDeclareFunction",
  "TSDeclareMethod",
  "TSTypeParameterDeclaration",
  "TSTypeParameterInstantiation",
  "TSExpressionWithTypeArguments",
]

/**
 * Uses of undeclared names with one member, such as `Math.random`. For `new Date`, the result says
 * whether it has arguments.
 */
function globalsOf(source: Source): Spot[] {
  const found: Spot[] = []
  traverse(source.tree, {
    enter(path) {
      if (types.isTSType(path.node) || TYPES_ONLY.includes(path.node.type)) path.skip()
    },
    Identifier(path) {
      const { node, parent } = path
      if (!path.isReferencedIdentifier() || path.scope.hasBinding(node.name, true)) return
      found.push({ line: lineOf(node), what: useOf(node.name, node, parent) })
    },
  })
  return found
}

function useOf(name: string, node: types.Node, parent: types.Node): string {
  if (isMember(parent) && parent.object === node)
    return `${name}.${types.isStringLiteral(parent.property) ? parent.property.value : nameOf(parent.property)}`
  if (types.isNewExpression(parent) && parent.callee === node)
    return name === "Date" ? `new Date(${parent.arguments.length > 0 ? "…" : ""})` : name
  return name
}

const nameOf = (node: types.Node): string =>
  types.isIdentifier(node)
    ? node.name
    : types.isPrivateName(node)
      ? `#${node.id.name}`
      : types.isStringLiteral(node)
        ? node.value
        : ""

/**
 * All names that a file declares at any depth: functions, types, variables, and members of classes,
 * objects and types.
 */
export function declaredNames(source: Source): Set<string> {
  const names = new Set<string>()
  types.traverseFast(source.tree, (node) => {
    for (const name of namesOf(node)) names.add(name)
  })
  return names
}

function namesOf(node: types.Node): string[] {
  if (types.isVariableDeclarator(node)) return Object.keys(types.getBindingIdentifiers(node.id))
  if (types.isObjectExpression(node))
    return node.properties.flatMap((one) => (types.isObjectProperty(one) && !one.shorthand ? nameOf(one.key) : []))
  if (types.isMethod(node) || types.isTSMethodSignature(node) || types.isTSPropertySignature(node))
    return [nameOf(node.key)]
  if (types.isClassProperty(node) || types.isClassPrivateProperty(node)) return [nameOf(node.key)]
  return [declaredName(node)].flatMap((name) => name ?? [])
}

/** The name that a declaration of a function, class or type introduces. */
export function declaredName(node: types.Node): string | undefined {
  const isNamed =
    types.isFunctionDeclaration(node) ||
    types.isClassDeclaration(node) ||
    types.isTSTypeAliasDeclaration(node) ||
    types.isTSInterfaceDeclaration(node) ||
    types.isTSEnumDeclaration(node) ||
    types.isTSDeclareFunction(node)
  return isNamed ? node.id?.name : undefined
}

/** The import cycles, each once and as short as possible: `a → b → a`. */
export function cyclesOf(edges: readonly Edge[]): string[] {
  const graph = new Map<string, string[]>()
  for (const { from, to } of edges) graph.set(from, [...(graph.get(from) ?? []), to])
  const cycles = new Map<string, string>()
  for (const start of [...graph.keys()].sort()) {
    const cycle = wayBack(graph, start)
    const members = [...(cycle ?? [])].sort().join(" ")
    if (cycle && !cycles.has(members)) cycles.set(members, [...cycle, start].join(" → "))
  }
  return [...cycles.values()]
}

function wayBack(graph: ReadonlyMap<string, readonly string[]>, start: string): string[] | undefined {
  const ways = new Map<string, string[]>([[start, [start]]])
  for (const [file, way] of ways) {
    for (const next of graph.get(file) ?? []) {
      if (next === start) return way
      if (!ways.has(next)) ways.set(next, [...way, next])
    }
  }
  return undefined
}
