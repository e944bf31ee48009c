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

/** How many texts of each class have an n-gram. */
export interface CountTable {
  /** Hashes of the n-grams (N), ascending. */
  keys: Uint32Array
  /** (N, C): texts of each class. */
  values: Float32Array
  /** (C): texts of each class, times its weight in the loss. */
  texts: readonly number[]
}

/** A table of counts with its weights. */
export class WordCounts implements CountTable {
  readonly keys: Uint32Array
  readonly values: Float32Array
  readonly texts: readonly number[]
  readonly weights: MixWeights
  /** (C): the n-grams of all texts of each class. */
  readonly totals: Float64Array

  constructor({ keys, values, texts }: CountTable, weights: MixWeights = { network: 1, counts: 1 }) {
    this.keys = keys
    this.values = values
    this.texts = texts
    this.weights = weights
    this.totals = new Float64Array(texts.length)
    values.forEach((count, i) => (this.totals[i % texts.length] += count))
  }

  /** The row of an n-gram; −1 if the table does not have it. */
  find(key: number): number {
    let [low, high] = [0, this.keys.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.keys[middle] < key) low = middle + 1
      else high = middle
    }
    return this.keys[low] === key ? low : -1
  }

  /** The n-grams of a text, read token by token. */
  read(tokens: readonly string[] = []): CountedText {
    const text = new CountedText(this)
    for (const token of tokens) text.push(token)
    return text
  }

  /** The text that was saved; null if this is no state of this table. */
  restore(state: CountedState | undefined): CountedText | null {
    const { rows, last } = state ?? {}
    const isRow = (row: number) => row in this.keys
    if (!Array.isArray(rows) || !rows.every(isRow) || (last !== null && typeof last !== 'string')) return null
    const text = new CountedText(this)
    text.restore({ rows, last })
    return text
  }

  /** log P(n-gram | class) of a row of the table. */
  logs(row: number): number[] {
    const { values, totals, keys } = this
    const C = totals.length
    return Array.from(totals, (total, c) =>
      Math.log((values[row * C + c] + SMOOTHING) / (total + SMOOTHING * keys.length)),
    )
  }
}

/** A text so far: each n-gram counts once. */
export class CountedText {
  readonly #counts: WordCounts
  /** Rows of the n-grams, in the order of the text. */
  readonly #rows = new Set<number>()
  #last: string | null = null
  /** log P(class) + Σ log P(n-gram | class), for each class. */
  readonly scores: number[]

  constructor(counts: WordCounts) {
    this.#counts = counts
    this.scores = counts.texts.map((n) => Math.log(n + SMOOTHING))
  }

  /** Reads a token, and calls back for each n-gram that the table has and the text did not have before. */
  push(token: string, visit?: (term: string, shares: number[]) => void): void {
    const last = this.#last
    this.#last = token
    for (const term of last === null ? [token] : [token, `${last} ${token}`]) {
      const row = this.#counts.find(mixKey(term))
      if (row < 0 || this.#rows.has(row)) continue
      const logs = this.#add(row)
      visit?.(term, this.#shares(logs))
    }
  }

  #add(row: number): number[] {
    this.#rows.add(row)
    const logs = this.#counts.logs(row)
    logs.forEach((log, c) => (this.scores[c] += log))
    return logs
  }

  /** What counting adds to the logit of each class; the sum is 0. */
  shares(): number[] {
    return this.#shares(this.scores)
  }

  #shares(scores: readonly number[]): number[] {
    const mean = scores.reduce((a, b) => a + b) / scores.length
    return scores.map((score) => this.#counts.weights.counts * (score - mean))
  }

  /** A row of the network's output with what counting adds. */
  mix(row: ArrayLike<number>): number[] {
    const { network } = this.#counts.weights
    const shares = this.shares()
    const added = row.length === 1 ? [shares[1] - shares[0]] : shares
    return added.map((share, c) => network * row[c] + share)
  }

  /** As plain data. */
  save(): CountedState {
    return { rows: [...this.#rows], last: this.#last }
  }

  /** Reads on where a text was saved. */
  restore({ rows, last }: CountedState): void {
    for (const row of rows) this.#add(row)
    this.#last = last
  }
}

/** A text so far, as plain data: the rows of its n-grams and its last token. */
export interface CountedState {
  rows: number[]
  last: string | null
}
