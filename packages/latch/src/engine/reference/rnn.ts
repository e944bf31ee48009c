/** The reference step of the simple recurrent cell (Elman 1990), pointwise part: h = tanh(z) or relu(z), and its backward. */
import type { Kernels } from '../kernels.ts'
import type { Access } from './access.ts'

export function rnnKernels({ f, shift }: Access): Pick<Kernels, 'rnnForward' | 'rnnBackward'> {
  return {
    rnnForward(h, z, m, H, ldz, ldh, relu) {
      const x = f()
      for (let i = 0; i < m; i++) {
        const [hi, zi] = [(h >>> shift) + i * ldh, (z >>> shift) + i * ldz]
        for (let j = 0; j < H; j++) {
          // h = tanh(z)  or  max(0, z)
          x[hi + j] = relu ? Math.max(0, x[zi + j]) : Math.tanh(x[zi + j])
        }
      }
    },

    rnnBackward(dz, dh, dout, h, m, H, ldz, ldh, ldd, relu) {
      const x = f()
      for (let i = 0; i < m; i++) {
        const [dzi, dhi] = [(dz >>> shift) + i * ldz, (dh >>> shift) + i * ldh]
        const [di, hi] = [(dout >>> shift) + i * ldd, (h >>> shift) + i * ldh]
        for (let j = 0; j < H; j++) {
          const hj = x[hi + j]
          // dh_t = dh + dout
          const dht = x[dhi + j] + (dout ? x[di + j] : 0)
          x[dhi + j] = dht
          // dz = dh_t ∘ (1 − h²)  or  dh_t where h > 0
          x[dzi + j] = relu ? (hj > 0 ? dht : 0) : dht * (1 - hj * hj)
        }
      }
    },
  }
}
