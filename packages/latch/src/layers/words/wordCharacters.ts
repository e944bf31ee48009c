/**
 * Words with their characters (Lample et al. 2016; Plank et al. 2016): each word becomes its row of a learned table and,
 * beside it, the last states of a recurrent layer that reads its characters forwards and backwards. The first layer of a tagger's
 * network. Each different word of a batch is read once.
 */
import { cellNames, cells, findCell, type CellName } from '../../cells/registry.ts'
import { strideOf } from '../../engine/engine.ts'
import type { Pointer } from '../../engine/kernels.ts'
import { DataError, ShapeError } from '../../core/errors.ts'
import { Random } from '../../core/random.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { uniform } from '../../tensors/initializers.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { SparseRows } from '../../tensors/sparseRows.ts'
import { BatchIndex } from '../batchIndex.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { EmbeddingLayer } from '../embeddings/embeddingLayer.ts'
import { oneOf, optional, readOptions, readRate, readVocabulary, readWidth } from '../fields.ts'
import { makeEdge, type Capacity, type Context, type Edge, type Layer, type Pass } from '../layer.ts'
import { allLosses } from '../losses/allLosses.ts'
import { RecurrentLayer } from '../recurrent/recurrent.ts'
import { TokenIds } from '../embeddings/tokenIds.ts'

/**
 * Input layer: words with their characters. A step is 1 + `length` numbers: the word's id, then one more than the id of
 * each character, then zeros.
 */
export interface WordCharactersOptions {
  type: 'wordCharacters'
  /** Words. */
  vocabulary: number
  /** Width of a word's row. */
  size: number
  /** Fraction of words that training replaces by the unknown word, id 0; their characters stay. Default 0. */
  wordDropout?: number
  /** Different characters. */
  characters: number
  /** Width of a character's row. */
  characterSize: number
  /** Which cell reads the characters. */
  cell: CellName
  /** Its hidden units, of each direction. */
  units: number
  /** Most characters of a word. */
  length: number
}

/** Words with their characters as data. */
export const wordCharactersLayer: LayerDefinition<WordCharactersOptions> = {
  type: 'wordCharacters',
  isInput: true,
  losses: allLosses,
  read: (field) =>
    readOptions(field, {
      vocabulary: readVocabulary,
      size: readWidth,
      wordDropout: optional(readRate),
      characters: readVocabulary,
      characterSize: readWidth,
      cell: oneOf(...cellNames),
      units: readWidth,
      length: readWidth,
    }),
  build: (context, name, options) => new WordCharactersLayer(context, name, options),
}

/** The first layer of a network that reads words and their characters. */
export function wordCharacters(
  options: Omit<WordCharactersOptions, 'type'>,
): LayerSpec<WordCharactersOptions> {
  return { definition: wordCharactersLayer, options: { type: 'wordCharacters', ...options } }
}

/** Words whose characters are read together: of more, each part is read again on the way back, so that memory is bounded. */
const WORDS_AT_ONCE = 512

/** Words with their characters at work. */
export class WordCharactersLayer implements Layer {
  readonly type = 'wordCharacters'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly sparseRows: SparseRows
  readonly needsWholeSequence = {
    got: 'an input that reads the characters of words',
    remedy: 'Train it with `characters: false`.',
  }
  readonly #options: WordCharactersOptions
  readonly #context: Context
  readonly #index = new BatchIndex()
  readonly #ids: TokenIds
  readonly #table: Parameter // (V, E)
  readonly #characters: EmbeddingLayer
  readonly #encoder: RecurrentLayer
  /** The word of each row, by its number. (R) */
  #rows: Pointer = 0
  /** The last states of each different word, and their gradients. (R, 2·units; those of the encoder's output) */
  #states: Pointer = 0
  #stateGradients: Pointer = 0
  /** The different words of the last batch. */
  #parts: readonly PackedBatch[] = []

  constructor(context: Context, name: string, options: WordCharactersOptions) {
    const { vocabulary, size, characters, characterSize, cell, units, wordDropout = 0 } = options
    this.name = name
    this.#options = options
    this.#context = context
    this.#ids = new TokenIds(context, vocabulary, wordDropout)
    this.#table = context.store.plain(`${name}.weight`, [vocabulary, size])
    this.sparseRows = new SparseRows(this.#table)
    // What else layers share changes with the plan.
    const own = Object.create(context, { index: { value: this.#index } }) as Context
    this.#characters = new EmbeddingLayer(own, `${name}.characters`, {
      type: 'embedding',
      vocabulary: characters,
      size: characterSize,
    })
    this.#encoder = new RecurrentLayer(
      own,
      `${name}.encoder`,
      { type: 'recurrent', cell, units, direction: 'bidirectional', returnSequences: false },
      this.#characters.output,
      (form, engine) => findCell(cells, form.cell).create(form, engine),
    )
    this.parameters = [this.#table, ...this.#characters.parameters, ...this.#encoder.parameters]
    const width = size + this.#encoder.output.width
    this.output = makeEdge('step', width, strideOf(context.engine, width))
  }

  initialise(seed: number): void {
    const random = new Random(seed, 'initial', this.#table.name)
    this.#context.store.write(this.#table, uniform(this.#table.size, 0.1, random))
    this.#characters.initialise(seed)
    this.#encoder.initialise(seed)
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    const { rows } = capacity
    const { length } = this.#options
    this.#ids.plan(capacity)
    this.#rows = memory.ints(rows, 'words')
    const words = Math.min(rows, WORDS_AT_ONCE)
    const own = { sequences: words, steps: length, rows: words * length }
    this.#index.plan(memory, own)
    this.#characters.plan(own, training)
    this.#encoder.plan(own, training)
    const { stride } = this.#encoder.output
    this.#states = memory.floats(rows * stride, 'words')
    this.#stateGradients = training ? memory.floats(rows * stride, 'words') : 0
    const floats = rows * this.output.stride
    this.output.value = memory.floats(floats, 'words')
    this.output.gradient = training ? memory.floats(floats, 'words') : 0
  }

  /** @throws ShapeError, DataError for steps that are no words with characters */
  forward(batch: PackedBatch, pass: Pass): void {
    const { kernels, store, engine } = this.#context
    const { size } = this.#options
    const { value, stride } = this.output
    this.#parts = this.#read(batch, pass)
    const { width, stride: from } = this.#encoder.output
    const bytes = from * engine.memory.floatBytes
    let first = 0
    for (const words of this.#parts) {
      this.#readCharacters(words, pass)
      kernels.gatherRows(
        this.#states + first * bytes,
        this.#encoder.output.value,
        0,
        words.sequences,
        width,
        from,
        from,
      )
      first += words.sequences
    }
    kernels.gatherRows(value, store.at(this.#table), this.#ids.own, batch.rows, size, stride, size)
    const beside = value + size * engine.memory.floatBytes
    kernels.gatherRows(beside, this.#states, this.#rows, batch.rows, width, stride, from)
  }

  /** The states of some words, into the encoder's output. */
  #readCharacters(words: PackedBatch, pass: Pass): void {
    const inner = innerPass(pass)
    this.#index.write(this.#context.engine.memory, words)
    this.#characters.forward(words, inner)
    this.#encoder.forward(words, inner)
  }

  backward(batch: PackedBatch, pass: Pass): void {
    const { kernels, store, engine } = this.#context
    const { size } = this.#options
    const { gradient, stride } = this.output
    this.sparseRows.add(engine.memory.viewInts(this.#ids.own, batch.rows))
    const table = store.at(this.#table, 0, 'gradients')
    kernels.scatterAddRows(table, this.#ids.own, gradient, batch.rows, size, size, stride)
    const { gradient: last, width, stride: to } = this.#encoder.output
    const count = this.#parts.reduce((sum, words) => sum + words.sequences, 0)
    kernels.zero(this.#stateGradients, count * to)
    const beside = gradient + size * engine.memory.floatBytes
    kernels.scatterAddRows(this.#stateGradients, this.#rows, beside, batch.rows, width, to, stride)
    let first = 0
    for (const words of this.#parts) {
      // What a part left for the way back is that of the last one.
      if (this.#parts.length > 1) this.#readCharacters(words, pass)
      const from = this.#stateGradients + first * to * engine.memory.floatBytes
      kernels.gatherRows(last, from, 0, words.sequences, width, to, to)
      this.#encoder.backward(words, innerPass(pass))
      this.#characters.backward(words)
      first += words.sequences
    }
  }

  /** The ids of words, and the characters of each different one, in batches. */
  #read(batch: PackedBatch, pass: Pass): PackedBatch[] {
    const { length } = this.#options
    const { features, rows } = batch
    const F = 1 + length
    if (!features || batch.featureWidth !== F) {
      const got = features ? `${batch.featureWidth} numbers` : 'token ids'
      throw new ShapeError({
        where: 'network input',
        expected: `a word and ${length} characters a step`,
        got,
      })
    }
    this.#ids.load({ rows, ids: Int32Array.from({ length: rows }, (_, r) => features[r * F]) }, pass)
    const numbers = new Map<string, number>()
    const words: Int32Array[] = []
    const own = new Int32Array(rows)
    for (let r = 0; r < rows; r++) {
      const letters = this.#lettersOf(features.subarray(r * F + 1, (r + 1) * F))
      const key = letters.join()
      let number = numbers.get(key)
      if (number === undefined) {
        number = words.length
        numbers.set(key, number)
        words.push(letters)
      }
      own[r] = number
    }
    const parts: PackedBatch[] = []
    const places = new Int32Array(words.length)
    for (let first = 0; first < words.length; first += WORDS_AT_ONCE) {
      const packed = PackedBatch.ofIds(words.slice(first, first + WORDS_AT_ONCE))
      packed.sortedIndices.forEach((word, b) => (places[first + word] = first + b))
      parts.push(packed)
    }
    const into = this.#context.engine.memory.viewInts(this.#rows, rows)
    for (let r = 0; r < rows; r++) into[r] = places[own[r]]
    return parts
  }

  /** Ids up to the first 0; one unknown character where there are none. */
  #lettersOf(numbers: ArrayLike<number>): Int32Array {
    const { characters } = this.#options
    let count = 0
    while (count < numbers.length && numbers[count] !== 0) count++
    const letters = new Int32Array(Math.max(1, count))
    for (let i = 0; i < count; i++) {
      const id = numbers[i] - 1
      if (!(id >= 0 && id < characters && Number.isInteger(id))) {
        const expected = `characters from 1 to ${characters}`
        throw new DataError({ where: 'network input', expected, got: String(numbers[i]) })
      }
      letters[i] = id
    }
    return letters
  }
}

/** Gates of words are overridden and recorded, those of characters never. */
function innerPass({ training, key }: Pass): Pass {
  return { training, key, record: false }
}
