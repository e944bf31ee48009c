/** Attention over the encoder's outputs: scores, weights, contexts, and the row tanh(W·[context, h]) that goes on. */
import { strideOf } from '../../engine/engine.ts'
import type { Pointer } from '../../engine/kernels.ts'
import { Random } from '../../core/random.ts'
import { glorotUniform } from '../../tensors/initializers.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { DenseLayer } from '../dense.ts'
import { makeEdge, type Capacity, type Context, type Edge } from '../layer.ts'
import { AdditiveAttention } from './additiveAttention.ts'
import type { AttentionEdges, AttentionPart } from './attentionPart.ts'
import { ProductAttention } from './productAttention.ts'
import type { Sides } from './split.ts'

/** How the decoder's outputs are compared with the encoder's. */
export const ATTENTION_SCORES = ['dot', 'general', 'additive', 'none'] as const
/** `dot`: h·s; `general`: h·W·s (Luong et al. 2015); `additive`: v·tanh(W₁·h + W₂·s) (Bahdanau et al. 2015); or none. */
export type AttentionScore = (typeof ATTENTION_SCORES)[number]

export class Attention {
  /** Those with parameters: keys, queries, combine. */
  readonly layers: readonly DenseLayer[]
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly #target: Context
  readonly keys: DenseLayer | null
  readonly queries: DenseLayer | null
  readonly combine: DenseLayer
  readonly additive: Parameter | null // (1, units)
  readonly #part: AttentionPart
  readonly #edges: { source: Edge; target: Edge }
  /** (context, h) of each target step. (R, 2·units) */
  readonly joined: Edge
  /** Where the keys are products of the encoder's outputs: the gradients of the outputs as values. */
  #valueGradients: Pointer = 0

  constructor(
    source: Context,
    target: Context,
    name: string,
    score: Exclude<AttentionScore, 'none'>,
    edges: { source: Edge; target: Edge },
  ) {
    const { width } = edges.target
    this.#target = target
    this.#edges = edges
    const product = (context: Context, part: string, input: Edge) =>
      new DenseLayer(context, `${name}.${part}`, { type: 'dense', units: width, bias: false }, input)
    this.keys = score === 'dot' ? null : product(source, 'keys', edges.source)
    this.queries = score === 'additive' ? product(target, 'queries', edges.target) : null
    this.additive = score === 'additive' ? target.store.plain(`${name}.score.weight`, [1, width]) : null
    this.joined = makeEdge('step', 2 * width, strideOf(target.engine, 2 * width))
    const options = { type: 'dense', units: width, bias: false, activation: 'tanh' } as const
    this.combine = new DenseLayer(target, `${name}.combine`, options, this.joined)
    this.layers = [this.keys, this.queries, this.combine].filter((layer) => layer !== null)
    this.parameters = this.additive ? [this.additive] : []
    this.output = this.combine.output
    const all: AttentionEdges = {
      queries: this.queries?.output ?? edges.target,
      keys: this.keys?.output ?? edges.source,
      values: edges.source,
      contexts: this.joined,
    }
    this.#part = this.additive
      ? new AdditiveAttention(target, all, this.additive)
      : new ProductAttention(target, all)
  }

  initialise(seed: number): void {
    for (const layer of this.layers) layer.initialise(seed)
    if (!this.additive) return
    const random = new Random(seed, 'initial', this.additive.name)
    this.#target.store.write(this.additive, glorotUniform(1, this.#edges.target.width, random))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#target.engine
    const joined = this.joined
    const floats = capacity.rows * joined.stride
    joined.value = memory.floats(floats, 'contexts')
    this.#target.kernels.zero(joined.value, floats)
    joined.gradient = training ? memory.floats(floats, 'contexts') : 0
    const { source } = this.#edges
    this.#valueGradients =
      training && this.keys ? memory.floats(capacity.rows * source.stride, 'attention gradients') : 0
    for (const layer of this.layers) layer.plan(capacity, training)
    this.#part.plan(capacity, training)
  }

  forward(sides: Sides): void {
    const { kernels, engine } = this.#target
    const { source, target } = sides
    this.keys?.forward(source)
    this.queries?.forward(target)
    const { width, stride, value } = this.#edges.target
    this.#part.forward(sides)
    const joined = this.joined
    const h = joined.value + width * engine.memory.floatBytes
    kernels.gatherRows(h, value, 0, target.rows, width, joined.stride, stride)
    this.combine.forward(target)
  }

  backward(sides: Sides): void {
    const { kernels, engine } = this.#target
    const { source, target } = sides
    const { source: encoded, target: decoded } = this.#edges
    const joined = this.joined
    const { width } = decoded
    this.combine.backward(target)
    this.#part.backward(sides, this.#valueGradients || encoded.gradient)
    if (this.keys) {
      this.keys.backward(source)
      const { gradient, stride } = encoded
      kernels.scatterAddRows(gradient, 0, this.#valueGradients, source.rows, width, stride, stride)
    }
    this.queries?.backward(target)
    const h = joined.gradient + width * engine.memory.floatBytes
    kernels.scatterAddRows(decoded.gradient, 0, h, target.rows, width, decoded.stride, joined.stride)
  }

  /** Of each sequence, in the caller's order: (target steps, source steps). */
  read(sides: Sides): Float64Array[] {
    return this.#part.read(sides)
  }
}
