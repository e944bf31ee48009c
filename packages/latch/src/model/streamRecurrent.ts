/**
 * One step of a recurrent layer. States are overwritten in place: a product has read all of h before the
 * cell writes it, and every cell reads its old states element by element before it writes the new ones.
 */
import type { Stage, Step } from '../cells/cell.ts'
import type { Kernels } from '../engine/kernels.ts'
import { emptyStep } from '../layers/recurrent/loopShape.ts'
import type { RecurrentLayer } from '../layers/recurrent/recurrent.ts'
import type { ParameterStore } from '../tensors/parameters.ts'
import type { Rows } from './streamRows.ts'
import type { LayerStep } from './streamSteps.ts'

/** What a layer is made of besides its layer. */
interface Place {
  readonly kernels: Kernels
  readonly store: ParameterStore
  /** Reserves rows. */
  rows(width: number, stride?: number): Rows
  x: Rows
  /** Where ids lie if the layer reads one-hot rows, else 0. */
  ids: number
}

/** The product of one stage of a cell, and where its parts lie. */
interface StageProduct {
  readonly stage: Stage
  readonly columns: number
  readonly weights: number
  readonly operand: number
  /** h-side pre-activations of their own begin with this bias (0: none); `null`: the product adds to the gates. */
  readonly bias: number | null
  /** Columns of the gates before this stage's block, and a buffer that the block is multiplied in; null: none before. */
  readonly skipped: number
  readonly block: Rows | null
}

export class RecurrentStep implements LayerStep {
  readonly hidden: Rows
  readonly cell: Rows | null
  readonly #kernels: Kernels
  readonly #x: Rows
  readonly #ids: number
  readonly #gates: Rows
  readonly #recurrent: Rows | null
  readonly #weights: number
  readonly #biasInput: number
  readonly #biasHidden: number
  readonly #step: Step
  readonly #products: readonly StageProduct[]

  constructor(place: Place, layer: RecurrentLayer) {
    const { store } = place
    const [{ cell, units, stride, gateStride, parameters }] = layer.loops
    const rows = () => place.rows(units, stride)
    const gates = () => place.rows(cell.gateNames.length * units, gateStride)
    const biasHidden = parameters.biasHidden ? store.at(parameters.biasHidden) : 0
    const saved = cell.savedName ? rows() : null
    this.hidden = rows()
    this.cell = cell.stateNames.includes('cell') ? rows() : null
    this.#kernels = place.kernels
    this.#x = place.x
    this.#ids = place.ids
    this.#gates = gates()
    this.#recurrent = cell.separateRecurrent ? gates() : null
    this.#weights = store.at(parameters.weightInput)
    this.#biasInput = parameters.biasInput ? store.at(parameters.biasInput) : 0
    this.#biasHidden = cell.separateRecurrent ? 0 : biasHidden
    this.#step = inPlace(units, this.hidden, this.cell, saved, this.#gates, this.#recurrent)
    this.#step.extra = parameters.extra ? store.at(parameters.extra) : 0
    this.#products = cell.stages.map((stage, s) => ({
      stage,
      columns: stage.gateCount * units,
      weights: store.at(parameters.weightHidden, s),
      operand: stage.operand === 'hidden' ? this.hidden.at : saved!.at,
      bias: stage.into === 'recurrent' ? biasHidden : null,
      skipped: stage.firstGate * units,
      block: stage.firstGate > 0 ? place.rows(stage.gateCount * units) : null,
    }))
  }

  run(rows: number): void {
    const kernels = this.#kernels
    const x = this.#x
    const { at, width, stride } = this.#gates
    kernels.fillRows(at, this.#biasInput, this.#biasHidden, rows, width, stride)
    if (this.#ids) kernels.gatherPanels(at, this.#weights, this.#ids, rows, width, x.width, stride)
    else kernels.matmul(at, x.at, this.#weights, rows, width, x.width, x.stride, stride, 1)
    this.#step.rows = rows
    const products = this.#products
    for (let s = 0; s < products.length; s++) {
      const product = products[s]
      if (product.block) this.#multiplyBlock(product, product.block, rows)
      else this.#multiply(product, rows)
      product.stage.forward(kernels, this.#step)
    }
  }

  #multiply({ bias, columns, operand, weights }: StageProduct, rows: number): void {
    const kernels = this.#kernels
    const { width, stride } = this.hidden
    const target = bias === null ? this.#gates : this.#recurrent!
    if (bias !== null) kernels.fillRows(target.at, bias, 0, rows, columns, target.stride)
    kernels.matmul(target.at, operand, weights, rows, columns, width, stride, target.stride, 1)
  }

  /** A block inside the rows of the gates: addresses are calculated on lower floors, so it is taken out and put back. */
  #multiplyBlock({ skipped, columns, operand, weights }: StageProduct, block: Rows, rows: number): void {
    const { width, stride } = this.hidden
    copyColumns(block, 0, this.#gates, skipped, columns, rows)
    this.#kernels.matmul(block.at, operand, weights, rows, columns, width, stride, block.stride, 1)
    copyColumns(this.#gates, skipped, block, 0, columns, rows)
  }
}

function copyColumns(
  to: Rows,
  toColumn: number,
  from: Rows,
  fromColumn: number,
  columns: number,
  rows: number,
) {
  const [target, source] = [to.view, from.view]
  for (let r = 0; r < rows; r++) {
    const [t, s] = [r * to.stride + toColumn, r * from.stride + fromColumn]
    for (let j = 0; j < columns; j++) target[t + j] = source[s + j]
  }
}

/** A cell's step whose states before and after are the same rows. */
function inPlace(
  units: number,
  hidden: Rows,
  cell: Rows | null,
  saved: Rows | null,
  gates: Rows,
  recurrent: Rows | null,
): Step {
  return Object.assign(emptyStep(units, gates.stride, hidden.stride), {
    gates: gates.at,
    recurrent: recurrent?.at ?? 0,
    saved: saved?.at ?? 0,
    hidden: hidden.at,
    previousHidden: hidden.at,
    cell: cell?.at ?? 0,
    previousCell: cell?.at ?? 0,
  })
}
