/**
 * One step of a recurrent layer's stream. States are overwritten in place: a product has read all of h before the
 * cell writes it, and every cell reads its old states element by element before it writes the new ones.
 */
import type { Stage, Step } from '../../cells/cell.ts'
import type { Kernels, Pointer } from '../../engine/kernels.ts'
import type { Edge, LayerStep, StreamContext } from '../layer.ts'
import type { ParameterStore } from '../../tensors/parameters.ts'
import type { Rows } from '../streamRows.ts'
import { emptyStep } from './loopShape.ts'
import type { TimeLoop } from './timeLoop.ts'

/** The product of one stage of a cell, and where its parts lie. */
interface StageProduct {
  readonly stage: Stage
  readonly columns: number
  readonly weights: Pointer
  readonly operand: Pointer
  /** The stage's columns of the gates, or the h-side pre-activations. */
  readonly target: Pointer
  /** h-side pre-activations of their own begin with this bias (0: none); `null`: the product adds to the gates. */
  readonly bias: Pointer | null
}

/** What a step is made of besides its loop. */
interface Parts {
  readonly name: string
  readonly kernels: Kernels
  readonly store: ParameterStore
  readonly floatBytes: number
  readonly input: Edge
}

/** A loop's step in time: x·Wx, then the stages of its cell. */
export class RecurrentStep implements LayerStep {
  /** The hidden states. */
  readonly output: Rows
  readonly states: readonly Rows[]
  readonly #kernels: Kernels
  readonly #x: Rows
  /** Where ids lie if the layer reads one-hot rows, else 0. */
  readonly #ids: Pointer
  readonly #gates: Rows
  readonly #weights: Pointer
  readonly #biasInput: Pointer
  readonly #biasHidden: Pointer
  readonly #step: Step
  readonly #products: readonly StageProduct[]

  constructor(context: StreamContext, x: Rows, loop: TimeLoop, parts: Parts) {
    const { store, floatBytes } = parts
    const { cell, units, stride, gateStride, parameters } = loop
    const gates = () => context.rows(cell.gateNames.length * units, gateStride)
    const biasHidden = parameters.biasHidden ? store.at(parameters.biasHidden) : 0
    const saved = cell.savedName ? context.rows(units, stride) : null
    this.states = cell.stateNames.map((name) => {
      const rows = context.rows(units, stride)
      rows.name = `${parts.name}.${name}`
      return rows
    })
    this.output = this.states[0]
    this.#kernels = parts.kernels
    this.#x = x
    this.#ids = parts.input.ids ? context.ids : 0
    this.#gates = gates()
    const recurrent = cell.separateRecurrent ? gates() : null
    this.#weights = store.at(parameters.weightInput)
    this.#biasInput = parameters.biasInput ? store.at(parameters.biasInput) : 0
    this.#biasHidden = cell.separateRecurrent ? 0 : biasHidden
    const [hidden, cellState] = [this.output.at, this.states[cell.stateNames.indexOf('cell')]?.at ?? 0]
    // States before and after are the same rows.
    this.#step = Object.assign(emptyStep(units, gateStride, stride), {
      gates: this.#gates.at,
      recurrent: recurrent?.at ?? 0,
      saved: saved?.at ?? 0,
      hidden,
      previousHidden: hidden,
      cell: cellState,
      previousCell: cellState,
      extra: parameters.extra ? store.at(parameters.extra) : 0,
    })
    this.#products = cell.stages.map((stage, s) => ({
      stage,
      columns: stage.gateCount * units,
      weights: store.at(parameters.weightHidden, s),
      operand: stage.operand === 'hidden' ? hidden : saved!.at,
      target: (stage.into === 'gates' ? this.#gates : recurrent!).at + stage.firstGate * units * floatBytes,
      bias:
        stage.into === 'recurrent' ? biasHidden && biasHidden + stage.firstGate * units * floatBytes : null,
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
      this.#multiply(products[s], rows)
      products[s].stage.forward(kernels, this.#step)
    }
  }

  #multiply({ bias, columns, operand, weights, target }: StageProduct, rows: number): void {
    const kernels = this.#kernels
    const { width: units, stride } = this.output
    const { stride: gateStride } = this.#gates
    if (bias !== null) kernels.fillRows(target, bias, 0, rows, columns, gateStride)
    kernels.matmul(target, operand, weights, rows, columns, units, stride, gateStride, 1)
  }
}
