/**
 * A conditional random field over the tags of a sequence (Lafferty et al. 2001; Lample et al. 2016): the scores of each
 * step come in, the logarithm of each tag's probability goes out, given all steps and the learned transitions. Its loss
 * is `crf`. Parameters: transitions (from, to), start_transitions and end_transitions.
 */
import type { FloatArray } from '../../engine/arena.ts'
import { UnsupportedError } from '../../core/errors.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { Random } from '../../core/random.ts'
import { uniform } from '../../tensors/initializers.ts'
import { assertSteps } from '../assertValues.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { readOptions } from '../fields.ts'
import { makeEdge, type Capacity, type Context, type Edge, type Layer } from '../layer.ts'
import type { GradientOf, LossValue } from '../loss.ts'
import {
  bestPath,
  gradientsOfLogs,
  scorePath,
  sumPaths,
  type ChainRules,
  type ChainSums,
  type ChainWeights,
} from './chain.ts'
import { ChainBatch } from './chainBatch.ts'

/** The tags of a sequence, each by its own score and by the tags beside it. The last layer, with the loss `crf`. */
export interface CrfOptions {
  type: 'crf'
}

/** The conditional random field as data. */
export const crfLayer: LayerDefinition<CrfOptions> = {
  type: 'crf',
  read: (field) => readOptions(field, {}),
  build: (context, name, _, input) => new CrfLayer(context, name, input),
}

/**
 * A linear-chain conditional random field over the scores of a dense layer:
 * `network([…, dense(9), crf()], { loss: { type: 'crf' } })`. Its output is the logarithm of each tag's probability.
 */
export function crf(): LayerSpec<CrfOptions> {
  return { definition: crfLayer, options: { type: 'crf' } }
}

/** The output of a CRF, which its loss finds it by. */
interface CrfEdge extends Edge {
  readonly crf: CrfLayer
}

/** The CRF whose output this is, or null. */
export function crfOf(output: Edge): CrfLayer | null {
  return (output as Partial<CrfEdge>).crf ?? null
}

/** A CRF at work. */
export class CrfLayer implements Layer {
  readonly type = 'crf'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly needsWholeSequence = {
    got: 'a CRF, which decides on whole sequences',
    remedy: 'Train it with `crf: false`.',
  }
  readonly #context: Context
  readonly #input: Edge
  readonly #transitions: Parameter // (C, C), from and to
  readonly #start: Parameter // (C)
  readonly #end: Parameter // (C)
  readonly #chain: ChainBatch
  /** Whether the loss has written the gradients of the input and the parameters itself. */
  #isWritten = false

  /** @throws ShapeError for an input that is not one of every step */
  constructor(context: Context, name: string, input: Edge) {
    assertSteps(name, input)
    const { width, stride } = input
    this.name = name
    this.#context = context
    this.#input = input
    this.#transitions = context.store.plain(`${name}.transitions`, [width, width])
    this.#start = context.store.plain(`${name}.start_transitions`, [width])
    this.#end = context.store.plain(`${name}.end_transitions`, [width])
    this.parameters = [this.#transitions, this.#start, this.#end]
    this.output = { ...makeEdge('step', width, stride), crf: this } as CrfEdge
    this.#chain = new ChainBatch(context, input, this.output)
  }

  initialise(seed: number): void {
    const { store } = this.#context
    for (const parameter of this.parameters)
      store.write(parameter, uniform(parameter.size, 0.1, new Random(seed, 'initial', parameter.name)))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    const floats = capacity.rows * this.output.stride
    this.output.value = memory.floats(floats, 'tag probabilities')
    this.output.gradient = training ? memory.floats(floats, 'tag probabilities') : 0
    this.#chain.plan(capacity, training)
  }

  /** @throws UnsupportedError for a batch with masked steps */
  forward(batch: PackedBatch): void {
    if (this.#context.index.mask) throwMasked(this.name)
    this.#isWritten = false
    this.#chain.forward(batch, this.weights)
  }

  /** The gradient of log-probabilities; that of the loss `crf` is written by the loss. */
  backward(batch: PackedBatch): void {
    if (this.#isWritten) return
    const { gradient, width: C, stride } = this.output
    const { memory } = this.#context.engine
    const given = memory.viewFloats(gradient, batch.rows * stride)
    const dx = memory.viewFloats(this.#input.gradient, batch.rows * stride)
    for (let b = 0; b < batch.sequences; b++) {
      const slopes = new Float64Array(batch.lengths[b] * C)
      const at = (t: number) => (batch.offsets[t] + b) * stride
      for (let t = 0; t < batch.lengths[b]; t++) slopes.set(given.subarray(at(t), at(t) + C), t * C)
      const found = gradientsOfLogs(this.weights, this.scoresOf(batch, b), slopes)
      for (let t = 0; t < batch.lengths[b]; t++) dx.set(found.scores.subarray(t * C, (t + 1) * C), at(t))
      this.#add(this.#transitions, found.transitions, 1)
      this.#add(this.#start, found.start, 1)
      this.#add(this.#end, found.end, 1)
    }
  }

  /** Adds to the gradients of scores and parameters what a sequence's sums say, times a factor. */
  #addGradients(batch: PackedBatch, b: number, { marginals, pairs }: ChainSums, factor: number): void {
    const { width: C, stride, gradient } = this.#input
    const dx = this.#context.engine.memory.viewFloats(gradient, batch.rows * stride)
    const T = batch.lengths[b]
    for (let t = 0; t < T; t++) {
      const at = (batch.offsets[t] + b) * stride
      for (let k = 0; k < C; k++) dx[at + k] += factor * marginals[t * C + k]
    }
    this.#add(this.#transitions, pairs, factor)
    this.#add(this.#start, marginals.subarray(0, C), factor)
    this.#add(this.#end, marginals.subarray((T - 1) * C), factor)
  }

  #add(parameter: Parameter, values: ArrayLike<number>, factor: number): void {
    const gradient = this.#gradientOf(parameter)
    for (let i = 0; i < values.length; i++) gradient[i] += factor * values[i]
  }

  #gradientOf(parameter: Parameter): FloatArray {
    const { engine, store } = this.#context
    return engine.memory.viewFloats(store.at(parameter, 0, 'gradients'), parameter.size)
  }

  /** Transitions, start and end. */
  get weights(): ChainWeights {
    const { store, engine } = this.#context
    const view = (parameter: Parameter) => engine.memory.viewFloats(store.at(parameter), parameter.size)
    return {
      transitions: view(this.#transitions),
      start: view(this.#start),
      end: view(this.#end),
    }
  }

  /** The scores (T, C) of sequence `b` of the batch's order, of the last forward pass. */
  scoresOf({ lengths, offsets, rows }: PackedBatch, b: number): Float64Array {
    const { value, width: C, stride } = this.#input
    const all = this.#context.engine.memory.viewFloats(value, rows * stride)
    const scores = new Float64Array(lengths[b] * C)
    for (let t = 0; t < lengths[b]; t++) {
      const at = (offsets[t] + b) * stride
      scores.set(all.subarray(at, at + C), t * C)
    }
    return scores
  }

  /** The likeliest tags of each sequence, in the caller's order, of the last forward pass. */
  decode(batch: PackedBatch, rules?: ChainRules): Int32Array[] {
    const { weights } = this
    const paths = new Array<Int32Array>(batch.sequences)
    for (let b = 0; b < batch.sequences; b++)
      paths[batch.sortedIndices[b]] = bestPath(weights, this.scoresOf(batch, b), rules)
    return paths
  }

  /**
   * −log of the given tags' probability, as a mean over the tags given; negative ones are open. With a gradient also
   * that of scores and parameters, for `backward` to pass on.
   */
  lossOf(batch: PackedBatch, tags: readonly Int32Array[], gradient: GradientOf): LossValue {
    let weight = 0
    for (const list of tags) for (const tag of list) if (tag >= 0) weight++
    const scale = gradient === 'sum' ? 1 : weight > 0 ? 1 / weight : 0
    const { weights } = this
    if (gradient) this.#writeFree(batch, tags, scale)
    let sum = 0
    for (let b = 0; b < batch.sequences; b++) {
      const given = tags[b]
      if (given.every((tag) => tag < 0)) continue
      const scores = this.scoresOf(batch, b)
      if (given.every((tag) => tag >= 0)) {
        sum += this.#chain.logSumOf(b) - scorePath(weights, scores, given)
        if (gradient) this.#addPath(batch, b, given, -scale)
      } else {
        const fixed = sumPaths(weights, scores, given)
        sum += this.#chain.logSumOf(b) - fixed.logSum
        if (gradient) this.#addGradients(batch, b, fixed, -scale)
      }
    }
    return { mean: weight > 0 ? sum / weight : 0, weight }
  }

  /** The part of the gradient that all paths give. */
  #writeFree(batch: PackedBatch, tags: readonly Int32Array[], scale: number): void {
    this.#isWritten = true
    const counts = tags.map((list) => (list.every((tag) => tag < 0) ? 0 : 1))
    const exact = this.#chain.writeGradients(batch, counts, scale, {
      transitions: this.#gradientOf(this.#transitions),
      start: this.#gradientOf(this.#start),
      end: this.#gradientOf(this.#end),
    })
    for (const b of exact)
      this.#addGradients(batch, b, sumPaths(this.weights, this.scoresOf(batch, b)), scale)
  }

  #addPath(batch: PackedBatch, b: number, path: Int32Array, factor: number): void {
    const { width: C, stride, gradient } = this.#input
    const dx = this.#context.engine.memory.viewFloats(gradient, batch.rows * stride)
    const pairs = this.#gradientOf(this.#transitions)
    for (let t = 0; t < path.length; t++) {
      dx[(batch.offsets[t] + b) * stride + path[t]] += factor
      if (t > 0) pairs[path[t - 1] * C + path[t]] += factor
    }
    this.#gradientOf(this.#start)[path[0]] += factor
    this.#gradientOf(this.#end)[path[path.length - 1]] += factor
  }
}

function throwMasked(where: string): never {
  throw new UnsupportedError({
    where,
    expected: 'a network without masked steps',
    got: 'one that masks some',
    remedy: 'Give sequences of their own lengths in place of padding.',
  })
}
