/**
 * Attention by v·tanh(query + key) (Bahdanau et al. 2015, arXiv:1409.0473), in the engine's kernels: for each target step the
 * rows of the source, query + key, at once. The way back computes them again, so that memory does not grow with both lengths.
 */
import type { Kernels, Pointer } from '../../engine/kernels.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import type { Capacity, Context } from '../layer.ts'
import type { AttentionEdges } from './attentionPart.ts'
import { PairedAttention, type Pair } from './pairedAttention.ts'

/** The kernels' number of tanh. */
const TANH = 2

export class AdditiveAttention extends PairedAttention {
  protected readonly callsOfStep = 12
  protected readonly workOfScore = 16
  readonly #weight: Parameter
  /** v as a matrix (width, 1) and as a row, both packed. */
  #column: Pointer = 0
  #row: Pointer = 0
  /** For each thread tanh(query + key) of one target step, and what has its shape or less: (T, stride) three times. */
  #work: Pointer = 0
  #rowsOfWork = 0
  /** The gradient of v by pair. (B, stride) */
  #slopes: Pointer = 0
  #sequences = 0

  /** @param weight v (1, width) */
  constructor(context: Context, edges: AttentionEdges, weight: Parameter) {
    super(context, edges)
    this.#weight = weight
  }

  protected planScores({ rows: R, steps: T, sequences: B }: Capacity, training: boolean): void {
    const { memory, panel, threads } = this.context.engine
    const floats = (count: number) => memory.floats(count, 'attention')
    this.#column = floats(this.width * panel)
    this.#row = floats(this.stride)
    this.#rowsOfWork = T
    this.#work = floats(3 * T * this.stride * threads)
    this.#sequences = B
    if (!training) return
    this.#slopes = floats(B * this.stride)
    this.keyGradientRows = floats(R * this.stride)
  }

  protected beginForward(): void {
    const { kernels, store, engine } = this.context
    const { memory, panel } = engine
    const [v, H] = [store.at(this.#weight), this.width]
    const rows = memory.viewFloats(this.#column, H * panel).fill(0)
    memory.viewFloats(v, H).forEach((x, j) => (rows[j * panel] = x))
    kernels.zero(this.#row, this.stride)
    kernels.gatherRows(this.#row, v, 0, 1, H, this.stride, H)
  }

  protected beginBackward(rows: number): void {
    const { kernels } = this.context
    kernels.zero(this.#slopes, this.#sequences * this.stride)
    kernels.zero(this.keyGradientRows, rows * this.stride)
  }

  /** The gradient of v, pair by pair. */
  protected override endBackward(): void {
    const { kernels, store } = this.context
    const to = store.at(this.#weight, 0, 'gradients')
    kernels.sumRows(to, this.#slopes, this.#sequences, this.width, this.stride)
  }

  protected score(own: Kernels, pair: Pair, from: number, to: number, part: number): void {
    const { n, weights, columns } = pair
    const { memory, panel } = this.context.engine
    const { rows, others } = this.#workOf(part)
    for (let t = from; t < to; t++) {
      this.#activate(own, pair, t, rows)
      own.matmul(others, rows, this.#column, n, 1, this.width, this.stride, panel, 0)
      own.gatherRows(this.weights + (weights + t * columns) * memory.floatBytes, others, 0, n, 1, 1, panel)
    }
  }

  protected scoreBackward(own: Kernels, pair: Pair, from: number, to: number, part: number): void {
    const { number, n, target, source, weights, columns } = pair
    const [H, ld, size] = [this.width, this.stride, this.context.engine.memory.floatBytes]
    const { rows, others, packed } = this.#workOf(part)
    for (let t = from; t < to; t++) {
      this.#activate(own, pair, t, rows)
      const given = this.scores + (weights + t * columns) * size
      // dv += given·tanh, a row of products.
      own.zero(packed, n * ld)
      own.scatterAddPanels(packed, rows, this.ids, n, H, n, ld)
      own.matmul(this.#slopes + number * ld * size, given, packed, 1, H, n, columns, ld, 1)
      // d(query + key) = given ⊗ v ∘ (1 − tanh²)
      own.matmul(others, given, this.#row, n, H, 1, 1, ld, 0)
      own.activateBackward(others, others, rows, n * ld, TANH)
      const query = this.contexts + (target + t) * ld * size
      own.zero(query, ld)
      own.sumRows(query, others, n, H, ld)
      own.add(this.keyGradientRows + source * ld * size, others, n * ld)
    }
  }

  /** tanh(query + key) of a target step and all steps of its source. (n, stride) */
  #activate(own: Kernels, { n, target, source }: Pair, t: number, rows: Pointer): void {
    const [ld, size] = [this.stride, this.context.engine.memory.floatBytes]
    own.fillRows(rows, this.queries + (target + t) * ld * size, 0, n, this.width, ld)
    own.add(rows, this.keys + source * ld * size, n * ld)
    own.activate(rows, rows, n * ld, TANH)
  }

  #workOf(part: number): { rows: Pointer; others: Pointer; packed: Pointer } {
    const size = this.#rowsOfWork * this.stride * this.context.engine.memory.floatBytes
    const rows = this.#work + 3 * part * size
    return { rows, others: rows + size, packed: rows + 2 * size }
  }
}
