/**
 * Connectionist temporal classification (Graves et al. 2006): the loss of label sequences shorter than the input, whose
 * places in it are unknown. Logits of every step in, a log-softmax inside; PyTorch's `ctc_loss` in numbers and options.
 */
import { DataError, ShapeError, UnsupportedError } from '../../core/errors.ts'
import { readBoolean, readInteger } from '../../core/validation.ts'
import { logSumExp } from '../../core/probabilities.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Context, Edge } from '../layer.ts'
import { oneOf, optional, readFields } from '../fields.ts'
import type { GradientOf, Loss, LossDefinition, LossOptions, LossValue, Targets } from '../loss.ts'

/** CTC as data. */
export const ctcLoss: LossDefinition = {
  type: 'ctc',
  read: (field) =>
    readFields<LossOptions>(field, {
      type: oneOf('ctc'),
      blank: optional(readInteger),
      reduction: optional(oneOf('mean', 'sum')),
      zeroInfinity: optional(readBoolean),
    }),
  build: (context, options, output) => new CtcLayer(context, options, output),
}

/** The paths of one sequence: labels with blanks around them, log-probabilities of steps, and both recursions. */
interface Paths {
  /** Labels with a blank before, between and after: S = 2·L + 1. */
  states: Int32Array
  /** (T, C) */
  logs: Float64Array
  /** Sums of paths up to step t, and from it on, each with step t itself. (T, S) */
  forward: Float64Array
  backward: Float64Array
  /** −log of all paths' probability. */
  loss: number
}

class CtcLayer implements Loss {
  readonly options: LossOptions
  readonly #context: Context
  readonly #output: Edge

  /** @throws ShapeError for an output that is not one of every step, or that has no place for the blank */
  constructor(context: Context, options: LossOptions, output: Edge) {
    const { blank = 0 } = options
    this.options = options
    this.#context = context
    this.#output = output
    if (output.per !== 'step') {
      throw new ShapeError({
        where: 'loss ctc',
        expected: 'an output at every step',
        got: 'one output a sequence',
        remedy: 'Give recurrent layers returnSequences: true, and drop the pooling.',
      })
    }
    if (output.width < 2 || blank >= output.width) {
      const expected = `a class for each label and one for the blank (${blank})`
      throw new ShapeError({ where: 'loss ctc', expected, got: `${output.width} outputs` })
    }
  }

  plan(): void {}

  /** @throws UnsupportedError: masked steps have no place in a path */
  over(): Loss {
    throw new UnsupportedError({
      where: 'loss ctc',
      expected: 'a network without masked steps',
      got: 'one that masks some',
      remedy: 'Give sequences of their own lengths in place of padding.',
    })
  }

  compute(batch: PackedBatch, { labels }: Targets, gradient: GradientOf): LossValue {
    const { reduction = 'mean', zeroInfinity = false } = this.options
    const B = batch.sequences
    if (labels?.length !== B) {
      const expected = `targets.labels: a list of labels for each of ${B} sequences`
      throw new ShapeError({ where: 'loss ctc', expected, got: labels ? `${labels.length}` : 'none' })
    }
    const isMean = reduction === 'mean'
    const weight = isMean ? B : 1
    const scale = gradient === 'mean' ? 1 / weight : 1
    let sum = 0
    for (let b = 0; b < B; b++) {
      const sequence = batch.sortedIndices[b]
      const states = this.#states(labels[sequence], sequence)
      const paths = pathsOf(states, this.#logs(batch, b), this.#output.width)
      const isPossible = paths.loss < Infinity
      if (!isPossible && !zeroInfinity) throwLength(sequence, batch.lengths[b], states)
      const share = isMean ? 1 / Math.max(1, labels[sequence].length) : 1
      if (isPossible) sum += paths.loss * share
      if (gradient) this.#writeGradient(batch, b, paths, isPossible ? share * scale : 0)
    }
    return { mean: sum / weight, weight }
  }

  /** Labels with blanks. @throws DataError for a label that is none */
  #states(labels: ArrayLike<number>, sequence: number): Int32Array {
    const { blank = 0 } = this.options
    const { width } = this.#output
    const states = new Int32Array(2 * labels.length + 1).fill(blank)
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i]
      if (!Number.isInteger(label) || label < 0 || label >= width || label === blank) {
        throw new DataError({
          where: `loss ctc, sequence ${sequence}, label ${i}`,
          expected: `a class from 0 to ${width - 1} other than the blank (${blank})`,
          got: String(label),
        })
      }
      states[2 * i + 1] = label
    }
    return states
  }

  /** Log-probabilities (T, C) of sequence b of the batch's order. */
  #logs({ lengths, offsets }: PackedBatch, b: number): Float64Array {
    const { value, width: C, stride } = this.#output
    const T = lengths[b]
    const logs = new Float64Array(T * C)
    const all = this.#context.engine.memory.viewFloats(value, (offsets[T - 1] + b + 1) * stride)
    for (let t = 0; t < T; t++) {
      const at = (offsets[t] + b) * stride
      const row = Float64Array.from(all.subarray(at, at + C))
      const log = logSumExp(row)
      for (let k = 0; k < C; k++) logs[t * C + k] = row[k] - log
    }
    return logs
  }

  /** ∂loss/∂logit = p − the share of the paths that pass through the class at the step. */
  #writeGradient({ lengths, offsets }: PackedBatch, b: number, paths: Paths, factor: number): void {
    const { gradient, width: C, stride } = this.#output
    const { states, logs, forward, backward, loss } = paths
    const [T, S] = [lengths[b], states.length]
    const dx = this.#context.engine.memory.viewFloats(gradient, (offsets[T - 1] + b + 1) * stride)
    const passing = new Float64Array(C)
    for (let t = 0; t < T; t++) {
      const at = (offsets[t] + b) * stride
      dx.fill(0, at, at + C)
      if (factor === 0) continue
      passing.fill(0)
      for (let s = 0; s < S; s++) {
        // Step t is in both recursions.
        const path = forward[t * S + s] + backward[t * S + s] - logs[t * C + states[s]] + loss
        passing[states[s]] += Math.exp(path)
      }
      for (let k = 0; k < C; k++) dx[at + k] = factor * (Math.exp(logs[t * C + k]) - passing[k])
    }
  }
}

/** Both recursions in logarithms: a path stays, goes on by one state, or jumps over a blank between different labels. */
function pathsOf(states: Int32Array, logs: Float64Array, C: number): Paths {
  const S = states.length
  const T = logs.length / C
  const forward = new Float64Array(T * S).fill(-Infinity)
  const backward = new Float64Array(T * S).fill(-Infinity)
  const jumps = (s: number) => s >= 2 && s % 2 === 1 && states[s] !== states[s - 2]
  for (let t = 0; t < T; t++) {
    for (let s = 0; s < S; s++) {
      const before = (t - 1) * S + s
      const sum =
        t === 0
          ? start(s)
          : logAdd(
              logAdd(forward[before], s > 0 ? forward[before - 1] : -Infinity),
              jumps(s) ? forward[before - 2] : -Infinity,
            )
      forward[t * S + s] = sum + logs[t * C + states[s]]
    }
  }
  for (let t = T - 1; t >= 0; t--) {
    for (let s = S - 1; s >= 0; s--) {
      const after = (t + 1) * S + s
      const sum =
        t === T - 1
          ? start(S - 1 - s)
          : logAdd(
              logAdd(backward[after], s + 1 < S ? backward[after + 1] : -Infinity),
              s + 2 < S && jumps(s + 2) ? backward[after + 2] : -Infinity,
            )
      backward[t * S + s] = sum + logs[t * C + states[s]]
    }
  }
  const last = (T - 1) * S
  const all = logAdd(forward[last + S - 1], S > 1 ? forward[last + S - 2] : -Infinity)
  return { states, logs, forward, backward, loss: -all }
}

/** A path begins (and, seen from the end, ends) with the blank or the label beside it. */
function start(s: number): number {
  return s < 2 ? 0 : -Infinity
}

/** log(eᵃ + eᵇ). */
function logAdd(a: number, b: number): number {
  if (a === -Infinity) return b
  if (b === -Infinity) return a
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b))
}

/** Equal labels side by side need a blank between them. */
function throwLength(sequence: number, steps: number, states: Int32Array): never {
  const labels = (states.length - 1) / 2
  let needed = labels
  for (let i = 3; i < states.length; i += 2) if (states[i] === states[i - 2]) needed++
  throw new DataError({
    where: `loss ctc, sequence ${sequence}`,
    expected: `at least ${needed} steps for its ${labels} labels`,
    got: `${steps}`,
    fix: [{ option: 'zeroInfinity', value: true, to: 'leave such sequences out of the loss' }],
  })
}
