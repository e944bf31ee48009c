/**
 * Reference matrix products on packed panels. Four columns of a panel are summed side by side in local
 * variables, each in ascending order of its inner index.
 */
import type { Kernels } from '../kernels.ts'
import { TRANSPOSED_BLOCK } from '../kernels.ts'
import type { FloatArray } from '../arena.ts'
import type { Access } from './access.ts'

type MatmulKernels = Pick<Kernels, 'matmul' | 'matmulTransposed' | 'packTransposed' | 'fillRows' | 'sumRows'>

export function matmulKernels({ f, i: ints, shift, panel: W }: Access): MatmulKernels {
  const starts = new Uint32Array(TRANSPOSED_BLOCK)
  return {
    matmul(c, a, b, m, n, k, lda, ldc, accumulate) {
      const x = f()
      const [C, A, B] = [c >>> shift, a >>> shift, b >>> shift]
      for (let j = 0; j < n; j += 4) {
        const column = B + Math.floor(j / W) * k * W + (j % W)
        for (let i = 0; i < m; i++) {
          dotFour(x, C + i * ldc + j, A + i * lda, column, k, W, accumulate)
        }
      }
    },

    matmulTransposed(dw, a, index, dz, _scratch, m, n, k, lda, ldz) {
      const x = f()
      const id = ints()
      const [dW, A, dZ] = [dw >>> shift, a >>> shift, dz >>> shift]
      for (let block = 0; block < m; block += TRANSPOSED_BLOCK) {
        const rows = Math.min(TRANSPOSED_BLOCK, m - block)
        for (let i = 0; i < rows; i++) {
          starts[i] = A + (index ? id[(index >>> 2) + block + i] : block + i) * lda
        }
        for (let j = 0; j < n; j += 4) {
          const column = dW + Math.floor(j / W) * k * W + (j % W)
          const from = dZ + block * ldz + j
          for (let l = 0; l < k; l++) {
            if (j + 4 <= n) addFour(x, column + l * W, starts, l, from, rows, ldz)
            else for (let r = 0; j + r < n; r++) addOne(x, column + l * W + r, starts, l, from + r, rows, ldz)
          }
        }
      }
    },

    packTransposed(out, w, k, n) {
      const x = f()
      const [to, from] = [out >>> shift, w >>> shift]
      for (let l = 0; l < Math.ceil(k / W) * W; l++) {
        const column = to + Math.floor(l / W) * n * W + (l % W)
        for (let j = 0; j < n; j++) {
          x[column + j * W] = l < k ? x[from + Math.floor(j / W) * k * W + l * W + (j % W)] : 0
        }
      }
    },

    fillRows(z, b1, b2, m, n, ldz) {
      const x = f()
      const [Z, B1, B2] = [z >>> shift, b1 >>> shift, b2 >>> shift]
      const width = Math.ceil(n / W) * W
      for (let j = 0; j < width; j++) {
        const bias = j < n ? (b1 ? x[B1 + j] : 0) + (b2 ? x[B2 + j] : 0) : 0
        for (let i = 0; i < m; i++) x[Z + i * ldz + j] = bias
      }
    },

    sumRows(db, dz, m, n, ldz) {
      const x = f()
      const [dB, dZ] = [db >>> shift, dz >>> shift]
      for (let j = 0; j < n; j++) {
        let sum = x[dB + j]
        for (let i = 0; i < m; i++) sum += x[dZ + i * ldz + j]
        x[dB + j] = sum
      }
    },
  }
}

/** Four neighbouring columns of one row of A · B. */
function dotFour(
  x: FloatArray,
  c: number,
  a: number,
  b: number,
  k: number,
  W: number,
  accumulate: 0 | 1,
): void {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  for (let l = 0; l < k; l++, b += W) {
    const value = x[a + l]
    s0 += value * x[b]
    s1 += value * x[b + 1]
    s2 += value * x[b + 2]
    s3 += value * x[b + 3]
  }
  x[c] = accumulate ? x[c] + s0 : s0
  x[c + 1] = accumulate ? x[c + 1] + s1 : s1
  x[c + 2] = accumulate ? x[c + 2] + s2 : s2
  x[c + 3] = accumulate ? x[c + 3] + s3 : s3
}

/** dW[l, j…j+3] += Σ_i A[i, l] · dZ[i, j…j+3]; `starts` holds where each row of A begins. */
function addFour(
  x: FloatArray,
  dw: number,
  starts: Uint32Array,
  l: number,
  dz: number,
  rows: number,
  ldz: number,
): void {
  let [s0, s1, s2, s3] = [x[dw], x[dw + 1], x[dw + 2], x[dw + 3]]
  for (let i = 0; i < rows; i++, dz += ldz) {
    const value = x[starts[i] + l]
    s0 += value * x[dz]
    s1 += value * x[dz + 1]
    s2 += value * x[dz + 2]
    s3 += value * x[dz + 3]
  }
  x[dw] = s0
  x[dw + 1] = s1
  x[dw + 2] = s2
  x[dw + 3] = s3
}

/** The same for one column, where fewer than four are left. */
function addOne(
  x: FloatArray,
  dw: number,
  starts: Uint32Array,
  l: number,
  dz: number,
  rows: number,
  ldz: number,
): void {
  let sum = x[dw]
  for (let i = 0; i < rows; i++, dz += ldz) sum += x[starts[i] + l] * x[dz]
  x[dw] = sum
}
