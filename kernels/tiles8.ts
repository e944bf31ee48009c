/**
 * The innermost loops of the relaxed build: R rows × 8 columns over K with fused multiply-add, whose
 * twelve accumulators of 6×8 leave registers for two columns and one splat. Rules and contract: tiles12.ts.
 */
import { madd, zero4 } from './simd'

export function tile6x8(
  c: usize, a: usize, b: usize, k: usize, lda: usize, step: usize, ldc: usize, accumulate: i32,
): void {
  let c00 = zero4(), c01 = zero4()
  let c10 = zero4(), c11 = zero4()
  let c20 = zero4(), c21 = zero4()
  let c30 = zero4(), c31 = zero4()
  let c40 = zero4(), c41 = zero4()
  let c50 = zero4(), c51 = zero4()
  const d1 = c + ldc
  const d2 = d1 + ldc
  const d3 = d2 + ldc
  const d4 = d3 + ldc
  const d5 = d4 + ldc
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
    c50 = v128.load(d5)
    c51 = v128.load(d5, 16)
  }
  let a1 = a + lda
  let a2 = a1 + lda
  let a3 = a2 + lda
  let a4 = a3 + lda
  let a5 = a4 + lda
  const end = b + k * 32
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const x0 = v128.load32_splat(a)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    const x1 = v128.load32_splat(a1)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    const x2 = v128.load32_splat(a2)
    c20 = madd(x2, b0, c20)
    c21 = madd(x2, b1, c21)
    const x3 = v128.load32_splat(a3)
    c30 = madd(x3, b0, c30)
    c31 = madd(x3, b1, c31)
    const x4 = v128.load32_splat(a4)
    c40 = madd(x4, b0, c40)
    c41 = madd(x4, b1, c41)
    const x5 = v128.load32_splat(a5)
    c50 = madd(x5, b0, c50)
    c51 = madd(x5, b1, c51)
    a += step
    a1 += step
    a2 += step
    a3 += step
    a4 += step
    a5 += step
    b += 32
  } while (b != end)
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
  v128.store(d5, c50)
  v128.store(d5, c51, 16)
}

export function tile2x8(
  c: usize, a: usize, b: usize, k: usize, lda: usize, step: usize, ldc: usize, accumulate: i32,
): void {
  let c00 = zero4(), c01 = zero4()
  let c10 = zero4(), c11 = zero4()
  const d1 = c + ldc
  if (accumulate) {
    c00 = v128.load(c)
    c01 = v128.load(c, 16)
    c10 = v128.load(d1)
    c11 = v128.load(d1, 16)
  }
  let a1 = a + lda
  const end = b + k * 32
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const x0 = v128.load32_splat(a)
    c00 = madd(x0, b0, c00)
    c01 = madd(x0, b1, c01)
    const x1 = v128.load32_splat(a1)
    c10 = madd(x1, b0, c10)
    c11 = madd(x1, b1, c11)
    a += step
    a1 += step
    b += 32
  } while (b != end)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(d1, c10)
  v128.store(d1, c11, 16)
}

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

/** One row over four neighbouring panels at once. */
export function row1x32(c: usize, a: usize, b: usize, k: usize, accumulate: i32): void {
  const size = k * 32
  let p = b + size
  let q = p + size
  let r = q + size
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
  const end = p
  do {
    const x = v128.load32_splat(a)
    c0 = madd(x, v128.load(b), c0)
    c1 = madd(x, v128.load(b, 16), c1)
    c2 = madd(x, v128.load(p), c2)
    c3 = madd(x, v128.load(p, 16), c3)
    c4 = madd(x, v128.load(q), c4)
    c5 = madd(x, v128.load(q, 16), c5)
    c6 = madd(x, v128.load(r), c6)
    c7 = madd(x, v128.load(r, 16), c7)
    a += 4
    b += 32
    p += 32
    q += 32
    r += 32
  } while (b != end)
  v128.store(c, c0)
  v128.store(c, c1, 16)
  v128.store(c, c2, 32)
  v128.store(c, c3, 48)
  v128.store(c, c4, 64)
  v128.store(c, c5, 80)
  v128.store(c, c6, 96)
  v128.store(c, c7, 112)
}
