/**
 * Additive attention of the steps of one sequence over those of another (Bahdanau et al. 2015, arXiv:1409.0473), in any
 * engine's arena. All sums are taken in float64, in ascending order.
 */
import type { Pointer } from '../kernels.ts'
import type { Access } from '../reference/access.ts'

/** Rows of one side, packed (see tensors/packedBatch.ts). */
export interface PackedSide {
  readonly lengths: ArrayLike<number>
  readonly offsets: ArrayLike<number>
}

/** Which target sequence attends to which source sequence. */
export interface AttentionPairs {
  readonly sources: PackedSide
  readonly targets: PackedSide
  /** The place of each target sequence's source among the sources. (B) */
  readonly sourceOf: Int32Array
  /** Numbers of a query, key and value. */
  readonly width: number
}

/** Where rows lie, and how many numbers they are apart. */
export interface Rows {
  readonly at: Pointer
  readonly stride: number
}

/** What attention reads. */
export interface AttentionInputs {
  readonly queries: Rows
  readonly keys: Rows
  readonly values: Rows
  /** v of the scores v·tanh(query + key) (width). */
  readonly additive: Pointer
}

/** Σ Tt·Ts over the sequences: one weight for each pair of a target and a source step. */
export function countWeights({ sources, targets, sourceOf }: AttentionPairs): number {
  let count = 0
  for (let b = 0; b < sourceOf.length; b++) count += targets.lengths[b] * sources.lengths[sourceOf[b]]
  return count
}

/** Context rows = Σ weight·value, weights = softmax over the source steps of the scores. Keeps the weights. */
export function attendForward(
  { f, shift }: Access,
  context: Rows,
  { queries, keys, values, additive }: AttentionInputs,
  pairs: AttentionPairs,
  weights: Float64Array,
): void {
  const v = f()
  const { sources, targets, sourceOf, width } = pairs
  const sums = new Float64Array(width)
  const w = additive >>> shift
  let at = 0
  for (let b = 0; b < sourceOf.length; b++) {
    const source = sourceOf[b]
    const steps = sources.lengths[source]
    for (let t = 0; t < targets.lengths[b]; t++, at += steps) {
      const row = targets.offsets[t] + b
      const query = (queries.at >>> shift) + row * queries.stride
      let most = -Infinity
      for (let s = 0; s < steps; s++) {
        const key = (keys.at >>> shift) + (sources.offsets[s] + source) * keys.stride
        let score = 0
        for (let j = 0; j < width; j++) score += v[w + j] * Math.tanh(v[query + j] + v[key + j])
        weights[at + s] = score
        if (score > most) most = score
      }
      let all = 0
      for (let s = 0; s < steps; s++) all += weights[at + s] = Math.exp(weights[at + s] - most)
      sums.fill(0)
      for (let s = 0; s < steps; s++) {
        const weight = (weights[at + s] /= all)
        const value = (values.at >>> shift) + (sources.offsets[s] + source) * values.stride
        for (let j = 0; j < width; j++) sums[j] += weight * v[value + j]
      }
      const to = (context.at >>> shift) + row * context.stride
      for (let j = 0; j < width; j++) v[to + j] = sums[j]
    }
  }
}

/** Where gradients go: those of queries are written, the others added to. */
export interface AttentionGradients {
  readonly queries: Rows
  readonly keys: Rows
  readonly values: Rows
  /** Sums of the gradient of v (width). */
  readonly additive: Float64Array
}

/** Back through `attendForward`, with the weights that it kept. */
export function attendBackward(
  { f, shift }: Access,
  dContext: Rows,
  { queries, keys, values, additive }: AttentionInputs,
  gradients: AttentionGradients,
  pairs: AttentionPairs,
  weights: Float64Array,
): void {
  const v = f()
  const { sources, targets, sourceOf, width } = pairs
  const sums = new Float64Array(width)
  // Sources are packed longest first.
  const slopes = new Float64Array(sources.lengths[0])
  const w = additive >>> shift
  let at = 0
  for (let b = 0; b < sourceOf.length; b++) {
    const source = sourceOf[b]
    const steps = sources.lengths[source]
    for (let t = 0; t < targets.lengths[b]; t++, at += steps) {
      const row = targets.offsets[t] + b
      const given = (dContext.at >>> shift) + row * dContext.stride
      let common = 0
      for (let s = 0; s < steps; s++) {
        const place = sources.offsets[s] + source
        const value = (values.at >>> shift) + place * values.stride
        const dValue = (gradients.values.at >>> shift) + place * gradients.values.stride
        const weight = weights[at + s]
        let slope = 0
        for (let j = 0; j < width; j++) {
          slope += v[given + j] * v[value + j]
          v[dValue + j] += weight * v[given + j]
        }
        slopes[s] = slope
        common += weight * slope
      }
      sums.fill(0)
      const query = (queries.at >>> shift) + row * queries.stride
      for (let s = 0; s < steps; s++) {
        const place = sources.offsets[s] + source
        const key = (keys.at >>> shift) + place * keys.stride
        const dKey = (gradients.keys.at >>> shift) + place * gradients.keys.stride
        const slope = weights[at + s] * (slopes[s] - common)
        for (let j = 0; j < width; j++) {
          const y = Math.tanh(v[query + j] + v[key + j])
          gradients.additive[j] += slope * y
          const d = slope * v[w + j] * (1 - y * y)
          sums[j] += d
          v[dKey + j] += d
        }
      }
      const to = (gradients.queries.at >>> shift) + row * gradients.queries.stride
      for (let j = 0; j < width; j++) v[to + j] = sums[j]
    }
  }
}
