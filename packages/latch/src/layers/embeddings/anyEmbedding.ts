/**
 * An embedding with a row for padding, with dropout of whole rows, or whose table is also the weight of a dense layer
 * (tied: Press & Wolf 2017). A tied table lies packed, as the dense layer multiplies with it, and has no sparse rows:
 * the output's gradient reaches every row.
 */
import { ShapeError, UnsupportedError } from '../../core/errors.ts'
import { hash32, mixKey } from '../../core/random.ts'
import type { Pointer } from '../../engine/kernels.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { AnyOptions } from '../definition.ts'
import type { Context, Pass } from '../layer.ts'
import type { MaskSupport } from '../masks/support.ts'
import { EmbeddingLayer, type EmbeddingOptions } from './embeddingLayer.ts'

/** Whether a dense layer of the network shares the embedding's table. */
export function isTied(all: readonly AnyOptions[]): boolean {
  return all.some((options) => (options as { tied?: boolean }).tied === true)
}

export class AnyEmbeddingLayer extends EmbeddingLayer {
  readonly #paddingIdx: number | undefined
  readonly #rate: number

  /** @throws ShapeError for a row of padding that is not there, UnsupportedError for one in a tied table */
  constructor(
    context: Context,
    name: string,
    options: EmbeddingOptions,
    support: MaskSupport | null,
    tied: boolean,
  ) {
    const { vocabulary, size, paddingIdx, rowDropout = 0 } = options
    const table = tied ? context.store.matrix(`${name}.weight`, [vocabulary, size]) : undefined
    super(context, name, options, support, table)
    this.#paddingIdx = paddingIdx
    this.#rate = rowDropout
    if (table) this.sparseRows = undefined
    if (paddingIdx === undefined) return
    if (tied) {
      throw new UnsupportedError({
        where: name,
        expected: 'a table without a row for padding, as it is tied to the output',
        got: `paddingIdx ${paddingIdx}`,
        remedy: 'Batches are packed and need no padding: leave `paddingIdx` out.',
      })
    }
    if (paddingIdx < vocabulary) return
    const expected = `a paddingIdx below the vocabulary (${vocabulary})`
    throw new ShapeError({ where: name, expected, got: `${paddingIdx}` })
  }

  override initialise(seed: number): void {
    super.initialise(seed)
    this.#clearPadding('weights')
  }

  override forward(batch: PackedBatch, pass: Pass): void {
    super.forward(batch, pass)
    this.#dropRows(this.output.value, batch, pass)
  }

  override backward(batch: PackedBatch, pass: Pass): void {
    this.#dropRows(this.output.gradient, batch, pass)
    if (this.sparseRows) super.backward(batch, pass)
    else this.#scatter(batch)
    this.#clearPadding('gradients')
  }

  /** Row n of a packed table is a column: its numbers lie a panel apart. */
  protected override gather(out: Pointer, ids: Pointer, rows: number): void {
    if (this.sparseRows) return super.gather(out, ids, rows)
    const { width, stride } = this.output
    const { memory, panel } = this.context.engine
    const values = memory.viewFloats(out, rows * stride)
    const table = this.#packed('weights')
    const own = memory.viewInts(ids, rows)
    for (let r = 0; r < rows; r++) {
      let at = columnOf(own[r], width, panel)
      for (let j = 0; j < width; j++, at += panel) values[r * stride + j] = table[at]
    }
  }

  /** Adds the rows' gradients in ascending order to those that the dense layer left. */
  #scatter(batch: PackedBatch): void {
    const { width, stride, gradient } = this.output
    const { memory, panel } = this.context.engine
    const values = memory.viewFloats(gradient, batch.rows * stride)
    const table = this.#packed('gradients')
    const own = memory.viewInts(this.ids.own, batch.rows)
    for (let r = 0; r < batch.rows; r++) {
      let at = columnOf(own[r], width, panel)
      for (let j = 0; j < width; j++, at += panel) table[at] += values[r * stride + j]
    }
  }

  #packed(region: string) {
    const { store, engine } = this.context
    const [vocabulary, size] = this.table.shape
    const { panel, memory } = engine
    return memory.viewFloats(store.at(this.table, 0, region), Math.ceil(vocabulary / panel) * panel * size)
  }

  /** Zeros in the rows of dropped tokens; the others times 1 / (1 − rate). */
  #dropRows(at: Pointer, { rows }: PackedBatch, pass: Pass): void {
    if (!pass.training || !this.#rate) return
    const { width, stride } = this.output
    const { memory } = this.context.engine
    const key = mixKey(pass.key, this.name)
    const threshold = Math.floor(this.#rate * 2 ** 32)
    const scale = 1 / (1 - this.#rate)
    const own = memory.viewInts(this.ids.own, rows)
    const values = memory.viewFloats(at, rows * stride)
    for (let r = 0; r < rows; r++) {
      const factor = hash32(hash32(own[r]) ^ key) < threshold ? 0 : scale
      for (let j = r * stride; j < r * stride + width; j++) values[j] *= factor
    }
  }

  #clearPadding(region: 'weights' | 'gradients'): void {
    if (this.#paddingIdx === undefined) return
    const { store, engine } = this.context
    const { width } = this.output
    const all = engine.memory.viewFloats(store.at(this.table, 0, region), this.table.size)
    all.fill(0, this.#paddingIdx * width, (this.#paddingIdx + 1) * width)
  }
}

/** Where column n of a packed matrix with K rows begins. */
function columnOf(n: number, K: number, panel: number): number {
  return Math.floor(n / panel) * K * panel + (n % panel)
}
