/**
 * Matrix products over packed operands: A·B for the way forward, Aᵀ·dZ for weight gradients.
 * A packed matrix (K, N) lies as [⌈N/W⌉][K][W]; master weights and their gradients live in this layout,
 * so nothing is repacked on the way forward. Every element has one accumulator chain in ascending k (m).
 */
import { F, RELAXED, add, addRow, load4, zero4 } from './simd'
import { row1x24, strip3x12, tile1x12, tile2x12, tile3x12 } from './tiles12'
import { row1x32, strip4x8, tile1x8, tile2x16, tile3x8, tile4x8, tile5x8 } from './tiles8'

/** Columns of a packed panel, W. */
export const PANEL: i32 = RELAXED ? 8 : 12
/** Rows of a strip of packed A. */
const STRIP: i32 = RELAXED ? 4 : 3
/** Panels that the one-row loop takes at once. */
const WIDE: i32 = RELAXED ? 4 : 2
/** A panel of 512 k fits the first-level cache, 240 rows of A with it the second. */
const K_BLOCK: i32 = 512
const M_BLOCK: i32 = 240
/** Rows that are packed at once for a weight gradient; TRANSPOSED_BLOCK of the ABI allows twice as many. */
const T_BLOCK: i32 = 128
/** Between packed panels: strides of whole 4 KiB would put all of them into the same few sets of the cache. */
const GAP: usize = 64

/** How many rows the next tile takes of those left, so that none is left for a narrow, slow tile. */
// @ts-ignore: decorator
@inline
function nextRows(left: i32): i32 {
  if (RELAXED) return left % 5 == 0 ? 5 : left == 6 || left == 3 ? 3 : 4
  return left == 4 || left == 2 ? 2 : 3
}

/** One panel of C over m ≥ 3 rows (plain build: 2) and one block of k. */
function panelRows(c: usize, a: usize, b: usize, m: i32, k: usize, lda: usize, ldc: usize, acc: i32): void {
  while (m > 0) {
    const rows = nextRows(m)
    if (RELAXED) {
      if (rows == 5) tile5x8(c, a, b, k, lda, ldc, acc)
      else if (rows == 4) tile4x8(c, a, b, k, lda, ldc, acc)
      else tile3x8(c, a, b, k, lda, ldc, acc)
    } else {
      if (rows == 3) tile3x12(c, a, b, k, lda, ldc, acc)
      else tile2x12(c, a, b, k, lda, F, ldc, acc)
    }
    c += <usize>rows * ldc
    a += <usize>rows * lda
    m -= rows
  }
}

/** One row of C: panels stream from memory, several at a time. */
function rowProduct(c: usize, a: usize, b: usize, panels: i32, k: usize, acc: i32): void {
  const width = <usize>PANEL * F
  const size = k * width
  for (; panels >= WIDE; panels -= WIDE) {
    if (RELAXED) row1x32(c, a, b, k, acc)
    else row1x24(c, a, b, k, acc)
    c += <usize>WIDE * width
    b += <usize>WIDE * size
  }
  for (; panels > 0; panels--) {
    if (RELAXED) tile1x8(c, a, b, k, F, acc)
    else tile1x12(c, a, b, k, F, acc)
    c += width
    b += size
  }
}

/** Two rows of C in the relaxed build, two panels at a time. */
function pairProduct(c: usize, a: usize, b: usize, panels: i32, k: usize, lda: usize, ldc: usize, acc: i32): void {
  for (; panels >= 2; panels -= 2) {
    tile2x16(c, a, b, k, lda, ldc, acc)
    c += 64
    b += k * 64
  }
  if (panels == 0) return
  tile1x8(c, a, b, k, F, acc)
  tile1x8(c + ldc, a + lda, b, k, F, acc)
}

// C[i, j] (+)= Σ_k A[i, k]·B[k, j]
export function matmul(
  c: usize, a: usize, b: usize, m: i32, n: i32, k: i32, lda: i32, ldc: i32, accumulate: i32,
): void {
  const width = <usize>PANEL * F
  const panels = (n + PANEL - 1) / PANEL
  const strideA = <usize>lda * F
  const strideC = <usize>ldc * F
  while (m > 0) {
    const rows = min(M_BLOCK, m)
    if (rows == 1) return rowProduct(c, a, b, panels, k, accumulate)
    if (RELAXED && rows == 2) return pairProduct(c, a, b, panels, k, strideA, strideC, accumulate)
    for (let k0 = 0; k0 < k; k0 += K_BLOCK) {
      const kb = min(K_BLOCK, k - k0)
      const acc = accumulate | i32(k0 > 0)
      let bp = b + <usize>k0 * width
      for (let p = 0; p < panels; p++) {
        panelRows(c + <usize>p * width, a + <usize>k0 * F, bp, rows, kb, strideA, strideC, acc)
        bp += <usize>k * width
      }
    }
    c += <usize>rows * strideC
    a += <usize>rows * strideA
    m -= rows
  }
}

/** Copies row i of A into strips of STRIP columns, [⌈k/STRIP⌉][rows][STRIP] and gaps; the last strip's tail stays unread. */
function packStrips(out: usize, a: usize, index: usize, rows: i32, k: i32, lda: usize): void {
  const full = k / STRIP
  const rest = k - full * STRIP
  const next = <usize>(rows * STRIP) * F + GAP
  for (let i = 0; i < rows; i++) {
    const row = index ? load<i32>(index + (<usize>i << 2)) : i
    let from = a + <usize>row * lda
    let to = out + <usize>(i * STRIP) * F
    for (let s = 0; s < full; s++) {
      if (RELAXED) {
        v128.store(to, v128.load(from))
      } else {
        store<i64>(to, load<i64>(from))
        store<f32>(to, load<f32>(from, 8), 8)
      }
      from += <usize>STRIP * F
      to += next
    }
    for (let r = 0; r < rest; r++) store<f32>(to + <usize>r * F, load<f32>(from + <usize>r * F))
  }
}

/** Packs rows of dZ into panels, [⌈n/W⌉][rows][W] and gaps; columns from n on become zero. */
function packPanels(out: usize, dz: usize, rows: i32, n: i32, ldz: usize): void {
  const full = n / PANEL
  const rest = n - full * PANEL
  const width = <usize>PANEL * F
  const next = <usize>rows * width + GAP
  for (let i = 0; i < rows; i++) {
    let from = dz + <usize>i * ldz
    let to = out + <usize>i * width
    for (let p = 0; p < full; p++) {
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
      if (!RELAXED) v128.store(to, v128.load(from, 32), 32)
      from += width
      to += next
    }
    if (rest == 0) continue
    for (let j = 0; j < PANEL; j += 4) {
      const lanes = min(4, rest - j)
      v128.store(to, lanes > 0 ? load4(from, lanes) : zero4())
      from += 16
      to += 16
    }
  }
}

/** One panel of dW, row strip by row strip; the last strip may be narrower. */
function panelStrips(c: usize, strips: usize, b: usize, k: i32, rows: usize): void {
  const width = <usize>PANEL * F
  const step = <usize>STRIP * F
  for (; k >= STRIP; k -= STRIP) {
    if (RELAXED) strip4x8(c, strips, b, rows)
    else strip3x12(c, strips, b, rows)
    c += <usize>STRIP * width
    strips += rows * step + GAP
  }
  if (!RELAXED && k == 2) return tile2x12(c, strips, b, rows, F, step, width, 1)
  for (; k > 0; k--) {
    if (RELAXED) tile1x8(c, strips, b, rows, step, 1)
    else tile1x12(c, strips, b, rows, step, 1)
    c += width
    strips += F
  }
}

// dW[k, n] += Σ_m A[m, k]·dZ[m, n]
export function matmulTransposed(
  dw: usize, a: usize, index: usize, dz: usize, scratch: usize, m: i32, n: i32, k: i32, lda: i32, ldz: i32,
): void {
  const width = <usize>PANEL * F
  const panels = (n + PANEL - 1) / PANEL
  const stripsAt = scratch + <usize>panels * (<usize>T_BLOCK * width + GAP)
  for (let m0 = 0; m0 < m; m0 += T_BLOCK) {
    const rows = min(T_BLOCK, m - m0)
    const first = index ? a : a + <usize>m0 * <usize>lda * F
    packStrips(stripsAt, first, index ? index + (<usize>m0 << 2) : 0, rows, k, <usize>lda * F)
    packPanels(scratch, dz + <usize>m0 * <usize>ldz * F, rows, n, <usize>ldz * F)
    for (let p = 0; p < panels; p++) {
      panelStrips(dw + <usize>(p * k) * width, stripsAt, scratch + <usize>p * (<usize>rows * width + GAP), k, rows)
    }
  }
}

// out[j, i] = W[i, j], packed (n, k) from packed (k, n); padding columns become zero
export function packTransposed(out: usize, w: usize, k: i32, n: i32): void {
  for (let i0 = 0; i0 < k; i0 += PANEL) {
    const columns = min(PANEL, k - i0)
    for (let j = 0; j < n; j++) {
      const panel = j / PANEL
      let from = w + <usize>((panel * k + i0) * PANEL + (j - panel * PANEL)) * F
      const to = out + (<usize>i0 * n + <usize>(j * PANEL)) * F
      for (let i = 0; i < PANEL; i++) {
        store<f32>(to + <usize>i * F, i < columns ? load<f32>(from) : 0)
        from += <usize>PANEL * F
      }
    }
  }
}

// z[i, :] = b1 + b2
export function fillRows(z: usize, b1: usize, b2: usize, m: i32, n: i32, ldz: i32): void {
  if (m < 1) return
  const stride = <usize>ldz * F
  const padded = ((n + PANEL - 1) / PANEL) * PANEL
  for (let j = 0; j < padded; j += 4) {
    const r = max(0, min(4, n - j))
    let v = zero4()
    if (r > 0 && b1) v = load4(b1 + <usize>j * F, r)
    if (r > 0 && b2) v = add(v, load4(b2 + <usize>j * F, r))
    v128.store(z + <usize>j * F, v)
  }
  for (let i = 1; i < m; i++) memory.copy(z + <usize>i * stride, z, <usize>padded * F)
}

// db[j] += Σ_i dZ[i, j]
export function sumRows(db: usize, dz: usize, m: i32, n: i32, ldz: i32): void {
  for (let i = 0; i < m; i++) addRow(db, dz + <usize>i * ldz * F, n)
}
