/**
 * What a classifier of pairs of texts sees: the encodings u and v of both, their distance |u − v| and their product u∘v, side
 * by side (InferSent: Conneau et al. 2017, arXiv:1705.02364).
 */
import type { Arena } from '../../engine/arena.ts'
import { strideOf } from '../../engine/engine.ts'
import { ShapeError, UnsupportedError } from '../../core/errors.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertValues } from '../assertValues.ts'
import { BatchIndex } from '../batchIndex.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { oneOf, optional, readOptions } from '../fields.ts'
import {
  makeEdge,
  withIndex,
  type Capacity,
  type Context,
  type Edge,
  type Layer,
  type Timeline,
} from '../layer.ts'

/** `concat`: u, v, |u − v| and u∘v. `symmetric`: the last two alone, which are the same with the texts exchanged. */
export const PAIR_FEATURES = ['concat', 'symmetric'] as const
/** How the encodings of two texts are put together. */
export type PairCombination = (typeof PAIR_FEATURES)[number]

/** One row for each pair of texts, of the encodings of both. */
export interface PairFeaturesOptions {
  type: 'pairFeatures'
  /** Default `concat`. */
  combine?: PairCombination
}

/** The features of pairs as data. */
export const pairFeaturesLayer: LayerDefinition<PairFeaturesOptions> = {
  type: 'pairFeatures',
  read: (field) => readOptions(field, { combine: optional(oneOf(...PAIR_FEATURES)) }),
  build: (context, name, options, input, below) =>
    new PairFeaturesLayer(context, name, options, input, below),
}

/** The encodings u, v (2·B, H) of both texts of each pair as one row, (B, 4·H): `pairFeatures()`. Above a `pairEmbedding`. */
export function pairFeatures(
  options: Omit<PairFeaturesOptions, 'type'> = {},
): LayerSpec<PairFeaturesOptions> {
  return { definition: pairFeaturesLayer, options: { type: 'pairFeatures', ...options } }
}

/** A batch of texts as one of pairs. */
interface Joined {
  /** One row each. (B) */
  readonly pairs: PackedBatch
  /** The row of each text: all first ones, then all second ones. (2·B) */
  readonly places: Int32Array
}

/** One sequence of one row in place of two. */
class JoinedTimeline implements Timeline {
  readonly context: Context
  capacity!: Capacity
  readonly #name: string
  readonly #memory: Arena
  readonly #index = new BatchIndex()
  readonly #batches = new WeakMap<PackedBatch, Joined>()

  constructor(context: Context, name: string) {
    this.#name = name
    this.#memory = context.engine.memory
    this.context = withIndex(context, this.#index)
  }

  plan(below: Capacity): void {
    const sequences = below.sequences / 2
    this.capacity = { ...below, sequences, steps: 1, rows: sequences }
    this.#index.plan(this.#memory, this.capacity)
  }

  of(batch: PackedBatch): PackedBatch {
    return this.join(batch).pairs
  }

  join(batch: PackedBatch): Joined {
    const known = this.#batches.get(batch)
    if (known) return known
    const { sequences, sortedIndices } = batch
    const places = new Int32Array(sequences)
    sortedIndices.forEach((sequence, b) => (places[sequence] = b))
    const joined = { pairs: new PackedBatch(new Int32Array(sequences / 2).fill(1)), places }
    this.#batches.set(batch, joined)
    return joined
  }

  load(batch: PackedBatch): void {
    this.#index.write(this.#memory, this.of(batch))
  }

  leastBelow(): number {
    return 1
  }

  seenBy(): never {
    return this.throwUntraceable('trace')
  }

  throwUntraceable(where: string): never {
    throw new UnsupportedError({
      where,
      expected: 'one sequence of steps in every layer',
      got: `${this.#name}, which joins two texts`,
    })
  }
}

class PairFeaturesLayer implements Layer {
  readonly type = 'pairFeatures'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly timeline: JoinedTimeline
  readonly #context: Context
  readonly #input: Edge
  readonly #symmetric: boolean

  /** @throws ShapeError for steps below it, and unless a pairEmbedding is the first layer and no layer like it follows */
  constructor(
    context: Context,
    name: string,
    { combine = 'concat' }: PairFeaturesOptions,
    input: Edge,
    below: readonly Layer[],
  ) {
    assertValues(name, input)
    if (below[0].type !== 'pairEmbedding' || below.some(({ type }) => type === 'pairFeatures')) {
      const expected = 'a pairEmbedding as the first layer, and no other pairFeatures above it'
      throw new ShapeError({ where: name, expected, got: below.map(({ type }) => type).join(', ') })
    }
    if (input.per === 'step') {
      throw new ShapeError({
        where: name,
        expected: 'one row a text below it',
        got: 'a sequence of steps',
        remedy: 'Pool the steps below it, or give the recurrent layer returnSequences: false.',
      })
    }
    this.name = name
    this.timeline = new JoinedTimeline(context, name)
    this.#context = context
    this.#input = input
    this.#symmetric = combine === 'symmetric'
    const width = (this.#symmetric ? 2 : 4) * input.width
    this.output = makeEdge('sequence', width, strideOf(context.engine, width))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine, kernels } = this.#context
    this.timeline.plan(capacity)
    const floats = this.timeline.capacity.sequences * this.output.stride
    this.output.value = engine.memory.floats(floats, 'features of pairs')
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, 'features of pairs') : 0
  }

  forward(batch: PackedBatch): void {
    this.timeline.load(batch)
    const { width } = this.#input
    const [x, y] = this.#views('value', batch)
    const distances = this.#symmetric ? 0 : 2 * width
    this.#eachPair(batch, (u, v, out) => {
      for (let j = 0; j < width; j++) {
        const [a, b] = [x[u + j], x[v + j]]
        if (!this.#symmetric) {
          y[out + j] = a
          y[out + width + j] = b
        }
        y[out + distances + j] = Math.abs(a - b)
        y[out + distances + width + j] = a * b
      }
    })
  }

  /** |u − v| has the slope 0 where both are the same, as in PyTorch. */
  backward(batch: PackedBatch): void {
    const { width, gradient } = this.#input
    if (!gradient) return
    const [x] = this.#views('value', batch)
    const [dx, dy] = this.#views('gradient', batch)
    dx.fill(0)
    const distances = this.#symmetric ? 0 : 2 * width
    this.#eachPair(batch, (u, v, out) => {
      for (let j = 0; j < width; j++) {
        const [a, b] = [x[u + j], x[v + j]]
        const apart = Math.sign(a - b) * dy[out + distances + j]
        const product = dy[out + distances + width + j]
        dx[u + j] = (this.#symmetric ? 0 : dy[out + j]) + apart + product * b
        dx[v + j] = (this.#symmetric ? 0 : dy[out + width + j]) - apart + product * a
      }
    })
  }

  /** The input's rows and the output's. */
  #views(what: 'value' | 'gradient', { sequences }: PackedBatch) {
    const { memory } = this.#context.engine
    const [input, output] = [this.#input, this.output]
    return [
      memory.viewFloats(input[what], sequences * input.stride),
      memory.viewFloats(output[what], (sequences / 2) * output.stride),
    ] as const
  }

  /** Calls back with the places of u, v and the row of features of each pair. */
  #eachPair(batch: PackedBatch, visit: (u: number, v: number, out: number) => void): void {
    const { places, pairs } = this.timeline.join(batch)
    const { stride } = this.#input
    for (let p = 0; p < pairs.sequences; p++)
      visit(places[p] * stride, places[pairs.sequences + p] * stride, p * this.output.stride)
  }
}
