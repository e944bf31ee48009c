/** Reference kernels over consecutive floats: dropout, activations, sums; and the softmax by row. */
import type { Kernels } from '../kernels.ts'
import { hash32 } from '../../core/random.ts'
import type { Access } from './access.ts'
import { sigmoid } from './access.ts'

type ElementwiseKernels = Pick<
  Kernels,
  'dropout' | 'activate' | 'activateBackward' | 'add' | 'zero' | 'softmax'
>

const RELU = 1
const TANH = 2

export function elementwiseKernels({ f, shift }: Access): ElementwiseKernels {
  return {
    dropout(y, x, count, first, rate, key) {
      const v = f()
      const [y0, x0] = [y >>> shift, x >>> shift]
      const threshold = Math.floor(rate * 2 ** 32)
      for (let i = 0; i < count; i++) {
        // y = keep ∘ x / (1 − rate)
        v[y0 + i] = hash32(hash32(first + i) ^ key) >= threshold ? v[x0 + i] / (1 - rate) : 0
      }
    },

    activate(y, x, count, kind) {
      const v = f()
      const [y0, x0] = [y >>> shift, x >>> shift]
      if (kind === RELU) for (let i = 0; i < count; i++) v[y0 + i] = Math.max(0, v[x0 + i])
      else if (kind === TANH) for (let i = 0; i < count; i++) v[y0 + i] = Math.tanh(v[x0 + i])
      else for (let i = 0; i < count; i++) v[y0 + i] = sigmoid(v[x0 + i])
    },

    activateBackward(dx, dy, y, count, kind) {
      const v = f()
      const [dx0, dy0, y0] = [dx >>> shift, dy >>> shift, y >>> shift]
      for (let i = 0; i < count; i++) {
        const yi = v[y0 + i]
        // relu' = [y > 0]  tanh' = 1 − y²  σ' = y(1 − y)
        const slope = kind === RELU ? (yi > 0 ? 1 : 0) : kind === TANH ? 1 - yi * yi : yi * (1 - yi)
        v[dx0 + i] = v[dy0 + i] * slope
      }
    },

    add(y, x, count) {
      const v = f()
      const [y0, x0] = [y >>> shift, x >>> shift]
      for (let i = 0; i < count; i++) v[y0 + i] += v[x0 + i]
    },

    zero(x, count) {
      f().fill(0, x >>> shift, (x >>> shift) + count)
    },

    softmax(p, x, m, c, ld) {
      const v = f()
      for (let i = 0; i < m; i++) {
        const [pi, xi] = [(p >>> shift) + i * ld, (x >>> shift) + i * ld]
        let max = -Infinity
        for (let j = 0; j < c; j++) max = Math.max(max, v[xi + j])
        let sum = 0
        for (let j = 0; j < c; j++) {
          const e = Math.exp(v[xi + j] - max)
          v[pi + j] = e
          sum += e
        }
        // p_j = exp(x_j − max) / Σ exp(x − max)
        for (let j = 0; j < c; j++) v[pi + j] /= sum
      }
    },
  }
}
