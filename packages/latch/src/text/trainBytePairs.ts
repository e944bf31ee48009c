/**
 * Training of byte-pair encoding: the most frequent pair of neighbours within a word is merged, again and again. Pairs of equal
 * count are merged in the order of their tokens, so that the same words give the same merges on every machine.
 */
import { assertKnownOptions } from '../core/knownNames.ts'
import { requirePositiveInteger } from '../core/typedValues.ts'
import { BYTE_CHARACTERS } from './bytes.ts'
import { BytePairs } from './bytePairs.ts'

/** How many pairs are merged. */
export interface BytePairOptions {
  /** Most tokens, the 256 bytes included. Default 8000. */
  maximumSize?: number
  /** Pairs that occur less often are not merged. Default 2. */
  minimumCount?: number
}

/** Most tokens where nothing is said. */
export const DEFAULT_SIZE = 8000

/** Ids of tokens lie below this, so that a pair of them is one exact number. */
const WIDE = 2 ** 26

interface Word {
  ids: number[]
  count: number
}

/**
 * Finds the merges for pieces (see `splitPieces`), by how often each occurs.
 * @throws UsageError for a size or count that is not a positive integer
 */
export function trainBytePairs(
  pieces: ReadonlyMap<string, number>,
  options: BytePairOptions = {},
): BytePairs {
  assertKnownOptions('trainBytePairs option', options, { maximumSize: 1, minimumCount: 1 })
  const { maximumSize = DEFAULT_SIZE, minimumCount = 2 } = options
  requirePositiveInteger('maximumSize', maximumSize)
  requirePositiveInteger('minimumCount', minimumCount)
  const training = new Training(pieces)
  const merges = new Set<string>()
  while (training.size < maximumSize) {
    const merge = training.mergeNext(minimumCount)
    if (merge === null) break
    merges.add(merge)
  }
  return new BytePairs([...merges])
}

class Training {
  readonly #tokens = [...BYTE_CHARACTERS]
  readonly #ids = new Map(BYTE_CHARACTERS.map((token, id) => [token, id]))
  readonly #words: Word[]
  readonly #counts = new Map<number, number>()
  /** The words that a pair occurs in, or did. */
  readonly #places = new Map<number, Set<Word>>()
  readonly #queue = new Queue()

  constructor(pieces: ReadonlyMap<string, number>) {
    this.#words = [...pieces].map(([piece, count]) => {
      return { ids: Array.from(piece, (character) => this.#ids.get(character)!), count }
    })
    for (const word of this.#words) this.#count(word, word.count)
    for (const [pair, count] of this.#counts) this.#queue.push(count, pair)
  }

  get size(): number {
    return this.#tokens.length
  }

  /** Merges the most frequent pair; null: none occurs often enough. */
  mergeNext(least: number): string | null {
    for (let top = this.#queue.pop(); top && top.count >= least; top = this.#queue.pop()) {
      // A count that has changed since has an entry of its own.
      if (this.#counts.get(top.pair) !== top.count) continue
      return this.#merge(top.pair)
    }
    return null
  }

  #merge(pair: number): string {
    const [left, right] = [Math.floor(pair / WIDE), pair % WIDE]
    const token = this.#tokens[left] + this.#tokens[right]
    // Another pair may have made the same token.
    let id = this.#ids.get(token)
    if (id === undefined) {
      id = this.#tokens.push(token) - 1
      this.#ids.set(token, id)
    }
    const words = this.#places.get(pair)!
    const changed = new Set<number>()
    for (const word of words) {
      this.#count(word, -word.count, changed)
      word.ids = joined(word.ids, left, right, id)
      this.#count(word, word.count, changed)
    }
    this.#places.delete(pair)
    this.#counts.delete(pair)
    for (const other of changed) {
      const count = this.#counts.get(other)
      if (count !== undefined && count > 0) this.#queue.push(count, other)
    }
    return `${this.#tokens[left]} ${this.#tokens[right]}`
  }

  /** Counts the pairs of a word, once for each of its occurrences. */
  #count(word: Word, by: number, changed?: Set<number>): void {
    const { ids } = word
    for (let i = 1; i < ids.length; i++) {
      const pair = ids[i - 1] * WIDE + ids[i]
      this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + by)
      changed?.add(pair)
      if (by < 0) continue
      const places = this.#places.get(pair)
      if (places) places.add(word)
      else this.#places.set(pair, new Set([word]))
    }
  }
}

function joined(ids: readonly number[], left: number, right: number, id: number): number[] {
  const out: number[] = []
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      out.push(id)
      i++
    } else out.push(ids[i])
  }
  return out
}

interface Entry {
  count: number
  pair: number
}

/** Pairs by falling count, then by rising ids: a binary heap. */
class Queue {
  readonly #entries: Entry[] = []

  push(count: number, pair: number): void {
    const entries = this.#entries
    let at = entries.push({ count, pair }) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(entries[at], entries[above])) return
      ;[entries[at], entries[above]] = [entries[above], entries[at]]
      at = above
    }
  }

  pop(): Entry | undefined {
    const entries = this.#entries
    const top = entries[0] as Entry | undefined
    const last = entries.pop()
    if (!last || entries.length === 0) return top
    entries[0] = last
    for (let at = 0; ;) {
      let first = at
      for (const below of [2 * at + 1, 2 * at + 2])
        if (below < entries.length && isBefore(entries[below], entries[first])) first = below
      if (first === at) return top
      ;[entries[at], entries[first]] = [entries[first], entries[at]]
      at = first
    }
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.count > b.count || (a.count === b.count && a.pair < b.pair)
}
