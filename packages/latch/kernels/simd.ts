/**
 * Lanes: loads and stores with tails, and the three transcendental functions, four values at a time.
 * Accuracy (float32, all inputs): tanh4 3e-7 absolute, sigmoid4 2e-7 absolute, exp4 2e-7 relative.
 * Constants come from a table in memory: V8 rebuilds a splat literal at every use.
 * pmin / pmax keep the first operand when it is NaN, so a NaN always comes through.
 */

/** The build with fused multiply-add in hardware; every difference between the builds hangs on this. */
// @ts-ignore: decorator
@inline
export const RELAXED: bool = ASC_FEATURE_RELAXED_SIMD

/** Bytes of a float. */
// @ts-ignore: decorator
@inline
export const F: usize = 4

// tanh x ≈ x·P(x²)/Q(x²), degrees 13 / 6: a minimax fit of our own on |x| ≤ 8.7, relative error 4.6e-9,
// scaled by 27.96 (of 500 scales the one with the smallest error after rounding to float32).
// exp r ≈ 1 + r + r²·q(r), degree 4 of q, on |r| ≤ ln 2 / 2: relative error 4.2e-9.
const TABLE = memory.data<f32>(
  [
    8.7, 8.7, 8.7, 8.7,
    -8.7, -8.7, -8.7, -8.7,
    -2.6057908001503316e-12, -2.6057908001503316e-12, -2.6057908001503316e-12, -2.6057908001503316e-12,
    1.5626883120845037e-09, 1.5626883120845037e-09, 1.5626883120845037e-09, 1.5626883120845037e-09,
    -5.829942324453441e-07, -5.829942324453441e-07, -5.829942324453441e-07, -5.829942324453441e-07,
    0.00031611172016710043, 0.00031611172016710043, 0.00031611172016710043, 0.00031611172016710043,
    0.08719631284475327, 0.08719631284475327, 0.08719631284475327, 0.08719631284475327,
    3.6624414920806885, 3.6624414920806885, 3.6624414920806885, 3.6624414920806885,
    27.96483039855957, 27.96483039855957, 27.96483039855957, 27.96483039855957,
    0.007178027182817459, 0.007178027182817459, 0.007178027182817459, 0.007178027182817459,
    0.6865710020065308, 0.6865710020065308, 0.6865710020065308, 0.6865710020065308,
    12.984050750732422, 12.984050750732422, 12.984050750732422, 12.984050750732422,
    1, 1, 1, 1,
    -1, -1, -1, -1,
    0.5, 0.5, 0.5, 0.5,
    1.4426950408889634, 1.4426950408889634, 1.4426950408889634, 1.4426950408889634,
    0.693145751953125, 0.693145751953125, 0.693145751953125, 0.693145751953125,
    1.428606820309417e-6, 1.428606820309417e-6, 1.428606820309417e-6, 1.428606820309417e-6,
    0.0013946091057732701, 0.0013946091057732701, 0.0013946091057732701, 0.0013946091057732701,
    0.008369079791009426, 0.008369079791009426, 0.008369079791009426, 0.008369079791009426,
    0.041666269302368164, 0.041666269302368164, 0.041666269302368164, 0.041666269302368164,
    0.16666516661643982, 0.16666516661643982, 0.16666516661643982, 0.16666516661643982,
    -87.33, -87.33, -87.33, -87.33,
  ],
  16,
)

// @ts-ignore: decorator
@inline
function constant(row: usize): v128 {
  return v128.load(TABLE + row * 16)
}

// @ts-ignore: decorator
@inline
export function one(): v128 {
  return constant(12)
}

// @ts-ignore: decorator
@inline
export function zero4(): v128 {
  return f32x4.splat(0)
}

// @ts-ignore: decorator
@inline
export function splat(x: f64): v128 {
  return f32x4.splat(<f32>x)
}

// Tails are functions of their own: they are rare, and inlined they were a quarter of the build.

function loadTail(p: usize, r: i32, fill: v128): v128 {
  let v = fill
  if (r & 2) {
    v = v128.load_lane<i64>(p, v, 0)
    if (r & 1) v = v128.load_lane<i32>(p, v, 2, 8)
    return v
  }
  return v128.load_lane<i32>(p, v, 0)
}

function storeTail(p: usize, r: i32, v: v128): void {
  if (r & 2) {
    v128.store_lane<i64>(p, v, 0)
    if (r & 1) v128.store_lane<i32>(p, v, 2, 8)
  } else {
    v128.store_lane<i32>(p, v, 0)
  }
}

/** r of four lanes from p; the others are taken from `fill`. r = 4 as a literal costs nothing. */
// @ts-ignore: decorator
@inline
export function load4Or(p: usize, r: i32, fill: v128): v128 {
  return r == 4 ? v128.load(p) : loadTail(p, r, fill)
}

/** r of four lanes from p, zeros behind them. */
// @ts-ignore: decorator
@inline
export function load4(p: usize, r: i32): v128 {
  return load4Or(p, r, zero4())
}

/** The first r lanes of v to p; nothing behind them is touched. */
// @ts-ignore: decorator
@inline
export function store4(p: usize, r: i32, v: v128): void {
  if (r == 4) v128.store(p, v)
  else storeTail(p, r, v)
}

// @ts-ignore: decorator
@inline
export function add(a: v128, b: v128): v128 {
  return f32x4.add(a, b)
}

// @ts-ignore: decorator
@inline
export function sub(a: v128, b: v128): v128 {
  return f32x4.sub(a, b)
}

// @ts-ignore: decorator
@inline
export function mul(a: v128, b: v128): v128 {
  return f32x4.mul(a, b)
}

/** a·b + c: rounded twice in the plain build (defined to the bit), once in the relaxed one. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (RELAXED) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

/** 1 − x. */
// @ts-ignore: decorator
@inline
export function complement(x: v128): v128 {
  return sub(one(), x)
}

/** The derivative of tanh by its output: 1 − y². */
// @ts-ignore: decorator
@inline
export function tanhSlope(y: v128): v128 {
  return sub(one(), mul(y, y))
}

/** The derivative of the logistic function by its output: y(1 − y). */
// @ts-ignore: decorator
@inline
export function sigmoidSlope(y: v128): v128 {
  return mul(y, complement(y))
}

// @ts-ignore: decorator
@inline
export function tanh4(value: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(value, constant(1)), constant(0))
  const y = mul(x, x)
  // Estrin's order instead of Horner's: two more products, half the latency.
  const y2 = mul(y, y)
  const y4 = mul(y2, y2)
  const high = madd(constant(2), y2, madd(constant(3), y, constant(4)))
  const middle = madd(constant(5), y, constant(6))
  const low = madd(constant(7), y, constant(8))
  const p = madd(high, y4, madd(middle, y2, low))
  const q = madd(madd(constant(9), y, constant(10)), y2, madd(constant(11), y, constant(8)))
  // The fit overshoots 1 by up to 2e-7 near its end; a gate beyond 1 would turn a slope negative.
  return f32x4.pmin(f32x4.pmax(f32x4.div(mul(x, p), q), constant(13)), constant(12))
}

/** σ(x) = ½ + ½·tanh(x/2). */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const half = constant(14)
  return madd(tanh4(mul(x, half)), half, half)
}

/** exp of x ≤ 0 (softmax's range); below −87.33 it is 0. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const lowest = constant(22)
  const v = f32x4.pmax(x, lowest)
  const n = f32x4.nearest(mul(v, constant(15)))
  const r = sub(sub(v, mul(n, constant(16))), mul(n, constant(17)))
  let q = madd(constant(18), r, constant(19))
  q = madd(q, r, constant(20))
  q = madd(q, r, constant(21))
  q = madd(q, r, constant(14))
  const p = add(one(), madd(mul(r, r), q, r))
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23)
  return v128.andnot(mul(p, power), f32x4.lt(x, lowest))
}

// Rows of activations. Plain loops over one function keep many independent chains in flight; fused into
// a cell's kernel, the same arithmetic waits for its own latency (measured: half the speed in lstmForward).

/** y = tanh(x) over n floats; y may be x. */
export function tanhRow(y: usize, x: usize, n: i32): void {
  for (; n >= 8; n -= 8) {
    const a = tanh4(v128.load(x))
    const b = tanh4(v128.load(x, 16))
    v128.store(y, a)
    v128.store(y, b, 16)
    x += 32
    y += 32
  }
  if (n >= 4) {
    v128.store(y, tanh4(v128.load(x)))
    x += 16
    y += 16
    n -= 4
  }
  if (n) store4(y, n, tanh4(load4(x, n)))
}

/** y = σ(x) over n floats; y may be x. */
export function sigmoidRow(y: usize, x: usize, n: i32): void {
  for (; n >= 8; n -= 8) {
    const a = sigmoid4(v128.load(x))
    const b = sigmoid4(v128.load(x, 16))
    v128.store(y, a)
    v128.store(y, b, 16)
    x += 32
    y += 32
  }
  if (n >= 4) {
    v128.store(y, sigmoid4(v128.load(x)))
    x += 16
    y += 16
    n -= 4
  }
  if (n) store4(y, n, sigmoid4(load4(x, n)))
}

/** y = max(0, x) over n floats, NaN stays; y may be x. */
export function reluRow(y: usize, x: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, f32x4.max(v128.load(x), zero4()))
    x += 16
    y += 16
  }
  if (n) store4(y, n, f32x4.max(load4(x, n), zero4()))
}

/** y += x over n floats. */
export function addRow(y: usize, x: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, add(v128.load(y), v128.load(x)))
    x += 16
    y += 16
  }
  if (n) store4(y, n, add(load4(y, n), load4(x, n)))
}

/** The sum of four lanes in float64, in lane order of two pairs. */
// @ts-ignore: decorator
@inline
export function sum2(a: v128, b: v128): f64 {
  const s = f64x2.add(a, b)
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)
}
