/**
 * A recurrent layer: one time loop a direction, its input and output. The backward direction is the
 * same loop over each sequence read backwards. Outputs: every step's h (R, D·H), or each sequence's
 * last h (B, D·H), directions side by side as PyTorch and Keras put them.
 */
import type { Cell } from '../../cells/cell.ts'
import type { CellForm } from '../../cells/registry.ts'
import { strideOf, type Engine } from '../../engine/engine.ts'
import type { Pointer } from '../../engine/kernels.ts'
import { Random } from '../../core/random.ts'
import { ShapeError } from '../../core/errors.ts'
import { glorotUniform, orthogonalPerGate } from '../../tensors/initializers.ts'
import { makeEdge } from '../layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, Pass, StreamContext } from '../layer.ts'
import type { Rows } from '../streamRows.ts'
import { assertPerStep } from '../assertValues.ts'
import { RecurrentStep } from './recurrentStep.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter, ParameterStore } from '../../tensors/parameters.ts'
import { PendingStates } from './pendingStates.ts'
import type { DirectionParameters, LoopHooks } from './loopShape.ts'
import { TimeLoop } from './timeLoop.ts'

/** A recurrent layer: SimpleRNN, LSTM or GRU, in one direction or both. */
export interface RecurrentOptions extends CellForm {
  type: 'recurrent'
  units: number
  /** `reverse` reads each sequence from its end; outputs stand at the steps they belong to. Default `forward`. */
  direction?: 'forward' | 'reverse' | 'bidirectional'
  /** How two directions become one output: side by side, or element by element. Default `concat`. */
  merge?: 'concat' | 'sum' | 'multiply' | 'average'
  /** The second direction's functions, where they differ from the first's. */
  backward?: Pick<CellForm, 'activation' | 'gateActivation' | 'stateActivation'>
  /** Every step's output (default), or each sequence's last one only. */
  returnSequences?: boolean
  /**
   * Default true: two biases, as PyTorch has them. `single`: `bias_ih` alone, as in Keras' SimpleRNN, LSTM and GRU with
   * reset before: a second one would take each step of an optimizer once more.
   */
  bias?: boolean | 'single'
  /** Rate at which training drops elements of `weight_hh`, the same for all steps of a batch (AWD-LSTM). Default 0. */
  weightDropout?: number
  /**
   * Rate at which units keep their states of the step before in training; outside it states are their expected values
   * (Krueger et al. 2017). A number is the rate of every state. Default 0.
   */
  zoneout?: number | ZoneoutRates
  /**
   * Layer normalisation inside the cell, gate by gate (Ba et al. 2016), with a parameter `layer_norm` in place of the biases: a
   * row of `units` numbers for each gain and bias. Slower: it runs on one thread. Default false.
   */
  layerNorm?: boolean
}

/** Rates at which the states keep their old values. */
export interface ZoneoutRates {
  /** Of the hidden state. Default 0. */
  hidden?: number
  /** Of the cell state, where the cell has one. Default 0. */
  cell?: number
}

/** Which state of a recurrent layer; only an LSTM has a cell state. */
export type StateName = 'hidden' | 'cell'

/** A recurrent layer at work: its time loops, parameters and output. */
export class RecurrentLayer implements Layer {
  readonly type = 'recurrent'
  readonly name: string
  readonly cell: Cell
  readonly units: number
  readonly loops: readonly TimeLoop[]
  readonly parameters: readonly Parameter[]
  readonly #context: Context
  readonly #input: Edge
  readonly #last: boolean
  readonly #sides: Edge
  #reversedInput: Pointer = 0
  #reversedInputGradient: Pointer = 0
  #reversedOutputGradient: Pointer = 0
  #ownOutput: Pointer = 0
  readonly #initial: PendingStates<StateName>
  readonly #finalGradient: PendingStates<StateName>

  /** `cellOf` makes the cell of a form. @throws ShapeError over one row a sequence */
  constructor(
    context: Context,
    name: string,
    options: RecurrentOptions,
    input: Edge,
    cellOf: (form: CellForm, engine: Engine) => Cell,
  ) {
    assertPerStep(name, input)
    this.name = name
    this.#initial = new PendingStates(`${name} initial state`)
    this.#finalGradient = new PendingStates(`${name} final gradient`)
    const { direction, returnSequences = true, units } = options
    this.units = units
    this.#context = context
    this.#input = input
    this.#last = !returnSequences
    const directions = direction === 'bidirectional' ? [false, true] : [direction === 'reverse']
    this.loops = directions.map((reversed, d) => {
      const cell = cellOf(d ? { ...options, ...options.backward } : options, context.engine)
      const parameters = declare(context.store, cell, name, options, input.width, d ? '_reverse' : '')
      return new TimeLoop(context, cell, units, input, parameters, reversed)
    })
    this.cell = this.loops[0].cell
    this.parameters = this.loops.flatMap(({ parameters: p }) =>
      [p.weightInput, p.weightHidden, p.biasInput, p.biasHidden, p.extra].filter((x) => x !== null),
    )
    const width = this.loops.length * units
    this.#sides = makeEdge(this.#last ? 'sequence' : 'step', width, strideOf(context.engine, width))
  }

  /** Why no stream can run it, where it reads sequences from their ends. */
  get needsWholeSequence(): { got: string; remedy: string } | undefined {
    if (!this.loops.some(({ reversed }) => reversed)) return undefined
    const how = this.loops.length > 1 ? 'both ways' : 'from the end'
    return {
      got: `a recurrent layer that reads ${how}`,
      remedy: "Train it with direction 'forward': the way back begins at the end.",
    }
  }

  /** Directions side by side. */
  get output(): Edge {
    return this.#sides
  }

  /** The edge below: its values lie in the order of the text, whatever the direction. */
  get input(): Edge {
    return this.#input
  }

  /** Initial weights: Glorot for the input, orthogonal per gate for the state, forget bias 1. */
  initialise(seed: number): void {
    const { store } = this.#context
    for (const { parameters, cell } of this.loops) {
      const gates = cell.gateNames.length
      const { weightInput, weightHidden, biasInput } = parameters
      const random = (p: Parameter) => new Random(seed, 'initial', p.name)
      store.write(weightInput, glorotUniform(gates * this.units, this.#input.width, random(weightInput)))
      store.write(weightHidden, orthogonalPerGate(gates, this.units, random(weightHidden)))
      if (!biasInput || !cell.unitForgetBias) continue
      const bias = new Float64Array(gates * this.units)
      const first = cell.gateNames.indexOf('forget') * this.units
      bias.fill(1, first, first + this.units)
      store.write(biasInput, bias)
    }
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    const { rows: R, sequences: B } = capacity
    const keep = { gradients: training, steps: this.#context.keptSteps }
    for (const loop of this.loops) loop.plan(capacity, keep)
    const back = this.loops[this.loops.length - 1].reversed
    const reserve = (wanted: boolean, floats: number) => (wanted ? memory.floats(floats, this.name) : 0)
    const inputFloats = R * this.#input.stride
    const wantsInput = training && this.#input.gradient !== 0
    this.#reversedInput = reserve(back && !this.#input.ids, inputFloats)
    this.#reversedInputGradient = reserve(back && wantsInput, inputFloats)
    const outputFloats = (this.#last ? B : R) * this.#sides.stride
    this.#ownOutput = reserve(this.#last || back, outputFloats)
    this.#sides.gradient = reserve(training, outputFloats)
    this.#reversedOutputGradient = reserve(back && training && !this.#last, R * this.loops[0].stride)
  }

  forward(batch: PackedBatch, pass: Pass): void {
    for (const loop of this.loops) loop.clearInitialStates(batch)
    for (const { state, direction, values } of this.#initial.take(batch)) {
      const { tape } = this.loops[direction]
      this.#writeStates(batch, state === 'cell' ? tape.cell : tape.hidden, direction, values)
    }
    this.loops.forEach((loop, d) => {
      loop.hooks = this.#hooksOf(loop, d, pass)
      loop.forward(batch, this.#inputOf(loop, batch))
    })
    this.#gatherOutputs(batch)
  }

  backward(batch: PackedBatch, pass: Pass): void {
    for (const loop of this.loops) loop.clearFinalGradients(batch)
    for (const { state, direction, values } of this.#finalGradient.take(batch)) {
      const loop = this.loops[direction]
      this.#writeStates(batch, state === 'cell' ? loop.dCell : loop.dHidden, direction, values)
    }
    if (this.#last) this.#scatterLast(batch)
    this.loops.forEach((loop, d) => {
      loop.hooks = this.#hooksOf(loop, d, pass)
      this.#backwardOf(loop, d, batch, pass)
    })
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const { engine, kernels, store } = this.#context
    const { floatBytes } = engine.memory
    const parts = { name: this.name, kernels, store, floatBytes, input: this.#input }
    const step = new RecurrentStep(context, x, this.loops[0], parts)
    return context.mask ? context.mask.keepStates(step, step.states) : step
  }

  #hooksOf(loop: TimeLoop, direction: number, { overrides }: Pass): LoopHooks | null {
    const { engine, index } = this.#context
    const hooks = this.inner(direction, overrides?.of(engine.memory, loop, this.name, direction) ?? null)
    return index.mask ? index.mask.of(loop, hooks) : hooks
  }

  /** What changes the steps of a loop inside of masks. */
  protected inner(_direction: number, overrides: LoopHooks | null): LoopHooks | null {
    return overrides
  }

  #inputOf({ reversed }: TimeLoop, batch: PackedBatch): Pointer {
    const input = this.#input
    if (!reversed) return input.ids || input.value
    if (input.ids) return input.reversedIds
    const { kernels, index } = this.#context
    kernels.gatherRows(
      this.#reversedInput,
      input.value,
      index.reverseRow,
      batch.rows,
      input.width,
      input.stride,
      input.stride,
    )
    return this.#reversedInput
  }

  /** Puts the directions' hidden states into the output. */
  #gatherOutputs(batch: PackedBatch): void {
    const { kernels, index, engine } = this.#context
    const size = engine.memory.floatBytes
    if (!this.#ownOutput) {
      this.#sides.value = this.loops[0].tape.hidden + batch.sequences * this.loops[0].stride * size
      return
    }
    this.#sides.value = this.#ownOutput
    this.loops.forEach(({ tape, stride, units, reversed }, d) => {
      const states = tape.hidden + batch.sequences * stride * size
      const from = this.#last ? index.lastRow : reversed ? index.reverseRow : 0
      const rows = this.#last ? batch.sequences : batch.rows
      const to = this.#ownOutput + d * units * size
      kernels.gatherRows(to, states, from, rows, units, this.#sides.stride, stride)
    })
  }

  /** Gradient of the last outputs becomes each sequence's final-state gradient. */
  #scatterLast(batch: PackedBatch): void {
    const { kernels, engine } = this.#context
    this.loops.forEach(({ dHidden, units, stride }, d) => {
      const from = this.#sides.gradient + d * units * engine.memory.floatBytes
      kernels.scatterAddRows(dHidden, 0, from, batch.sequences, units, stride, this.#sides.stride)
    })
  }

  #backwardOf(loop: TimeLoop, d: number, batch: PackedBatch, pass: Pass): void {
    const { kernels, index } = this.#context
    const input = this.#input
    const { gradient, stride: outputStride } = this.#sides
    if (!loop.reversed) {
      const edges = { x: input.ids || input.value, dx: input.gradient, dOutput: this.#last ? 0 : gradient }
      loop.backward(batch, { ...edges, outputStride }, pass)
      return
    }
    let dOutput = 0
    if (!this.#last) {
      dOutput = this.#reversedOutputGradient
      const from = gradient + d * loop.units * this.#context.engine.memory.floatBytes
      kernels.gatherRows(dOutput, from, index.reverseRow, batch.rows, loop.units, loop.stride, outputStride)
    }
    const x = input.ids ? input.reversedIds : this.#reversedInput
    const dx = this.#reversedInputGradient
    loop.backward(batch, { x, dx, dOutput, outputStride: loop.stride }, pass)
    if (dx) {
      // A first direction leaves its gradient there.
      if (d === 0) kernels.zero(input.gradient, batch.rows * input.stride)
      kernels.scatterAddRows(
        input.gradient,
        index.reverseRow,
        dx,
        batch.rows,
        input.width,
        input.stride,
        input.stride,
      )
    }
  }

  /** Sets the states (B, H) the next forward pass starts from, in the caller's order. Default zeros. */
  writeInitialState(
    batch: PackedBatch,
    state: StateName,
    direction: number,
    values: ArrayLike<number>,
  ): void {
    this.#initial.give(batch, this.#checked(batch, state, direction, values))
  }

  /** The states (B, H) after each sequence's last step, in the caller's order. */
  readFinalState(batch: PackedBatch, state: StateName, direction: number): Float64Array {
    this.#check(state, direction)
    const { tape, stride } = this.loops[direction]
    const bytes = stride * this.#context.engine.memory.floatBytes
    if (state === 'cell') return this.#readStates(batch, (b) => tape.finalCell + b * bytes)
    return this.#readStates(batch, (b) => {
      const last = batch.offsets[batch.lengths[b] - 1] + b
      return tape.hidden + (batch.sequences + last) * bytes
    })
  }

  /** Sets ∂L/∂(final state) (B, H) for the next backward pass. Default zeros. */
  writeFinalGradient(
    batch: PackedBatch,
    state: StateName,
    direction: number,
    values: ArrayLike<number>,
  ): void {
    this.#finalGradient.give(batch, this.#checked(batch, state, direction, values))
  }

  /** ∂L/∂(initial state) (B, H) after a backward pass. */
  readInitialGradient(batch: PackedBatch, state: StateName, direction: number): Float64Array {
    this.#check(state, direction)
    const loop = this.loops[direction]
    const base = state === 'cell' ? loop.dCell : loop.dHidden
    const bytes = loop.stride * this.#context.engine.memory.floatBytes
    return this.#readStates(batch, (b) => base + b * bytes)
  }

  #check(state: StateName, direction: number): void {
    const where = `${this.name} state`
    if (!this.loops[direction]) {
      throw new ShapeError({ where, expected: `a direction below ${this.loops.length}`, got: `${direction}` })
    }
    const { stateNames, name } = this.cell
    if (stateNames.includes(state)) return
    throw new ShapeError({
      where,
      expected: `a state among ${stateNames.join(', ')}`,
      got: `${state} of ${name}`,
    })
  }

  /** A copy, after checks. */
  #checked(batch: PackedBatch, state: StateName, direction: number, values: ArrayLike<number>) {
    this.#check(state, direction)
    const count = batch.sequences * this.units
    if (values.length !== count) {
      const expected = `${batch.sequences}·${this.units} numbers (batch, units)`
      throw new ShapeError({ where: `${this.name} state`, expected, got: `${values.length}` })
    }
    return { state, direction, values: Float64Array.from(values) }
  }

  #writeStates(batch: PackedBatch, base: Pointer, direction: number, values: ArrayLike<number>): void {
    const { stride } = this.loops[direction]
    const H = this.units
    const view = this.#context.engine.memory.viewFloats(base, batch.sequences * stride)
    for (let b = 0; b < batch.sequences; b++) {
      for (let j = 0; j < H; j++) view[b * stride + j] = values[batch.sortedIndices[b] * H + j]
    }
  }

  #readStates(batch: PackedBatch, at: (b: number) => Pointer): Float64Array {
    const H = this.units
    const out = new Float64Array(batch.sequences * H)
    for (let b = 0; b < batch.sequences; b++) {
      out.set(this.#context.engine.memory.viewFloats(at(b), H), batch.sortedIndices[b] * H)
    }
    return out
  }
}

function declare(
  store: ParameterStore,
  cell: Cell,
  name: string,
  options: RecurrentOptions,
  width: number,
  suffix: string,
): DirectionParameters {
  const H = options.units
  const rows = cell.gateNames.length * H
  const blocks = cell.stages.map((stage) => stage.gateCount * H)
  const { bias = true } = options
  const own = cell.extraParameters?.[0]
  return {
    weightInput: store.matrix(`${name}.weight_ih_l0${suffix}`, [rows, width]),
    weightHidden: store.matrix(`${name}.weight_hh_l0${suffix}`, [rows, H], blocks),
    biasInput: bias ? store.plain(`${name}.bias_ih_l0${suffix}`, [rows]) : null,
    biasHidden: bias === true ? store.plain(`${name}.bias_hh_l0${suffix}`, [rows]) : null,
    extra: own ? store.plain(`${name}.${own.name}_l0${suffix}`, [own.rows, H]) : null,
  }
}
