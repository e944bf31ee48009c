/** The reference LSTM step (Hochreiter & Schmidhuber 1997; Gers et al. 2000), pointwise part; gates i f g o. */
import type { Kernels } from '../kernels.ts'
import type { Access } from './access.ts'
import { sigmoid } from './access.ts'

export function lstmKernels({ f: floats, shift }: Access): Pick<Kernels, 'lstmForward' | 'lstmBackward'> {
  return {
    lstmForward(h, c, tc, z, cPrev, m, H, ldz, ldh) {
      const x = floats()
      const [h0, c0, tc0] = [h >>> shift, c >>> shift, tc >>> shift]
      const [z0, cPrev0] = [z >>> shift, cPrev >>> shift]
      for (let row = 0; row < m; row++) {
        for (let j = 0; j < H; j++) {
          const at = row * ldh + j
          const gate = z0 + row * ldz + j
          // i = σ(z_i)  f = σ(z_f)  g = tanh(z_g)  o = σ(z_o)
          const i = sigmoid(x[gate])
          const f = sigmoid(x[gate + H])
          const g = Math.tanh(x[gate + 2 * H])
          const o = sigmoid(x[gate + 3 * H])
          x[gate] = i
          x[gate + H] = f
          x[gate + 2 * H] = g
          x[gate + 3 * H] = o
          // c = f∘cPrev + i∘g
          const ct = f * x[cPrev0 + at] + i * g
          x[c0 + at] = ct
          // h = o∘tanh(c)
          const tct = Math.tanh(ct)
          x[tc0 + at] = tct
          x[h0 + at] = o * tct
        }
      }
    },

    lstmBackward(dz, dh, dc, dcTotal, dout, z, cPrev, tc, m, H, ldz, ldh, ldd) {
      const x = floats()
      const [dz0, dh0, dc0] = [dz >>> shift, dh >>> shift, dc >>> shift]
      const [dcTotal0, dout0] = [dcTotal >>> shift, dout >>> shift]
      const [z0, cPrev0, tc0] = [z >>> shift, cPrev >>> shift, tc >>> shift]
      for (let row = 0; row < m; row++) {
        for (let j = 0; j < H; j++) {
          const at = row * ldh + j
          const gate = z0 + row * ldz + j
          const [i, f, g, o] = [x[gate], x[gate + H], x[gate + 2 * H], x[gate + 3 * H]]
          const tct = x[tc0 + at]
          const cBefore = x[cPrev0 + at]
          // dh_t = dh + dout
          const dht = x[dh0 + at] + (dout ? x[dout0 + row * ldd + j] : 0)
          x[dh0 + at] = dht
          // dc_t = dc + dh_t∘o∘(1 − tanh²(c))
          const dct = x[dc0 + at] + dht * o * (1 - tct * tct)
          if (dcTotal) x[dcTotal0 + at] = dct
          // dcPrev = dc_t∘f
          x[dc0 + at] = dct * f
          // dz_i = dc_t∘g∘i(1−i)  dz_f = dc_t∘cPrev∘f(1−f)  dz_g = dc_t∘i∘(1−g²)  dz_o = dh_t∘tanh(c)∘o(1−o)
          const dgate = dz0 + row * ldz + j
          x[dgate] = dct * g * i * (1 - i)
          x[dgate + H] = dct * cBefore * f * (1 - f)
          x[dgate + 2 * H] = dct * i * (1 - g * g)
          x[dgate + 3 * H] = dht * tct * o * (1 - o)
        }
      }
    },
  }
}
