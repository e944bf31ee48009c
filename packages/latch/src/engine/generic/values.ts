/** The value of every activation, as loops over consecutive numbers: y[i] = f(x[i]); y may be x. Formulas: cells/activations.ts. */
import type { FloatArray } from '../arena.ts'
import { sigmoid } from '../reference/access.ts'
import type { FunctionSpec } from './access.ts'
import { normalCdf } from './erf.ts'

/** Elements y … y + n − 1 from elements x … x + n − 1 of one array. */
export type ValueLoop = (v: FloatArray, y: number, x: number, n: number, alpha: number, beta: number) => void

/** Klambauer et al. 2017. */
export const SELU_SCALE = 1.0507009873554805
export const SELU_ALPHA = 1.6732632423543772

/** √(2/π) and the coefficient of the cubic term: the tanh approximation of gelu (Hendrycks & Gimpel 2016). */
export const GELU_RATE = Math.sqrt(2 / Math.PI)
export const GELU_CUBIC = 0.044715

/** tanh(softplus(x)) without a large power on either side. */
export function tanhSoftplus(x: number): number {
  const e = Math.exp(-Math.abs(x))
  return x > 0 ? (1 + 2 * e) / (1 + 2 * e + 2 * e * e) : (e * (e + 2)) / (e * (e + 2) + 2)
}

/** A loop around a function of one number, for functions whose own cost outweighs the call. */
function each(f: (x: number, alpha: number, beta: number) => number): ValueLoop {
  return (v, y, x, n, alpha, beta) => {
    for (let i = 0; i < n; i++) v[y + i] = f(v[x + i], alpha, beta)
  }
}

/** Loops by name. */
export const VALUES: Readonly<Record<string, ValueLoop>> = {
  linear(v, y, x, n) {
    if (y !== x) v.copyWithin(y, x, x + n)
  },
  relu(v, y, x, n) {
    for (let i = 0; i < n; i++) v[y + i] = Math.max(0, v[x + i])
  },
  tanh(v, y, x, n) {
    for (let i = 0; i < n; i++) v[y + i] = Math.tanh(v[x + i])
  },
  sigmoid(v, y, x, n) {
    for (let i = 0; i < n; i++) v[y + i] = sigmoid(v[x + i])
  },
  hardSigmoid(v, y, x, n, alpha, beta) {
    for (let i = 0; i < n; i++) v[y + i] = Math.min(1, Math.max(0, alpha * v[x + i] + beta))
  },
  softplus: each((x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)))),
  softsign(v, y, x, n) {
    for (let i = 0; i < n; i++) v[y + i] = v[x + i] / (1 + Math.abs(v[x + i]))
  },
  elu: each((x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x)),
  selu: each((x) => SELU_SCALE * (x < 0 ? SELU_ALPHA * Math.expm1(x) : x)),
  leakyRelu(v, y, x, n, alpha) {
    for (let i = 0; i < n; i++) v[y + i] = v[x + i] < 0 ? alpha * v[x + i] : v[x + i]
  },
  thresholdedRelu: each((x, alpha) => (x <= alpha ? 0 : x)),
  scaledTanh: each((x, alpha, beta) => alpha * Math.tanh(beta * x)),
  affine(v, y, x, n, alpha, beta) {
    for (let i = 0; i < n; i++) v[y + i] = alpha * v[x + i] + beta
  },
  exponential: each((x) => Math.exp(x)),
  relu6(v, y, x, n) {
    for (let i = 0; i < n; i++) v[y + i] = Math.min(6, Math.max(0, v[x + i]))
  },
  hardTanh(v, y, x, n, alpha, beta) {
    for (let i = 0; i < n; i++) v[y + i] = Math.min(beta, Math.max(alpha, v[x + i]))
  },
  gelu: each((x, approximate) =>
    approximate ? 0.5 * x * (1 + Math.tanh(GELU_RATE * (x + GELU_CUBIC * x * x * x))) : x * normalCdf(x),
  ),
  silu: each((x) => x * sigmoid(x)),
  mish: each((x) => x * tanhSoftplus(x)),
  hardSilu(v, y, x, n) {
    for (let i = 0; i < n; i++) v[y + i] = v[x + i] * Math.min(1, Math.max(0, v[x + i] / 6 + 0.5))
  },
}

/** One value, in float64. */
export function valueOf({ type, alpha, beta }: FunctionSpec, x: number): number {
  const one = Float64Array.of(x)
  VALUES[type](one, 0, 0, 1, alpha, beta)
  return one[0]
}
