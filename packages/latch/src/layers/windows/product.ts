/**
 * Products of windows: y[r] = Σ over the places k of a window of x[rows[k][r]]·W[k], by groups of columns. Rows of a block
 * are laid side by side and multiplied at once, so each row has the same bits whatever the block, the batch and the
 * number of threads. A convolution is one forward and, with its weights the other way round, one backward.
 */
import { strideOf, type Engine } from '../../engine/engine.ts'
import type { FloatArray } from '../../engine/arena.ts'
import type { Kernels, Pointer } from '../../engine/kernels.ts'
import { taskCount } from '../../engine/threads/executor.ts'
import { partition } from '../../tensors/partition.ts'

/** Rows that are laid out at once. */
const BLOCK_ROWS = 128

/** Sizes of a product: columns are those of one group. */
export interface ProductShape {
  readonly size: number
  readonly groups: number
  readonly inputs: number
  readonly outputs: number
}

/** Rows of an edge. */
export interface RowsAt {
  readonly at: Pointer
  readonly stride: number
}

/** Numbers of a weight, PyTorch's (groups·outputs, inputs, size): element (g·outputs + n, c, k). */
export type WeightVisit = (g: number, n: number, c: number, k: number, native: number) => void

/** Visits a weight (groups·N, C, size) in its order. */
export function eachWeight({ size, groups, inputs: C, outputs: N }: ProductShape, visit: WeightVisit): void {
  let native = 0
  for (let g = 0; g < groups; g++)
    for (let n = 0; n < N; n++)
      for (let c = 0; c < C; c++) for (let k = 0; k < size; k++) visit(g, n, c, k, native++)
}

/** A product with its memory; `plan` before use. */
export class WindowProduct {
  readonly shape: ProductShape
  /** Rows of a packed group: (size·inputs). */
  readonly depth: number
  readonly #engine: Engine
  /** Of a packed group. */
  readonly #floats: number
  readonly #perThread: number
  readonly #outputStride: number
  #weights: Pointer = 0 // groups × (size·inputs, outputs), packed
  #buffers: Pointer = 0

  constructor(engine: Engine, shape: ProductShape) {
    this.#engine = engine
    this.shape = shape
    this.depth = shape.size * shape.inputs
    this.#outputStride = strideOf(engine, shape.outputs)
    this.#floats = this.#outputStride * this.depth
    this.#perThread = BLOCK_ROWS * (this.depth + (shape.groups > 1 ? this.#outputStride : 0))
  }

  /** Reserves the packed weights and a block for each thread. */
  plan(what: string): void {
    const { memory, threads } = this.#engine
    this.planWeights(what)
    this.#buffers = memory.floats(this.#perThread * threads, what)
  }

  planWeights(what: string): void {
    const { memory, kernels } = this.#engine
    const count = this.#floats * this.shape.groups
    this.#weights = memory.floats(count, what)
    kernels.zero(this.#weights, count)
  }

  get weights(): Pointer {
    return this.#weights
  }

  /** Floats into the packed weights of input `c`, output `n` and place `k` of group `g`. */
  packedAt(g: number, k: number, c: number, n: number): number {
    const { panel } = this.#engine
    const column = Math.floor(n / panel) * panel * this.depth + (n % panel)
    return g * this.#floats + column + (k * this.shape.inputs + c) * panel
  }

  view(): FloatArray {
    return this.#engine.memory.viewFloats(this.#weights, this.#floats * this.shape.groups)
  }

  /** y = bias + the product, for `count` rows; `rows` (size, count). Each thread takes some of them. */
  run(y: RowsAt, x: RowsAt, rows: Pointer, count: number, bias: Pointer): void {
    const { executor } = this.#engine
    const { groups, outputs } = this.shape
    const work = count * this.depth * outputs * groups
    const tasks = taskCount(executor, work, Infinity)
    executor.run(tasks, (kernels, task) => {
      const [first, end] = partition(count, 1, task, tasks)
      this.#eachBlock(kernels, task, x, rows, count, first, end, (block, g, from, many) =>
        this.#multiply(kernels, task, block, y, g, from, many, bias),
      )
    })
  }

  /** Adds ∂L/∂W (packed, of another product of this shape) from ∂L/∂y: panels of each group for each thread, rows ascending. */
  addWeightGradients(
    packed: Pointer,
    dy: RowsAt,
    x: RowsAt,
    rows: Pointer,
    count: number,
    scratchOf: (task: number) => Pointer,
  ): void {
    const { executor, memory, panel } = this.#engine
    const { groups, outputs } = this.shape
    const size = memory.floatBytes
    const tasks = taskCount(executor, count * this.depth * outputs * groups, Infinity)
    executor.run(tasks, (kernels, task) => {
      const [first, end] = partition(outputs, panel, task, tasks)
      if (end <= first) return
      this.#eachBlock(kernels, task, x, rows, count, 0, count, (block, g, from, many) => {
        const to = packed + (g * this.#floats + first * this.depth) * size
        const dz = dy.at + (from * dy.stride + g * outputs + first) * size
        const scratch = scratchOf(task)
        kernels.matmulTransposed(
          to,
          block,
          0,
          dz,
          scratch,
          many,
          end - first,
          this.depth,
          this.depth,
          dy.stride,
        )
      })
    })
  }

  /** Lays the rows first … end − 1 out, a block of one group at a time. */
  #eachBlock(
    kernels: Kernels,
    task: number,
    x: RowsAt,
    rows: Pointer,
    count: number,
    first: number,
    end: number,
    visit: (block: Pointer, g: number, from: number, many: number) => void,
  ): void {
    const { size, groups, inputs } = this.shape
    const { floatBytes } = this.#engine.memory
    const block = this.#buffers + task * this.#perThread * floatBytes
    for (let from = first; from < end; from += BLOCK_ROWS) {
      const many = Math.min(BLOCK_ROWS, end - from)
      for (let g = 0; g < groups; g++) {
        for (let k = 0; k < size; k++) {
          const to = block + k * inputs * floatBytes
          const source = x.at + g * inputs * floatBytes
          kernels.gatherRows(to, source, rows + (k * count + from) * 4, many, inputs, this.depth, x.stride)
        }
        visit(block, g, from, many)
      }
    }
  }

  #multiply(
    kernels: Kernels,
    task: number,
    block: Pointer,
    y: RowsAt,
    g: number,
    from: number,
    many: number,
    bias: Pointer,
  ): void {
    const { groups, outputs } = this.shape
    const { floatBytes } = this.#engine.memory
    const to = y.at + (from * y.stride + g * outputs) * floatBytes
    if (groups === 1) {
      this.multiplyGroup(kernels, 0, to, y.stride, block, many, bias)
      return
    }
    // A product writes whole panels: beside the columns of the next group, not over them.
    const own = this.#buffers + (task * this.#perThread + BLOCK_ROWS * this.depth) * floatBytes
    this.multiplyGroup(kernels, g, own, this.#outputStride, block, many, bias)
    kernels.gatherRows(to, own, 0, many, outputs, y.stride, this.#outputStride)
  }

  /** One group: y (m, outputs; stride) = bias + x (m, depth)·W. */
  multiplyGroup(
    kernels: Kernels,
    g: number,
    y: Pointer,
    stride: number,
    x: Pointer,
    m: number,
    bias: Pointer,
  ): void {
    const { outputs } = this.shape
    const { floatBytes } = this.#engine.memory
    kernels.fillRows(y, bias && bias + g * outputs * floatBytes, 0, m, outputs, stride)
    const weights = this.#weights + g * this.#floats * floatBytes
    kernels.matmul(y, x, weights, m, outputs, this.depth, this.depth, stride, 1)
  }
}
