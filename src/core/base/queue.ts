/**
 * An immutable first-in-first-out queue. Push and shift are O(1) amortised (two lists, after
 * Okasaki).
 */
export interface Queue<T> {
  readonly front: QueueCell<T> | null
  readonly back: QueueCell<T> | null
  readonly size: number
}
interface QueueCell<T> {
  readonly head: T
  readonly tail: QueueCell<T> | null
}

export const emptyQueue: Queue<never> = { front: null, back: null, size: 0 }

export function push<T>(queue: Queue<T>, item: T): Queue<T> {
  return { front: queue.front, back: { head: item, tail: queue.back }, size: queue.size + 1 }
}

/** Returns the oldest item and the queue without it, or undefined when the queue is empty. */
export function shift<T>(queue: Queue<T>): { readonly item: T; readonly rest: Queue<T> } | undefined {
  let front = queue.front
  let back = queue.back
  if (front === null) {
    for (; back !== null; back = back.tail) front = { head: back.head, tail: front }
  }
  if (front === null) return undefined
  return { item: front.head, rest: { front: front.tail, back, size: queue.size - 1 } }
}
