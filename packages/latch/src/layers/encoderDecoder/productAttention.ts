/** Attention by products of queries and keys (Luong et al. 2015, arXiv:1508.04025), in the engine's matrix kernels. */
import type { Kernels, Pointer } from '../../engine/kernels.ts'
import type { Capacity } from '../layer.ts'
import { PairedAttention, type Pair } from './pairedAttention.ts'

export class ProductAttention extends PairedAttention {
  protected readonly callsOfStep = 0
  protected readonly workOfScore = 2
  // Packed (n, width), and transposed (width, n); of dot products those of the values.
  #packedKeys: Pointer = 0
  #keysAcross: Pointer = 0
  #keyGradients: Pointer = 0

  protected planScores({ rows: R, sequences: B }: Capacity, training: boolean): void {
    const { memory, panel } = this.context.engine
    const floats = (count: number) => memory.floats(count, 'attention')
    this.#keysAcross = floats((R + B * panel) * this.width)
    this.#packedKeys = this.isDot ? this.packedValues : floats(R * this.stride)
    if (training) this.#keyGradients = this.isDot ? this.valueGradients : floats(R * this.stride)
  }

  protected beginForward(rows: number): void {
    if (!this.isDot) this.context.kernels.zero(this.#packedKeys, rows * this.stride)
  }

  protected beginBackward(rows: number): void {
    if (!this.isDot) this.context.kernels.zero(this.#keyGradients, rows * this.stride)
  }

  protected score(own: Kernels, { m, n, target, source, weights, columns, across }: Pair): void {
    const [H, ld, size] = [this.width, this.stride, this.context.engine.memory.floatBytes]
    const from = source * ld * size
    const keys = this.#keysAcross + across * size
    if (!this.isDot) own.scatterAddPanels(this.#packedKeys + from, this.keys + from, this.ids, n, H, n, ld)
    own.packTransposed(keys, this.#packedKeys + from, n, H)
    const queries = this.queries + target * ld * size
    own.matmul(this.weights + weights * size, queries, keys, m, n, H, ld, columns, 0)
  }

  protected scoreBackward(own: Kernels, pair: Pair, _from: number, _to: number, part: number): void {
    const { m, n, target, source, weights, columns } = pair
    const [H, ld, size] = [this.width, this.stride, this.context.engine.memory.floatBytes]
    const [from, to] = [source * ld * size, target * ld * size]
    const slopes = this.scores + weights * size
    own.matmul(this.contexts + to, slopes, this.#packedKeys + from, m, H, n, columns, ld, 0)
    this.addTransposed(own, this.#keyGradients + from, slopes, this.queries + to, pair, part)
    if (!this.isDot) this.unpack(own, this.keys + from, this.#keyGradients + from, n)
  }
}
