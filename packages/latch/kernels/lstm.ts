/**
 * LSTM, one time step (Hochreiter & Schmidhuber 1997; forget gate Gers et al. 2000). Gates i f g o lie
 * side by side in z (m, 4H; ldz); states are (m, H; ldh), row-major. Writes exactly H columns a segment.
 */
import { F, add, load4, madd, mul, sigmoidRow, sigmoidSlope, store4, tanh4, tanhRow, tanhSlope } from './simd'

// @ts-ignore: decorator
@inline
function forwardLanes(h: usize, c: usize, tc: usize, z: usize, H: usize, cPrev: usize, r: i32): void {
  // c = f∘cPrev + i∘g
  const cell = madd(load4(z + H, r), load4(cPrev, r), mul(load4(z, r), load4(z + 2 * H, r)))
  store4(c, r, cell)
  // tc = tanh(c)
  const squashed = tanh4(cell)
  store4(tc, r, squashed)
  // h = o∘tc
  store4(h, r, mul(load4(z + 3 * H, r), squashed))
}

export function lstmForward(
  h: usize, c: usize, tc: usize, z: usize, cPrev: usize, m: i32, H: i32, ldz: i32, ldh: i32,
): void {
  const segment = <usize>H * F
  for (let i = 0; i < m; i++) {
    const row = <usize>i * ldh * F
    const zp = z + <usize>i * ldz * F
    // i, f = σ(z_i), σ(z_f);  g = tanh(z_g);  o = σ(z_o)
    sigmoidRow(zp, zp, 2 * H)
    tanhRow(zp + 2 * segment, zp + 2 * segment, H)
    sigmoidRow(zp + 3 * segment, zp + 3 * segment, H)
    let o = <usize>0
    for (; o + 16 <= segment; o += 16) {
      forwardLanes(h + row + o, c + row + o, tc + row + o, zp + o, segment, cPrev + row + o, 4)
    }
    const rest = <i32>((segment - o) / F)
    if (rest) forwardLanes(h + row + o, c + row + o, tc + row + o, zp + o, segment, cPrev + row + o, rest)
  }
}

// @ts-ignore: decorator
@inline
function backwardLanes(
  dz: usize, dh: usize, dc: usize, dcTotal: usize, keep: bool, dout: usize, has: bool,
  z: usize, H: usize, cPrev: usize, tc: usize, r: i32,
): void {
  const i = load4(z, r)
  const f = load4(z + H, r)
  const g = load4(z + 2 * H, r)
  const o = load4(z + 3 * H, r)
  const t = load4(tc, r)
  // dh = dh + dout
  let dht = load4(dh, r)
  if (has) dht = add(dht, load4(dout, r))
  store4(dh, r, dht)
  // dcTotal = dc + dh∘o∘(1 − tc²)
  const total = madd(mul(dht, o), tanhSlope(t), load4(dc, r))
  if (keep) store4(dcTotal, r, total)
  // dz_i = dcTotal∘g∘i(1 − i);  dz_f = dcTotal∘cPrev∘f(1 − f)
  store4(dz, r, mul(mul(total, g), sigmoidSlope(i)))
  store4(dz + H, r, mul(mul(total, load4(cPrev, r)), sigmoidSlope(f)))
  // dz_g = dcTotal∘i∘(1 − g²);  dz_o = dh∘tc∘o(1 − o)
  store4(dz + 2 * H, r, mul(mul(total, i), tanhSlope(g)))
  store4(dz + 3 * H, r, mul(mul(dht, t), sigmoidSlope(o)))
  // dc = dcTotal∘f
  store4(dc, r, mul(total, f))
}

export function lstmBackward(
  dz: usize, dh: usize, dc: usize, dcTotal: usize, dout: usize, z: usize, cPrev: usize, tc: usize,
  m: i32, H: i32, ldz: i32, ldh: i32, ldd: i32,
): void {
  const segment = <usize>H * F
  const keep = dcTotal != 0
  const has = dout != 0
  for (let i = 0; i < m; i++) {
    const s = <usize>i * ldh * F
    const q = <usize>i * ldz * F
    const d = dout + <usize>i * ldd * F
    let o = <usize>0
    for (; o + 16 <= segment; o += 16) {
      const p = s + o
      backwardLanes(dz + q + o, dh + p, dc + p, dcTotal + p, keep, d + o, has, z + q + o, segment, cPrev + p, tc + p, 4)
    }
    const rest = <i32>((segment - o) / F)
    if (rest == 0) continue
    const p = s + o
    backwardLanes(dz + q + o, dh + p, dc + p, dcTotal + p, keep, d + o, has, z + q + o, segment, cPrev + p, tc + p, rest)
  }
}
