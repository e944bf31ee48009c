/**
 * Layer normalisation inside a cell (Ba et al. 2016), gate by gate: a gate's products with x and with h₋₁ are each brought
 * to mean 0 and variance 1 over its units, times a gain each, plus one bias: z = γ_x∘n(Wx·x) + γ_h∘n(Wh·h₋₁) + b. A cell
 * state is normalised before the hidden state is made of it: h = o∘tanh(γ_c∘n(c) + β_c).
 */
import { UnsupportedError } from '../core/errors.ts'
import type { Engine } from '../engine/engine.ts'
import { addSums, layerNormBackward, layerNormForward, type RowShape } from '../engine/generic/rows.ts'
import type { Kernels, Pointer } from '../engine/kernels.ts'
import type { Cell, Stage, Step } from './cell.ts'
import { stepFunctions, type StepFunctions } from './generic.ts'

/** Added to each variance, as in PyTorch. */
const EPSILON = 1e-5

/** What a loop keeps for the way back, besides its tape. */
export interface NormMemory {
  /** Of one engine's arena, the tape's gates and the products with h₋₁ beside them, both (rows, G·H; gateStride). */
  readonly gates: Pointer
  readonly products: Pointer
  /** Scratch (B, H; stride). */
  readonly states: Pointer
}

/** Rows of the parameter `layer_norm` (count, H), G gates: γ_x, γ_h and b of each gate, then those that a cell has. */
interface ParameterRows {
  readonly gates: number
  /** The bias of the candidate's product with h₋₁ where a gate multiplies it; else −1. */
  readonly recurrent: number
  /** γ_c, and β_c after it; −1 without a cell state. */
  readonly state: number
  readonly count: number
}

function rowsOf({ gateNames, separateRecurrent, stateNames }: Cell): ParameterRows {
  const gates = gateNames.length
  const own = 3 * gates + Number(separateRecurrent)
  const hasCell = stateNames.includes('cell')
  return {
    gates,
    recurrent: separateRecurrent ? 3 * gates : -1,
    state: hasCell ? own : -1,
    count: own + (hasCell ? 2 : 0),
  }
}

/** A cell with layer normalisation, and the cell that it normalises. */
export interface NormalisedCell extends Cell {
  readonly base: Cell
}

/** Whether it has layer normalisation. */
export function isNormalised(cell: Cell): cell is NormalisedCell {
  return 'base' in cell
}

/** The initial values of `layer_norm`: gains of 1, biases of 0, and of 1 for a forget gate that begins so. */
export function initialNorm({ base }: NormalisedCell, units: number): Float64Array {
  const { gates, state, count } = rowsOf(base)
  const values = new Float64Array(count * units)
  const ones = (row: number, rows: number) => values.fill(1, row * units, (row + rows) * units)
  ones(0, 2 * gates)
  if (base.unitForgetBias) ones(2 * gates + base.gateNames.indexOf('forget'), 1)
  if (state >= 0) ones(state, 1)
  return values
}

/**
 * The cell with layer normalisation. Its biases are rows of the parameter `layer_norm`: its loop has none.
 * @throws UnsupportedError for a cell with other functions than those of the engine's kernels
 */
export function normalisedCell(base: Cell, engine: Engine, memory: NormMemory): NormalisedCell {
  if (base.generic) {
    throw new UnsupportedError({
      where: `layerNorm of ${base.name}`,
      expected: 'tanh and sigmoid, without clip, peepholes or coupled gates',
      got: 'another form',
      remedy: 'Omit these options, or `layerNorm`.',
    })
  }
  const norm = new CellNorm(base, engine, memory)
  return {
    ...base,
    base,
    generic: true,
    separateRecurrent: true,
    extraParameters: [{ name: 'layer_norm', rows: rowsOf(base).count }],
    stages: base.stages.map((stage) => ({
      ...stage,
      into: 'recurrent',
      forward: (kernels, step) => norm.forward(stage, kernels, step),
      backward: (kernels, step) => norm.backward(stage, kernels, step),
    })),
  }
}

class CellNorm {
  readonly #base: Cell
  readonly #rows: ParameterRows
  readonly #candidate: number
  readonly #by: StepFunctions
  readonly #bytes: number
  readonly #memory: NormMemory

  constructor(base: Cell, engine: Engine, memory: NormMemory) {
    this.#base = base
    this.#rows = rowsOf(base)
    this.#candidate = base.gateNames.indexOf(base.candidate)
    this.#by = stepFunctions(engine, base.functions)
    this.#bytes = engine.memory.floatBytes
    this.#memory = memory
  }

  forward(stage: Stage, kernels: Kernels, step: Step): void {
    if (step.overrideGates) throwOverride(this.#base.name)
    const { access } = this.#by
    const { gates: G, recurrent } = this.#rows
    const { units: H, gateStride } = step
    const shape = { rows: step.rows, width: H, stride: gateStride }
    const products = step.slopes && this.#products(step)
    for (let g = stage.firstGate; g < stage.firstGate + stage.gateCount; g++) {
      const at = g * H * this.#bytes
      const [x, r] = [step.gates + at, step.recurrent + at]
      if (products) {
        kernels.gatherRows(step.slopes + at, x, 0, step.rows, H, gateStride, gateStride)
        kernels.gatherRows(products + at, r, 0, step.rows, H, gateStride, gateStride)
      }
      const bias = recurrent >= 0 && g === this.#candidate ? this.#row(step.extra, recurrent, H) : 0
      layerNormForward(
        access,
        x,
        x,
        this.#row(step.extra, g, H),
        this.#row(step.extra, 2 * G + g, H),
        shape,
        EPSILON,
      )
      layerNormForward(access, r, r, this.#row(step.extra, G + g, H), bias, shape, EPSILON)
      if (recurrent < 0) kernels.scatterAddRows(x, 0, r, step.rows, H, gateStride, gateStride)
    }
    stage.forward(kernels, step)
    if (this.#rows.state >= 0) this.#stateForward(step)
  }

  backward(stage: Stage, kernels: Kernels, step: Step): void {
    const { access } = this.#by
    const { gates: G, recurrent } = this.#rows
    const { units: H, gateStride } = step
    if (this.#rows.state >= 0) this.#stateBackward(kernels, step)
    stage.backward(kernels, step)
    const shape = { rows: step.rows, width: H, stride: gateStride }
    const products = this.#products(step)
    const sums = { weight: new Float64Array(H), bias: new Float64Array(H) }
    for (let g = stage.firstGate; g < stage.firstGate + stage.gateCount; g++) {
      const at = g * H * this.#bytes
      const [dx, dr] = [step.dGates + at, step.dRecurrent + at]
      if (recurrent < 0) kernels.gatherRows(dr, dx, 0, step.rows, H, gateStride, gateStride)
      const back = (dz: Pointer, from: Pointer, gain: number) => {
        layerNormBackward(access, sums, dz, dz, from, this.#row(step.extra, gain, H), shape, EPSILON)
        addSums(access, this.#row(step.dExtra, gain, H), sums.weight)
      }
      back(dx, step.slopes + at, g)
      addSums(access, this.#row(step.dExtra, 2 * G + g, H), sums.bias)
      back(dr, products + at, G + g)
      if (recurrent >= 0 && g === this.#candidate)
        addSums(access, this.#row(step.dExtra, recurrent, H), sums.bias)
    }
  }

  /** h = o∘k(γ_c∘n(c) + β_c), in place of what the cell made of c. */
  #stateForward(step: Step): void {
    const { access, state } = this.#by
    const { units: H, stride, gateStride } = step
    const { shift } = access
    const [gain, bias] = [0, 1].map((k) => this.#row(step.extra, this.#rows.state + k, H))
    layerNormForward(access, step.saved, step.cell, gain, bias, this.#states(step), EPSILON)
    const v = access.f()
    for (let row = 0; row < step.rows; row++) {
      const [h, k] = [(step.hidden >>> shift) + row * stride, (step.saved >>> shift) + row * stride]
      const o = (step.gates >>> shift) + row * gateStride + this.#gate('output') * H
      state.applyTo(v, k, k, H)
      for (let j = 0; j < H; j++) v[h + j] = v[o + j] * v[k + j]
    }
  }

  /** Puts into dCell what makes the cell's own backward come to the gradient through the normalisation. */
  #stateBackward(kernels: Kernels, step: Step): void {
    const { access, state } = this.#by
    const { units: H, stride, gateStride, outputStride, dOutput, dOperand } = step
    const { shift } = access
    const v = access.f()
    const c = this.#memory.states
    const [i, f, g, o] = ['input', 'forget', 'candidate', 'output'].map((name) => this.#gate(name) * H)
    for (let row = 0; row < step.rows; row++) {
      const z = (step.gates >>> shift) + row * gateStride
      const at = (pointer: Pointer) => (pointer >>> shift) + row * stride
      const [before, k, dh, dc, own, now] = [
        step.previousCell,
        step.saved,
        step.dHidden,
        step.dCell,
        dOperand,
        c,
      ].map(at)
      const above = (dOutput >>> shift) + row * outputStride
      for (let j = 0; j < H; j++) {
        // c as it was computed: the tape's may have been set since.
        v[now + j] = v[z + f + j] * v[before + j] + v[z + i + j] * v[z + g + j]
        v[own + j] = (v[dh + j] + (dOutput ? v[above + j] : 0)) * v[z + o + j]
      }
      state.multiplySlopes(v, own, v, k, H)
      for (let j = 0; j < H; j++) v[dc + j] -= v[own + j]
    }
    const sums = { weight: new Float64Array(H), bias: new Float64Array(H) }
    const [gain, bias] = [0, 1].map((k) => this.#rows.state + k)
    layerNormBackward(
      access,
      sums,
      dOperand,
      dOperand,
      c,
      this.#row(step.extra, gain, H),
      this.#states(step),
      EPSILON,
    )
    addSums(access, this.#row(step.dExtra, gain, H), sums.weight)
    addSums(access, this.#row(step.dExtra, bias, H), sums.bias)
    kernels.scatterAddRows(step.dCell, 0, dOperand, step.rows, H, stride, stride)
  }

  #gate(name: string): number {
    return this.#base.gateNames.indexOf(name)
  }

  #states({ rows, units, stride }: Step): RowShape {
    return { rows, width: units, stride }
  }

  /** A row of the parameter, or of its gradient. */
  #row(parameter: Pointer, row: number, units: number): Pointer {
    return parameter + row * units * this.#bytes
  }

  /** The products of a step with h₋₁, as they were. */
  #products({ gates }: Step): Pointer {
    return this.#memory.products + (gates - this.#memory.gates)
  }
}

/** @throws UnsupportedError, always */
function throwOverride(name: string): never {
  throw new UnsupportedError({
    where: `${name} with layerNorm`,
    expected: 'states that are set from outside',
    got: 'a gate, which is normalised with all others of its kind',
    remedy: 'Set states in place of gates.',
  })
}
