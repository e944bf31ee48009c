/**
 * Losses: each writes dx (where not 0) and returns the sum over rows, both times `scale`. Sums and
 * everything that is not per class run in float64, rows ascending. dx may be x.
 * log1p and expm1 stand for log and exp, which would bring 6 KiB of tables; total ≥ 1, |x| ≥ 0: nothing cancels.
 */
import { expSum, rowMax } from './elementwise'
import { F, load4, mul, store4, sub } from './simd'

// @ts-ignore: decorator
@inline
function float(p: usize, i: i32): f64 {
  return <f64>load<f32>(p + <usize>i * F)
}

/** Σ_j w_j·(base − x_j): the smoothed part of a row's loss. */
function smoothedSum(x: usize, weights: usize, c: i32, base: f64): f64 {
  let sum: f64 = 0
  for (let j = 0; j < c; j++) sum += (weights ? float(weights, j) : 1) * (base - float(x, j))
  return sum
}

/** dx = e·a − b·w (w = 1 where there are no weights), e = exp(x − max) as left in dx. */
function softmaxGradient(dx: usize, weights: usize, c: i32, a: f64, b: f64): void {
  const av = f32x4.splat(<f32>a)
  const bv = f32x4.splat(<f32>b)
  for (let j = 0; j < c; j += 4) {
    const r = min(4, c - j)
    const at = dx + <usize>j * F
    const share = mul(load4(at, r), av)
    store4(at, r, sub(share, weights ? mul(bv, load4(weights + <usize>j * F, r)) : bv))
  }
}

// L = (1−e)·w_t·(lse − x_t) + e/c·Σ_j w_j·(lse − x_j);  lse = log Σ exp x
export function softmaxCrossEntropy(
  dx: usize, x: usize, targets: usize, weights: usize, m: i32, c: i32, ld: i32, smoothing: f64, scale: f64,
): f64 {
  const each = smoothing / <f64>c
  let allWeights = <f64>c
  if (weights) {
    allWeights = 0
    for (let j = 0; j < c; j++) allWeights += float(weights, j)
  }
  let loss: f64 = 0
  for (let i = 0; i < m; i++) {
    const xp = x + <usize>i * ld * F
    const dp = dx ? dx + <usize>i * ld * F : 0
    const t = load<i32>(targets + (<usize>i << 2))
    if (t < 0) {
      if (dp) memory.fill(dp, 0, <usize>c * F)
      continue
    }
    const top = rowMax(xp, c)
    const aim = (1 - smoothing) * (weights ? float(weights, t) : 1)
    const xt = float(xp, t)
    // The smoothed part needs x, which the next line overwrites where dx is x.
    const shifted = smoothing != 0 ? smoothedSum(xp, weights, c, <f64>top) : 0
    const total = expSum(dp, xp, c, top)
    const log = Math.log1p(total - 1)
    loss += aim * (<f64>top + log - xt) + each * (shifted + allWeights * log)
    if (!dp) continue
    // dL/dx_j = p_j·((1−e)·w_t + e/c·Σw) − e/c·w_j − [j = t]·(1−e)·w_t
    softmaxGradient(dp, weights, c, ((aim + each * allWeights) / total) * scale, each * scale)
    const at = dp + <usize>t * F
    store<f32>(at, <f32>(<f64>load<f32>(at) - aim * scale))
  }
  return loss * scale
}

// L = (w0 + t(w1−w0))·(max(x, 0) − x·t' + log(1 + exp(−|x|)));  t' = t(1−e) + e/2
export function binaryCrossEntropy(
  dx: usize, x: usize, targets: usize, m: i32, c: i32, ld: i32, smoothing: f64, w0: f64, w1: f64, scale: f64,
): f64 {
  let loss: f64 = 0
  for (let i = 0; i < m; i++) {
    const row = <usize>i * ld * F
    for (let j = 0; j < c; j++) {
      const v = float(x + row, j)
      const target = float(targets, i * c + j)
      const aim = target * (1 - smoothing) + smoothing * 0.5
      const weight = w0 + target * (w1 - w0)
      const e = 1 / (1 + Math.expm1(abs(v)))
      loss += weight * (max(v, 0) - v * aim + Math.log1p(e))
      // dL/dx = w·(σ(x) − t')
      const sigma = (v >= 0 ? 1 : e) / (1 + e)
      if (dx) store<f32>(dx + row + <usize>j * F, <f32>(weight * (sigma - aim) * scale))
    }
  }
  return loss * scale
}

// d = x − t;  L = d² | |d| | d²/2 where |d| ≤ δ, else δ(|d| − δ/2)
export function regressionLoss(
  dx: usize, x: usize, targets: usize, m: i32, c: i32, ld: i32, kind: i32, delta: f64, scale: f64,
): f64 {
  let loss: f64 = 0
  for (let i = 0; i < m; i++) {
    const row = <usize>i * ld * F
    for (let j = 0; j < c; j++) {
      const d = float(x + row, j) - float(targets, i * c + j)
      const size = abs(d)
      const sign: f64 = d > 0 ? 1 : d < 0 ? -1 : d
      let slope = 2 * d
      if (kind == 0) loss += d * d
      else if (kind == 1) {
        loss += size
        slope = sign
      } else if (size > delta) {
        loss += delta * (size - 0.5 * delta)
        slope = delta * sign
      } else {
        loss += 0.5 * d * d
        slope = d
      }
      if (dx) store<f32>(dx + row + <usize>j * F, <f32>(slope * scale))
    }
  }
  return loss * scale
}
