/**
 * The innermost loops of the relaxed build: R rows × 8 columns over K with fused multiply-add. 5×8 is the
 * largest whose ten accumulators V8 keeps in registers; eight chains are what hides the latency of an FMA.
 * Rules and contract: tiles12.ts.
 */
import { madd, zero4 } from './simd'

// The loops leave in the middle for the reason given in tiles12.ts: with one block 5×8 spills (40 % of its
// speed). Rows lda bytes apart, k lies contiguous (row-major A).

export function tile5x8(c: usize, a: usize, b: usize, k: usize, lda: usize, ldc: usize, accumulate: i32): void {
  let c00 = zero4(), c01 = zero4()
  let c10 = zero4(), c11 = zero4()
  let c20 = zero4(), c21 = zero4()
  let c30 = zero4(), c31 = zero4()
  let c40 = zero4(), c41 = zero4()
  const d1 = c + ldc
  const d2 = d1 + ldc
  const d3 = d2 + ldc
  const d4 = d3 + ldc
  if (accumulate) {
    c00 = v128.load(c)
    c01 = v128.load(c, 16)
    c10 = v128.load(d1)
    c11 = v128.load(d1, 16)
    c20 = v128.load(d2)
    c21 = v128.load(d2, 16)
    c30 = v128.load(d3)
    c31 = v128.load(d3, 16)
    c40 = v128.load(d4)
    c41 = v128.load(d4, 16)
  }
  let a0 = a - 4
  let a1 = a0 + lda
  let a2 = a1 + lda
  let a3 = a2 + lda
  let a4 = a3 + lda
  b -= 32
  const end = b + k * 32
  let b0: v128, b1: v128
  while (true) {
    b += 32
    b0 = v128.load(b)
    b1 = v128.load(b, 16)
    a0 += 4
    const x0 = v128.load32_splat(a0)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    a1 += 4
    const x1 = v128.load32_splat(a1)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    if (b == end) break
    a2 += 4
    const x2 = v128.load32_splat(a2)
    c20 = madd(x2, b0, c20)
    c21 = madd(x2, b1, c21)
    a3 += 4
    const x3 = v128.load32_splat(a3)
    c30 = madd(x3, b0, c30)
    c31 = madd(x3, b1, c31)
    a4 += 4
    const x4 = v128.load32_splat(a4)
    c40 = madd(x4, b0, c40)
    c41 = madd(x4, b1, c41)
  }
  a2 += 4
  const x2 = v128.load32_splat(a2)
  c20 = madd(x2, b0, c20)
  c21 = madd(x2, b1, c21)
  a3 += 4
  const x3 = v128.load32_splat(a3)
  c30 = madd(x3, b0, c30)
  c31 = madd(x3, b1, c31)
  a4 += 4
  const x4 = v128.load32_splat(a4)
  c40 = madd(x4, b0, c40)
  c41 = madd(x4, b1, c41)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(d1, c10)
  v128.store(d1, c11, 16)
  v128.store(d2, c20)
  v128.store(d2, c21, 16)
  v128.store(d3, c30)
  v128.store(d3, c31, 16)
  v128.store(d4, c40)
  v128.store(d4, c41, 16)
}

export function tile4x8(c: usize, a: usize, b: usize, k: usize, lda: usize, ldc: usize, accumulate: i32): void {
  let c00 = zero4(), c01 = zero4()
  let c10 = zero4(), c11 = zero4()
  let c20 = zero4(), c21 = zero4()
  let c30 = zero4(), c31 = zero4()
  const d1 = c + ldc
  const d2 = d1 + ldc
  const d3 = d2 + ldc
  if (accumulate) {
    c00 = v128.load(c)
    c01 = v128.load(c, 16)
    c10 = v128.load(d1)
    c11 = v128.load(d1, 16)
    c20 = v128.load(d2)
    c21 = v128.load(d2, 16)
    c30 = v128.load(d3)
    c31 = v128.load(d3, 16)
  }
  let a0 = a - 4
  let a1 = a0 + lda
  let a2 = a1 + lda
  let a3 = a2 + lda
  b -= 32
  const end = b + k * 32
  let b0: v128, b1: v128
  while (true) {
    b += 32
    b0 = v128.load(b)
    b1 = v128.load(b, 16)
    a0 += 4
    const x0 = v128.load32_splat(a0)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    a1 += 4
    const x1 = v128.load32_splat(a1)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    if (b == end) break
    a2 += 4
    const x2 = v128.load32_splat(a2)
    c20 = madd(x2, b0, c20)
    c21 = madd(x2, b1, c21)
    a3 += 4
    const x3 = v128.load32_splat(a3)
    c30 = madd(x3, b0, c30)
    c31 = madd(x3, b1, c31)
  }
  a2 += 4
  const x2 = v128.load32_splat(a2)
  c20 = madd(x2, b0, c20)
  c21 = madd(x2, b1, c21)
  a3 += 4
  const x3 = v128.load32_splat(a3)
  c30 = madd(x3, b0, c30)
  c31 = madd(x3, b1, c31)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(d1, c10)
  v128.store(d1, c11, 16)
  v128.store(d2, c20)
  v128.store(d2, c21, 16)
  v128.store(d3, c30)
  v128.store(d3, c31, 16)
}

export function tile3x8(c: usize, a: usize, b: usize, k: usize, lda: usize, ldc: usize, accumulate: i32): void {
  let c00 = zero4(), c01 = zero4()
  let c10 = zero4(), c11 = zero4()
  let c20 = zero4(), c21 = zero4()
  const d1 = c + ldc
  const d2 = d1 + ldc
  if (accumulate) {
    c00 = v128.load(c)
    c01 = v128.load(c, 16)
    c10 = v128.load(d1)
    c11 = v128.load(d1, 16)
    c20 = v128.load(d2)
    c21 = v128.load(d2, 16)
  }
  let a0 = a - 4
  let a1 = a0 + lda
  let a2 = a1 + lda
  b -= 32
  const end = b + k * 32
  let b0: v128, b1: v128
  while (true) {
    b += 32
    b0 = v128.load(b)
    b1 = v128.load(b, 16)
    a0 += 4
    const x0 = v128.load32_splat(a0)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    a1 += 4
    const x1 = v128.load32_splat(a1)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    if (b == end) break
    a2 += 4
    const x2 = v128.load32_splat(a2)
    c20 = madd(x2, b0, c20)
    c21 = madd(x2, b1, c21)
  }
  a2 += 4
  const x2 = v128.load32_splat(a2)
  c20 = madd(x2, b0, c20)
  c21 = madd(x2, b1, c21)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(d1, c10)
  v128.store(d1, c11, 16)
  v128.store(d2, c20)
  v128.store(d2, c21, 16)
}

/** A as a strip [k][4]: one pointer instead of four. Always accumulates; c's rows are 8 apart. */
export function strip4x8(c: usize, a: usize, b: usize, k: usize): void {
  let c00 = v128.load(c)
  let c01 = v128.load(c, 16)
  let c10 = v128.load(c, 32)
  let c11 = v128.load(c, 48)
  let c20 = v128.load(c, 64)
  let c21 = v128.load(c, 80)
  let c30 = v128.load(c, 96)
  let c31 = v128.load(c, 112)
  a -= 16
  b -= 32
  const end = b + k * 32
  let b0: v128, b1: v128
  while (true) {
    a += 16
    b += 32
    b0 = v128.load(b)
    b1 = v128.load(b, 16)
    const x0 = v128.load32_splat(a)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    const x1 = v128.load32_splat(a, 4)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    if (b == end) break
    const x2 = v128.load32_splat(a, 8)
    c20 = madd(x2, b0, c20)
    c21 = madd(x2, b1, c21)
    const x3 = v128.load32_splat(a, 12)
    c30 = madd(x3, b0, c30)
    c31 = madd(x3, b1, c31)
  }
  const x2 = v128.load32_splat(a, 8)
  c20 = madd(x2, b0, c20)
  c21 = madd(x2, b1, c21)
  const x3 = v128.load32_splat(a, 12)
  c30 = madd(x3, b0, c30)
  c31 = madd(x3, b1, c31)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(c, c10, 32)
  v128.store(c, c11, 48)
  v128.store(c, c20, 64)
  v128.store(c, c21, 80)
  v128.store(c, c30, 96)
  v128.store(c, c31, 112)
}

/** Two rows over two neighbouring panels: 2×8 has only four chains (half the speed). */
export function tile2x16(c: usize, a: usize, b: usize, k: usize, lda: usize, ldc: usize, accumulate: i32): void {
  let c00 = zero4(), c01 = zero4(), c02 = zero4(), c03 = zero4()
  let c10 = zero4(), c11 = zero4(), c12 = zero4(), c13 = zero4()
  const d = c + ldc
  if (accumulate) {
    c00 = v128.load(c)
    c01 = v128.load(c, 16)
    c02 = v128.load(c, 32)
    c03 = v128.load(c, 48)
    c10 = v128.load(d)
    c11 = v128.load(d, 16)
    c12 = v128.load(d, 32)
    c13 = v128.load(d, 48)
  }
  let a0 = a - 4
  let a1 = a0 + lda
  const size = k * 32
  let p = b - 32
  let q = p + size
  const end = q
  let b0: v128, b1: v128, b2: v128, b3: v128
  while (true) {
    a0 += 4
    p += 32
    q += 32
    b0 = v128.load(p)
    b1 = v128.load(p, 16)
    b2 = v128.load(q)
    b3 = v128.load(q, 16)
    const x0 = v128.load32_splat(a0)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    c02 = madd(x0, b2, c02)
    c03 = madd(x0, b3, c03)
    if (p == end) break
    a1 += 4
    const x1 = v128.load32_splat(a1)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    c12 = madd(x1, b2, c12)
    c13 = madd(x1, b3, c13)
  }
  a1 += 4
  const x1 = v128.load32_splat(a1)
  c10 = madd(x1, b0, c10)
  c11 = madd(x1, b1, c11)
  c12 = madd(x1, b2, c12)
  c13 = madd(x1, b3, c13)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(c, c02, 32)
  v128.store(c, c03, 48)
  v128.store(d, c10)
  v128.store(d, c11, 16)
  v128.store(d, c12, 32)
  v128.store(d, c13, 48)
}

/** step: bytes from k to k, 4 in row-major A, 16 in a strip. */
export function tile1x8(c: usize, a: usize, b: usize, k: usize, step: usize, accumulate: i32): void {
  let c00 = zero4(), c01 = zero4()
  if (accumulate) {
    c00 = v128.load(c)
    c01 = v128.load(c, 16)
  }
  const end = b + k * 32
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const x0 = v128.load32_splat(a)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    a += step
    b += 32
  } while (b != end)
  v128.store(c, c00)
  v128.store(c, c01, 16)
}

/** One row over four neighbouring panels at once: eight chains; left in the middle, twice the speed. */
export function row1x32(c: usize, a: usize, b: usize, k: usize, accumulate: i32): void {
  const size = k * 32
  let p = b - 32
  let q = p + size
  let r = q + size
  let s = r + size
  let c0 = zero4(), c1 = zero4()
  let c2 = zero4(), c3 = zero4()
  let c4 = zero4(), c5 = zero4()
  let c6 = zero4(), c7 = zero4()
  if (accumulate) {
    c0 = v128.load(c)
    c1 = v128.load(c, 16)
    c2 = v128.load(c, 32)
    c3 = v128.load(c, 48)
    c4 = v128.load(c, 64)
    c5 = v128.load(c, 80)
    c6 = v128.load(c, 96)
    c7 = v128.load(c, 112)
  }
  const end = q
  a -= 4
  let x: v128
  while (true) {
    a += 4
    x = v128.load32_splat(a)
    p += 32
    c0 = madd(x, v128.load(p), c0)
    c1 = madd(x, v128.load(p, 16), c1)
    q += 32
    c2 = madd(x, v128.load(q), c2)
    c3 = madd(x, v128.load(q, 16), c3)
    r += 32
    c4 = madd(x, v128.load(r), c4)
    c5 = madd(x, v128.load(r, 16), c5)
    if (p == end) break
    s += 32
    c6 = madd(x, v128.load(s), c6)
    c7 = madd(x, v128.load(s, 16), c7)
  }
  s += 32
  c6 = madd(x, v128.load(s), c6)
  c7 = madd(x, v128.load(s, 16), c7)
  v128.store(c, c0)
  v128.store(c, c1, 16)
  v128.store(c, c2, 32)
  v128.store(c, c3, 48)
  v128.store(c, c4, 64)
  v128.store(c, c5, 80)
  v128.store(c, c6, 96)
  v128.store(c, c7, 112)
}
