/**
 * Optimizers on flat buffers, PyTorch's definitions. The packed layout needs no care: padding has zero
 * gradients and stays zero. Constants are rounded to float32 once; g itself is left as it was.
 */
import { F, add, load4, madd, mul, splat, store4, sub, zero4 } from './simd'

/** g·scale (+ decay·p). */
// @ts-ignore: decorator
@inline
function gradient(g: usize, p: v128, r: i32, scale: v128, decay: v128): v128 {
  return madd(decay, p, mul(load4(g, r), scale))
}

// @ts-ignore: decorator
@inline
function sgdLanes(
  p: usize, g: usize, v: usize, r: i32,
  lr: v128, momentum: v128, nesterov: i32, decay: v128, first: i32, scale: v128,
): void {
  const w = load4(p, r)
  let d = gradient(g, w, r, scale, decay)
  if (v) {
    const velocity = first ? d : madd(momentum, load4(v, r), d)
    store4(v, r, velocity)
    d = nesterov ? madd(momentum, velocity, d) : velocity
  }
  store4(p, r, sub(w, mul(lr, d)))
}

// v = momentum·v + g;  p −= lr·(nesterov ? g + momentum·v : v)
export function sgd(
  p: usize, g: usize, v: usize, count: i32,
  lr: f64, momentum: f64, nesterov: i32, decay: f64, first: i32, scale: f64,
): void {
  const rate = splat(lr), mv = splat(momentum), dv = splat(decay), sv = splat(scale)
  const vp = momentum != 0 ? v : 0
  let i = <usize>0
  const whole = <usize>(count & ~3) * F
  for (; i < whole; i += 16) sgdLanes(p + i, g + i, vp ? vp + i : 0, 4, rate, mv, nesterov, dv, first, sv)
  const r = count & 3
  if (r) sgdLanes(p + i, g + i, vp ? vp + i : 0, r, rate, mv, nesterov, dv, first, sv)
}

/** p −= lr·g/(√s + eps). */
// @ts-ignore: decorator
@inline
function rootStep(p: usize, w: v128, d: v128, s: v128, r: i32, lr: v128, eps: v128): void {
  store4(p, r, sub(w, f32x4.div(mul(lr, d), add(f32x4.sqrt(s), eps))))
}

// @ts-ignore: decorator
@inline
function rmspropLanes(
  p: usize, g: usize, s: usize, r: i32, lr: v128, alpha: v128, rest: v128, eps: v128, decay: v128, scale: v128,
): void {
  const w = load4(p, r)
  const d = gradient(g, w, r, scale, decay)
  const square = madd(alpha, load4(s, r), mul(rest, mul(d, d)))
  store4(s, r, square)
  rootStep(p, w, d, square, r, lr, eps)
}

// s = α·s + (1−α)·g²;  p −= lr·g/(√s + eps)
export function rmsprop(
  p: usize, g: usize, s: usize, count: i32, lr: f64, alpha: f64, eps: f64, decay: f64, scale: f64,
): void {
  const rate = splat(lr), av = splat(alpha), rest = splat(1 - alpha), ev = splat(eps)
  const dv = splat(decay), sv = splat(scale)
  let i = <usize>0
  const whole = <usize>(count & ~3) * F
  for (; i < whole; i += 16) rmspropLanes(p + i, g + i, s + i, 4, rate, av, rest, ev, dv, sv)
  const r = count & 3
  if (r) rmspropLanes(p + i, g + i, s + i, r, rate, av, rest, ev, dv, sv)
}

// @ts-ignore: decorator
@inline
function adagradLanes(p: usize, g: usize, s: usize, r: i32, lr: v128, eps: v128, decay: v128, scale: v128): void {
  const w = load4(p, r)
  const d = gradient(g, w, r, scale, decay)
  const square = madd(d, d, load4(s, r))
  store4(s, r, square)
  rootStep(p, w, d, square, r, lr, eps)
}

// s += g²;  p −= lr·g/(√s + eps)
export function adagrad(
  p: usize, g: usize, s: usize, count: i32, lr: f64, eps: f64, decay: f64, scale: f64,
): void {
  const rate = splat(lr), ev = splat(eps), dv = splat(decay), sv = splat(scale)
  let i = <usize>0
  const whole = <usize>(count & ~3) * F
  for (; i < whole; i += 16) adagradLanes(p + i, g + i, s + i, 4, rate, ev, dv, sv)
  const r = count & 3
  if (r) adagradLanes(p + i, g + i, s + i, r, rate, ev, dv, sv)
}

// @ts-ignore: decorator
@inline
function adamLanes(
  p: usize, g: usize, m: usize, v: usize, r: i32, step: v128, b1: v128, r1: v128, b2: v128, r2: v128,
  root: v128, eps: v128, decay: v128, shrink: v128, scale: v128,
): void {
  const w = load4(p, r)
  const d = gradient(g, w, r, scale, decay)
  const mean = madd(b1, load4(m, r), mul(r1, d))
  const square = madd(b2, load4(v, r), mul(r2, mul(d, d)))
  store4(m, r, mean)
  store4(v, r, square)
  const change = f32x4.div(mul(step, mean), madd(f32x4.sqrt(square), root, eps))
  store4(p, r, sub(mul(w, shrink), change))
}

// m = β1·m + (1−β1)·g;  v = β2·v + (1−β2)·g²;  p −= lr/c1 · m/(√v/√c2 + eps)
export function adam(
  p: usize, g: usize, m: usize, v: usize, count: i32,
  lr: f64, beta1: f64, beta2: f64, eps: f64, decay: f64, decoupled: i32, c1: f64, c2: f64, scale: f64,
): void {
  const step = splat(lr / c1), root = splat(1 / Math.sqrt(c2)), ev = splat(eps), sv = splat(scale)
  const b1 = splat(beta1), r1 = splat(1 - beta1), b2 = splat(beta2), r2 = splat(1 - beta2)
  const dv = decoupled ? zero4() : splat(decay)
  const shrink = decoupled ? splat(1 - lr * decay) : splat(1)
  let i = <usize>0
  const whole = <usize>(count & ~3) * F
  for (; i < whole; i += 16) adamLanes(p + i, g + i, m + i, v + i, 4, step, b1, r1, b2, r2, root, ev, dv, shrink, sv)
  const r = count & 3
  if (r) adamLanes(p + i, g + i, m + i, v + i, r, step, b1, r1, b2, r2, root, ev, dv, shrink, sv)
}

// Σ x²: two chains of two float64 lanes, joined at the end
export function sumSquares(x: usize, count: i32): f64 {
  let a = f64x2.splat(0)
  let b = f64x2.splat(0)
  for (let i = 0; i < count; i += 4) {
    const r = min(4, count - i)
    const v = r == 4 ? v128.load(x + <usize>i * F) : load4(x + <usize>i * F, r)
    const low = f64x2.promote_low_f32x4(v)
    const high = f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 0))
    a = f64x2.add(a, f64x2.mul(low, low))
    b = f64x2.add(b, f64x2.mul(high, high))
  }
  const s = f64x2.add(a, b)
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)
}

// x = min(limit, max(−limit, x))
export function clamp(x: usize, count: i32, limit: f64): void {
  const high = splat(limit), low = splat(-limit)
  for (let i = 0; i < count; i += 4) {
    const r = min(4, count - i)
    const at = x + <usize>i * F
    store4(at, r, f32x4.pmin(f32x4.pmax(load4(at, r), low), high))
  }
}

// avg = decay·avg + (1−decay)·p
export function average(avg: usize, p: usize, count: i32, decay: f64): void {
  const dv = splat(decay), rest = splat(1 - decay)
  for (let i = 0; i < count; i += 4) {
    const r = min(4, count - i)
    const at = avg + <usize>i * F
    store4(at, r, madd(dv, load4(at, r), mul(rest, load4(p + <usize>i * F, r))))
  }
}
