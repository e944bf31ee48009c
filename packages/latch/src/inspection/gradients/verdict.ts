/**
 * Vanishing, healthy or exploding: how the gradient's norm changes from step to step back through time, as one number
 * and one sentence (Hochreiter 1991; Bengio, Simard & Frasconi 1994).
 */
import type { FlowVerdict } from './flowTypes.ts'

/**
 * Below this fraction of the gradient the first steps hardly affect an update. The first bound applies to the whole
 * sequence, the second to a single step, for sequences of a few steps.
 */
const LITTLE_LEFT = 0.01
const LITTLE_KEPT = 0.1

/**
 * Judges norms of ∂L/∂s_t in the order in which the steps were read. `factor` is e^(−slope) of a straight line
 * fitted to log norms by least squares (zeros left out); `ratio` is first over last as measured. Vanishing:
 * less than 1 % is left at the first step, or a step back keeps less than a tenth; exploding: more than 100
 * times, or tenfold a step. All norms zero, or exactly zero at the first step: vanishing with ratio 0; a norm
 * that is not finite: exploding. One step alone is healthy: there is no way back.
 */
export function verdictOf(norms: readonly number[]): FlowVerdict {
  const last = norms.length - 1
  const broken = norms.findLastIndex((x) => !Number.isFinite(x))
  if (broken >= 0) {
    const words = `exploding: after ${steps(last - broken)} back the gradient has left the finite numbers`
    return { kind: 'exploding', factor: Infinity, ratio: Infinity, effectiveLength: null, words }
  }
  if (norms.every((x) => x === 0)) {
    const words = 'vanishing: no state moves the loss, the gradient is 0 at every step'
    return { kind: 'vanishing', factor: 0, ratio: 0, effectiveLength: 0, words }
  }
  if (last < 1) {
    const words = 'healthy: a single step has no earlier step'
    return { kind: 'healthy', factor: 1, ratio: 1, effectiveLength: null, words }
  }
  const factor = factorOf(norms)
  const ratio = norms[0] / norms[last]
  const kind = kindOf(factor, ratio)
  const effectiveLength = factor < 1 ? (factor > 0 ? -1 / Math.log(factor) : 0) : null
  return { kind, factor, ratio, effectiveLength, words: `${kind}: ${wordsOf(norms, factor, ratio)}` }
}

function kindOf(factor: number, ratio: number): FlowVerdict['kind'] {
  if (ratio < LITTLE_LEFT || factor < LITTLE_KEPT) return 'vanishing'
  return ratio > 1 / LITTLE_LEFT || factor > 1 / LITTLE_KEPT ? 'exploding' : 'healthy'
}

/** Geometric mean of the change a step back; 0 where only one step has a gradient. */
function factorOf(norms: readonly number[]): number {
  const points = norms.flatMap((x, t) => (x > 0 ? [[t, Math.log(x)]] : []))
  if (points.length < 2) return 0
  const meanOf = (i: number) => points.reduce((total, point) => total + point[i], 0) / points.length
  const [t0, y0] = [meanOf(0), meanOf(1)]
  let [above, below] = [0, 0]
  for (const [t, y] of points) {
    above += (t - t0) * (y - y0)
    below += (t - t0) ** 2
  }
  return Math.exp(-above / below)
}

function wordsOf(norms: readonly number[], factor: number, ratio: number): string {
  const last = norms.length - 1
  const zero = norms.findLastIndex((x, t) => x === 0 && norms[last] > 0 && t < last)
  if (ratio === 0 && zero >= 0) {
    return `after ${steps(last - zero)} back the gradient is exactly 0`
  }
  if (!Number.isFinite(ratio)) return 'the last step has no gradient, earlier ones do'
  const change = changeOf(factor, ratio)
  const end = ratio > 1 ? `it is ${short(ratio)} times as large` : `${short(ratio)} is left`
  return `each step back ${change}; after ${steps(last)} ${end}`
}

/** A gradient that goes up and down has a fitted factor that its ends need not show. */
function changeOf(factor: number, ratio: number): string {
  if (factor > 1 !== ratio > 1) return `changes the gradient by a factor of ${short(factor)} on average`
  return factor > 1 ? `multiplies the gradient by ${short(factor)}` : `keeps ${short(factor)} of the gradient`
}

function steps(count: number): string {
  return `${count} step${count === 1 ? '' : 's'}`
}

/** Two or three digits that mean something. */
function short(x: number): string {
  if (x !== 0 && (x < 1e-3 || x >= 1e4)) return x.toExponential(0)
  return String(Number(x.toPrecision(x >= 0.9 && x < 1.1 ? 3 : 2)))
}
