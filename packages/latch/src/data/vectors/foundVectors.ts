/** Collects the vectors of the words that are wanted, so that memory is bounded by these, not by the file. */
import { toNfc } from '../../core/nfc.ts'

/** What was read. */
export interface FoundVectors {
  /** By word; numbers of float32. */
  vectors: Map<string, Float32Array>
  /** Vectors in the source. */
  rows: number
  /** Further vectors of words that had one: the first counts. */
  duplicates: number
  /** Words that the source has in another case only. */
  otherCase: number
  /** What was inferred, in sentences. */
  notes: string[]
}

export class VectorCollector {
  readonly found: FoundVectors = { vectors: new Map(), rows: 0, duplicates: 0, otherCase: 0, notes: [] }
  readonly #words: ReadonlySet<string> | null
  readonly #ignoreCase: boolean
  readonly #unseen: number
  /** Those in another case, which count where the word itself does not follow. */
  readonly #others = new Map<string, Float32Array>()

  /**
   * @param words those that are wanted; null: all
   * @param ignoreCase whether a word in another case does where the word itself is missing
   * @param unseen how many of the first rows are wanted whatever their words are; with `ignoreCase` those in lower case
   */
  constructor(words: ReadonlySet<string> | null, ignoreCase: boolean, unseen = 0) {
    this.#words = words
    this.#ignoreCase = ignoreCase
    this.#unseen = unseen
  }

  /** Counts a row; the words and the map in which its vector belongs, or null. */
  wants(raw: string): { word: string; into: Map<string, Float32Array> } | null {
    const { vectors } = this.found
    this.found.rows++
    const word = toNfc(raw)
    if (!this.#words || this.#words.has(word)) {
      if (!vectors.has(word)) return { word, into: vectors }
      this.found.duplicates++
      return null
    }
    const lower = this.#ignoreCase ? word.toLowerCase() : word
    const isFirst = this.found.rows <= this.#unseen && word === lower && !vectors.has(word)
    if (isFirst) return { word, into: vectors }
    const isNew = this.#words.has(lower) && !vectors.has(lower) && !this.#others.has(lower)
    return isNew ? { word: lower, into: this.#others } : null
  }

  finish(): FoundVectors {
    const { vectors } = this.found
    for (const [word, vector] of this.#others) {
      if (vectors.has(word)) continue
      vectors.set(word, vector)
      this.found.otherCase++
    }
    return this.found
  }
}
