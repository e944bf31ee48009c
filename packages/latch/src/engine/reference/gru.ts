/**
 * The reference GRU step, pointwise parts; gates r z n, z keeps the old state. Reset after the product
 * (one stage) and reset before it (two stages; Cho et al. 2014).
 */
import type { Kernels } from '../kernels.ts'
import type { Access } from './access.ts'
import { sigmoid } from './access.ts'

type After = Pick<Kernels, 'gruForward' | 'gruBackward'>
type Before = Pick<
  Kernels,
  'gruResetForward' | 'gruCandidateForward' | 'gruCandidateBackward' | 'gruResetBackward'
>

export function gruKernels({ f, shift }: Access): After {
  return {
    gruForward(h, hn, zx, zh, hPrev, m, H, ldz, ldh) {
      const x = f()
      const [h0, hn0, zx0, zh0, hPrev0] = [
        h >>> shift,
        hn >>> shift,
        zx >>> shift,
        zh >>> shift,
        hPrev >>> shift,
      ]
      for (let row = 0; row < m; row++) {
        for (let j = 0; j < H; j++) {
          const at = row * ldh + j
          const [gx, gh] = [zx0 + row * ldz + j, zh0 + row * ldz + j]
          // r = σ(zx_r + zh_r)  z = σ(zx_z + zh_z)  n = tanh(zx_n + r∘hn)
          const hnt = x[gh + 2 * H]
          const r = sigmoid(x[gx] + x[gh])
          const z = sigmoid(x[gx + H] + x[gh + H])
          const n = Math.tanh(x[gx + 2 * H] + r * hnt)
          x[hn0 + at] = hnt
          x[gx] = r
          x[gx + H] = z
          x[gx + 2 * H] = n
          // h = z∘hPrev + (1−z)∘n
          x[h0 + at] = z * x[hPrev0 + at] + (1 - z) * n
        }
      }
    },

    gruBackward(dzx, dzh, dh, dhTotal, dout, z, hn, hPrev, m, H, ldz, ldh, ldd) {
      const x = f()
      const [dzx0, dzh0, dh0, dhTotal0] = [dzx >>> shift, dzh >>> shift, dh >>> shift, dhTotal >>> shift]
      const [dout0, z0, hn0, hPrev0] = [dout >>> shift, z >>> shift, hn >>> shift, hPrev >>> shift]
      for (let row = 0; row < m; row++) {
        for (let j = 0; j < H; j++) {
          const at = row * ldh + j
          const gate = z0 + row * ldz + j
          const [r, zt, n] = [x[gate], x[gate + H], x[gate + 2 * H]]
          // dh_t = dh + dout
          const dht = x[dh0 + at] + (dout ? x[dout0 + row * ldd + j] : 0)
          if (dhTotal) x[dhTotal0 + at] = dht
          // dn = dh_t∘(1−z)∘(1−n²)  dz = dh_t∘(hPrev−n)∘z(1−z)  dr = dn∘hn∘r(1−r)
          const dn = dht * (1 - zt) * (1 - n * n)
          const dzt = dht * (x[hPrev0 + at] - n) * zt * (1 - zt)
          const dr = dn * x[hn0 + at] * r * (1 - r)
          // dhPrev = dh_t∘z  (the direct path)
          x[dh0 + at] = dht * zt
          const [gx, gh] = [dzx0 + row * ldz + j, dzh0 + row * ldz + j]
          x[gx] = x[gh] = dr
          x[gx + H] = x[gh + H] = dzt
          x[gx + 2 * H] = dn
          x[gh + 2 * H] = dn * r
        }
      }
    },
  }
}

export function gruResetBeforeKernels({ f, shift }: Access): Before {
  return {
    gruResetForward(rh, z, hPrev, m, H, ldz, ldh) {
      const x = f()
      const [rh0, z0, hPrev0] = [rh >>> shift, z >>> shift, hPrev >>> shift]
      for (let row = 0; row < m; row++) {
        for (let j = 0; j < H; j++) {
          const gate = z0 + row * ldz + j
          // r = σ(z_r)  z = σ(z_z)  rh = r∘hPrev
          const r = sigmoid(x[gate])
          x[gate] = r
          x[gate + H] = sigmoid(x[gate + H])
          x[rh0 + row * ldh + j] = r * x[hPrev0 + row * ldh + j]
        }
      }
    },

    gruResetBackward(dz, dh, drh, z, hPrev, m, H, ldz, ldh) {
      const x = f()
      const [dz0, dh0, drh0, z0, hPrev0] = [
        dz >>> shift,
        dh >>> shift,
        drh >>> shift,
        z >>> shift,
        hPrev >>> shift,
      ]
      for (let row = 0; row < m; row++) {
        for (let j = 0; j < H; j++) {
          const at = row * ldh + j
          const r = x[z0 + row * ldz + j]
          const d = x[drh0 + at]
          // dz_r = drh∘hPrev∘r(1−r)  dh += drh∘r
          x[dz0 + row * ldz + j] = d * x[hPrev0 + at] * r * (1 - r)
          x[dh0 + at] += d * r
        }
      }
    },

    gruCandidateForward(h, z, hPrev, m, H, ldz, ldh) {
      const x = f()
      const [h0, z0, hPrev0] = [h >>> shift, z >>> shift, hPrev >>> shift]
      for (let row = 0; row < m; row++) {
        for (let j = 0; j < H; j++) {
          const at = row * ldh + j
          const gate = z0 + row * ldz + j
          // n = tanh(z_n)  h = z∘hPrev + (1−z)∘n
          const n = Math.tanh(x[gate + 2 * H])
          const zt = x[gate + H]
          x[gate + 2 * H] = n
          x[h0 + at] = zt * x[hPrev0 + at] + (1 - zt) * n
        }
      }
    },

    gruCandidateBackward(dz, dh, dhTotal, dout, z, hPrev, m, H, ldz, ldh, ldd) {
      const x = f()
      const [dz0, dh0, dhTotal0] = [dz >>> shift, dh >>> shift, dhTotal >>> shift]
      const [dout0, z0, hPrev0] = [dout >>> shift, z >>> shift, hPrev >>> shift]
      for (let row = 0; row < m; row++) {
        for (let j = 0; j < H; j++) {
          const at = row * ldh + j
          const gate = z0 + row * ldz + j
          const [zt, n] = [x[gate + H], x[gate + 2 * H]]
          // dh_t = dh + dout
          const dht = x[dh0 + at] + (dout ? x[dout0 + row * ldd + j] : 0)
          if (dhTotal) x[dhTotal0 + at] = dht
          // dn = dh_t∘(1−z)∘(1−n²)  dz = dh_t∘(hPrev−n)∘z(1−z)  dhPrev = dh_t∘z
          const dgate = dz0 + row * ldz + j
          x[dgate + H] = dht * (x[hPrev0 + at] - n) * zt * (1 - zt)
          x[dgate + 2 * H] = dht * (1 - zt) * (1 - n * n)
          x[dh0 + at] = dht * zt
        }
      }
    },
  }
}
