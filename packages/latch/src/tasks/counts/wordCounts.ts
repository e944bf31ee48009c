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

/** A table of counts with its weights. */
export interface WordCounts extends MixWeights {
  /** (N, 1 + C): the hash of an n-gram, ascending, and how many texts of each class have it. */
  table: Uint32Array
  /** (C): the texts of each class, times the weight of the class in the loss. */
  texts: readonly number[]
  /** (C): what the counts of each class are divided by, smoothed: its n-grams in all texts. */
  totals: readonly number[]
}

/** A text so far, as plain data: the rows of its n-grams, in the order of the text, and its last token. */
export interface CountedState {
  rows: number[]
  last: string | null
}

/** Sums up a table. */
export function wordCounts(table: Uint32Array, texts: readonly number[], weights: MixWeights): WordCounts {
  const width = texts.length + 1
  const totals = texts.map(() => (SMOOTHING * table.length) / width)
  table.forEach((count, i) => i % width && (totals[(i % width) - 1] += count))
  return { table, texts, totals, ...weights }
}

/** The index in the table of an n-gram's row; −1 if the table does not have it. */
export function findRow({ table, texts }: WordCounts, key: number): number {
  const width = texts.length + 1
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
  readonly counts: WordCounts
  readonly #rows = new Set<number>()
  #last: string | null
  /** log P(class) + Σ log P(n-gram | class), for each class. */
  readonly #scores: number[]

  /** @param state where to go on */
  constructor(counts: WordCounts, { rows, last }: CountedState = { rows: [], last: null }) {
    this.counts = counts
    this.#scores = counts.texts.map((n) => Math.log(n + SMOOTHING))
    this.#last = last
    rows.forEach((row) => this.#add(row))
  }

  /** Reads tokens. */
  read(tokens: readonly string[]): this {
    for (const token of tokens) {
      for (const term of this.#last === null ? [token] : [token, `${this.#last} ${token}`])
        this.#add(findRow(this.counts, mixKey(term)))
      this.#last = token
    }
    return this
  }

  #add(row: number): void {
    if (row < 0 || this.#rows.has(row)) return
    this.#rows.add(row)
    const { table, totals } = this.counts
    totals.forEach((total, c) => (this.#scores[c] += Math.log((table[row + c + 1] + SMOOTHING) / total)))
  }

  /** What counting adds to the logit of each class; the sum is 0. */
  shares(): number[] {
    const scores = this.#scores
    const mean = scores.reduce((a, b) => a + b) / scores.length
    return scores.map((score) => this.counts.counts * (score - mean))
  }

  /** A row of the network's output with what counting adds. */
  mix(row: ArrayLike<number>): number[] {
    return mixRow(row, this.shares(), this.counts.network)
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
