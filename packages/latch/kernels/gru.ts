/**
 * GRU, one time step (Cho et al. 2014), in both variants: reset after the product (cuDNN, Keras, PyTorch)
 * and before it (the paper). Gates r z n lie side by side in (m, 3H; ldz); states are (m, H; ldh).
 * z keeps the old state. Writes exactly H columns a segment.
 */
import { F, add, addRow, complement, load4, madd, mul, sigmoidRow, sigmoidSlope, store4, sub, tanh4, tanhSlope } from './simd'

// h = z∘hPrev + (1 − z)∘n
// @ts-ignore: decorator
@inline
function mix(z: v128, hPrev: v128, n: v128): v128 {
  return madd(complement(z), n, mul(z, hPrev))
}

// @ts-ignore: decorator
@inline
function forwardLanes(h: usize, hn: usize, zx: usize, zh: usize, H: usize, hPrev: usize, l: i32): void {
  // n = tanh(zx_n + r∘hn)
  const candidate = load4(zh + 2 * H, l)
  store4(hn, l, candidate)
  const n = tanh4(madd(load4(zx, l), candidate, load4(zx + 2 * H, l)))
  store4(zx + 2 * H, l, n)
  store4(h, l, mix(load4(zx + H, l), load4(hPrev, l), n))
}

export function gruForward(
  h: usize, hn: usize, zx: usize, zh: usize, hPrev: usize, m: i32, H: i32, ldz: i32, ldh: i32,
): void {
  const segment = <usize>H * F
  for (let i = 0; i < m; i++) {
    const s = <usize>i * ldh * F
    const q = <usize>i * ldz * F
    // r = σ(zx_r + zh_r);  z = σ(zx_z + zh_z)
    addRow(zx + q, zh + q, 2 * H)
    sigmoidRow(zx + q, zx + q, 2 * H)
    let o = <usize>0
    for (; o + 16 <= segment; o += 16) {
      forwardLanes(h + s + o, hn + s + o, zx + q + o, zh + q + o, segment, hPrev + s + o, 4)
    }
    const rest = <i32>((segment - o) / F)
    if (rest) forwardLanes(h + s + o, hn + s + o, zx + q + o, zh + q + o, segment, hPrev + s + o, rest)
  }
}

// @ts-ignore: decorator
@inline
function backwardLanes(
  dzx: usize, dzh: usize, dh: usize, dhTotal: usize, keep: bool, dout: usize, has: bool,
  zx: usize, H: usize, hn: usize, hPrev: usize, l: i32,
): void {
  const r = load4(zx, l)
  const z = load4(zx + H, l)
  const n = load4(zx + 2 * H, l)
  // dhTotal = dh + dout
  let total = load4(dh, l)
  if (has) total = add(total, load4(dout, l))
  if (keep) store4(dhTotal, l, total)
  // dn = dhTotal∘(1 − z)∘(1 − n²);  dr = dn∘hn∘r(1 − r);  dz = dhTotal∘(hPrev − n)∘z(1 − z)
  const dn = mul(mul(total, complement(z)), tanhSlope(n))
  const dr = mul(mul(dn, load4(hn, l)), sigmoidSlope(r))
  const dz = mul(mul(total, sub(load4(hPrev, l), n)), sigmoidSlope(z))
  store4(dzx, l, dr)
  store4(dzh, l, dr)
  store4(dzx + H, l, dz)
  store4(dzh + H, l, dz)
  store4(dzx + 2 * H, l, dn)
  store4(dzh + 2 * H, l, mul(dn, r))
  // dh = dhTotal∘z
  store4(dh, l, mul(total, z))
}

export function gruBackward(
  dzx: usize, dzh: usize, dh: usize, dhTotal: usize, dout: usize, z: usize, hn: usize, hPrev: usize,
  m: i32, H: i32, ldz: i32, ldh: i32, ldd: i32,
): void {
  const segment = <usize>H * F
  const keep = dhTotal != 0
  const has = dout != 0
  for (let i = 0; i < m; i++) {
    const s = <usize>i * ldh * F
    const q = <usize>i * ldz * F
    const d = dout + <usize>i * ldd * F
    let o = <usize>0
    for (; o + 16 <= segment; o += 16) {
      const p = s + o
      const g = q + o
      backwardLanes(dzx + g, dzh + g, dh + p, dhTotal + p, keep, d + o, has, z + g, segment, hn + p, hPrev + p, 4)
    }
    const rest = <i32>((segment - o) / F)
    if (rest == 0) continue
    const p = s + o
    const g = q + o
    backwardLanes(dzx + g, dzh + g, dh + p, dhTotal + p, keep, d + o, has, z + g, segment, hn + p, hPrev + p, rest)
  }
}

// r = σ(z_r);  z = σ(z_z);  rh = r∘hPrev
export function gruResetForward(rh: usize, z: usize, hPrev: usize, m: i32, H: i32, ldz: i32, ldh: i32): void {
  const segment = <usize>H * F
  for (let i = 0; i < m; i++) {
    const s = <usize>i * ldh * F
    const q = z + <usize>i * ldz * F
    sigmoidRow(q, q, 2 * H)
    let o = <usize>0
    for (; o + 16 <= segment; o += 16) v128.store(rh + s + o, mul(v128.load(q + o), v128.load(hPrev + s + o)))
    const rest = <i32>((segment - o) / F)
    if (rest) store4(rh + s + o, rest, mul(load4(q + o, rest), load4(hPrev + s + o, rest)))
  }
}

// @ts-ignore: decorator
@inline
function resetBackwardLanes(dz: usize, dh: usize, drh: usize, z: usize, hPrev: usize, l: i32): void {
  const r = load4(z, l)
  const d = load4(drh, l)
  store4(dz, l, mul(mul(d, load4(hPrev, l)), sigmoidSlope(r)))
  store4(dh, l, madd(d, r, load4(dh, l)))
}

// dz_r = drh∘hPrev∘r(1 − r);  dh += drh∘r
export function gruResetBackward(
  dz: usize, dh: usize, drh: usize, z: usize, hPrev: usize, m: i32, H: i32, ldz: i32, ldh: i32,
): void {
  const segment = <usize>H * F
  for (let i = 0; i < m; i++) {
    const s = <usize>i * ldh * F
    const q = <usize>i * ldz * F
    let o = <usize>0
    for (; o + 16 <= segment; o += 16) {
      resetBackwardLanes(dz + q + o, dh + s + o, drh + s + o, z + q + o, hPrev + s + o, 4)
    }
    const rest = <i32>((segment - o) / F)
    if (rest) resetBackwardLanes(dz + q + o, dh + s + o, drh + s + o, z + q + o, hPrev + s + o, rest)
  }
}

// @ts-ignore: decorator
@inline
function candidateLanes(h: usize, zp: usize, H: usize, hPrev: usize, l: i32): void {
  const n = tanh4(load4(zp + 2 * H, l))
  store4(zp + 2 * H, l, n)
  store4(h, l, mix(load4(zp + H, l), load4(hPrev, l), n))
}

// n = tanh(z_n);  h = z∘hPrev + (1 − z)∘n
export function gruCandidateForward(h: usize, z: usize, hPrev: usize, m: i32, H: i32, ldz: i32, ldh: i32): void {
  const segment = <usize>H * F
  for (let i = 0; i < m; i++) {
    const s = <usize>i * ldh * F
    const q = z + <usize>i * ldz * F
    let o = <usize>0
    for (; o + 16 <= segment; o += 16) candidateLanes(h + s + o, q + o, segment, hPrev + s + o, 4)
    const rest = <i32>((segment - o) / F)
    if (rest) candidateLanes(h + s + o, q + o, segment, hPrev + s + o, rest)
  }
}

// @ts-ignore: decorator
@inline
function candidateBackwardLanes(
  dz: usize, dh: usize, dhTotal: usize, keep: bool, dout: usize, has: bool, zp: usize, H: usize, hPrev: usize, l: i32,
): void {
  const z = load4(zp + H, l)
  const n = load4(zp + 2 * H, l)
  let total = load4(dh, l)
  if (has) total = add(total, load4(dout, l))
  if (keep) store4(dhTotal, l, total)
  store4(dz + H, l, mul(mul(total, sub(load4(hPrev, l), n)), sigmoidSlope(z)))
  store4(dz + 2 * H, l, mul(mul(total, complement(z)), tanhSlope(n)))
  store4(dh, l, mul(total, z))
}

// dz_z = dhTotal∘(hPrev − n)∘z(1 − z);  dz_n = dhTotal∘(1 − z)∘(1 − n²);  dh = dhTotal∘z
export function gruCandidateBackward(
  dz: usize, dh: usize, dhTotal: usize, dout: usize, z: usize, hPrev: usize,
  m: i32, H: i32, ldz: i32, ldh: i32, ldd: i32,
): void {
  const segment = <usize>H * F
  const keep = dhTotal != 0
  const has = dout != 0
  for (let i = 0; i < m; i++) {
    const s = <usize>i * ldh * F
    const q = <usize>i * ldz * F
    const d = dout + <usize>i * ldd * F
    let o = <usize>0
    for (; o + 16 <= segment; o += 16) {
      const p = s + o
      candidateBackwardLanes(dz + q + o, dh + p, dhTotal + p, keep, d + o, has, z + q + o, segment, hPrev + p, 4)
    }
    const rest = <i32>((segment - o) / F)
    if (rest == 0) continue
    const p = s + o
    candidateBackwardLanes(dz + q + o, dh + p, dhTotal + p, keep, d + o, has, z + q + o, segment, hPrev + p, rest)
  }
}
