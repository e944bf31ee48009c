/**
 * The sparse rows of an embedding table: those that received gradients since they were last cleared. A batch uses few
 * rows of a large vocabulary; all others have a gradient of zero and need not be visited.
 */
import type { Parameter } from './parameters.ts'

export class SparseRows {
  readonly table: Parameter // (V, E), row-major
  /** Increases with every change, so that values derived from the rows can be cached until then. */
  changes = 0
  /** One byte per row, allocated when the first row is used. (V) */
  #marks: Uint8Array | null = null
  #rows = new Int32Array(64)
  #count = 0
  #sorted = true

  constructor(table: Parameter) {
    this.table = table
  }

  /** Ids that a backward pass adds gradients to, in any order and any number of times. */
  add(ids: Int32Array): void {
    const marks = (this.#marks ??= new Uint8Array(this.table.shape[0]))
    this.changes++
    this.#sorted = false
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]
      if (marks[id]) continue
      marks[id] = 1
      if (this.#count === this.#rows.length) this.#grow()
      this.#rows[this.#count++] = id
    }
  }

  clear(): void {
    this.changes++
    for (const id of this.ascending()) this.#marks![id] = 0
    this.#count = 0
  }

  /** Each row once; valid until the next change. */
  ascending(): Int32Array {
    const rows = this.#rows.subarray(0, this.#count)
    if (!this.#sorted) rows.sort()
    this.#sorted = true
    return rows
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#rows.length)
    larger.set(this.#rows)
    this.#rows = larger
  }
}
