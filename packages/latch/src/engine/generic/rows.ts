/**
 * Plain kernels over whole rows: softmax, log-softmax, layer normalisation and pooling, forward and backward, over
 * any engine's arena. All sums are taken in float64, in ascending order. A backward may write where its dy lies.
 */
import type { Pointer } from '../kernels.ts'
import type { Access } from '../reference/access.ts'

/** Rows of `width` numbers, `stride` apart; what a kernel reads and writes has the same strides unless it says so. */
export interface RowShape {
  rows: number
  width: number
  stride: number
}

/** y = softmax(x) or, with `log`, its logarithm, by row. */
export function softmaxForward(
  { f, shift }: Access,
  y: Pointer,
  x: Pointer,
  { rows, width, stride }: RowShape,
  log: boolean,
): void {
  const v = f()
  for (let r = 0; r < rows; r++) {
    const [to, from] = [(y >>> shift) + r * stride, (x >>> shift) + r * stride]
    let most = v[from]
    for (let j = 1; j < width; j++) if (v[from + j] > most) most = v[from + j]
    let sum = 0
    for (let j = 0; j < width; j++) sum += Math.exp(v[from + j] - most)
    const below = most + Math.log(sum)
    for (let j = 0; j < width; j++) v[to + j] = log ? v[from + j] - below : Math.exp(v[from + j] - most) / sum
  }
}

/** Softmax: dx = y·(dy − Σ dy·y). Log-softmax: dx = dy − eʸ·Σ dy. */
export function softmaxBackward(
  { f, shift }: Access,
  dx: Pointer,
  dy: Pointer,
  y: Pointer,
  { rows, width, stride }: RowShape,
  log: boolean,
): void {
  const v = f()
  for (let r = 0; r < rows; r++) {
    const at = r * stride
    const [to, from, out] = [(dx >>> shift) + at, (dy >>> shift) + at, (y >>> shift) + at]
    let sum = 0
    for (let j = 0; j < width; j++) sum += log ? v[from + j] : v[from + j] * v[out + j]
    for (let j = 0; j < width; j++)
      v[to + j] = log ? v[from + j] - Math.exp(v[out + j]) * sum : v[out + j] * (v[from + j] - sum)
  }
}

/** y = weight·(x − mean)/√(variance + epsilon) + bias; weight and bias (width) may be 0: none. */
export function layerNormForward(
  { f, shift }: Access,
  y: Pointer,
  x: Pointer,
  weight: Pointer,
  bias: Pointer,
  { rows, width, stride }: RowShape,
  epsilon: number,
): void {
  const v = f()
  const [w, b] = [weight >>> shift, bias >>> shift]
  for (let r = 0; r < rows; r++) {
    const [to, from] = [(y >>> shift) + r * stride, (x >>> shift) + r * stride]
    const mean = meanOf(v, from, width)
    const scale = 1 / Math.sqrt(varianceOf(v, from, width, mean) + epsilon)
    for (let j = 0; j < width; j++) {
      const normal = (v[from + j] - mean) * scale
      v[to + j] = (weight ? v[w + j] : 1) * normal + (bias ? v[b + j] : 0)
    }
  }
}

/** Scratch memory of `layerNormBackward`, each (width). */
export interface LayerNormSums {
  weight: Float64Array
  bias: Float64Array
}

/**
 * With n = (x − mean)/√(variance + epsilon) and g = dy·weight: dx = (g − mean(g) − n·mean(g·n))/√(variance + epsilon);
 * sums = Σ over rows of dy·n and dy. dx 0: not written.
 */
export function layerNormBackward(
  { f, shift }: Access,
  sums: LayerNormSums,
  dx: Pointer,
  dy: Pointer,
  x: Pointer,
  weight: Pointer,
  { rows, width, stride }: RowShape,
  epsilon: number,
): void {
  const v = f()
  const w = weight >>> shift
  sums.weight.fill(0)
  sums.bias.fill(0)
  for (let r = 0; r < rows; r++) {
    const at = r * stride
    const [to, given, from] = [(dx >>> shift) + at, (dy >>> shift) + at, (x >>> shift) + at]
    const mean = meanOf(v, from, width)
    const scale = 1 / Math.sqrt(varianceOf(v, from, width, mean) + epsilon)
    let [slope, tilt] = [0, 0]
    for (let j = 0; j < width; j++) {
      const normal = (v[from + j] - mean) * scale
      const own = (weight ? v[w + j] : 1) * v[given + j]
      slope += own
      tilt += own * normal
      sums.weight[j] += v[given + j] * normal
      sums.bias[j] += v[given + j]
    }
    if (!dx) continue
    for (let j = 0; j < width; j++) {
      const normal = (v[from + j] - mean) * scale
      const own = (weight ? v[w + j] : 1) * v[given + j]
      v[to + j] = (own - slope / width - (normal * tilt) / width) * scale
    }
  }
}

/** gradient (width) += sums. */
export function addSums({ f, shift }: Access, gradient: Pointer, sums: Float64Array): void {
  const v = f()
  for (let j = 0; j < sums.length; j++) v[(gradient >>> shift) + j] += sums[j]
}

function meanOf(v: ArrayLike<number>, from: number, width: number): number {
  let sum = 0
  for (let j = 0; j < width; j++) sum += v[from + j]
  return sum / width
}

/** Divided by the width. */
function varianceOf(v: ArrayLike<number>, from: number, width: number, mean: number): number {
  let sum = 0
  for (let j = 0; j < width; j++) sum += (v[from + j] - mean) * (v[from + j] - mean)
  return sum / width
}
