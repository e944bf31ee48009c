/**
 * The slope of every activation, as loops that multiply: s[i] ·= f′ at i. Some read the output y, where that
 * suffices and costs least; the others read the input x. At a corner of f, the slope is that of the flat side, as in PyTorch.
 */
import type { FloatArray } from '../arena.ts'
import { sigmoid } from '../reference/access.ts'
import { normalPdf, normalCdf } from './erf.ts'
import { GELU_CUBIC, GELU_RATE, SELU_ALPHA, SELU_SCALE, tanhSoftplus } from './values.ts'

/** Multiplies n numbers of `s` from `to` on with the slopes at n numbers of `v` from `from` on. */
export type SlopeLoop = (
  s: FloatArray,
  to: number,
  v: FloatArray,
  from: number,
  n: number,
  alpha: number,
  beta: number,
) => void

function each(slope: (x: number, alpha: number, beta: number) => number): SlopeLoop {
  return (s, to, v, from, n, alpha, beta) => {
    for (let i = 0; i < n; i++) s[to + i] *= slope(v[from + i], alpha, beta)
  }
}

/** Slopes by output. */
export const SLOPES_BY_OUTPUT: Readonly<Record<string, SlopeLoop>> = {
  linear() {},
  relu(s, to, v, from, n) {
    for (let i = 0; i < n; i++) if (!(v[from + i] > 0)) s[to + i] = 0
  },
  tanh(s, to, v, from, n) {
    for (let i = 0; i < n; i++) s[to + i] *= 1 - v[from + i] * v[from + i]
  },
  sigmoid(s, to, v, from, n) {
    for (let i = 0; i < n; i++) s[to + i] *= v[from + i] * (1 - v[from + i])
  },
  hardSigmoid(s, to, v, from, n, alpha) {
    for (let i = 0; i < n; i++) s[to + i] *= v[from + i] > 0 && v[from + i] < 1 ? alpha : 0
  },
  affine(s, to, _v, _from, n, alpha) {
    for (let i = 0; i < n; i++) s[to + i] *= alpha
  },
  exponential(s, to, v, from, n) {
    for (let i = 0; i < n; i++) s[to + i] *= v[from + i]
  },
  relu6(s, to, v, from, n) {
    for (let i = 0; i < n; i++) if (!(v[from + i] > 0 && v[from + i] < 6)) s[to + i] = 0
  },
  hardTanh(s, to, v, from, n, alpha, beta) {
    for (let i = 0; i < n; i++) if (!(v[from + i] > alpha && v[from + i] < beta)) s[to + i] = 0
  },
}

/** Slopes by input. */
export const SLOPES_BY_INPUT: Readonly<Record<string, SlopeLoop>> = {
  softplus: each((x) => sigmoid(x)),
  softsign: each((x) => 1 / ((1 + Math.abs(x)) * (1 + Math.abs(x)))),
  elu: each((x, alpha) => (x < 0 ? alpha * Math.exp(x) : 1)),
  selu: each((x) => SELU_SCALE * (x < 0 ? SELU_ALPHA * Math.exp(x) : 1)),
  leakyRelu: each((x, alpha) => (x > 0 ? 1 : alpha)),
  thresholdedRelu: each((x, alpha) => (x > alpha ? 1 : 0)),
  scaledTanh: each((x, alpha, beta) => {
    const t = Math.tanh(beta * x)
    return alpha * beta * (1 - t * t)
  }),
  gelu: each((x, approximate) => {
    if (!approximate) return normalCdf(x) + x * normalPdf(x)
    const t = Math.tanh(GELU_RATE * (x + GELU_CUBIC * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_RATE * (1 + 3 * GELU_CUBIC * x * x)
  }),
  silu: each((x) => {
    const s = sigmoid(x)
    return s * (1 + x * (1 - s))
  }),
  mish: each((x) => {
    const t = tanhSoftplus(x)
    return t + x * (1 - t * t) * sigmoid(x)
  }),
  hardSilu: each((x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5)),
}
