/**
 * Rows by id: a one-hot matrix is never made; its product with W is a gather of rows, its gradient a
 * scatter-add in ascending row order. Plain tables are row-major, weights packed [⌈n/W⌉][k][W].
 */
import { PANEL } from './matmul'
import { F, addRow } from './simd'

// @ts-ignore: decorator
@inline
function idAt(ids: usize, i: i32): i32 {
  return ids ? load<i32>(ids + (<usize>i << 2)) : i
}

export function gatherRows(out: usize, table: usize, ids: usize, m: i32, n: i32, ldo: i32, ldt: i32): void {
  const bytes = <usize>n * F
  for (let i = 0; i < m; i++) {
    const id = idAt(ids, i)
    const to = out + <usize>i * ldo * F
    if (id < 0) memory.fill(to, 0, bytes)
    else memory.copy(to, table + <usize>id * ldt * F, bytes)
  }
}

export function scatterAddRows(table: usize, ids: usize, dy: usize, m: i32, n: i32, ldt: i32, ldy: i32): void {
  for (let i = 0; i < m; i++) {
    const id = idAt(ids, i)
    if (id >= 0) addRow(table + <usize>id * ldt * F, dy + <usize>i * ldy * F, n)
  }
}

// z[i, :] += W[ids[i], :]
export function gatherPanels(z: usize, w: usize, ids: usize, m: i32, n: i32, k: i32, ldz: i32): void {
  for (let i = 0; i < m; i++) {
    const id = idAt(ids, i)
    if (id < 0) continue
    const row = z + <usize>i * ldz * F
    for (let j = 0; j < n; j += PANEL) {
      addRow(row + <usize>j * F, w + (<usize>j * k + <usize>(id * PANEL)) * F, min(PANEL, n - j))
    }
  }
}

// dW[ids[i], :] += dZ[i, :]
export function scatterAddPanels(dw: usize, dz: usize, ids: usize, m: i32, n: i32, k: i32, ldz: i32): void {
  for (let i = 0; i < m; i++) {
    const id = idAt(ids, i)
    if (id < 0) continue
    const row = dz + <usize>i * ldz * F
    for (let j = 0; j < n; j += PANEL) {
      addRow(dw + (<usize>j * k + <usize>(id * PANEL)) * F, row + <usize>j * F, min(PANEL, n - j))
    }
  }
}
