/**
 * The forward and backward algorithm of a chain for a whole batch, on the engine's matrix products: probabilities scaled
 * to sum to 1 at each step (Rabiner 1989), times the powers of the transitions. A sequence whose sums leave the range of
 * the precision is computed exactly, in logarithms.
 */
import type { FloatArray } from '../../engine/arena.ts'
import { transposedScratch, type Pointer } from '../../engine/kernels.ts'
import { maximum } from '../../core/lists.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Capacity, Context, Edge } from '../layer.ts'
import { sumPaths, type ChainWeights } from './chain.ts'

/** A sum of a step below this has lost precision. */
const LEAST = 1e-20
/** How far the probabilities of a step may be from a sum of 1. */
const TOLERANCE = 1e-3
/** The least probability that is written, as its logarithm. */
const LEAST_PROBABILITY = 1e-38

/** Gradients of the parameters. */
interface ChainGradients {
  transitions: FloatArray
  start: FloatArray
  end: FloatArray
}

/** What the forward pass leaves for the backward one. */
interface Views {
  power: FloatArray
  forward: FloatArray
  backward: FloatArray
  given: FloatArray
}

export class ChainBatch {
  readonly #context: Context
  readonly #input: Edge
  readonly #output: Edge
  /** Powers of the transitions less the largest, packed (C, C), and transposed. */
  #powers: Pointer = 0
  #transposed: Pointer = 0
  #pairs: Pointer = 0
  #previous: Pointer = 0 // (R)
  /** Powers of the scores less the largest of a row; with the end's at last steps. (R, C) */
  #power: Pointer = 0
  /** α of each step, of sum 1. (R, C) */
  #forward: Pointer = 0
  /** β of each step; then power·β over the step's sum, which β of the step before is made of. (R, C) */
  #backward: Pointer = 0
  #given: Pointer = 0
  /** The sum of each step before it was scaled. (R) */
  #sums = new Float64Array(0)
  #largest = new Float64Array(0)
  /** By sequence of the batch's order. */
  #logSums = new Float64Array(0)
  #exact = new Set<number>()
  #peak = 0

  constructor(context: Context, input: Edge, output: Edge) {
    this.#context = context
    this.#input = input
    this.#output = output
    context.scratch.need(transposedScratch(input.width, input.width, context.engine.panel))
  }

  plan({ rows: R, sequences: B }: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    const { width: C, stride } = this.#input
    const rows = () => memory.floats(R * stride, 'chain of tags')
    this.#powers = memory.floats(C * stride, 'transitions')
    this.#transposed = memory.floats(C * stride, 'transitions')
    this.#pairs = training ? memory.floats(C * stride, 'transitions') : 0
    this.#previous = training ? memory.ints(R, 'chain of tags') : 0
    this.#power = rows()
    this.#forward = rows()
    this.#backward = rows()
    this.#given = rows()
    this.#context.kernels.zero(this.#given, R * stride)
    if (this.#sums.length < R) {
      this.#sums = new Float64Array(R)
      this.#largest = new Float64Array(R)
    }
    if (this.#logSums.length < B) this.#logSums = new Float64Array(B)
  }

  /** The logarithm of the sum over all paths' powers, of sequence `b` of the batch's order. */
  logSumOf(b: number): number {
    return this.#logSums[b]
  }

  /** Writes the logarithms of the tags' probabilities into the output. */
  forward(batch: PackedBatch, weights: ChainWeights): void {
    const { stride } = this.#input
    const { memory } = this.#context.engine
    const view = (at: Pointer) => memory.viewFloats(at, batch.rows * stride)
    const views = {
      power: view(this.#power),
      forward: view(this.#forward),
      backward: view(this.#backward),
      given: view(this.#given),
    }
    this.#exact.clear()
    this.#writePowers(batch, weights, views.power)
    this.#goForward(batch, weights, views)
    this.#goBackward(batch, views)
    const out = view(this.#output.value)
    this.#writeProbabilities(batch, views, out)
    for (const b of this.#exact) this.#computeExactly(batch, b, weights, out)
  }

  /** Powers of transitions and scores, each less the largest. */
  #writePowers(batch: PackedBatch, { transitions, end }: ChainWeights, power: FloatArray): void {
    const { width: C, stride, value } = this.#input
    const { memory, panel: W } = this.#context.engine
    this.#peak = maximum(transitions as FloatArray)
    const [there, back] = [this.#powers, this.#transposed].map((at) =>
      memory.viewFloats(at, C * stride).fill(0),
    )
    for (let i = 0; i < C; i++) {
      for (let j = 0; j < C; j++) {
        const x = Math.exp(transitions[i * C + j] - this.#peak)
        there[Math.floor(j / W) * C * W + i * W + (j % W)] = x
        back[Math.floor(i / W) * C * W + j * W + (i % W)] = x
      }
    }
    const scores = memory.viewFloats(value, batch.rows * stride)
    const last = new Uint8Array(batch.rows)
    for (let b = 0; b < batch.sequences; b++) last[batch.offsets[batch.lengths[b] - 1] + b] = 1
    for (let r = 0; r < batch.rows; r++) {
      const at = r * stride
      let largest = -Infinity
      for (let j = 0; j < C; j++) {
        const score = last[r] ? scores[at + j] + end[j] : scores[at + j]
        if (score > largest) largest = score
      }
      for (let j = 0; j < C; j++) {
        const score = last[r] ? scores[at + j] + end[j] : scores[at + j]
        power[at + j] = Math.exp(score - largest)
      }
      this.#largest[r] = largest
    }
  }

  #goForward(batch: PackedBatch, { start }: ChainWeights, { power, forward, given }: Views): void {
    const { kernels, engine } = this.#context
    const { width: C, stride } = this.#input
    const { offsets, batchSizes, steps } = batch
    const bytes = stride * engine.memory.floatBytes
    const first = maximum(start as FloatArray)
    const powers = Float64Array.from(start, (x) => Math.exp(x - first))
    this.#logSums.fill(first, 0, batch.sequences)
    for (let t = 0; t < steps; t++) {
      const [n, at] = [batchSizes[t], offsets[t]]
      if (t > 0) {
        const before = this.#forward + offsets[t - 1] * bytes
        kernels.matmul(this.#given + at * bytes, before, this.#powers, n, C, C, stride, stride, 0)
      }
      for (let b = 0; b < n; b++) {
        const from = (at + b) * stride
        let sum = 0
        for (let j = 0; j < C; j++) {
          const x = (t > 0 ? given[from + j] : powers[j]) * power[from + j]
          forward[from + j] = x
          sum += x
        }
        if (!(sum > LEAST)) this.#exact.add(b)
        const scale = 1 / sum
        for (let j = 0; j < C; j++) forward[from + j] *= scale
        this.#sums[at + b] = sum
        this.#logSums[b] += this.#largest[at + b] + Math.log(sum) + (t > 0 ? this.#peak : 0)
      }
    }
    // Zeros go on as zeros, and change no other sequence.
    for (const b of this.#exact) this.#clear(batch, b, forward)
  }

  /** β, and from step 1 on in `given` what β of the step before is made of. */
  #goBackward({ offsets, batchSizes, steps }: PackedBatch, { power, backward, given }: Views): void {
    const { kernels, engine } = this.#context
    const { width: C, stride } = this.#input
    const bytes = stride * engine.memory.floatBytes
    for (let t = steps - 1; t >= 0; t--) {
      const [n, at] = [batchSizes[t], offsets[t]]
      const going = t + 1 < steps ? batchSizes[t + 1] : 0
      if (going > 0) {
        const after = this.#given + offsets[t + 1] * bytes
        kernels.matmul(this.#backward + at * bytes, after, this.#transposed, going, C, C, stride, stride, 0)
      }
      for (let b = 0; b < n; b++) {
        const from = (at + b) * stride
        if (b >= going) backward.fill(1, from, from + C)
        const isExact = this.#exact.size > 0 && this.#exact.has(b)
        const scale = isExact ? 0 : 1 / this.#sums[at + b]
        for (let j = 0; j < C; j++)
          given[from + j] = isExact ? 0 : power[from + j] * backward[from + j] * scale
      }
    }
  }

  /** α·β of each step, whose sum is 1 unless a sequence has left the range of the precision. */
  #writeProbabilities(batch: PackedBatch, { forward, backward, given }: Views, out: FloatArray): void {
    const { width: C, stride } = this.#input
    const { offsets, batchSizes, steps } = batch
    const left = new Set<number>()
    for (let t = 0; t < steps; t++) {
      for (let b = 0; b < batchSizes[t]; b++) {
        const from = (offsets[t] + b) * stride
        let sum = 0
        for (let j = from; j < from + C; j++) {
          const probability = forward[j] * backward[j]
          sum += probability
          out[j] = Math.log(Math.max(probability, LEAST_PROBABILITY))
        }
        if (!(Math.abs(sum - 1) < TOLERANCE)) left.add(b)
      }
    }
    for (const b of left) {
      this.#exact.add(b)
      this.#clear(batch, b, forward)
      this.#clear(batch, b, backward)
      this.#clear(batch, b, given)
    }
  }

  #clear({ offsets, lengths }: PackedBatch, b: number, rows: FloatArray): void {
    const { width: C, stride } = this.#input
    for (let t = 0; t < lengths[b]; t++) {
      const from = (offsets[t] + b) * stride
      rows.fill(0, from, from + C)
    }
  }

  #computeExactly(
    { offsets, lengths }: PackedBatch,
    b: number,
    weights: ChainWeights,
    out: FloatArray,
  ): void {
    const { width: C, stride, value } = this.#input
    const T = lengths[b]
    const scores = new Float64Array(T * C)
    for (let t = 0; t < T; t++) {
      const from = value + (offsets[t] + b) * stride * this.#context.engine.memory.floatBytes
      scores.set(this.#context.engine.memory.viewFloats(from, C), t * C)
    }
    const { logSum, marginals } = sumPaths(weights, scores)
    this.#logSums[b] = logSum
    for (let t = 0; t < T; t++) {
      const from = (offsets[t] + b) * stride
      for (let j = 0; j < C; j++) out[from + j] = Math.log(Math.max(marginals[t * C + j], LEAST_PROBABILITY))
    }
  }

  /**
   * Writes scale · probabilities into the input's gradient and adds the expected transitions to those of the parameters,
   * of sequences whose `counts` is 1; the rest get zeros.
   * @returns the sequences that are left to be computed exactly, of which there are none as a rule
   */
  writeGradients(batch: PackedBatch, counts: readonly number[], scale: number, to: ChainGradients): number[] {
    const { width: C, stride } = this.#input
    const { memory } = this.#context.engine
    const view = (at: Pointer) => memory.viewFloats(at, batch.rows * stride)
    const [forward, backward, given, dx] = [
      this.#forward,
      this.#backward,
      this.#given,
      this.#input.gradient,
    ].map(view)
    const previous = memory.viewInts(this.#previous, batch.rows)
    for (let t = 0; t < batch.steps; t++) {
      for (let b = 0; b < batch.batchSizes[t]; b++) {
        const row = batch.offsets[t] + b
        const from = row * stride
        const factor = scale * counts[b]
        for (let j = from; j < from + C; j++) dx[j] = factor * forward[j] * backward[j]
        if (t > 0) previous[row] = batch.offsets[t - 1] + b
        if (counts[b] === 0) given.fill(0, from, from + C)
        if (t === 0) for (let j = 0; j < C; j++) to.start[j] += dx[from + j]
        if (t === batch.lengths[b] - 1) for (let j = 0; j < C; j++) to.end[j] += dx[from + j]
      }
    }
    this.#addPairs(batch, scale, to.transitions)
    return [...this.#exact].filter((b) => counts[b] > 0)
  }

  /** Σ α of the step before ⊗ power·β/sum, times the powers of the transitions. */
  #addPairs({ rows, offsets, steps }: PackedBatch, scale: number, into: FloatArray): void {
    if (steps < 2) return
    const { kernels, engine, scratch } = this.#context
    const { width: C, stride } = this.#input
    const { memory, panel: W } = engine
    const first = offsets[1]
    kernels.zero(this.#pairs, C * stride)
    const later = this.#given + first * stride * memory.floatBytes
    const index = this.#previous + first * 4
    kernels.matmulTransposed(
      this.#pairs,
      this.#forward,
      index,
      later,
      scratch.of(0),
      rows - first,
      C,
      C,
      stride,
      stride,
    )
    const pairs = memory.viewFloats(this.#pairs, C * stride)
    const powers = memory.viewFloats(this.#powers, C * stride)
    for (let i = 0; i < C; i++) {
      for (let j = 0; j < C; j++) {
        const at = Math.floor(j / W) * C * W + i * W + (j % W)
        into[i * C + j] += scale * pairs[at] * powers[at]
      }
    }
  }
}
