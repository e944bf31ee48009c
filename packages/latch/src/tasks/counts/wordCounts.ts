/**
 * What counting words says about a text, mixed with the network's logits: a linear model of the different words and
 * pairs of neighbours of a text (Wang & Manning 2012), weighted as in the ensembles of Mesnil et al. (2014). An n-gram
 * is stored as a 32-bit hash, so that a table has no texts; two of them meet once in four billion.
 */
import { mixKey } from '../../core/random.ts'

/** The factors of the network's logits and of the counts' scores; of a network alone 1 and 0. */
export interface MixWeights {
  network: number
  counts: number
}

/** A table of counts with what they say, and the weights. */
export interface WordCounts extends MixWeights {
  /** (N, 1 + C): the hash of an n-gram, ascending, and how many texts of each class have it. */
  table: Uint32Array
  /** (N, C): what an n-gram adds to the score of each class. */
  scores: Float32Array
  /** (C): the scores of a text without n-grams. */
  bias: readonly number[]
}

/** A text so far, as plain data: the rows of its n-grams, in the order of the text, and its last token. */
export interface CountedState {
  rows: number[]
  last: string | null
}

/** An n-gram's row of the table; −1 if the table does not have it. */
export function findRow({ table, bias }: Pick<WordCounts, 'table' | 'bias'>, key: number): number {
  const width = bias.length + 1
  let [low, high] = [0, table.length / width]
  while (low < high) {
    const middle = (low + high) >> 1
    if (table[middle * width] < key) low = middle + 1
    else high = middle
  }
  return table[low * width] === key ? low : -1
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
  readonly #scores: number[]

  /** @param state where to go on */
  constructor(counts: WordCounts, { rows, last }: CountedState = { rows: [], last: null }) {
    this.counts = counts
    this.#scores = [...counts.bias]
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
    const { scores, bias } = this.counts
    for (let c = 0; c < bias.length; c++) this.#scores[c] += scores[row * bias.length + c]
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
