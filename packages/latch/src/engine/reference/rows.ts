/**
 * Reference rows by id: the embedding's gather and scatter-add, on row-major tables and on packed
 * matrices (one-hot · w without the one-hot). Negative ids are skipped.
 */
import type { Kernels } from '../kernels.ts'
import type { Access } from './access.ts'

type RowKernels = Pick<Kernels, 'gatherRows' | 'scatterAddRows' | 'gatherPanels' | 'scatterAddPanels'>

export function rowKernels({ f, i: ints, shift, panel: W }: Access): RowKernels {
  return {
    gatherRows(out, table, ids, m, n, ldo, ldt) {
      const x = f()
      const id = ints()
      const [O, T, I] = [out >>> shift, table >>> shift, ids >>> 2]
      for (let i = 0; i < m; i++) {
        const row = ids ? id[I + i] : i
        const [to, from] = [O + i * ldo, T + row * ldt]
        for (let j = 0; j < n; j++) x[to + j] = row < 0 ? 0 : x[from + j]
      }
    },

    scatterAddRows(table, ids, dy, m, n, ldt, ldy) {
      const x = f()
      const id = ints()
      const [T, I, D] = [table >>> shift, ids >>> 2, dy >>> shift]
      for (let i = 0; i < m; i++) {
        const row = ids ? id[I + i] : i
        if (row < 0) continue
        const [to, from] = [T + row * ldt, D + i * ldy]
        for (let j = 0; j < n; j++) x[to + j] += x[from + j]
      }
    },

    gatherPanels(z, w, ids, m, n, k, ldz) {
      const x = f()
      const id = ints()
      const [Z, P, I] = [z >>> shift, w >>> shift, ids >>> 2]
      for (let i = 0; i < m; i++) {
        const row = id[I + i]
        if (row < 0) continue
        for (let j = 0; j < n; j++) x[Z + i * ldz + j] += x[P + (Math.floor(j / W) * k + row) * W + (j % W)]
      }
    },

    scatterAddPanels(dw, dz, ids, m, n, k, ldz) {
      const x = f()
      const id = ints()
      const [P, Z, I] = [dw >>> shift, dz >>> shift, ids >>> 2]
      for (let i = 0; i < m; i++) {
        const row = id[I + i]
        if (row < 0) continue
        for (let j = 0; j < n; j++) x[P + (Math.floor(j / W) * k + row) * W + (j % W)] += x[Z + i * ldz + j]
      }
    },
  }
}
