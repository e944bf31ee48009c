/**
 * Pooling over time of packed rows: step t's row of sequence b is offsets[t] + b for t < lengths[b].
 * Max keeps the row that won (the first on ties) for the way back; mean sums in ascending t.
 */
import { F, add, load4, store4, zero4 } from './simd'

// @ts-ignore: decorator
@inline
function int(p: usize, i: i32): i32 {
  return load<i32>(p + (<usize>i << 2))
}

// @ts-ignore: decorator
@inline
function maxLanes(y: usize, arg: usize, x: usize, ldx: usize, length: i32, offsets: usize, b: i32, r: i32): void {
  let won = i32x4.splat(int(offsets, 0) + b)
  let best = load4(x + <usize>(int(offsets, 0) + b) * ldx, r)
  for (let t = 1; t < length; t++) {
    const row = int(offsets, t) + b
    const v = load4(x + <usize>row * ldx, r)
    const larger = f32x4.gt(v, best)
    best = v128.bitselect(v, best, larger)
    won = v128.bitselect(i32x4.splat(row), won, larger)
  }
  store4(y, r, best)
  store4(arg, r, won)
}

// y[b, j] = max_t x[offsets[t] + b, j]
export function maxPoolForward(
  y: usize, arg: usize, x: usize, lengths: usize, offsets: usize, B: i32, n: i32, ldy: i32, ldx: i32,
): void {
  const stride = <usize>ldx * F
  for (let b = 0; b < B; b++) {
    const yp = y + <usize>b * ldy * F
    const ap = arg + <usize>b * n * F
    let j = 0
    for (; j + 4 <= n; j += 4) {
      const o = <usize>j * F
      maxLanes(yp + o, ap + o, x + o, stride, int(lengths, b), offsets, b, 4)
    }
    const o = <usize>j * F
    if (j < n) maxLanes(yp + o, ap + o, x + o, stride, int(lengths, b), offsets, b, n - j)
  }
}

export function maxPoolBackward(dx: usize, dy: usize, arg: usize, B: i32, n: i32, ldx: i32, ldy: i32): void {
  for (let b = 0; b < B; b++) {
    for (let j = 0; j < n; j++) {
      const row = int(arg, b * n + j)
      const to = dx + (<usize>row * ldx + j) * F
      store<f32>(to, load<f32>(to) + load<f32>(dy + (<usize>b * ldy + j) * F))
    }
  }
}

// @ts-ignore: decorator
@inline
function meanLanes(y: usize, x: usize, ldx: usize, length: i32, offsets: usize, b: i32, r: i32): void {
  let sum = zero4()
  for (let t = 0; t < length; t++) sum = add(sum, load4(x + <usize>(int(offsets, t) + b) * ldx, r))
  store4(y, r, f32x4.div(sum, f32x4.splat(<f32>length)))
}

// y[b, j] = Σ_t x[offsets[t] + b, j] / lengths[b]
export function meanPoolForward(
  y: usize, x: usize, lengths: usize, offsets: usize, B: i32, n: i32, ldy: i32, ldx: i32,
): void {
  const stride = <usize>ldx * F
  for (let b = 0; b < B; b++) {
    const yp = y + <usize>b * ldy * F
    let j = 0
    for (; j + 4 <= n; j += 4) meanLanes(yp + <usize>j * F, x + <usize>j * F, stride, int(lengths, b), offsets, b, 4)
    if (j < n) meanLanes(yp + <usize>j * F, x + <usize>j * F, stride, int(lengths, b), offsets, b, n - j)
  }
}

export function meanPoolBackward(
  dx: usize, dy: usize, lengths: usize, offsets: usize, B: i32, n: i32, ldx: i32, ldy: i32,
): void {
  for (let b = 0; b < B; b++) {
    const length = int(lengths, b)
    const share = f32x4.splat(<f32>length)
    const dp = dy + <usize>b * ldy * F
    for (let t = 0; t < length; t++) {
      const row = dx + <usize>(int(offsets, t) + b) * ldx * F
      let j = 0
      for (; j + 4 <= n; j += 4) {
        const to = row + <usize>j * F
        v128.store(to, add(v128.load(to), f32x4.div(v128.load(dp + <usize>j * F), share)))
      }
      const r = n - j
      const to = row + <usize>j * F
      if (r) store4(to, r, add(load4(to, r), f32x4.div(load4(dp + <usize>j * F, r), share)))
    }
  }
}
