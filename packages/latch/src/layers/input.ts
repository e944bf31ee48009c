/**
 * The doors of a network: token ids through an embedding table or straight on as one-hot rows that are
 * never made, or numeric features. Word dropout turns ids into the unknown token (id 0) in training.
 */
import { strideOf } from '../engine/engine.ts'
import type { Pointer } from '../engine/kernels.ts'
import { hash32, mixKey, Random } from '../core/random.ts'
import { DataError, ShapeError } from '../core/errors.ts'
import { uniform } from '../tensors/initializers.ts'
import { activation, type Activation, type Capacity, type Context, type Layer, type Pass } from './layer.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import { SparseRows } from '../tensors/sparseRows.ts'

/** Input layer: token ids, each a row of a learned table (vocabulary, size). */
export interface EmbeddingOptions {
  type: 'embedding'
  vocabulary: number
  size: number
  /** Share of tokens that training replaces by the unknown token (Iyyer et al. 2015). Default 0. */
  wordDropout?: number
  /** Steps whose id is 0 are masked (Keras `mask_zero`): see layers/masking.ts. Default false. */
  maskZero?: boolean
}

/** Input layer: token ids as one-hot rows, which are never made. */
export interface OneHotOptions {
  type: 'oneHot'
  vocabulary: number
  wordDropout?: number
}

/** Input layer: numbers, (batch, timesteps, width). */
export interface FeaturesOptions {
  type: 'features'
  width: number
}

/** Ids as training sees them: with word dropout. */
class Ids {
  readonly #context: Context
  readonly #vocabulary: number
  readonly #rate: number
  #own: Pointer = 0

  constructor(context: Context, vocabulary: number, rate: number) {
    this.#context = context
    this.#vocabulary = vocabulary
    this.#rate = rate
  }

  plan({ rows }: Capacity): void {
    this.#own = this.#context.engine.memory.ints(rows, 'token ids')
  }

  get own(): Pointer {
    return this.#own
  }

  load(batch: PackedBatch, pass: Pass): void {
    if (!batch.ids) {
      throw new ShapeError({ where: 'network input', expected: 'token ids', got: 'features' })
    }
    const { memory } = this.#context.engine
    const own = memory.viewInts(this.#own, batch.rows)
    const drops = pass.training && this.#rate > 0
    const threshold = Math.floor(this.#rate * 2 ** 32)
    const key = mixKey(pass.key, 'words')
    for (let r = 0; r < batch.rows; r++) {
      const id = batch.ids[r]
      if (!(id >= 0 && id < this.#vocabulary)) this.#refuse(id)
      own[r] = drops && hash32(hash32(r) ^ key) < threshold ? 0 : id
    }
  }

  #refuse(id: number): never {
    const expected = `an id in 0..${this.#vocabulary - 1}`
    throw new DataError({
      where: 'network input',
      expected,
      got: `${id}`,
      remedy: 'Encode with the model’s vocabulary.',
    })
  }
}

export class EmbeddingLayer implements Layer {
  readonly type = 'embedding'
  readonly parameters: readonly Parameter[]
  readonly output: Activation
  readonly sparseRows: SparseRows
  readonly #context: Context
  readonly #ids: Ids
  readonly #table: Parameter // (V, E)

  constructor(context: Context, name: string, options: EmbeddingOptions) {
    this.#context = context
    this.#ids = new Ids(context, options.vocabulary, options.wordDropout ?? 0)
    this.#table = context.store.plain(`${name}.weight`, [options.vocabulary, options.size])
    this.parameters = [this.#table]
    this.sparseRows = new SparseRows(this.#table)
    this.output = activation('step', options.size, strideOf(context.engine, options.size))
  }

  initialise(seed: number): void {
    const { store } = this.#context
    store.write(this.#table, uniform(this.#table.size, 0.1, new Random(seed, 'initial', this.#table.name)))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    this.#ids.plan(capacity)
    this.output.value = memory.floats(capacity.rows * this.output.stride, 'embedded tokens')
    this.output.gradient = training ? memory.floats(capacity.rows * this.output.stride, 'embedded tokens') : 0
  }

  forward(batch: PackedBatch, pass: Pass): void {
    this.#ids.load(batch, pass)
    const { kernels, store } = this.#context
    const { width, stride, value } = this.output
    kernels.gatherRows(value, store.at(this.#table), this.#ids.own, batch.rows, width, stride, width)
  }

  backward(batch: PackedBatch): void {
    const { kernels, store, engine } = this.#context
    const { width, stride, gradient } = this.output
    this.sparseRows.add(engine.memory.viewInts(this.#ids.own, batch.rows))
    const table = store.at(this.#table, 0, 'gradients')
    kernels.scatterAddRows(table, this.#ids.own, gradient, batch.rows, width, width, stride)
  }
}

export class OneHotLayer implements Layer {
  readonly type = 'oneHot'
  readonly parameters: readonly Parameter[] = []
  readonly output: Activation
  readonly #context: Context
  readonly #ids: Ids

  constructor(context: Context, options: OneHotOptions) {
    this.#context = context
    this.#ids = new Ids(context, options.vocabulary, options.wordDropout ?? 0)
    this.output = activation('step', options.vocabulary, strideOf(context.engine, options.vocabulary))
    // Marks the edge as ids before the first plan gives it an address.
    this.output.ids = this.output.reversedIds = -1
  }

  plan(capacity: Capacity): void {
    this.#ids.plan(capacity)
    this.output.ids = this.#ids.own
    this.output.reversedIds = this.#context.engine.memory.ints(capacity.rows, 'token ids')
  }

  forward(batch: PackedBatch, pass: Pass): void {
    this.#ids.load(batch, pass)
    const { engine, index } = this.#context
    const own = engine.memory.viewInts(this.output.ids, batch.rows)
    const reversed = engine.memory.viewInts(this.output.reversedIds, batch.rows)
    const reverseRow = engine.memory.viewInts(index.reverseRow, batch.rows)
    for (let r = 0; r < batch.rows; r++) reversed[r] = own[reverseRow[r]]
  }

  backward(): void {}
}

export class FeaturesLayer implements Layer {
  readonly type = 'features'
  readonly parameters: readonly Parameter[] = []
  readonly output: Activation
  readonly #context: Context
  readonly #wantGradient: boolean

  constructor(context: Context, options: FeaturesOptions, wantGradient: boolean) {
    this.#context = context
    this.#wantGradient = wantGradient
    this.output = activation('step', options.width, strideOf(context.engine, options.width))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    const floats = capacity.rows * this.output.stride
    this.output.value = memory.floats(floats, 'features')
    this.output.gradient = training && this.#wantGradient ? memory.floats(floats, 'features') : 0
  }

  forward(batch: PackedBatch): void {
    const { width, stride, value } = this.output
    if (!batch.features || batch.featureWidth !== width) {
      const got = batch.features ? `${batch.featureWidth} features` : 'token ids'
      throw new ShapeError({ where: 'network input', expected: `${width} features a step`, got })
    }
    const view = this.#context.engine.memory.viewFloats(value, batch.rows * stride)
    if (stride === width) {
      view.set(batch.features)
      return
    }
    for (let r = 0; r < batch.rows; r++) {
      for (let j = 0; j < width; j++) view[r * stride + j] = batch.features[r * width + j]
    }
  }

  backward(): void {}
}
