/** Reference losses, PyTorch's definitions: each returns scale · Σ over rows and writes dx = scale · ∂loss/∂x. */
import type { Kernels } from '../kernels.ts'
import type { Access } from './access.ts'
import { sigmoid } from './access.ts'

type LossKernels = Pick<Kernels, 'softmaxCrossEntropy' | 'binaryCrossEntropy' | 'regressionLoss'>

export function lossKernels({ f, i: ints, shift }: Access): LossKernels {
  return {
    softmaxCrossEntropy(dx, x, targets, weights, m, c, ld, smoothing, scale) {
      const v = f()
      const id = ints()
      const w0 = weights >>> shift
      const share = smoothing / c
      let total = 0
      for (let i = 0; i < m; i++) {
        const target = id[(targets >>> 2) + i]
        const [dxi, xi] = [(dx >>> shift) + i * ld, (x >>> shift) + i * ld]
        if (target < 0) {
          if (dx) v.fill(0, dxi, dxi + c)
          continue
        }
        // log Σ exp(x)
        let max = -Infinity
        for (let j = 0; j < c; j++) max = Math.max(max, v[xi + j])
        let sum = 0
        for (let j = 0; j < c; j++) sum += Math.exp(v[xi + j] - max)
        const logSum = max + Math.log(sum)
        // loss = −Σ_j q_j·log p_j,  q_j = (1−e)·w_t·[j = t] + e/c·w_j
        let [loss, mass] = [0, 0]
        for (let j = 0; j < c; j++) {
          const weight = weights ? v[w0 + j] : 1
          const q = share * weight + (j === target ? (1 - smoothing) * weight : 0)
          mass += q
          if (q !== 0) loss += q * (logSum - v[xi + j])
        }
        total += loss
        if (!dx) continue
        // dx_j = p_j·Σq − q_j
        for (let j = 0; j < c; j++) {
          const weight = weights ? v[w0 + j] : 1
          const q = share * weight + (j === target ? (1 - smoothing) * weight : 0)
          v[dxi + j] = scale * (Math.exp(v[xi + j] - logSum) * mass - q)
        }
      }
      return total * scale
    },

    binaryCrossEntropy(dx, x, targets, m, c, ld, smoothing, w0, w1, scale) {
      const v = f()
      let total = 0
      for (let i = 0; i < m; i++) {
        const [dxi, xi, ti] = [(dx >>> shift) + i * ld, (x >>> shift) + i * ld, (targets >>> shift) + i * c]
        for (let j = 0; j < c; j++) {
          const [logit, t] = [v[xi + j], v[ti + j]]
          // t' = t(1−e) + e/2
          const smooth = t * (1 - smoothing) + smoothing / 2
          const weight = w0 + t * (w1 - w0)
          // loss = w·(max(x, 0) − x·t' + log(1 + exp(−|x|)))
          total += weight * (Math.max(logit, 0) - logit * smooth + Math.log1p(Math.exp(-Math.abs(logit))))
          // dx = w·(σ(x) − t')
          if (dx) v[dxi + j] = scale * weight * (sigmoid(logit) - smooth)
        }
      }
      return total * scale
    },

    regressionLoss(dx, x, targets, m, c, ld, kind, delta, scale) {
      const v = f()
      let total = 0
      for (let i = 0; i < m; i++) {
        const [dxi, xi, ti] = [(dx >>> shift) + i * ld, (x >>> shift) + i * ld, (targets >>> shift) + i * c]
        for (let j = 0; j < c; j++) {
          const d = v[xi + j] - v[ti + j]
          total += errorOf(d, kind, delta)
          if (dx) v[dxi + j] = scale * slopeOf(d, kind, delta)
        }
      }
      return total * scale
    },
  }
}

const SQUARED = 0
const ABSOLUTE = 1

/** d²  or  |d|  or  Huber: ½d² where |d| ≤ δ, else δ(|d| − ½δ). */
function errorOf(d: number, kind: number, delta: number): number {
  if (kind === SQUARED) return d * d
  const size = Math.abs(d)
  if (kind === ABSOLUTE) return size
  return size <= delta ? 0.5 * d * d : delta * (size - 0.5 * delta)
}

/** 2d  or  sign(d)  or  d clipped to ±δ. */
function slopeOf(d: number, kind: number, delta: number): number {
  if (kind === SQUARED) return 2 * d
  if (kind === ABSOLUTE) return Math.sign(d)
  return Math.min(delta, Math.max(-delta, d))
}
