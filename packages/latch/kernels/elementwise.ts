/**
 * Kernels over `count` consecutive floats, and softmax by row.
 * Activation kinds: 1 relu, 2 tanh, 3 logistic.
 */
import {
  F,
  addRow,
  exp4,
  load4,
  load4Or,
  mul,
  reluRow,
  sigmoidRow,
  sigmoidSlope,
  store4,
  sum2,
  tanhRow,
  tanhSlope,
  zero4,
} from './simd'

// y = f(x)
export function activate(y: usize, x: usize, count: i32, kind: i32): void {
  if (kind == 1) reluRow(y, x, count)
  else if (kind == 2) tanhRow(y, x, count)
  else sigmoidRow(y, x, count)
}

// @ts-ignore: decorator
@inline
function slope(dy: v128, y: v128, kind: i32): v128 {
  if (kind == 1) return v128.and(dy, f32x4.gt(y, zero4()))
  return mul(dy, kind == 2 ? tanhSlope(y) : sigmoidSlope(y))
}

// dx = dy ∘ f'(y)
export function activateBackward(dx: usize, dy: usize, y: usize, count: i32, kind: i32): void {
  let i = 0
  for (; i + 4 <= count; i += 4) {
    const o = <usize>i * F
    v128.store(dx + o, slope(v128.load(dy + o), v128.load(y + o), kind))
  }
  const o = <usize>i * F
  if (i < count) store4(dx + o, count - i, slope(load4(dy + o, count - i), load4(y + o, count - i), kind))
}

// @ts-ignore: decorator
@inline
function hash4(value: v128): v128 {
  let x = i32x4.mul(v128.xor(value, i32x4.shr_u(value, 16)), i32x4.splat(0x21f0aaad))
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(0x735a2d97))
  return v128.xor(x, i32x4.shr_u(x, 15))
}

// y = keep ? x / (1 − rate) : 0;  keep = hash(hash(first + i) ^ key) ≥ ⌊rate·2³²⌋
export function dropout(y: usize, x: usize, count: i32, first: i32, rate: f64, key: i32): void {
  const limit = floor(rate * 4294967296)
  if (limit >= 4294967296) return memory.fill(y, 0, <usize>count * F)
  const threshold = i32x4.splat(<i32>(<u32>limit))
  const keys = i32x4.splat(key)
  const share = f32x4.splat(<f32>(1 - rate))
  let index = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3))
  for (let i = 0; i < count; i += 4) {
    const o = <usize>i * F
    const r = min(4, count - i)
    const keep = i32x4.ge_u(hash4(v128.xor(hash4(index), keys)), threshold)
    if (r == 4) v128.store(y + o, v128.and(keep, f32x4.div(v128.load(x + o), share)))
    else store4(y + o, r, v128.and(keep, f32x4.div(load4(x + o, r), share)))
    index = i32x4.add(index, i32x4.splat(4))
  }
}

/** y += x: the ABI's `add`, a name that the lane helper has here. */
export function addTo(y: usize, x: usize, count: i32): void {
  addRow(y, x, count)
}

export function zero(x: usize, count: i32): void {
  memory.fill(x, 0, <usize>count * F)
}

/** The largest of c floats, NaNs left out: they come back through expSum. */
export function rowMax(x: usize, c: i32): f32 {
  const lowest = f32x4.splat(-Infinity)
  let v = lowest
  let w = lowest
  for (; c >= 8; c -= 8) {
    v = f32x4.pmax(v, v128.load(x))
    w = f32x4.pmax(w, v128.load(x, 16))
    x += 32
  }
  if (c >= 4) {
    v = f32x4.pmax(v, v128.load(x))
    x += 16
    c -= 4
  }
  if (c) w = f32x4.pmax(w, load4Or(x, c, lowest))
  v = f32x4.pmax(v, w)
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  )
}

/** Σ exp(x − shift) in float64; the terms go to e where it is not 0 (e = x allowed). */
export function expSum(e: usize, x: usize, c: i32, shift: f32): f64 {
  const top = f32x4.splat(shift)
  let a = f64x2.splat(0)
  let b = f64x2.splat(0)
  for (; c > 0; c -= 4) {
    const v = exp4(f32x4.sub(load4Or(x, min(4, c), f32x4.splat(-Infinity)), top))
    x += 16
    if (e) {
      store4(e, min(4, c), v)
      e += 16
    }
    a = f64x2.add(a, f64x2.promote_low_f32x4(v))
    b = f64x2.add(b, f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 0)))
  }
  return sum2(a, b)
}

// p = exp(x − max x) / Σ exp(x − max x)
export function softmax(p: usize, x: usize, m: i32, c: i32, ld: i32): void {
  for (let i = 0; i < m; i++) {
    const row = <usize>i * ld * F
    const total = expSum(p + row, x + row, c, rowMax(x + row, c))
    const share = f32x4.splat(<f32>(1 / total))
    for (let j = 0; j < c; j += 4) {
      const at = p + row + <usize>j * F
      const r = min(4, c - j)
      store4(at, r, mul(load4(at, r), share))
    }
  }
}
