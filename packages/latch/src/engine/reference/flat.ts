/** Reference operations on flat gradients and weights. */
import type { Kernels } from '../kernels.ts'
import type { Access } from './access.ts'

type FlatKernels = Pick<Kernels, 'sumSquares' | 'clamp' | 'average'>

export function flatKernels({ f, shift }: Access): FlatKernels {
  return {
    sumSquares(x, count) {
      const v = f()
      const x0 = x >>> shift
      let sum = 0
      for (let i = 0; i < count; i++) sum += v[x0 + i] * v[x0 + i]
      return sum
    },

    clamp(x, count, limit) {
      const v = f()
      const x0 = x >>> shift
      for (let i = 0; i < count; i++) v[x0 + i] = Math.min(limit, Math.max(-limit, v[x0 + i]))
    },

    average(avg, p, count, decay) {
      const v = f()
      const [avg0, p0] = [avg >>> shift, p >>> shift]
      for (let i = 0; i < count; i++) v[avg0 + i] = decay * v[avg0 + i] + (1 - decay) * v[p0 + i]
    },
  }
}
