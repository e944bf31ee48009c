/**
 * Inputs of a sequence model → steps: texts by the vocabulary, token ids as numbers or text, features as rows, flat
 * or as JSON.
 */
import { createTextTokenizer, padIds } from '../../text/textRules.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { DataError, ShapeError, type Fix } from '../../core/errors.ts'
import { isFiniteAt } from '../../core/precision.ts'
import { describe } from '../../core/validation.ts'
import type { EncodedSequence } from '../model.ts'
import type { SequenceFacts } from './facts.ts'

/**
 * One sequence: a text (with a vocabulary), token ids, or features as T rows of F or flat (T·F). Without a vocabulary, a
 * text is read as ids (`#3 #1 #4`, or `3 1 4`) or features (`[[0.1, 0.2], [0.3, 0.4]]`).
 */
export type SequenceInput = string | ArrayLike<number> | readonly ArrayLike<number>[]

/** `#3 #1 #4`: ids, with or without a vocabulary; a trace shows ids without a token like this. */
const NUMBERED = /^\s*#\d+(\s+#\d+)*\s*$/

/** Reads the inputs of one model. */
export class SequenceReader {
  readonly #facts: SequenceFacts
  /** Required number of steps; null: any. */
  readonly fixed: number | null
  readonly #tokenizer: Tokenizer | null
  readonly #ids = new Map<string, number>()

  /** @param fixed the required number of steps; null: any */
  constructor(facts: SequenceFacts, fixed: number | null) {
    this.#facts = facts
    this.fixed = fixed
    const { vocabulary, tokens, textInput } = facts
    vocabulary?.forEach((token, id) => {
      const isNamed = token !== '' && token !== `<${id}>`
      if (isNamed && !this.#ids.has(token)) this.#ids.set(token, id)
    })
    this.#tokenizer = textInput ? createTextTokenizer(tokens ?? 'words', textInput) : null
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
      const isText = typeof input === 'string' && this.readsText && input.trim() !== ''
      const expected = isText ? 'at least one token of the vocabulary' : 'at least one step'
      const got = isText ? `${describe(input)}, which has none` : 'an empty sequence'
      throw new DataError({ where: isText ? 'text' : 'input', expected, got })
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
   * Encodes a text by the vocabulary, padded or cut to one length if the model has one.
   * @throws DataError for a token outside the vocabulary, if those are not dropped and have no token
   */
  readText(text: string): EncodedSequence {
    const tokens = this.#tokenizer!.tokenize(text)
    const all = tokens.flatMap((token, place) => {
      const id = this.#idOf(token, `text, token ${place}`)
      return id === null ? [] : [{ token, id, known: this.#ids.has(token) }]
    })
    const read = this.padded(all, (id) => ({ token: this.#nameOf(id), id, known: true }))
    return {
      steps: read.ids.length,
      ids: read.ids.map(({ id }) => id),
      features: null,
      tokens: read.ids.map(({ token }) => token),
      known: read.ids.map(({ known }) => known),
      padding: read.before,
      paddingAfter: read.after,
      cut: read.cut,
    }
  }

  /** The steps of a text, padded and cut to the one length that the model’s texts have; else as they are. */
  padded<T>(steps: readonly T[], added: (id: number) => T) {
    const padding = this.#facts.textInput?.padding
    if (padding) return padIds(steps, padding, added(padding.id))
    return { ids: [...steps], before: 0, after: 0, cut: 0 }
  }

  /**
   * The id of one token, as it is in the vocabulary or in a text; null if it is left out.
   * @throws DataError for none or several tokens, or one outside the vocabulary
   */
  idOfToken(given: string): number | null {
    const own = this.#ids.get(given)
    if (own !== undefined) return own
    const tokens = this.#tokenizer?.tokenize(given) ?? [given]
    if (tokens.length > 1) {
      const expected = 'one token'
      const remedy = 'Push one token after the other, or the text with pushText.'
      throw new DataError({ where: 'token', expected, got: JSON.stringify(given), remedy })
    }
    return this.#idOf(tokens[0] ?? given, 'token')
  }

  /** The id of a token of a tokenized text; null if it is left out. @throws DataError as `readText` */
  idOfText(token: string): number | null {
    return this.#idOf(token, 'text')
  }

  /** @throws DataError for an unknown token, if those are errors */
  #idOf(token: string, where: string): number | null {
    const id = this.#ids.get(token) ?? this.#facts.textInput?.unknown ?? 'error'
    if (id === 'drop') return null
    if (id !== 'error') return id
    const expected = 'a token of the vocabulary (which has no unknown token)'
    throw new DataError({ where, expected, got: JSON.stringify(token) })
  }

  #nameOf(id: number): string {
    return this.#facts.vocabulary?.[id] || `#${id}`
  }

  #readIds(input: ArrayLike<number> | readonly ArrayLike<number>[]): EncodedSequence {
    const { width } = this.#facts.input
    const ids = Array.from(input as ArrayLike<number>, (id, t) => {
      if (Number.isInteger(id) && id >= 0 && id < width) return id
      const expected = `a token id from 0 to ${width - 1}`
      throw new DataError({ where: `input, step ${t}`, expected, got: describe(id) })
    })
    const tokens = ids.map((id) => this.#nameOf(id))
    const known = ids.map(() => true)
    return { steps: ids.length, ids, features: null, tokens, known, padding: 0, paddingAfter: 0, cut: 0 }
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
        if (typeof value !== 'number' || !isFiniteAt('float32', value)) {
          throw new DataError({
            where: `input, step ${t}, feature ${j}`,
            expected: 'a finite 32-bit number',
            got: describe(value),
          })
        }
        features[t * F + j] = value
      }
    }
    const tokens = Array.from({ length: T }, (_, t) => `${t}`)
    const known = tokens.map(() => true)
    return { steps: T, ids: null, features, tokens, known, padding: 0, paddingAfter: 0, cut: 0 }
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
