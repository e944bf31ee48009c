/** Reference pooling over time on packed rows: step t of sequence b is row offsets[t] + b, t < lengths[b]. */
import type { Kernels } from '../kernels.ts'
import type { Access } from './access.ts'

type PoolKernels = Pick<
  Kernels,
  'maxPoolForward' | 'maxPoolBackward' | 'meanPoolForward' | 'meanPoolBackward'
>

export function poolKernels({ f, i: ints, shift }: Access): PoolKernels {
  return {
    maxPoolForward(y, arg, x, lengths, offsets, B, n, ldy, ldx) {
      const v = f()
      const id = ints()
      const [y0, x0, arg0, lengths0, offsets0] = [
        y >>> shift,
        x >>> shift,
        arg >>> 2,
        lengths >>> 2,
        offsets >>> 2,
      ]
      for (let b = 0; b < B; b++) {
        const T = id[lengths0 + b]
        for (let j = 0; j < n; j++) {
          // y = max_t x_t, the first on ties
          let row = id[offsets0] + b
          let best = v[x0 + row * ldx + j]
          for (let t = 1; t < T; t++) {
            const candidate = id[offsets0 + t] + b
            const value = v[x0 + candidate * ldx + j]
            if (value > best) [best, row] = [value, candidate]
          }
          v[y0 + b * ldy + j] = best
          id[arg0 + b * n + j] = row
        }
      }
    },

    maxPoolBackward(dx, dy, arg, B, n, ldx, ldy) {
      const v = f()
      const id = ints()
      const [dx0, dy0, arg0] = [dx >>> shift, dy >>> shift, arg >>> 2]
      for (let b = 0; b < B; b++) {
        // dx[arg, j] += dy[b, j]
        for (let j = 0; j < n; j++) v[dx0 + id[arg0 + b * n + j] * ldx + j] += v[dy0 + b * ldy + j]
      }
    },

    meanPoolForward(y, x, lengths, offsets, B, n, ldy, ldx) {
      const v = f()
      const id = ints()
      const [y0, x0, lengths0, offsets0] = [y >>> shift, x >>> shift, lengths >>> 2, offsets >>> 2]
      for (let b = 0; b < B; b++) {
        const T = id[lengths0 + b]
        for (let j = 0; j < n; j++) {
          // y = 1/T Σ_t x_t
          let sum = 0
          for (let t = 0; t < T; t++) sum += v[x0 + (id[offsets0 + t] + b) * ldx + j]
          v[y0 + b * ldy + j] = sum / T
        }
      }
    },

    meanPoolBackward(dx, dy, lengths, offsets, B, n, ldx, ldy) {
      const v = f()
      const id = ints()
      const [dx0, dy0, lengths0, offsets0] = [dx >>> shift, dy >>> shift, lengths >>> 2, offsets >>> 2]
      for (let b = 0; b < B; b++) {
        const T = id[lengths0 + b]
        for (let t = 0; t < T; t++) {
          const row = dx0 + (id[offsets0 + t] + b) * ldx
          // dx_t += dy / T
          for (let j = 0; j < n; j++) v[row + j] += v[dy0 + b * ldy + j] / T
        }
      }
    },
  }
}
