/**
 * The innermost loops of the plain build: R rows × 12 columns of C over K, one accumulator per element,
 * k ascending, so that an element's bits do not depend on the tile that computes it.
 * Each is exported so that no optimizer inlines it, and none is unrolled over k: either costs V8 half the
 * speed, because it then spills accumulators. 3×12 is what fits 16 registers without FMA.
 */
import { madd, zero4 } from './simd'

// Why the 3×12 loops leave in the middle: V8 hoists every load of a basic block to its top. Six loaded
// vectors and nine accumulators leave no register for a product, one accumulator is spilled, and its trip
// through memory becomes the loop's latency (21 instead of 42 GFLOP/s). The exit cuts the block in two.
// Pointers step before they are used: V8 knows that a sum fits 32 bits; a loop variable costs a move (3 %).

/** Rows lda bytes apart, k lies contiguous (row-major A). */
export function tile3x12(c: usize, a: usize, b: usize, k: usize, lda: usize, ldc: usize, accumulate: i32): void {
  let c00 = zero4(), c01 = zero4(), c02 = zero4()
  let c10 = zero4(), c11 = zero4(), c12 = zero4()
  let c20 = zero4(), c21 = zero4(), c22 = zero4()
  const d = c + ldc
  const e = d + ldc
  if (accumulate) {
    c00 = v128.load(c)
    c01 = v128.load(c, 16)
    c02 = v128.load(c, 32)
    c10 = v128.load(d)
    c11 = v128.load(d, 16)
    c12 = v128.load(d, 32)
    c20 = v128.load(e)
    c21 = v128.load(e, 16)
    c22 = v128.load(e, 32)
  }
  let a0 = a - 4
  let a1 = a0 + lda
  let a2 = a1 + lda
  b -= 48
  const end = b + k * 48
  let b0: v128, b1: v128, b2: v128
  while (true) {
    a0 += 4
    b += 48
    b0 = v128.load(b)
    b1 = v128.load(b, 16)
    b2 = v128.load(b, 32)
    const x0 = v128.load32_splat(a0)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    c02 = madd(x0, b2, c02)
    if (b == end) break
    a1 += 4
    a2 += 4
    const x1 = v128.load32_splat(a1)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    c12 = madd(x1, b2, c12)
    const x2 = v128.load32_splat(a2)
    c20 = madd(x2, b0, c20)
    c21 = madd(x2, b1, c21)
    c22 = madd(x2, b2, c22)
  }
  a1 += 4
  a2 += 4
  const x1 = v128.load32_splat(a1)
  c10 = madd(x1, b0, c10)
  c11 = madd(x1, b1, c11)
  c12 = madd(x1, b2, c12)
  const x2 = v128.load32_splat(a2)
  c20 = madd(x2, b0, c20)
  c21 = madd(x2, b1, c21)
  c22 = madd(x2, b2, c22)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(c, c02, 32)
  v128.store(d, c10)
  v128.store(d, c11, 16)
  v128.store(d, c12, 32)
  v128.store(e, c20)
  v128.store(e, c21, 16)
  v128.store(e, c22, 32)
}

/** A as a strip [k][3]: one pointer instead of three (7 % faster). Always accumulates; c's rows are 12 apart. */
export function strip3x12(c: usize, a: usize, b: usize, k: usize): void {
  let c00 = v128.load(c)
  let c01 = v128.load(c, 16)
  let c02 = v128.load(c, 32)
  let c10 = v128.load(c, 48)
  let c11 = v128.load(c, 64)
  let c12 = v128.load(c, 80)
  let c20 = v128.load(c, 96)
  let c21 = v128.load(c, 112)
  let c22 = v128.load(c, 128)
  a -= 12
  b -= 48
  const end = b + k * 48
  let b0: v128, b1: v128, b2: v128
  while (true) {
    a += 12
    b += 48
    b0 = v128.load(b)
    b1 = v128.load(b, 16)
    b2 = v128.load(b, 32)
    const x0 = v128.load32_splat(a)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    c02 = madd(x0, b2, c02)
    if (b == end) break
    const x1 = v128.load32_splat(a, 4)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    c12 = madd(x1, b2, c12)
    const x2 = v128.load32_splat(a, 8)
    c20 = madd(x2, b0, c20)
    c21 = madd(x2, b1, c21)
    c22 = madd(x2, b2, c22)
  }
  const x1 = v128.load32_splat(a, 4)
  c10 = madd(x1, b0, c10)
  c11 = madd(x1, b1, c11)
  c12 = madd(x1, b2, c12)
  const x2 = v128.load32_splat(a, 8)
  c20 = madd(x2, b0, c20)
  c21 = madd(x2, b1, c21)
  c22 = madd(x2, b2, c22)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(c, c02, 32)
  v128.store(c, c10, 48)
  v128.store(c, c11, 64)
  v128.store(c, c12, 80)
  v128.store(c, c20, 96)
  v128.store(c, c21, 112)
  v128.store(c, c22, 128)
}

/** As tile3x12, with step bytes from k to k: 4 in row-major A, 12 in a strip. */
export function tile2x12(
  c: usize, a: usize, b: usize, k: usize, lda: usize, step: usize, ldc: usize, accumulate: i32,
): void {
  let c00 = zero4(), c01 = zero4(), c02 = zero4()
  let c10 = zero4(), c11 = zero4(), c12 = zero4()
  const d = c + ldc
  if (accumulate) {
    c00 = v128.load(c)
    c01 = v128.load(c, 16)
    c02 = v128.load(c, 32)
    c10 = v128.load(d)
    c11 = v128.load(d, 16)
    c12 = v128.load(d, 32)
  }
  let a1 = a + lda
  const end = b + k * 48
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const b2 = v128.load(b, 32)
    const x0 = v128.load32_splat(a)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    c02 = madd(x0, b2, c02)
    const x1 = v128.load32_splat(a1)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    c12 = madd(x1, b2, c12)
    a += step
    a1 += step
    b += 48
  } while (b != end)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(c, c02, 32)
  v128.store(d, c10)
  v128.store(d, c11, 16)
  v128.store(d, c12, 32)
}

export function tile1x12(c: usize, a: usize, b: usize, k: usize, step: usize, accumulate: i32): void {
  let c0 = zero4(), c1 = zero4(), c2 = zero4()
  if (accumulate) {
    c0 = v128.load(c)
    c1 = v128.load(c, 16)
    c2 = v128.load(c, 32)
  }
  const end = b + k * 48
  do {
    const x = v128.load32_splat(a)
    c0 = madd(x, v128.load(b), c0)
    c1 = madd(x, v128.load(b, 16), c1)
    c2 = madd(x, v128.load(b, 32), c2)
    a += step
    b += 48
  } while (b != end)
  v128.store(c, c0)
  v128.store(c, c1, 16)
  v128.store(c, c2, 32)
}

/** One row over two neighbouring panels at once: six chains hide the latency of the adds, nine would spill. */
export function row1x24(c: usize, a: usize, b: usize, k: usize, accumulate: i32): void {
  let c0 = zero4(), c1 = zero4(), c2 = zero4()
  let c3 = zero4(), c4 = zero4(), c5 = zero4()
  if (accumulate) {
    c0 = v128.load(c)
    c1 = v128.load(c, 16)
    c2 = v128.load(c, 32)
    c3 = v128.load(c, 48)
    c4 = v128.load(c, 64)
    c5 = v128.load(c, 80)
  }
  let p = b - 48
  let q = p + k * 48
  const end = q
  a -= 4
  let x: v128
  while (true) {
    a += 4
    x = v128.load32_splat(a)
    p += 48
    c0 = madd(x, v128.load(p), c0)
    c1 = madd(x, v128.load(p, 16), c1)
    c2 = madd(x, v128.load(p, 32), c2)
    if (p == end) break
    q += 48
    c3 = madd(x, v128.load(q), c3)
    c4 = madd(x, v128.load(q, 16), c4)
    c5 = madd(x, v128.load(q, 32), c5)
  }
  q += 48
  c3 = madd(x, v128.load(q), c3)
  c4 = madd(x, v128.load(q, 16), c4)
  c5 = madd(x, v128.load(q, 32), c5)
  v128.store(c, c0)
  v128.store(c, c1, 16)
  v128.store(c, c2, 32)
  v128.store(c, c3, 48)
  v128.store(c, c4, 64)
  v128.store(c, c5, 80)
}
