/**
 * What BPTT leaves in the gradients of pre-activations, turned into gradients of weights, biases and
 * input, block by block: each weight's sum runs over blocks from the last to the first, inside a block
 * over its rows in order, whichever thread computes it.
 */
import { strideOf } from '../../engine/engine.ts'
import type { Kernels, Pointer } from '../../engine/kernels.ts'
import type { Stage } from '../../cells/cell.ts'
import type { Edge, Context } from '../layer.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { LoopEdges, LoopShape } from './loopShape.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { partition } from '../../tensors/partition.ts'

/** Rows of a block and who of how many works on them. */
interface Work {
  kernels: Kernels
  batch: PackedBatch
  edges: LoopEdges
  firstRow: number
  rows: number
  part: number
  parts: number
}

export class Gradients {
  readonly #context: Context
  readonly #loop: LoopShape
  readonly #input: Edge
  #inputTransposed: Pointer = 0

  constructor(context: Context, loop: LoopShape, input: Edge) {
    this.#context = context
    this.#loop = loop
    this.#input = input
  }

  plan(what: string): void {
    const { engine } = this.#context
    const { units, cell } = this.#loop
    const width = strideOf(engine, this.#input.width)
    this.#inputTransposed = this.#input.ids
      ? 0
      : engine.memory.floats(width * cell.gateNames.length * units, what)
  }

  /** Before the first block: Wxᵀ where the input wants a gradient. */
  begin(dx: Pointer): void {
    if (!dx) return
    const { kernels, store } = this.#context
    const { units, cell, parameters } = this.#loop
    const N = cell.gateNames.length * units
    kernels.packTransposed(this.#inputTransposed, store.at(parameters.weightInput), this.#input.width, N)
  }

  /** A part's share of the gradients of a block. */
  ofBlock(
    kernels: Kernels,
    batch: PackedBatch,
    edges: LoopEdges,
    firstRow: number,
    rows: number,
    part: number,
    parts: number,
  ): void {
    const work = { kernels, batch, edges, firstRow, rows, part, parts }
    this.#loop.cell.stages.forEach((stage, s) => this.#hidden(work, stage, s))
    this.#inputWeights(work)
    this.#inputRows(work)
    const { parameters, cell, tape } = this.#loop
    this.#bias(work, parameters.biasInput, tape.dGates)
    this.#bias(work, parameters.biasHidden, cell.separateRecurrent ? tape.dRecurrent : tape.dGates)
  }

  /** dWh = operandᵀ·dz over the block's rows, by panels. */
  #hidden({ kernels, batch, firstRow, rows, part, parts }: Work, stage: Stage, s: number): void {
    const { engine, index } = this.#context
    const { units, gateStride, stride, tape } = this.#loop
    const size = engine.memory.floatBytes
    const [first, end] = partition(stage.gateCount * units, engine.panel, part, parts)
    if (end <= first) return
    const inside = firstRow - tape.firstRow
    const dw = this.#loop.weightsAt(s, 'gradients') + first * units * size
    const buffer = stage.into === 'gates' ? tape.dGates : tape.dRecurrent
    const dz = buffer + (inside * gateStride + stage.firstGate * units + first) * size
    let operand = tape.saved + inside * stride * size
    let indices = 0
    if (stage.operand === 'hidden') {
      // Where all sequences are equally long, row r's state before it is row r of the same buffer.
      operand = batch.equal ? tape.hidden + firstRow * stride * size : tape.hidden
      indices = batch.equal ? 0 : index.previousRow + firstRow * 4
    }
    const scratch = this.#context.scratch.of(part)
    kernels.matmulTransposed(dw, operand, indices, dz, scratch, rows, end - first, units, stride, gateStride)
  }

  /** dWx = xᵀ·dz, by panels; with ids, rows of dz onto rows of dWx. */
  #inputWeights({ kernels, edges, firstRow, rows, part, parts }: Work): void {
    const { store, engine } = this.#context
    const { cell, units, gateStride, parameters, tape } = this.#loop
    const { width, stride, ids } = this.#input
    const size = engine.memory.floatBytes
    const [first, end] = partition(cell.gateNames.length * units, engine.panel, part, parts)
    if (end <= first) return
    const dw = store.at(parameters.weightInput, 0, 'gradients') + first * width * size
    const dz = tape.dGates + ((firstRow - tape.firstRow) * gateStride + first) * size
    if (ids) {
      kernels.scatterAddPanels(dw, dz, edges.x + firstRow * 4, rows, end - first, width, gateStride)
      return
    }
    const x = edges.x + firstRow * stride * size
    const scratch = this.#context.scratch.of(part)
    kernels.matmulTransposed(dw, x, 0, dz, scratch, rows, end - first, width, stride, gateStride)
  }

  /** dx = dz·Wxᵀ, by rows. */
  #inputRows({ kernels, edges, firstRow, rows, part, parts }: Work): void {
    if (!edges.dx) return
    const { cell, units, gateStride, tape } = this.#loop
    const { width, stride } = this.#input
    const size = this.#context.engine.memory.floatBytes
    const [first, end] = partition(rows, 1, part, parts)
    if (end <= first) return
    const row = firstRow + first
    const dz = tape.dGates + (row - tape.firstRow) * gateStride * size
    const N = cell.gateNames.length * units
    const dx = edges.dx + row * stride * size
    kernels.matmul(dx, dz, this.#inputTransposed, end - first, width, N, gateStride, stride, 0)
  }

  #bias({ kernels, firstRow, rows, part, parts }: Work, bias: Parameter | null, buffer: Pointer): void {
    if (!bias) return
    const { store, engine } = this.#context
    const { cell, units, gateStride, tape } = this.#loop
    const size = engine.memory.floatBytes
    const [first, end] = partition(cell.gateNames.length * units, engine.panel, part, parts)
    if (end <= first) return
    const db = store.at(bias, 0, 'gradients') + first * size
    const dz = buffer + ((firstRow - tape.firstRow) * gateStride + first) * size
    kernels.sumRows(db, dz, rows, end - first, gateStride)
  }
}
