/**
 * The simple recurrent cell, one time step: h = f(z), f = tanh or relu; all buffers row-major.
 * Writes exactly H columns of each row. dz may be the buffer that z lay in.
 */
import { F, add, load4, mul, reluRow, store4, tanhRow, tanhSlope, zero4 } from './simd'

// h = tanh(z) or max(0, z)
export function rnnForward(h: usize, z: usize, m: i32, H: i32, ldz: i32, ldh: i32, relu: i32): void {
  for (let i = 0; i < m; i++) {
    const zp = z + <usize>i * ldz * F
    const hp = h + <usize>i * ldh * F
    if (relu) reluRow(hp, zp, H)
    else tanhRow(hp, zp, H)
  }
}

// @ts-ignore: decorator
@inline
function backwardLanes(dz: usize, dh: usize, dout: usize, has: bool, h: usize, r: i32, relu: i32): void {
  let total = load4(dh, r)
  if (has) total = add(total, load4(dout, r))
  store4(dh, r, total)
  const y = load4(h, r)
  store4(dz, r, relu ? v128.and(total, f32x4.gt(y, zero4())) : mul(total, tanhSlope(y)))
}

// dh = dh + dout;  dz = dh ∘ f'(h)
export function rnnBackward(
  dz: usize, dh: usize, dout: usize, h: usize, m: i32, H: i32, ldz: i32, ldh: i32, ldd: i32, relu: i32,
): void {
  const has = dout != 0
  for (let i = 0; i < m; i++) {
    const zp = dz + <usize>i * ldz * F
    const row = <usize>i * ldh * F
    const dp = dout + <usize>i * ldd * F
    let j = 0
    for (; j + 4 <= H; j += 4) {
      const o = <usize>j * F
      backwardLanes(zp + o, dh + row + o, dp + o, has, h + row + o, 4, relu)
    }
    const o = <usize>j * F
    if (j < H) backwardLanes(zp + o, dh + row + o, dp + o, has, h + row + o, H - j, relu)
  }
}
