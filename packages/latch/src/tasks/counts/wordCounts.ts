/**
 * What counting words says about a text, mixed with the network's logits: naive Bayes on the different words and pairs
 * of neighbours of a text (Wang & Manning 2012), weighted as in the ensembles of Mesnil et al. (2014). An n-gram is
 * stored as a 32-bit hash, so that a table has no texts; two of them meet once in four billion.
 */
import { mixKey } from '../../core/random.ts'

/** Added to each count, so that no n-gram rules out a class. */
export const SMOOTHING = 0.5

/** The factors of the network's logits and of the counts' scores; of a network alone 1 and 0. */
export interface MixWeights {
  network: number
  counts: number
}

/** A table of counts with its weights, as stored. */
export interface StoredCounts extends MixWeights {
  /** (N, 1 + C): the hash of an n-gram, ascending, and how many texts of each class have it. */
  table: Uint32Array
  /** (C): the texts of each class, times the weight of the class in the loss. */
  texts: readonly number[]
}

/** A table of counts in use. */
export interface WordCounts extends StoredCounts {
  /** (C): the n-grams of all texts of each class. */
  totals: readonly number[]
}

/** A text so far, as plain data: the rows of its n-grams, in the order of the text, and its last token. */
export interface CountedState {
  rows: number[]
  last: string | null
}

/** Sums up a table. */
export function wordCounts(stored: StoredCounts): WordCounts {
  const { table, texts } = stored
  const totals = texts.map((_, c) => {
    let total = 0
    for (let i = c + 1; i < table.length; i += texts.length + 1) total += table[i]
    return total
  })
  return { ...stored, totals }
}

/** The index in the table of an n-gram's row; −1 if the table does not have it. */
export function findRow({ table, texts: { length: C } }: StoredCounts, key: number): number {
  const width = C + 1
  let [low, high] = [0, table.length / width]
  while (low < high) {
    const middle = (low + high) >> 1
    if (table[middle * width] < key) low = middle + 1
    else high = middle
  }
  return table[low * width] === key ? low * width : -1
}

/** The start of a text, or a saved text, for a model that counts words; else null. */
export function countedText(
  { counts }: { counts?: WordCounts | null },
  state?: CountedState,
): CountedText | null {
  return counts ? new CountedText(counts, state) : null
}

/** A text so far: each n-gram counts once. */
export class CountedText {
  readonly #counts: WordCounts
  readonly #rows = new Set<number>()
  #last: string | null
  /** log P(class) + Σ log P(n-gram | class), for each class. */
  readonly #scores: number[]

  /** @param state where to go on */
  constructor(counts: WordCounts, { rows, last }: CountedState = { rows: [], last: null }) {
    this.#counts = counts
    this.#scores = counts.texts.map((n) => Math.log(n + SMOOTHING))
    this.#last = last
    for (const row of rows) this.#add(row)
  }

  /** Reads tokens, and calls back for each n-gram that the table has and the text did not have before. */
  read(tokens: readonly string[], visit?: (term: string, shares: number[]) => void): this {
    for (const token of tokens) {
      for (const term of this.#last === null ? [token] : [token, `${this.#last} ${token}`]) {
        const row = findRow(this.#counts, mixKey(term))
        if (row < 0 || this.#rows.has(row)) continue
        const logs = this.#add(row)
        visit?.(term, this.shares(logs))
      }
      this.#last = token
    }
    return this
  }

  #add(row: number): number[] {
    this.#rows.add(row)
    const { table, totals } = this.#counts
    const seen = (SMOOTHING * table.length) / (totals.length + 1)
    return totals.map((total, c) => {
      const log = Math.log((table[row + c + 1] + SMOOTHING) / (total + seen))
      this.#scores[c] += log
      return log
    })
  }

  /** The factor of the network's logits. */
  get factor(): number {
    return this.#counts.network
  }

  /** What counting adds to the logit of each class; the sum is 0. */
  shares(scores: readonly number[] = this.#scores): number[] {
    const mean = scores.reduce((a, b) => a + b) / scores.length
    return scores.map((score) => this.#counts.counts * (score - mean))
  }

  /** A row of the network's output with what counting adds. */
  mix(row: ArrayLike<number>): number[] {
    return mixRow(row, this.shares(), this.factor)
  }

  /** As plain data. */
  save(): CountedState {
    return { rows: [...this.#rows], last: this.#last }
  }
}

/** A row of logits times a factor, with the shares of the classes; one logit is that of the second class of two. */
export function mixRow(row: ArrayLike<number>, shares: readonly number[], factor: number): number[] {
  const added = row.length > 1 ? shares : [shares[1] - shares[0]]
  return added.map((share, c) => factor * row[c] + share)
}
