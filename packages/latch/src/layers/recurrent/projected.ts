/**
 * An LSTM whose output is a projection of its hidden state (Sak et al. 2014), PyTorch's `proj_size`: c has H units,
 * h = weight_hr·(o∘tanh(c)) has P, and the gates read that h. One direction, or two side by side.
 */
import { lstmCell } from '../../cells/lstm/lstm.ts'
import { strideOf } from '../../engine/engine.ts'
import { transposedScratch, type Kernels, type Pointer } from '../../engine/kernels.ts'
import { UnsupportedError } from '../../core/errors.ts'
import { fieldAt, fieldError, readBoolean } from '../../core/validation.ts'
import { Random } from '../../core/random.ts'
import { glorotUniform } from '../../tensors/initializers.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertPerStep } from '../assertValues.ts'
import type { LayerDefinition } from '../definition.ts'
import { oneOf, optional, readOptions, readWidth } from '../fields.ts'
import { makeEdge, rowsOf } from '../layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, StreamContext } from '../layer.ts'
import type { Rows } from '../streamRows.ts'

/** An LSTM with a projection. */
export interface ProjectedLstmOptions {
  type: 'projectedLstm'
  /** Units of the cell state, H. */
  units: number
  /** Width of the hidden state and of the output, P; below `units`. */
  projectionSize: number
  /** `reverse` reads each sequence from its end; outputs stand at the steps they belong to. Default `forward`. */
  direction?: 'forward' | 'reverse' | 'bidirectional'
  /** Every step's output (default), or each sequence's last one only. */
  returnSequences?: boolean
  /** Two biases, as PyTorch has them. Default true. */
  bias?: boolean
}

/** The cell that is projected. */
export const projectedCell = lstmCell

/** The projected LSTM as data. */
export const projectedLstmLayer: LayerDefinition<ProjectedLstmOptions> = {
  type: 'projectedLstm',
  read(field) {
    const options = readOptions<ProjectedLstmOptions>(field, {
      units: readWidth,
      projectionSize: readWidth,
      direction: optional(oneOf('forward', 'reverse', 'bidirectional')),
      returnSequences: optional(readBoolean),
      bias: optional(readBoolean),
    })
    if (options.projectionSize < options.units) return options
    throw fieldError(fieldAt(field, 'projectionSize'), `a number below units (${options.units})`)
  },
  build: (context, name, options, input) => new ProjectedLstmLayer(context, name, options, input),
}

const GATES = 4

/** One direction's parameters. */
interface Weights {
  readonly input: Parameter // (4·H, F)
  readonly hidden: Parameter // (4·H, P)
  readonly projection: Parameter // (P, H)
  readonly biases: readonly Parameter[] // (4·H), two or none
}

export class ProjectedLstmLayer implements Layer {
  readonly type = 'projectedLstm'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #last: boolean
  readonly #directions: readonly Direction[]
  readonly #size: number

  /** @throws ShapeError over one row a sequence */
  constructor(context: Context, name: string, options: ProjectedLstmOptions, input: Edge) {
    assertPerStep(name, input)
    const { direction = 'forward', returnSequences = true, projectionSize } = options
    this.name = name
    this.#context = context
    this.#input = input
    this.#last = !returnSequences
    this.#size = projectionSize
    const ways = direction === 'bidirectional' ? [false, true] : [direction === 'reverse']
    this.#directions = ways.map(
      (reversed, d) => new Direction(context, name, options, input, reversed, d > 0 ? '_reverse' : ''),
    )
    this.parameters = this.#directions.flatMap(({ weights }) => [
      weights.input,
      weights.hidden,
      ...weights.biases,
      weights.projection,
    ])
    const width = ways.length * projectionSize
    this.output = makeEdge(returnSequences ? 'step' : 'sequence', width, strideOf(context.engine, width))
  }

  get needsWholeSequence(): { got: string; remedy: string } | undefined {
    if (!this.#directions.some(({ reversed }) => reversed)) return undefined
    return {
      got: 'a recurrent layer that reads from the end',
      remedy: "Train it with direction 'forward': the way back begins at the end.",
    }
  }

  /** Glorot for all weights, forget bias 1. */
  initialise(seed: number): void {
    for (const direction of this.#directions) direction.initialise(seed)
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    for (const direction of this.#directions) direction.plan(capacity, training)
    const floats = (this.#last ? capacity.sequences : capacity.rows) * this.output.stride
    this.output.value = memory.floats(floats, this.name)
    this.#context.kernels.zero(this.output.value, floats)
    this.output.gradient = training ? memory.floats(floats, this.name) : 0
  }

  forward(batch: PackedBatch): void {
    const { kernels, index, engine } = this.#context
    if (index.mask) this.#throwMask()
    const { value, stride } = this.output
    this.#directions.forEach((direction, d) => {
      direction.forward(batch)
      const rows = this.#last ? batch.sequences : batch.rows
      const from = this.#last ? index.lastRow : direction.reversed ? index.reverseRow : 0
      const to = value + d * this.#size * engine.memory.floatBytes
      kernels.gatherRows(to, direction.outputs(batch), from, rows, this.#size, stride, direction.stride)
    })
  }

  backward(batch: PackedBatch): void {
    const { kernels, index, engine } = this.#context
    const { gradient, stride } = this.output
    const input = this.#input
    if (input.gradient) kernels.zero(input.gradient, rowsOf(input, batch) * input.stride)
    this.#directions.forEach((direction, d) => {
      const rows = this.#last ? batch.sequences : batch.rows
      const to = this.#last ? index.lastRow : direction.reversed ? index.reverseRow : 0
      kernels.zero(direction.dOutputs, batch.rows * direction.stride)
      const from = gradient + d * this.#size * engine.memory.floatBytes
      kernels.scatterAddRows(direction.dOutputs, to, from, rows, this.#size, direction.stride, stride)
      direction.backward(batch)
    })
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    if (context.mask) this.#throwMask()
    return this.#directions[0].stream(context, x)
  }

  #throwMask(): never {
    throw new UnsupportedError({
      where: this.name,
      expected: 'a batch without masked steps',
      got: 'one with some',
      remedy: 'Give sequences of their own lengths in place of padding.',
    })
  }
}

/** One direction: tape and both passes. Rows are those of the packed batch, sequences as the direction reads them. */
class Direction {
  readonly reversed: boolean
  /** Of hidden states (P). */
  readonly stride: number
  readonly weights: Weights
  /** ∂L/∂h from above, in the direction's order; then all of ∂L/∂h. (R, P) */
  dOutputs: Pointer = 0
  readonly #context: Context
  readonly #input: Edge
  readonly #name: string
  readonly #units: number
  readonly #size: number
  readonly #gateStride: number
  readonly #cellStride: number
  #x: Pointer = 0 // (R, F), where it reads from the end
  #dx: Pointer = 0 // (R, F), likewise
  #gates: Pointer = 0 // (R, 4·H)
  #hidden: Pointer = 0 // (B + R, P), initial states first
  #cell: Pointer = 0 // (B + R, H)
  #tanh: Pointer = 0 // (R, H)
  #unprojected: Pointer = 0 // (R, H)
  #dGates: Pointer = 0 // (R, 4·H)
  #dUnprojected: Pointer = 0 // (B, H)
  #dHidden: Pointer = 0 // (B, P)
  #dCell: Pointer = 0 // (B, H)
  #transposed: Pointer = 0

  constructor(
    context: Context,
    name: string,
    { units: H, projectionSize: P, bias = true }: ProjectedLstmOptions,
    input: Edge,
    reversed: boolean,
    suffix: string,
  ) {
    const { store, engine, scratch } = context
    const N = GATES * H
    this.#context = context
    this.#input = input
    this.#name = name
    this.#units = H
    this.#size = P
    this.reversed = reversed
    this.stride = strideOf(engine, P)
    this.#gateStride = strideOf(engine, N)
    this.#cellStride = strideOf(engine, H)
    const biases = bias ? ['bias_ih', 'bias_hh'] : []
    this.weights = {
      input: store.matrix(`${name}.weight_ih_l0${suffix}`, [N, input.width]),
      hidden: store.matrix(`${name}.weight_hh_l0${suffix}`, [N, P]),
      biases: biases.map((own) => store.plain(`${name}.${own}_l0${suffix}`, [N])),
      projection: store.matrix(`${name}.weight_hr_l0${suffix}`, [P, H]),
    }
    scratch.need(transposedScratch(N, Math.max(P, input.ids ? 1 : input.width), engine.panel))
    scratch.need(transposedScratch(P, H, engine.panel))
  }

  initialise(seed: number): void {
    const { store } = this.#context
    const { input, hidden, projection, biases } = this.weights
    for (const weight of [input, hidden, projection]) {
      const [rows, columns] = weight.shape
      store.write(weight, glorotUniform(rows, columns, new Random(seed, 'initial', weight.name)))
    }
    const [first] = biases
    const H = this.#units
    if (first) store.write(first, new Float64Array(GATES * H).fill(1, H, 2 * H))
  }

  plan({ rows: R, sequences: B }: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    const { stride: inputStride, ids, gradient } = this.#input
    const reserve = (wanted: boolean, count: number, stride: number) =>
      wanted ? memory.floats(count * stride, this.#name) : 0
    this.#x = reserve(this.reversed && !ids, R, inputStride)
    this.#gates = reserve(true, R, this.#gateStride)
    this.#hidden = reserve(true, B + R, this.stride)
    this.#cell = reserve(true, B + R, this.#cellStride)
    this.#tanh = reserve(true, R, this.#cellStride)
    this.#unprojected = reserve(true, R, this.#cellStride)
    this.#dx = reserve(training && this.reversed && gradient !== 0, R, inputStride)
    this.dOutputs = reserve(training, R, this.stride)
    this.#dGates = reserve(training, R, this.#gateStride)
    this.#dUnprojected = reserve(training, B, this.#cellStride)
    this.#dHidden = reserve(training, B, this.stride)
    this.#dCell = reserve(training, B, this.#cellStride)
    const [H, P, N] = [this.#units, this.#size, GATES * this.#units]
    const states = this.#backFloats(H, P) + this.#backFloats(P, N)
    const inputs = gradient ? this.#backFloats(this.#input.width, N) : 0
    this.#transposed = reserve(training, Math.max(states, inputs), 1)
  }

  /** Hidden states after each step. (R, P) */
  outputs({ sequences }: PackedBatch): Pointer {
    return this.#hidden + sequences * this.stride * this.#context.engine.memory.floatBytes
  }

  forward(batch: PackedBatch): void {
    const { kernels, engine } = this.#context
    const size = engine.memory.floatBytes
    const B = batch.sequences
    kernels.zero(this.#hidden, B * this.stride)
    kernels.zero(this.#cell, B * this.#cellStride)
    this.#gatesOf(kernels, this.#gates, this.#readInput(batch), batch.rows)
    for (let t = 0; t < batch.steps; t++) {
      const [row, before] = [batch.offsets[t], t === 0 ? 0 : B + batch.offsets[t - 1]]
      this.#step(kernels, {
        rows: batch.batchSizes[t],
        gates: this.#gates + row * this.#gateStride * size,
        hidden: this.#hidden + (B + row) * this.stride * size,
        previousHidden: this.#hidden + before * this.stride * size,
        cell: this.#cell + (B + row) * this.#cellStride * size,
        previousCell: this.#cell + before * this.#cellStride * size,
        tanh: this.#tanh + row * this.#cellStride * size,
        unprojected: this.#unprojected + row * this.#cellStride * size,
      })
    }
  }

  /** Biases and x·Wx. */
  #gatesOf(kernels: Kernels, gates: Pointer, x: Pointer, rows: number, stride = this.#input.stride): void {
    const { store } = this.#context
    const { width, ids } = this.#input
    const { input, biases } = this.weights
    const [first, second] = biases.map((bias) => store.at(bias))
    const N = GATES * this.#units
    kernels.fillRows(gates, first ?? 0, second ?? 0, rows, N, this.#gateStride)
    if (ids) kernels.gatherPanels(gates, store.at(input), x, rows, N, width, this.#gateStride)
    else kernels.matmul(gates, x, store.at(input), rows, N, width, stride, this.#gateStride, 1)
  }

  /** h₋₁·Wh, the cell, and the projection. States before and after may be the same rows. */
  #step(
    kernels: Kernels,
    { rows, gates, hidden, previousHidden, cell, previousCell, tanh, unprojected }: StepPlaces,
  ): void {
    const { store } = this.#context
    const { hidden: weights, projection } = this.weights
    const [H, P, gateStride, cellStride] = [this.#units, this.#size, this.#gateStride, this.#cellStride]
    const N = GATES * H
    kernels.matmul(gates, previousHidden, store.at(weights), rows, N, P, this.stride, gateStride, 1)
    kernels.lstmForward(unprojected, cell, tanh, gates, previousCell, rows, H, gateStride, cellStride)
    kernels.matmul(hidden, unprojected, store.at(projection), rows, P, H, cellStride, this.stride, 0)
  }

  backward(batch: PackedBatch): void {
    const { kernels, store, engine } = this.#context
    const size = engine.memory.floatBytes
    const [H, P, N] = [this.#units, this.#size, GATES * this.#units]
    const B = batch.sequences
    const [gateStride, cellStride, stride] = [this.#gateStride, this.#cellStride, this.stride]
    kernels.zero(this.#dHidden, B * stride)
    kernels.zero(this.#dCell, B * cellStride)
    const projectionBack = this.#transposed
    const hiddenBack = this.#transposed + this.#backFloats(H, P) * size
    kernels.packTransposed(projectionBack, store.at(this.weights.projection), H, P)
    kernels.packTransposed(hiddenBack, store.at(this.weights.hidden), P, N)
    for (let t = batch.steps - 1; t >= 0; t--) {
      const [row, rows] = [batch.offsets[t], batch.batchSizes[t]]
      const before = t === 0 ? 0 : B + batch.offsets[t - 1]
      const dHidden = this.dOutputs + row * stride * size
      const dGates = this.#dGates + row * gateStride * size
      kernels.scatterAddRows(dHidden, 0, this.#dHidden, rows, P, stride, stride)
      kernels.matmul(this.#dUnprojected, dHidden, projectionBack, rows, H, P, stride, cellStride, 0)
      kernels.lstmBackward(
        dGates,
        this.#dUnprojected,
        this.#dCell,
        0,
        0,
        this.#gates + row * gateStride * size,
        this.#cell + before * cellStride * size,
        this.#tanh + row * cellStride * size,
        rows,
        H,
        gateStride,
        cellStride,
        0,
      )
      kernels.matmul(this.#dHidden, dGates, hiddenBack, rows, P, N, gateStride, stride, 0)
    }
    this.#weightGradients(batch)
  }

  /** Floats of a transpose (n, k) of weights packed as (k, n). */
  #backFloats(k: number, n: number): number {
    const { panel } = this.#context.engine
    return Math.ceil(k / panel) * panel * n
  }

  #weightGradients(batch: PackedBatch): void {
    const { kernels, store, index, scratch } = this.#context
    const { input, hidden, projection, biases } = this.weights
    const [H, P, N, R] = [this.#units, this.#size, GATES * this.#units, batch.rows]
    const { width: F, stride: inputStride, ids } = this.#input
    const [gateStride, cellStride, stride] = [this.#gateStride, this.#cellStride, this.stride]
    const into = (parameter: Parameter) => store.at(parameter, 0, 'gradients')
    const own = scratch.of(0)
    kernels.matmulTransposed(
      into(projection),
      this.#unprojected,
      0,
      this.dOutputs,
      own,
      R,
      P,
      H,
      cellStride,
      stride,
    )
    kernels.matmulTransposed(
      into(hidden),
      this.#hidden,
      index.previousRow,
      this.#dGates,
      own,
      R,
      N,
      P,
      stride,
      gateStride,
    )
    for (const bias of biases) kernels.sumRows(into(bias), this.#dGates, R, N, gateStride)
    const x = this.#inputRows()
    if (ids) kernels.scatterAddPanels(into(input), this.#dGates, x, R, N, F, gateStride)
    else kernels.matmulTransposed(into(input), x, 0, this.#dGates, own, R, N, F, inputStride, gateStride)
    this.#inputGradient(batch)
  }

  /** dx = dz·Wxᵀ, added to the edge below in the order of the text. */
  #inputGradient({ rows }: PackedBatch): void {
    const { kernels, store, index } = this.#context
    const { width, stride, gradient } = this.#input
    if (!gradient) return
    const N = GATES * this.#units
    kernels.packTransposed(this.#transposed, store.at(this.weights.input), width, N)
    const to = this.reversed ? this.#dx : gradient
    kernels.matmul(to, this.#dGates, this.#transposed, rows, width, N, this.#gateStride, stride, 0)
    if (this.reversed)
      kernels.scatterAddRows(gradient, index.reverseRow, this.#dx, rows, width, stride, stride)
  }

  /** The input in the direction's order. */
  #readInput({ rows }: PackedBatch): Pointer {
    const { kernels, index } = this.#context
    const { value, width, stride, ids } = this.#input
    if (this.reversed && !ids)
      kernels.gatherRows(this.#x, value, index.reverseRow, rows, width, stride, stride)
    return this.#inputRows()
  }

  #inputRows(): Pointer {
    const { value, ids, reversedIds } = this.#input
    if (ids) return this.reversed ? reversedIds : ids
    return this.reversed ? this.#x : value
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const { kernels } = this.#context
    const state = (name: string, width: number, stride: number) =>
      Object.assign(context.rows(width, stride), { name: `${this.#name}.${name}` })
    const [H, cellStride] = [this.#units, this.#cellStride]
    const hidden = state('hidden', this.#size, this.stride)
    const cell = state('cell', H, cellStride)
    const gates = context.rows(GATES * H, this.#gateStride)
    const [tanh, unprojected] = [context.rows(H, cellStride), context.rows(H, cellStride)]
    const from = this.#input.ids ? context.ids : x.at
    const places = {
      gates: gates.at,
      hidden: hidden.at,
      previousHidden: hidden.at,
      cell: cell.at,
      previousCell: cell.at,
      tanh: tanh.at,
      unprojected: unprojected.at,
    }
    return {
      output: hidden,
      states: [hidden, cell],
      run: (rows) => {
        this.#gatesOf(kernels, gates.at, from, rows, x.stride)
        this.#step(kernels, { ...places, rows })
      },
    }
  }
}

/** Where a step's parts lie. */
interface StepPlaces {
  rows: number
  gates: Pointer
  hidden: Pointer
  previousHidden: Pointer
  cell: Pointer
  previousCell: Pointer
  tanh: Pointer
  unprojected: Pointer
}
