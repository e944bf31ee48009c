/** The layer of an embedding: rows of a table (V, E) by token id, forward, backward and in a stream. */
import { strideOf } from '../../engine/engine.ts'
import type { Pointer } from '../../engine/kernels.ts'
import { Random } from '../../core/random.ts'
import { uniform } from '../../tensors/initializers.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { SparseRows } from '../../tensors/sparseRows.ts'
import {
  makeEdge,
  type Capacity,
  type Context,
  type Edge,
  type Layer,
  type LayerStep,
  type Pass,
  type StreamContext,
} from '../layer.ts'
import type { MaskSupport } from '../masks/support.ts'
import { TokenIds } from './tokenIds.ts'

/** Input layer: token ids, each a row of a learned table (vocabulary, size). */
export interface EmbeddingOptions {
  type: 'embedding'
  vocabulary: number
  size: number
  /** Fraction of tokens that training replaces by the unknown token, id 0 (Iyyer et al. 2015). Default 0. */
  wordDropout?: number
  /**
   * Rate at which training drops whole rows of the table: all occurrences of a token in a batch are zeros, those of the
   * others are scaled up (Gal & Ghahramani 2016, "embedding dropout"). Default 0.
   */
  rowDropout?: number
  /** PyTorch's `padding_idx`: the row of this id begins as zeros and gets no gradient. Default none. */
  paddingIdx?: number
  /** Steps whose id is 0 are masked (Keras `mask_zero`). Default false. */
  maskZero?: boolean
}

export class EmbeddingLayer implements Layer {
  readonly type = 'embedding'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  sparseRows?: SparseRows
  readonly masksSteps: boolean
  protected readonly context: Context
  protected readonly ids: TokenIds
  protected readonly table: Parameter // (V, E)
  readonly #masks: MaskSupport | null

  /** `support`: what opens the mask of a stream, where the layer may mask steps. */
  constructor(
    context: Context,
    name: string,
    options: EmbeddingOptions,
    support: MaskSupport | null = null,
    table: Parameter = context.store.plain(`${name}.weight`, [options.vocabulary, options.size]),
  ) {
    this.context = context
    this.name = name
    this.masksSteps = options.maskZero ?? false
    this.#masks = support
    this.ids = new TokenIds(context, options.vocabulary, options.wordDropout ?? 0)
    this.table = table
    this.parameters = [table]
    this.sparseRows = new SparseRows(table)
    this.output = makeEdge('step', options.size, strideOf(context.engine, options.size))
  }

  initialise(seed: number): void {
    const { table } = this
    this.context.store.write(table, uniform(table.size, 0.1, new Random(seed, 'initial', table.name)))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.context.engine
    this.ids.plan(capacity)
    this.output.value = memory.floats(capacity.rows * this.output.stride, 'embedded tokens')
    this.output.gradient = training ? memory.floats(capacity.rows * this.output.stride, 'embedded tokens') : 0
  }

  forward(batch: PackedBatch, pass: Pass): void {
    this.ids.load(batch, pass)
    this.gather(this.output.value, this.ids.own, batch.rows)
  }

  /** Rows of the table by their ids, `stride` of the output apart. */
  protected gather(out: Pointer, ids: Pointer, rows: number): void {
    const { kernels, store } = this.context
    const { width, stride } = this.output
    kernels.gatherRows(out, store.at(this.table), ids, rows, width, stride, width)
  }

  backward(batch: PackedBatch, _pass?: Pass): void {
    const { kernels, store, engine } = this.context
    const { width, stride, gradient } = this.output
    this.sparseRows!.add(engine.memory.viewInts(this.ids.own, batch.rows))
    const table = store.at(this.table, 0, 'gradients')
    kernels.scatterAddRows(table, this.ids.own, gradient, batch.rows, width, width, stride)
  }

  clearMasked({ ids }: PackedBatch, valid: Uint8Array): void {
    if (!this.masksSteps || !ids) return
    for (let r = 0; r < valid.length; r++) if (ids[r] === 0) valid[r] = 0
  }

  stream(context: StreamContext): LayerStep {
    const { engine } = this.context
    const output = context.rows(this.output.width)
    const { ids } = context
    const mask = this.masksSteps ? this.#masks!.openStream(context) : null
    return {
      output,
      run: (rows) => {
        if (mask) maskZeros(engine.memory.viewInts(ids, rows), mask.rows)
        this.gather(output.at, ids, rows)
      },
    }
  }
}

/** 1 where an id is 0. */
function maskZeros(ids: Int32Array, mask: Uint8Array): void {
  for (let r = 0; r < ids.length; r++) mask[r] = ids[r] === 0 ? 1 : 0
}
