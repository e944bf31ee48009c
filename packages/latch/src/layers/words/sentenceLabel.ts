/**
 * A label of the whole sentence beside the tags of its tokens (joint intents and slots: Zhang & Wang 2016). The layer lies
 * on the states of the encoder, which pass as they are; their largest values over time go through dropout and a dense
 * layer to the scores of the labels. The loss of the tags adds that of the label, times a weight.
 */
import { UnsupportedError } from '../../core/errors.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertSteps } from '../assertValues.ts'
import type { LayerDefinition } from '../definition.ts'
import { DenseLayer } from '../dense.ts'
import { DropoutLayer } from '../dropout.ts'
import { optional, readOptions, readRate, readWidth } from '../fields.ts'
import { makeEdge } from '../layer.ts'
import type { Capacity, Context, Edge, Layer, Pass } from '../layer.ts'
import { LossLayer, type GradientOf, type LossValue, type Targets } from '../loss.ts'
import { addLoss, type AddedLoss } from '../losses/added.ts'
import { PoolLayer } from '../pooling/pool.ts'
import { readFactor } from '../regularisation/activationPenalty.ts'

/** Scores of the labels of whole sentences, on the states of a tagger's encoder. */
export interface SentenceLabelOptions {
  type: 'sentenceLabel'
  /** Number of labels. */
  classes: number
  /** Factor of its loss, a mean over sentences, in the sum with that of the tags. Default 1. */
  lossWeight?: number
  /** Dropout of the pooled states. Default 0. */
  rate?: number
}

/** The label of a sentence as data. */
export const sentenceLabelLayer: LayerDefinition<SentenceLabelOptions> = {
  type: 'sentenceLabel',
  read: (field) =>
    readOptions(field, { classes: readWidth, lossWeight: optional(readFactor), rate: optional(readRate) }),
  build: (context, name, options, input) => new SentenceLabelLayer(context, name, options, input),
}

export class SentenceLabelLayer implements Layer, AddedLoss {
  readonly type = 'sentenceLabel'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly needsWholeSequence = {
    got: 'a label of the whole sentence',
    remedy: 'Train it without `sentenceLabel`.',
  }
  /** Set by the loss of the network. */
  isAdded = false
  readonly #context: Context
  readonly #input: Edge
  /** The same values with a gradient of their own. */
  readonly #states: Edge
  readonly #layers: readonly Layer[]
  readonly #scores: Edge
  readonly #loss: LossLayer
  readonly #weight: number
  /** Whether the loss has written the gradient of the scores. */
  #isWritten = false

  constructor(context: Context, name: string, options: SentenceLabelOptions, input: Edge) {
    assertSteps(name, input)
    const { classes, lossWeight = 1, rate = 0 } = options
    this.name = name
    this.#context = context
    this.#input = input
    this.#weight = lossWeight
    this.output = makeEdge('step', input.width, input.stride)
    this.#states = makeEdge('step', input.width, input.stride)
    const pool = new PoolLayer(context, name, 'max', this.#states)
    const dropout = new DropoutLayer(context, name, { type: 'dropout', rate }, pool.output)
    const dense = new DenseLayer(context, name, { type: 'dense', units: classes }, dropout.output)
    this.#layers = [pool, dropout, dense]
    this.parameters = dense.parameters
    this.#scores = dense.output
    this.#loss = new LossLayer(context, { type: 'softmaxCrossEntropy' }, dense.output)
    addLoss(context, this)
  }

  initialise(seed: number): void {
    for (const layer of this.#layers) layer.initialise?.(seed)
  }

  /** @throws UnsupportedError for training with a loss that leaves this one out */
  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    if (training && !this.isAdded) {
      const expected = 'the loss of a tagger'
      throw new UnsupportedError({ where: this.name, expected, got: 'another', remedy: 'Use `tagger`.' })
    }
    // Both edges share values and gradients.
    this.output.gradient = this.#input.gradient
    const floats = capacity.rows * this.#states.stride
    this.#states.gradient = training ? memory.floats(floats, 'states of sentences') : 0
    for (const layer of this.#layers) layer.plan(capacity, training)
    this.#loss.plan(capacity)
  }

  forward(batch: PackedBatch, pass: Pass): void {
    this.output.value = this.#states.value = this.#input.value
    this.#isWritten = false
    for (const layer of this.#layers) layer.forward(batch, pass)
  }

  /** Adds to what the layers above wrote. */
  backward(batch: PackedBatch, pass: Pass): void {
    if (!this.#isWritten) return
    for (let i = this.#layers.length - 1; i >= 0; i--) this.#layers[i].backward(batch, pass)
    const { gradient, stride } = this.#states
    if (this.#input.gradient) this.#context.kernels.add(this.#input.gradient, gradient, batch.rows * stride)
  }

  /** The loss of the tags and this one's; without `classes` the tags' alone. */
  add(tags: LossValue, batch: PackedBatch, { classes }: Targets, gradient: GradientOf): LossValue {
    if (!classes) return tags
    const { mean } = this.#loss.compute(batch, { classes }, gradient && 'mean')
    if (gradient) {
      // Of a sum, the gradients are divided by the weight of the tags later.
      const factor = this.#weight * (gradient === 'sum' ? tags.weight : 1)
      const { gradient: at, stride } = this.#scores
      const slopes = this.#context.engine.memory.viewFloats(at, batch.sequences * stride)
      for (let i = 0; i < slopes.length; i++) slopes[i] *= factor
      this.#isWritten = true
    }
    return { mean: tags.mean + this.#weight * mean, weight: tags.weight }
  }

  /** The scores of each sequence of the last forward pass, in the caller's order. */
  scoresOf({ sequences, sortedIndices }: PackedBatch): Float64Array[] {
    const { value, width, stride } = this.#scores
    const all = this.#context.engine.memory.viewFloats(value, sequences * stride)
    const scores = new Array<Float64Array>(sequences)
    for (let b = 0; b < sequences; b++)
      scores[sortedIndices[b]] = Float64Array.from(all.subarray(b * stride, b * stride + width))
    return scores
  }
}
