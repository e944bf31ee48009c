/**
 * Inputs of a sequence model → steps: texts by the vocabulary, token ids as numbers or text, features as rows, flat
 * or as JSON.
 */
import { createTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import { DataError, ShapeError, type Fix } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type { EncodedSequence } from '../model.ts'
import { padsTexts, type SequenceFacts } from './facts.ts'

/**
 * One sequence: a text (with a vocabulary), token ids, or features as T rows of F or flat (T·F). Without a vocabulary, a
 * text is read as ids (`#3 #1 #4`, or `3 1 4`) or features (`[[0.1, 0.2], [0.3, 0.4]]`).
 */
export type SequenceInput = string | ArrayLike<number> | readonly ArrayLike<number>[]

/** `#3 #1 #4`: ids, with or without a vocabulary; a trace shows ids without a token like this. */
const NUMBERED = /^\s*#\d+(\s+#\d+)*\s*$/
/** The unknown token is marked as such: the plain word “unknown” is a word. */
const UNKNOWN = /^(<(unk|oov|unknown)>|\[(unk|oov|unknown)\]|\{(unk|oov|unknown)\})$/i

/** Reads the inputs of one model. */
export class SequenceReader {
  readonly #facts: SequenceFacts
  /** Required number of steps; null: any. */
  readonly fixed: number | null
  readonly #tokenizer: Tokenizer | null
  readonly #ids = new Map<string, number>()
  readonly #unknown: number | null

  /** @param fixed the required number of steps; null: any */
  constructor(facts: SequenceFacts, fixed: number | null) {
    this.#facts = facts
    this.fixed = fixed
    const { vocabulary, tokens } = facts
    const named = vocabulary ?? []
    named.forEach((token, id) => {
      if (token !== '' && !this.#ids.has(token)) this.#ids.set(token, id)
    })
    const unknown = named.findIndex((token) => UNKNOWN.test(token))
    this.#unknown = unknown < 0 ? null : unknown
    // A vocabulary without capital letters was built from lower-cased texts.
    const lowercase = named.every((token) => UNKNOWN.test(token) || token === token.toLowerCase())
    this.#tokenizer = vocabulary ? createTokenizer({ kind: tokens ?? 'words', lowercase }) : null
  }

  /** How texts are tokenized; null if inputs are not texts. */
  get tokenizer(): Tokenizer | null {
    return this.readsText ? this.#tokenizer : null
  }

  /** Whether it reads words or characters. */
  get readsText(): boolean {
    return this.#tokenizer !== null && this.#facts.input.kind === 'ids'
  }

  /** @throws DataError, ShapeError naming the fault and its place */
  read(input: SequenceInput): EncodedSequence {
    const read = this.#readAny(input)
    if (read.steps === 0) {
      throw new DataError({ where: 'input', expected: 'at least one step', got: 'an empty sequence' })
    }
    if (this.fixed === null || this.fixed === read.steps) return read
    throw new ShapeError({ where: 'input', expected: `${this.fixed} steps`, got: `${read.steps}` })
  }

  #readAny(input: SequenceInput): EncodedSequence {
    if (typeof input === 'string') {
      if (this.readsText && !NUMBERED.test(input)) return this.readText(input)
      return this.#readAny(this.#facts.input.kind === 'ids' ? typedIds(input) : typedRows(input))
    }
    if (typeof input !== 'object' || input === null || typeof input.length !== 'number') {
      throw new DataError({ where: 'input', expected: this.#wanted(), got: describe(input) })
    }
    return this.#facts.input.kind === 'ids' ? this.#readIds(input) : this.#readRows(input)
  }

  /**
   * Encodes a text by the vocabulary, padded or truncated to a fixed length if the model has one (`padsTexts`).
   * @throws DataError for a token outside the vocabulary, if there is no unknown token
   */
  readText(text: string): EncodedSequence {
    const all = this.#tokenizer!.tokenize(text)
    const ids = all.map((token, place) => this.#idOf(token, `text, token ${place}`))
    const steps = ids.length > 0 && padsTexts(this.#facts) ? this.#facts.input.steps! : ids.length
    const padding = Math.max(0, steps - ids.length)
    const tokens = [
      ...new Array<string>(padding).fill(this.#facts.vocabulary![0] || '#0'),
      ...all.slice(-steps),
    ]
    return {
      steps,
      ids: [...new Array<number>(padding).fill(0), ...ids.slice(-steps)],
      features: null,
      tokens,
      known: tokens.map((token, t) => t < padding || this.#ids.has(token)),
      padding,
      cut: Math.max(0, all.length - steps),
    }
  }

  /** The id of one token. @throws DataError if the vocabulary has neither it nor an unknown token */
  idOfToken(token: string): number {
    return this.#idOf(token, 'token')
  }

  #idOf(token: string, where: string): number {
    const id = this.#ids.get(token) ?? this.#unknown
    if (id !== null) return id
    throw new DataError({
      where,
      expected: 'a token of the vocabulary (which has no unknown token)',
      got: JSON.stringify(token),
    })
  }

  #readIds(input: ArrayLike<number> | readonly ArrayLike<number>[]): EncodedSequence {
    const { width } = this.#facts.input
    const ids = Array.from(input as ArrayLike<number>, (id, t) => {
      if (Number.isInteger(id) && id >= 0 && id < width) return id
      const expected = `a token id from 0 to ${width - 1}`
      throw new DataError({ where: `input, step ${t}`, expected, got: describe(id) })
    })
    const tokens = ids.map((id) => this.#facts.vocabulary?.[id] || `#${id}`)
    return { steps: ids.length, ids, features: null, tokens, known: ids.map(() => true), padding: 0, cut: 0 }
  }

  #readRows(input: ArrayLike<number> | readonly ArrayLike<number>[]): EncodedSequence {
    const { width: F } = this.#facts.input
    const nested = input.length > 0 && typeof input[0] === 'object'
    if (!nested && input.length % F !== 0) {
      const expected = `rows of ${F} features, or a multiple of ${F} numbers`
      throw new ShapeError({ where: 'input', expected, got: `${input.length} numbers` })
    }
    const T = nested ? input.length : input.length / F
    const features = new Float64Array(T * F)
    for (let t = 0; t < T; t++) {
      const row = nested ? (input[t] as ArrayLike<number>) : null
      if (row && row.length !== F) {
        throw new ShapeError({ where: `input, step ${t}`, expected: `${F} features`, got: `${row.length}` })
      }
      for (let j = 0; j < F; j++) {
        const value = row ? row[j] : (input as ArrayLike<number>)[t * F + j]
        if (typeof value !== 'number' || !Number.isFinite(value)) {
          throw new DataError({
            where: `input, step ${t}, feature ${j}`,
            expected: 'a finite number',
            got: describe(value),
          })
        }
        features[t * F + j] = value
      }
    }
    const tokens = Array.from({ length: T }, (_, t) => `${t}`)
    const known = tokens.map(() => true)
    return { steps: T, ids: null, features, tokens, known, padding: 0, cut: 0 }
  }

  #wanted(): string {
    const { kind, width } = this.#facts.input
    if (kind === 'features') return `rows of ${width} numbers`
    return this.readsText ? 'a text, or token ids' : 'token ids'
  }
}

/** For a model that reads ids and has no vocabulary. */
export const IMPORT_VOCABULARY: Fix = { option: 'vocabulary', to: 'import the model with its tokens' }

/** `3 1 4`, `3, 1, 4`, `[3, 1, 4]`. */
function typedIds(text: string): number[] {
  const words = text.split(/[\s,[\]]+/).filter((word) => word !== '')
  return words.map((word, t) => {
    if (/^#?\d+$/.test(word)) return Number(word.replace('#', ''))
    throw new DataError({
      where: `input, step ${t}`,
      expected: 'a token id',
      got: JSON.stringify(word),
      remedy: 'The model has no vocabulary: pass ids as numbers.',
      fix: IMPORT_VOCABULARY,
    })
  })
}

/** `[[0.1, 0.2], [0.3, 0.4]]`, or all numbers in one list. */
function typedRows(text: string): ArrayLike<number> | readonly ArrayLike<number>[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (Array.isArray(value)) return value as number[]
  const expected = 'features as JSON, one row of numbers per step: [[0.1, 0.2], [0.3, 0.4]]'
  throw new DataError({ where: 'input', expected, got: describe(text) })
}
