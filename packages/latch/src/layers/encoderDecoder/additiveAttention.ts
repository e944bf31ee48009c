/** Attention by v·tanh(query + key) (Bahdanau et al. 2015, arXiv:1409.0473), on one thread. */
import { accessOf } from '../../engine/generic/access.ts'
import { attendBackward, attendForward, countWeights } from '../../engine/generic/attention.ts'
import type { AttentionInputs, AttentionPairs } from '../../engine/generic/attention.ts'
import { addSums } from '../../engine/generic/rows.ts'
import type { Pointer } from '../../engine/kernels.ts'
import type { Access } from '../../engine/reference/access.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import type { Context, Edge } from '../layer.ts'
import type { AttentionEdges, AttentionPart } from './attentionPart.ts'
import type { Sides } from './split.ts'

export class AdditiveAttention implements AttentionPart {
  readonly #context: Context
  readonly #edges: AttentionEdges
  readonly #weight: Parameter
  readonly #access: Access
  #weights = new Float64Array(0)

  /** @param weight v (1, units) */
  constructor(context: Context, edges: AttentionEdges, weight: Parameter) {
    this.#context = context
    this.#edges = edges
    this.#weight = weight
    this.#access = accessOf(context.engine)
  }

  plan(): void {}

  forward(sides: Sides): void {
    const pairs = this.#pairs(sides)
    const count = countWeights(pairs)
    if (this.#weights.length < count) this.#weights = new Float64Array(count)
    const { contexts } = this.#edges
    attendForward(this.#access, valuesOf(contexts), this.#inputs(), pairs, this.#weights)
  }

  backward(sides: Sides, valueGradients: Pointer): void {
    const { store, kernels } = this.#context
    const { queries, keys, values, contexts } = this.#edges
    const { rows } = sides.source
    kernels.zero(valueGradients, rows * values.stride)
    kernels.zero(keys.gradient, rows * keys.stride)
    const additive = new Float64Array(queries.width)
    const gradients = {
      queries: gradientsOf(queries),
      keys: gradientsOf(keys),
      values: { at: valueGradients, stride: values.stride },
      additive,
    }
    const pairs = this.#pairs(sides)
    attendBackward(this.#access, gradientsOf(contexts), this.#inputs(), gradients, pairs, this.#weights)
    addSums(this.#access, store.at(this.#weight, 0, 'gradients'), additive)
  }

  #inputs(): AttentionInputs {
    const { queries, keys, values } = this.#edges
    const additive = this.#context.store.at(this.#weight)
    return { queries: valuesOf(queries), keys: valuesOf(keys), values: valuesOf(values), additive }
  }

  #pairs({ source, target, sourceOf }: Sides): AttentionPairs {
    return { sources: source, targets: target, sourceOf, width: this.#edges.queries.width }
  }

  read({ source, target, sourceOf }: Sides): Float64Array[] {
    const all: Float64Array[] = []
    let at = 0
    sourceOf.forEach((place, b) => {
      const count = target.lengths[b] * source.lengths[place]
      all[target.sortedIndices[b]] = this.#weights.slice(at, at + count)
      at += count
    })
    return all
  }
}

function valuesOf({ value, stride }: Edge) {
  return { at: value, stride }
}

function gradientsOf({ gradient, stride }: Edge) {
  return { at: gradient, stride }
}
