const CHUNK = 64

/**
 * An immutable array in chunks of 64. Replacing a row copies one chunk and the list of chunks
 * instead of every row, so a run of 10,000 steps costs about ten times as much as a run of 1,000,
 * not a hundred times.
 */
export interface Table<T> {
  readonly length: number
  readonly chunks: readonly (readonly T[])[]
}

export function tableOf<T>(rows: readonly T[]): Table<T> {
  const chunks: T[][] = []
  for (let i = 0; i < rows.length; i += CHUNK) chunks.push(rows.slice(i, i + CHUNK))
  return { length: rows.length, chunks }
}

/** Returns row `index`. Throws a RangeError outside the table. */
export function rowAt<T>(table: Table<T>, index: number): T {
  const chunk = table.chunks[Math.floor(index / CHUNK)]
  const at = index % CHUNK
  if (index < 0 || chunk === undefined || at >= chunk.length) {
    throw new RangeError(`row ${index} of a table of ${table.length}`)
  }
  return chunk[at] as T
}

/** Returns the table with more rows at its end. */
export function appended<T>(table: Table<T>, rows: readonly T[]): Table<T> {
  const chunks = table.chunks.slice()
  const last = table.length % CHUNK === 0 ? [] : (chunks.pop() ?? [])
  return { length: table.length + rows.length, chunks: [...chunks, ...tableOf([...last, ...rows]).chunks] }
}

export function withRow<T>(table: Table<T>, index: number, row: T): Table<T> {
  rowAt(table, index)
  const which = Math.floor(index / CHUNK)
  const chunks = table.chunks.slice()
  const chunk = (chunks[which] ?? []).slice()
  chunk[index % CHUNK] = row
  chunks[which] = chunk
  return { length: table.length, chunks }
}

export function rowsOf<T>(table: Table<T>): T[] {
  return table.chunks.flat()
}
